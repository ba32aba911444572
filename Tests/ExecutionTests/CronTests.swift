// Crons and zones by themselves: what is read, what is refused and by which name, and the rules at the edges of the clock.

import Base
import Foundation
import Testing

@testable import Execution

@Suite struct CronTests {
    private func times(_ text: String, after from: String, in zone: String = "UTC", _ count: Int = 3) throws -> [String] {
        let expression = try CronExpression(text)
        let rules = try #require(ZoneRules.named(zone))
        var last = try #require(Timestamp(rfc3339: from))
        return (0..<count).compactMap { _ in
            guard let next = expression.next(after: last, in: rules) else { return nil }
            last = next
            return next.rfc3339.replacing(":00.000Z", with: "Z")
        }
    }

    @Test(arguments: [
        ("", "five fields"), ("* * * *", "five fields"), ("* * * * * *", "five fields"), ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"), ("* * 0 * *", "day of month"), ("* * 32 * *", "day of month"), ("* * * 13 *", "month"),
        ("* * * foo *", "month"), ("* * * * 8", "day of week"), ("* * * * mond", "day of week"), ("? * * * *", "minute"),
        ("* * L * *", "day of month"), ("* * 15W * *", "day of month"), ("* * * * 5#2", "day of week"),
        ("5/10 * * * *", "minute"),
        ("*/0 * * * *", "minute"), ("*/ * * * *", "minute"), ("9-5 * * * *", "minute"), ("1,,2 * * * *", "minute"),
        ("-1 * * * *", "minute"), ("+1 * * * *", "minute"), ("1-2-3 * * * *", "minute"), ("**  * * * *", "minute"),
        ("@reboot", "@daily"), ("@daily 1", "@daily"), ("0 0 30 2 *", "day of month"), ("0 0 31 2,4,6,9,11 *", "day of month"),
        ("0 0 31 4 */2", "day of month"), ("٣ * * * *", "minute"),
    ])
    func `an expression that is none is refused by the name of its field`(_ text: String, _ name: String) {
        let fault = #expect(throws: Fault.self) { try CronExpression(text) }
        #expect(fault?.code == .invalid && fault?.fields.first?.path == "cron")
        #expect(fault?.fields.first?.message.contains(name) == true, "\(fault?.fields.first?.message ?? "")")
    }

    @Test func `an expression has at most two hundred characters`() throws {
        let most = "0" + String(repeating: ",0", count: 96) + " * * * *"
        #expect(most.utf8.count == 201)
        #expect(throws: Fault.self) { try CronExpression(most) }
        _ = try CronExpression(String(most.dropFirst(2)))
    }

    @Test(arguments: [
        ("15 10 * * *", ["2026-01-01T10:15Z", "2026-01-02T10:15Z", "2026-01-03T10:15Z"]),
        ("*/20 0 1 * *", ["2026-01-01T00:20Z", "2026-01-01T00:40Z", "2026-02-01T00:00Z"]),
        ("0 12 * * Mon-WED", ["2026-01-05T12:00Z", "2026-01-06T12:00Z", "2026-01-07T12:00Z"]),
        // Either of the two days is enough where both are restricted.
        ("0 0 13 * 5", ["2026-01-02T00:00Z", "2026-01-09T00:00Z", "2026-01-13T00:00Z"]),
        // Both have to be where one begins with a star.
        ("0 0 */2 * 5", ["2026-01-09T00:00Z", "2026-01-23T00:00Z", "2026-02-13T00:00Z"]),
        ("0 0 30 2 1", ["2026-02-02T00:00Z", "2026-02-09T00:00Z", "2026-02-16T00:00Z"]),
        ("0 0 29 2 *", ["2028-02-29T00:00Z", "2032-02-29T00:00Z", "2036-02-29T00:00Z"]),
        ("0 0 29 2 */7", ["2032-02-29T00:00Z", "2060-02-29T00:00Z", "2088-02-29T00:00Z"]),
        ("0 0 * * 7", ["2026-01-04T00:00Z", "2026-01-11T00:00Z", "2026-01-18T00:00Z"]),
        ("  59\t23 31 DEC * ", ["2026-12-31T23:59Z", "2027-12-31T23:59Z", "2028-12-31T23:59Z"]),
        ("@hourly", ["2026-01-01T01:00Z", "2026-01-01T02:00Z", "2026-01-01T03:00Z"]),
        ("@Weekly", ["2026-01-04T00:00Z", "2026-01-11T00:00Z", "2026-01-18T00:00Z"]),
        ("@monthly", ["2026-02-01T00:00Z", "2026-03-01T00:00Z", "2026-04-01T00:00Z"]),
        ("@yearly", ["2027-01-01T00:00Z", "2028-01-01T00:00Z", "2029-01-01T00:00Z"]),
    ])
    func `an expression comes when it says, strictly later than now`(_ text: String, _ wanted: [String]) throws {
        #expect(try times(text, after: "2026-01-01T00:00:00Z") == wanted)
    }

