// The rule by which a zone goes on for ever, as POSIX writes it in `TZ` and as the last line of a TZif file: `CET-1CEST,M3.5.0,M10.5.0/3`. An offset
// counts westward there, and a change may come as much as a week from the day that it names.

import Base

/// A standard offset, and where there is summer time, when it begins and ends each year.
struct ZoneRule: Sendable, Equatable {
    /// A day of each year and the time on it.
    enum Change: Sendable, Equatable {
        /// The n-th weekday of a month; the fifth is the last. Sunday is 0.
        case weekday(month: Int, week: Int, day: Int, seconds: Int)
        /// A day from 1, where the 29th of February is not counted.
        case julian(day: Int, seconds: Int)
        /// A day from 0, where it is.
        case ordinal(day: Int, seconds: Int)
    }

    /// Seconds ahead of UTC.
    let standard: Int
    /// The offset of the summer, and the changes to it and from it.
    let summer: (offset: Int, begins: Change, ends: Change)?

    static func == (left: Self, right: Self) -> Bool {
        left.standard == right.standard && left.summer?.offset == right.summer?.offset
            && left.summer?.begins == right.summer?.begins && left.summer?.ends == right.summer?.ends
    }

    /// Reads a rule; `nil` when it is none.
    init?(_ text: String) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard reader.skipName(), let west = reader.time() else { return nil }
        standard = -west
        guard !reader.rest.isEmpty else {
            summer = nil
            return
        }
        guard reader.skipName() else { return nil }
        var offset = standard + 3_600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let west = reader.time() else { return nil }
            offset = -west
        }
        guard let begins = reader.change(), let ends = reader.change(), reader.rest.isEmpty else { return nil }
        summer = (offset, begins, ends)
    }

    /// The periods that the rule makes, from the last one that begins by `first` to the last one that begins by `last`.
    func periods(from first: Int, to last: Int) -> [ZoneRules.Period] {
        guard let summer else { return [] }
        let years = [first, last].map { Timestamp.civil(days: Timestamp.floorDivide(Int64($0), 86_400)).year }
        var periods: [ZoneRules.Period] = []
        for year in years[0] - 1...years[1] + 1 {
            periods.append(.init(start: summer.begins.seconds(in: year) - standard, offset: summer.offset))
            periods.append(.init(start: summer.ends.seconds(in: year) - summer.offset, offset: standard))
        }
        return periods.sorted { $0.start < $1.start }
    }
}

extension ZoneRule.Change {
    /// When it is in that year, in seconds of the wall clock.
    func seconds(in year: Int) -> Int {
        switch self {
        case .weekday(let month, let week, let day, let seconds):
            let first = Timestamp.days(year: year, month: month, day: 1)
            let weekday = Int(first + 4 - Timestamp.floorDivide(first + 4, 7) * 7)
            var date = (day - weekday + 7) % 7 + (week - 1) * 7
            while date >= Timestamp.daysIn(month: month, year: year) { date -= 7 }
            return (Int(first) + date) * 86_400 + seconds
        case .julian(let day, let seconds):
            let isLeap = Timestamp.daysIn(month: 2, year: year) == 29
            let date = day - 1 + (isLeap && day >= 60 ? 1 : 0)
            return (Int(Timestamp.days(year: year, month: 1, day: 1)) + date) * 86_400 + seconds
        case .ordinal(let day, let seconds):
            return (Int(Timestamp.days(year: year, month: 1, day: 1)) + day) * 86_400 + seconds
        }
    }
}

extension ZoneRule {
    /// Reads the parts of a rule one after the other.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        /// An abbreviation: three letters or more, or anything in angle brackets.
        mutating func skipName() -> Bool {
            if take(UInt8(ascii: "<")) {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let letters = rest.prefix { $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x61 && $0 <= 0x7A }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard !digits.isEmpty, digits.count <= 3 else { return nil }
            rest = rest.dropFirst(digits.count)
            let number = digits.reduce(0) { $0 * 10 + Int($1 & 15) }
            return range.contains(number) ? number : nil
        }

        /// `[+-]hours[:minutes[:seconds]]`, in seconds.
        mutating func time() -> Int? {
            let isNegative = take(UInt8(ascii: "-"))
            if !isNegative { _ = take(UInt8(ascii: "+")) }
            guard let hours = number(0...167) else { return nil }
            var seconds = hours * 3_600
            if take(UInt8(ascii: ":")) {
                guard let minutes = number(0...59) else { return nil }
                seconds += minutes * 60
                if take(UInt8(ascii: ":")) {
                    guard let more = number(0...59) else { return nil }
                    seconds += more
                }
            }
            return isNegative ? -seconds : seconds
        }

        /// `,date[/time]`; without a time, two in the morning.
        mutating func change() -> Change? {
            guard take(UInt8(ascii: ",")) else { return nil }
            if take(UInt8(ascii: "M")) {
                guard let month = number(1...12), take(UInt8(ascii: ".")), let week = number(1...5), take(UInt8(ascii: ".")),
                    let day = number(0...6), let seconds = clock()
                else { return nil }
                return .weekday(month: month, week: week, day: day, seconds: seconds)
            }
            if take(UInt8(ascii: "J")) {
                guard let day = number(1...365), let seconds = clock() else { return nil }
                return .julian(day: day, seconds: seconds)
            }
            guard let day = number(0...365), let seconds = clock() else { return nil }
            return .ordinal(day: day, seconds: seconds)
        }

        private mutating func clock() -> Int? { take(UInt8(ascii: "/")) ? time() : 2 * 3_600 }
    }
}
