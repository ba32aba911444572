import Base
import Testing

@testable import Loop

@Suite struct TimerWheelTests {
    private final class Probe: TimerEntry {
        var due = Instant(nanoseconds: .max)
        var fired = 0
        var early = false
        var clock = Instant(nanoseconds: 0)

        override func fire() {
            fired += 1
            early = early || clock < due
            due = Instant(nanoseconds: .max)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `under random moves, steps and cancels each deadline fires once, never early, at most a slot late`(_ seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random % bound
        }
        var clock = Instant(nanoseconds: 1_000_000_000_000)
        let wheel = TimerWheel(now: clock)
        let probes = (0..<64).map { _ in Probe() }
        var expected = 0
        let slot: UInt64 = 1 << 24
        for step in 0..<5_000 {
            let probe = probes[Int(next(64))]
            switch next(4) {
            case 0, 1:
                // Up to three revolutions ahead, now and then in the past.
                if probe.due.nanoseconds == .max { expected += 1 }
                probe.due = Instant(nanoseconds: clock.nanoseconds &+ next(25_000_000_000))
                wheel.set(probe, to: probe.due)
            case 2 where next(4) == 0:
                if probe.due.nanoseconds != .max { expected -= 1 }
                probe.due = Instant(nanoseconds: .max)
                wheel.cancel(probe)
            default:
                clock = Instant(nanoseconds: clock.nanoseconds + next(step % 100 == 0 ? 20_000_000_000 : 300_000_000))
                for other in probes { other.clock = clock }
                wheel.advance(to: clock)
                let late = probes.contains { $0.due.nanoseconds <= clock.nanoseconds - 2 * slot }
                if late || probes.contains(where: { $0.early }) {
                    Issue.record("\(late ? "late" : "early"), seed \(seed) step \(step)")
                    return
                }
                let wait = wheel.millisecondsToNext(from: clock)
                #expect((wait < 0) == probes.allSatisfy { $0.due.nanoseconds == .max })
            }
        }
        clock = Instant(nanoseconds: clock.nanoseconds + 60_000_000_000)
        for probe in probes { probe.clock = clock }
        for _ in 0..<4 { wheel.advance(to: clock) }
        #expect(probes.map(\.fired).reduce(0, +) == expected)
    }
}