    @Test func `a minute that the clock leaves out comes once, when it goes on, and one that it shows twice comes once`() throws {
        // 02:00 to 03:00 is left out on 29 March, and shown twice on 25 October.
        let spring = try times("30 2 * * *", after: "2026-03-27T12:00:00Z", in: "Europe/Berlin")
        #expect(spring == ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"])
        let autumn = try times("30 2 * * *", after: "2026-10-24T12:00:00Z", in: "Europe/Berlin", 2)
        #expect(autumn == ["2026-10-25T00:30Z", "2026-10-26T01:30Z"])
        // Asked within the second showing, it is over.
        #expect(try times("30 2 * * *", after: "2026-10-25T01:10:00Z", in: "Europe/Berlin", 1) == ["2026-10-26T01:30Z"])
        // Half an hour in Lord Howe; many minutes that are left out come as one.
        let howe = try times("5,10,15 2 * * *", after: "2026-10-03T15:00:00Z", in: "Australia/Lord_Howe", 2)
        #expect(howe == ["2026-10-03T15:30Z", "2026-10-04T15:05Z"])
        // Samoa went without the whole of 30 December 2011.
        #expect(try times("0 9 30 12 *", after: "2011-12-01T00:00:00Z", in: "Pacific/Apia", 1) == ["2011-12-30T10:00Z"])
    }

    @Test(arguments: [
        "", "europe/berlin", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe/../UTC", "posix/UTC", "right/UTC",
        "localtime",
        "tzdata.zi", "Europe", "Europe/Berlin\0", "Europe//Berlin", String(repeating: "A", count: 65),
    ])
    func `a name that the database of zones does not have is no zone`(_ name: String) {
        #expect(ZoneRules.named(name) == nil)
    }

    @Test(arguments: [
        "", "CET", "CE-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/168", "<+01-1", "CET-1CEST,J0,J366", "CET-1CEST,M3.5.0,M10.5.0x", "TZif",
    ])
    func `a rule that is none makes no zone`(_ text: String) {
        #expect(ZoneRule(text) == nil)
    }

    @Test func `rules by the day of the year count leap days as POSIX says`() throws {
        let rule = try #require(ZoneRule("NZT0NZD,J60/0,60/0"))
        let changes = try #require(rule.summer)
        for year in [2026, 2028] {
            #expect(changes.begins.seconds(in: year) == Int(Timestamp.days(year: year, month: 3, day: 1)) * 86_400)
        }
        #expect(changes.ends.seconds(in: 2026) == Int(Timestamp.days(year: 2026, month: 3, day: 2)) * 86_400)
        #expect(changes.ends.seconds(in: 2028) == Int(Timestamp.days(year: 2028, month: 3, day: 1)) * 86_400)
    }

    @Test func `a file that was cut off or spoilt is no zone, and nothing breaks`() throws {
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/Europe/Berlin")))
        #expect(ZoneRules(file: whole) != nil)
        for count in stride(from: 0, to: whole.count, by: 7) { #expect(ZoneRules(file: Array(whole.prefix(count))) == nil) }
        var random = SplitMix(state: 7)
        for _ in 0..<2_000 {
            var spoilt = whole
            for _ in 0..<4 { spoilt[Int(random.next() % UInt64(whole.count))] = UInt8(truncatingIfNeeded: random.next()) }
            guard let rules = ZoneRules(file: spoilt) else { continue }
            _ = rules.moment(ofWall: rules.wall(at: 1_800_000_000))
        }
    }
}

/// A small generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
