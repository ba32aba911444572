// What the clocks of a time zone show: periods, each with its offset from UTC, from the compiled files of the IANA database (TZif, RFC 9636), and
// behind their end the rule that their last line gives. Leap seconds are not counted, as nowhere in this program.
// Bound: a look goes over the periods of a few years.

/// The offsets of one time zone.
public struct ZoneRules: Sendable {
    /// A stretch of time with one offset.
    struct Period: Sendable, Equatable {
        /// In seconds since 1970; `Int.min` for the first.
        let start: Int
        /// Seconds that the clocks are ahead of UTC.
        let offset: Int
    }

    /// No clock was ever further from UTC than this.
    private static let mostOffset = 26 * 3_600
    /// UTC itself, which needs no file.
    public static let utc = ZoneRules(periods: [Period(start: .min, offset: 0)], rule: nil)

    /// Ascending, at least one.
    private let periods: [Period]
    /// What holds behind the last of them.
    private let rule: ZoneRule?

    init(periods: [Period], rule: ZoneRule?) {
        precondition(!periods.isEmpty, "a zone has an offset at every moment")
        self.periods = periods
        self.rule = rule
    }

    /// What the clocks show at a moment. Both are seconds, the one since 1970, the other as if the clock showed UTC.
    func wall(at moment: Int) -> Int { moment + around(moment, moment)[0].offset }

    /// The first moment at which the clocks show `wall`; where they leave it out, the moment at which they go on.
    func moment(ofWall wall: Int) -> Int {
        let near = around(wall - ZoneRules.mostOffset, wall + ZoneRules.mostOffset)
        for (index, period) in near.enumerated() {
            let moment = wall - period.offset
            if index + 1 == near.count || moment < near[index + 1].start { return max(moment, period.start) }
        }
        return wall
    }

    /// The periods that hold at some moment from `first` to `last`.
    private func around(_ first: Int, _ last: Int) -> [Period] {
        var index = periods.partitioning { $0.start > first } - 1
        var found = [periods[index]]
        while index + 1 < periods.count, periods[index + 1].start <= last {
            index += 1
            found.append(periods[index])
        }
        guard let rule, index + 1 == periods.count else { return found }
        let end = periods[index].start
        for period in rule.periods(from: first, to: last) where period.start > end && period.start <= last {
            if period.start <= first { found = [period] } else { found.append(period) }
        }
        return found
    }
}

extension Array {
    /// The first index whose element fulfils `condition`, where all behind it do too; `count` when none does.
    fileprivate func partitioning(_ condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
