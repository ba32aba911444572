// The decision about a schedule by itself, and under a seeded simulation: a clock that is looked at irregularly, with outages of any length, and runs that
// take any time. Whatever happens, each planned time is accounted for once.

import Base
import JSON
import Testing

@testable import Execution

@Suite struct ScheduleDecisionTests {
    private static let start = Timestamp(microseconds: 1_790_000_000_000_000)

    private static func after(_ seconds: Int) -> Timestamp {
        Timestamp(microseconds: start.microseconds + Int64(seconds) * 1_000_000)
    }

    /// A schedule that fires every minute from minute 1 on, looked at `seconds` after the start.
    private func look(
        at seconds: Int, missed: MissedPolicy = .skip, overlap: OverlapPolicy = .skip, isRunning: Bool = false,
        isReady: Bool = true,
        buffered: Int? = nil, next: Int = 60
    ) -> ScheduleDecision {
        ScheduleDecision(
            ScheduleLook(
                trigger: .interval(seconds: 60), missed: missed, overlap: overlap, anchor: Self.start, next: Self.after(next),
                buffered: buffered.map { PlannedFire(planned: Self.after($0)) }, isRunning: isRunning, isReady: isReady,
                now: Self.after(seconds)))
    }

    private func planned(_ decision: ScheduleDecision, _ outcome: ScheduleDecision.Outcome) -> [Int] {
        decision.records.filter { $0.outcome == outcome }.map {
            Int(($0.fire.planned.microseconds - Self.start.microseconds) / 1_000_000)
        }
    }

    @Test func `nothing happens before the planned time, and the next is counted from the plan and not from the look`() {
        let early = look(at: 59)
        #expect(early.records.isEmpty && early.next == Self.after(60))
        let late = look(at: 61)
        #expect(planned(late, .started) == [60] && late.next == Self.after(120))
        #expect(look(at: 60).next == Self.after(120))
    }

