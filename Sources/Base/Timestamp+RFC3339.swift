// RFC 3339 in UTC with milliseconds, the one spelling of time on the wire, and its civil calendar (proleptic Gregorian).

extension Timestamp {
    /// `2024-01-01T12:00:00.000Z`, always 24 characters for the years 0 to 9999.
    public var rfc3339: String {
        unsafe String(unsafeUninitializedCapacity: 24) { buffer in
            let text = rfc3339Bytes
            for at in 0..<24 { unsafe buffer[at] = text[at] }
            return 24
        }
    }

    /// The 24 bytes of `rfc3339`, without an allocation.
    public var rfc3339Bytes: InlineArray<24, UInt8> {
        let milliseconds = Timestamp.floorDivide(microseconds, 1000)
        let days = Timestamp.floorDivide(milliseconds, 86_400_000)
        let ofDay = UInt32(milliseconds - days * 86_400_000)
        let (year, month, day) = Timestamp.civil(days: days)
        let fullYear = UInt32(min(max(year, 0), 9999))
        let seconds = ofDay / 1000
        let thousandths = ofDay % 1000
        var out = InlineArray<24, UInt8>(repeating: UInt8(ascii: "-"))
        Timestamp.put(fullYear / 100, &out, 0)
        Timestamp.put(fullYear % 100, &out, 2)
        Timestamp.put(UInt32(month), &out, 5)
        Timestamp.put(UInt32(day), &out, 8)
        out[10] = UInt8(ascii: "T")
        Timestamp.put(seconds / 3600, &out, 11)
        out[13] = UInt8(ascii: ":")
        Timestamp.put(seconds / 60 % 60, &out, 14)
        out[16] = UInt8(ascii: ":")
        Timestamp.put(seconds % 60, &out, 17)
        out[19] = UInt8(ascii: ".")
        out[20] = UInt8(truncatingIfNeeded: thousandths / 100) &+ 0x30
        Timestamp.put(thousandths % 100, &out, 21)
        out[23] = UInt8(ascii: "Z")
        return out
    }

    /// Two decimal digits.
    @inline(__always) private static func put(_ value: UInt32, _ out: inout InlineArray<24, UInt8>, _ at: Int) {
        out[at] = UInt8(truncatingIfNeeded: value / 10) &+ 0x30
        out[at + 1] = UInt8(truncatingIfNeeded: value % 10) &+ 0x30
    }

    /// Reads an RFC 3339 date-time with any offset and up to nine digits of fraction; finer than a microsecond is cut off.
    /// A leap second is refused, since the calendar here has none.
    public init?(rfc3339 text: some StringProtocol) {
        var text = String(text)
        let moment = text.withUTF8 { bytes in
            unsafe Timestamp(rfc3339: Span(_unsafeElements: bytes))
        }
        guard let moment else { return nil }
        self = moment
    }

    /// The same from UTF-8, without an allocation.
    public init?(rfc3339 bytes: Span<UInt8>) {
        @inline(__always) func number(_ from: Int, _ count: Int) -> Int? {
            guard from + count <= bytes.count else { return nil }
            var value = 0
            for at in from..<from + count {
                let byte = bytes[at]
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            month >= 1, month <= 12, day >= 1, day <= Timestamp.daysIn(month: month, year: year),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var at = 19
        var fraction = 0
        if bytes[at] == UInt8(ascii: ".") {
            at += 1
            let start = at
            while at < bytes.count, let digit = number(at, 1) {
                if at - start < 6 { fraction = fraction * 10 + digit }
                at += 1
            }
            guard at > start, at - start <= 9 else { return nil }
            for _ in min(at - start, 6)..<6 { fraction *= 10 }
        }
        guard at < bytes.count else { return nil }
        var offsetMinutes = 0
        if bytes[at] | 0x20 == UInt8(ascii: "z") {
            guard bytes.count == at + 1 else { return nil }
        } else {
            guard bytes.count == at + 6, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-"),
                bytes[at + 3] == UInt8(ascii: ":"), let hours = number(at + 1, 2), let minutes = number(at + 4, 2),
                hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = (bytes[at] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
        }
        let days = Timestamp.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second - offsetMinutes * 60)
        self.init(microseconds: seconds * 1_000_000 + Int64(fraction))
    }

    // MARK: The civil calendar

    /// The quotient rounded down, whatever the sign of `value`; `by` is positive.
    @inline(__always) public static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((-value + by - 1) / by)
    }

    /// The date of a number of days since 1970-01-01.
    @inline(__always) public static func civil(days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = Int(shifted - era * 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// The number of days from 1970-01-01 to a date.
    public static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The number of days of a month.
    public static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
