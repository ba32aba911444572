// Dates, times and durations as RFC 3339 spells them; durations as its appendix A does.

/// The spelling of points and spans in time.
enum CalendarText {
    /// So many digits as a number.
    private static func number(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int? {
        let start = bytes.startIndex + offset
        guard start + count <= bytes.endIndex else { return nil }
        var value = 0
        for byte in bytes[start..<(start + count)] {
            guard JSONNumber.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    private static func holds(_ character: Unicode.Scalar, _ bytes: ArraySlice<UInt8>, _ offset: Int) -> Bool {
        let at = bytes.startIndex + offset
        return at < bytes.endIndex && bytes[at] == UInt8(ascii: character)
    }

    static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count == 10, holds("-", bytes, 4), holds("-", bytes, 7), let year = number(bytes, 0, 4),
            let month = number(bytes, 5, 2), let day = number(bytes, 8, 2), (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    /// A time of day with its offset. A second 60 is one before midnight of UTC.
    static func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= 9, holds(":", bytes, 2), holds(":", bytes, 5), let hour = number(bytes, 0, 2),
            let minute = number(bytes, 3, 2), let second = number(bytes, 6, 2), hour < 24, minute < 60, second <= 60
        else { return false }
        var rest = bytes.dropFirst(8)
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { JSONNumber.isDigit($0) }
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = offsetMinutes(rest) else { return false }
        let minutesUTC = (hour * 60 + minute - offset + 2 * 1440) % 1440
        return second < 60 || minutesUTC == 1439
    }

    private static func offsetMinutes(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let sign = bytes.first else { return nil }
        if sign | 0x20 == UInt8(ascii: "z") { return bytes.count == 1 ? 0 : nil }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), bytes.count == 6, holds(":", bytes, 3),
            let hours = number(bytes, 1, 2), let minutes = number(bytes, 4, 2), hours < 24, minutes < 60
        else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    static func isDateTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count > 11, bytes[bytes.startIndex + 10] | 0x20 == UInt8(ascii: "t") else { return false }
        return isDate(bytes.prefix(10)) && isTime(bytes.dropFirst(11))
    }

    /// `P`, then weeks alone, or a run of years, months, days without a gap and after `T` one of hours, minutes, seconds.
    static func isDuration(_ bytes: [UInt8]) -> Bool {
        guard bytes.first == UInt8(ascii: "P"), let units = units(bytes.dropFirst()), !units.isEmpty else { return false }
        if units == "W" { return true }
        let halves = units.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        if halves.count == 2, !["H", "HM", "HMS", "M", "MS", "S"].contains(halves[1]) { return false }
        return ["Y", "YM", "YMD", "M", "MD", "D"].contains(halves[0]) || halves[0].isEmpty && halves.count == 2
    }

    /// The letters of a duration, each but `T` behind digits.
    private static func units(_ bytes: ArraySlice<UInt8>) -> String? {
        var letters = ""
        var digits = 0
        for byte in bytes {
            if JSONNumber.isDigit(byte) {
                digits += 1
                continue
            }
            guard byte < 0x80, (digits == 0) == (byte == UInt8(ascii: "T")) else { return nil }
            letters.unicodeScalars.append(Unicode.Scalar(byte))
            digits = 0
        }
        return digits == 0 ? letters : nil
    }
}