    @Test func `what was missed is left out, made up for once, or made up for within bounds`() throws {
        // Looked at after ten minutes and a half: nine are late, the tenth is not.
        let skip = look(at: 630)
        #expect(planned(skip, .started) == [600] && planned(skip, .skipped(.missed)) == [60])
        #expect(skip.records.first?.until == Self.after(600) && skip.next == Self.after(660))
        let one = look(at: 630, missed: MissedPolicy(.one))
        #expect(planned(one, .started) == [600])
        let all = look(at: 630, missed: MissedPolicy(.all, most: 3), overlap: .allow)
        #expect(planned(all, .started) == [420, 480, 540, 600] && planned(all, .skipped(.missed)) == [60])
        #expect(all.records.first?.until == Self.after(420))
        let window = look(at: 630, missed: MissedPolicy(.all, most: 100, windowSeconds: 240), overlap: .allow)
        #expect(planned(window, .started) == [420, 480, 540, 600])
        // A daily one that was missed by hours runs once.
        let daily = try CronExpression("0 0 * * *")
        let midnight = try #require(Timestamp(rfc3339: "2026-05-01T00:00:00Z"))
        let morning = try #require(Timestamp(rfc3339: "2026-05-03T08:00:00Z"))
        let decision = ScheduleDecision(
            ScheduleLook(
                trigger: .cron(daily, zone: "UTC"), missed: MissedPolicy(.one), overlap: .skip, anchor: midnight, next: midnight,
                buffered: nil,
                isRunning: false, isReady: true, now: morning))
        #expect(decision.records.filter { $0.outcome == .started }.map(\.fire.planned) == [midnight])
        let skipped = try #require(decision.records.first { $0.outcome == .skipped(.missed) })
        #expect(
            skipped.fire.planned.rfc3339 == "2026-05-02T00:00:00.000Z" && skipped.until?.rfc3339 == "2026-05-04T00:00:00.000Z")
    }

    @Test func `fires that overlap are left out, kept, put in the place of what runs, or run beside it`() {
        #expect(planned(look(at: 61, isRunning: true), .skipped(.overlap)) == [60])
        let buffer = look(at: 61, overlap: .bufferOne, isRunning: true)
        #expect(planned(buffer, .buffered) == [60] && buffer.isBuffering)
        let full = look(at: 121, overlap: .bufferOne, isRunning: true, buffered: 60, next: 120)
        #expect(planned(full, .skipped(.overlap)) == [120] && full.isBuffering && full.ofBuffered == nil)
        let free = look(at: 90, overlap: .bufferOne, buffered: 60, next: 120)
        #expect(free.ofBuffered == .started && !free.isBuffering && free.records.isEmpty)
        let cancel = look(at: 61, overlap: .cancel, isRunning: true)
        #expect(planned(cancel, .started) == [60] && cancel.cancelsRunning)
        #expect(!look(at: 61, overlap: .cancel).cancelsRunning)
        let allow = look(at: 61, overlap: .allow, isRunning: true)
        #expect(planned(allow, .started) == [60] && !allow.cancelsRunning)
    }

    @Test func `of a definition that may not run every fire is on record and none runs`() {
        let paused = look(at: 61, overlap: .allow, isReady: false, buffered: 0)
        #expect(
            planned(paused, .skipped(.notReady)) == [60] && paused.ofBuffered == .skipped(.notReady)
                && paused.next == Self.after(120))
    }

    @Test func `a moment comes once and then never again`() {
        let once = ScheduleTrigger.at(Self.after(5))
        #expect(once.next(after: Self.start, anchor: Self.start) == Self.after(5))
        #expect(once.next(after: Self.after(5), anchor: Self.start) == nil)
    }

    @Test func `an interval keeps to its steps whatever the moment`() {
        let trigger = ScheduleTrigger.interval(seconds: 60)
        for seconds in [-500, -60, 0, 1, 59, 60, 61, 1_000_000] {
            let next = trigger.next(after: Self.after(seconds), anchor: Self.start)!
            #expect(next > Self.after(seconds) || seconds < 0)
            #expect((next.microseconds - Self.start.microseconds) % 60_000_000 == 0 && next > Self.start)
        }
    }

    // MARK: The simulation

    /// What has happened to a schedule so far.
    private struct Life {
        var trigger: ScheduleTrigger
        var missed: MissedPolicy
        var overlap: OverlapPolicy
        var next: Timestamp?
        var buffered: PlannedFire?
        var runsUntil: Timestamp?
        var accounted: Set<Timestamp> = []
    }

    private static let triggers: [ScheduleTrigger] = {
        let crons = ["* * * * *", "*/7 * * * *", "30 2 * * *", "0 0 29 2 *", "15 1-3 * * 0"].compactMap {
            try? CronExpression($0)
        }
        return [.interval(seconds: 10), .interval(seconds: 61), .interval(seconds: 3_600)]
            + crons.map { .cron($0, zone: "Europe/Berlin") }
    }()

    /// - Returns: how many looks were simulated.
    private func simulate(_ seed: UInt64) -> Int {
        var random = SplitMix(state: seed)
        let missed = [MissedPolicy.skip, MissedPolicy(.one), MissedPolicy(.all, most: 5, windowSeconds: 3_600)]
        var life = Life(
            trigger: Self.triggers.randomElement(using: &random)!, missed: missed.randomElement(using: &random)!,
            overlap: OverlapPolicy.allCases.randomElement(using: &random)!)
        var now = Self.after(Int.random(in: 0...200 * 86_400, using: &random))
        let anchor = now
        life.next = life.trigger.next(after: now, anchor: anchor)
        let looks = 60
        for _ in 0..<looks {
            let pause = [0.3, 1, 5, 70, 900, 40_000][Int.random(in: 0..<6, using: &random)]
            now = Timestamp(microseconds: now.microseconds + Int64(pause * 1_000_000))
            let isRunning = life.runsUntil.map { $0 > now } ?? false
            let before = life
            let decision = ScheduleDecision(
                ScheduleLook(
                    trigger: life.trigger, missed: life.missed, overlap: life.overlap, anchor: anchor, next: life.next,
                    buffered: life.buffered, isRunning: isRunning, isReady: Int.random(in: 0..<10, using: &random) > 0, now: now))
            check(decision, before, isRunning: isRunning, now: now, anchor: anchor, &life.accounted, seed)
            let starts = decision.records.count { $0.outcome == .started } + (decision.ofBuffered == .started ? 1 : 0)
            if starts > 0 {
                life.runsUntil = Timestamp(microseconds: now.microseconds + Int64.random(in: 0...600_000_000, using: &random))
            }
            if decision.ofBuffered != nil { life.buffered = nil }
            if let kept = decision.records.first(where: { $0.outcome == .buffered }) { life.buffered = kept.fire }
            life.next = decision.next
        }
        return looks
    }

    private func check(
        _ decision: ScheduleDecision, _ before: Life, isRunning: Bool, now: Timestamp, anchor: Timestamp,
        _ accounted: inout Set<Timestamp>, _ seed: UInt64
    ) {
        // Each planned time up to now has one record, or lies in one stretch of missed ones.
        var planned: [Timestamp] = []
        var time = before.next
        while let at = time, at <= now {
            planned.append(at)
            time = before.trigger.next(after: at, anchor: anchor)
        }
        let isSound = planned.allSatisfy { at in
            let matching = decision.records.count { record in
                record.fire.planned == at || record.until.map { record.fire.planned <= at && at < $0 } ?? false
            }
            return matching == 1
        }
        #expect(isSound && decision.next == time, "seed \(seed): not accounted once at \(now.rfc3339)")
        for record in decision.records {
            #expect(accounted.insert(record.fire.planned).inserted, "seed \(seed): \(record.fire.planned.rfc3339) twice")
        }
        let starts = decision.records.filter { $0.outcome == .started }.map(\.fire.planned)
        #expect(starts == starts.sorted() && starts.allSatisfy { $0 <= now }, "seed \(seed): order")
        let all = starts.count + (decision.ofBuffered == .started ? 1 : 0)
        if before.overlap != .allow { #expect(all <= 1, "seed \(seed): two at once") }
        if isRunning && (before.overlap == .skip || before.overlap == .bufferOne) {
            #expect(all == 0, "seed \(seed): beside another")
        }
        if before.overlap == .cancel && isRunning && all > 0 { #expect(decision.cancelsRunning, "seed \(seed): not cancelled") }
        let kept =
            decision.records.count { $0.outcome == .buffered } + (before.buffered != nil && decision.ofBuffered == nil ? 1 : 0)
        #expect(kept <= 1 && (kept == 1) == decision.isBuffering, "seed \(seed): more than one waits")
        let late = starts.count { now.microseconds - $0.microseconds > 60_000_000 }
        #expect(
            late <= (before.missed.kind == .skip ? 0 : before.missed.kind == .one ? 1 : before.missed.most),
            "seed \(seed): too many")
    }

    @Test func `over thousands of lives with outages every planned time is accounted for once, and no bound is passed`() {
        let first = UInt64.random(in: 0...UInt64(UInt32.max))
        var looks = 0
        for seed in first..<first + 150 { looks += simulate(seed) }
        print("schedules simulated: \(looks) looks, seeds from \(first)")
        #expect(looks == 9_000)
    }
}
