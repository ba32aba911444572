// A cron expression, and when it comes. It is a set of minutes of the wall clock. Where both the day of the month and the day of the week
// are restricted, a day that is either is meant; where one of them begins with `*`, a day has to be both, as with Vixie's cron. A minute that the
// clock of the zone leaves out comes once, when the clock goes on after the gap; one that the clock shows twice comes the first time only.
// Bound: a day is looked for over `yearsAhead` years.

import Base

/// A cron expression of five fields, or one of the words that stand for some.
public struct CronExpression: Sendable, Hashable {
    /// The longest expression.
    public static let characters = 200
    /// The 29th of February on a given weekday can be forty years away.
    private static let yearsAhead = 44

    /// As it was written.
    public let text: String
    let minutes: UInt64
    let hours: UInt64
    let days: UInt64
    let months: UInt64
    /// Sunday is bit 0.
    let weekdays: UInt64
    /// Whether a day must be one by the month and by the week.
    let needsBoth: Bool

    init(text: String, minutes: UInt64, hours: UInt64, days: UInt64, months: UInt64, weekdays: UInt64, needsBoth: Bool) {
        self.text = text
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = weekdays
        self.needsBoth = needsBoth
    }

    /// Reads an expression.
    /// - Throws: `.invalid` naming `cron`; the message names the field of the expression.
    public init(_ text: String) throws(Fault) {
        do throws(CronError) {
            self = try CronExpression(reading: text)
        } catch {
            throw .invalid("cron", "format", error.sentence)
        }
    }

    /// The first moment later than `moment` at which it comes in `zone`; `nil` when there is none in `yearsAhead` years.
    public func next(after moment: Timestamp, in zone: ZoneRules) -> Timestamp? {
        let now = Int(Timestamp.floorDivide(moment.microseconds, 1_000_000))
        var wall = zone.wall(at: now)
        // Minutes that the clock shows a second time are passed over here, a few hours of them at the most.
        while let minute = nextMinute(from: wall) {
            let came = Timestamp(microseconds: Int64(zone.moment(ofWall: minute)) * 1_000_000)
            if came > moment { return came }
            wall = minute + 60
        }
        return nil
    }

    /// The first minute of the wall clock from `wall` on that it means. Both are seconds, as if the clock showed UTC.
    private func nextMinute(from wall: Int) -> Int? {
        var day = Timestamp.floorDivide(Int64(wall), 86_400)
        var minute = (wall - Int(day) * 86_400) / 60
        for _ in 0..<CronExpression.yearsAhead * 366 {
            if isMeant(day), let found = nextMinute(ofDay: minute) { return Int(day) * 86_400 + found * 60 }
            day += 1
            minute = 0
        }
        return nil
    }

    private func isMeant(_ day: Int64) -> Bool {
        let date = Timestamp.civil(days: day)
        guard months & 1 << UInt64(date.month) != 0 else { return false }
        let byMonth = days & 1 << UInt64(date.day) != 0
        // The first day of 1970 was a Thursday.
        let weekday = day + 4 - Timestamp.floorDivide(day + 4, 7) * 7
        let byWeek = weekdays & 1 << UInt64(weekday) != 0
        return needsBoth ? byMonth && byWeek : byMonth || byWeek
    }

    private func nextMinute(ofDay first: Int) -> Int? {
        for hour in first / 60..<24 where hours & 1 << UInt64(hour) != 0 {
            let from = hour == first / 60 ? first % 60 : 0
            let rest = minutes >> UInt64(from)
            if rest != 0 { return hour * 60 + from + rest.trailingZeroBitCount }
        }
        return nil
    }
}
