// How progress is told: the gate as a pure state, with a clock of the test's own.

import Base
import Postgres
import Tenancy
import Testing

@testable import API

@Suite struct ProgressGateTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)
    private static let (one, other) = (UUIDBits(high: 1, low: 1), UUIDBits(high: 1, low: 2))

    private static func event(_ seq: Int, _ type: String = "execution.progress", of ref: UUIDBits = one) -> Event {
        Event(seq: seq, type: type, ref: ref, payload: JSONBytes(Array("{}".utf8)), at: Timestamp(microseconds: 0))
    }

    private static func moment(_ milliseconds: Int) -> Instant { start.advanced(milliseconds: milliseconds) }

    @Test func `the first word is told at once, then the latest one of a quarter of a second`() {
        var gate = ProgressGate()
        #expect(gate.admit([Self.event(1), Self.event(2)], now: Self.moment(0)).map(\.seq) == [1])
        #expect(gate.admit([Self.event(3)], now: Self.moment(200)).isEmpty)
        #expect(gate.due == Self.moment(250))
        #expect(gate.release(now: Self.moment(249)).isEmpty)
        #expect(gate.release(now: Self.moment(250)).map(\.seq) == [3])
        #expect(gate.due == nil)
        #expect(gate.admit([Self.event(4)], now: Self.moment(499)).isEmpty)
        #expect(gate.release(now: Self.moment(500)).map(\.seq) == [4])
        // Whoever has said nothing for long is told at once again.
        #expect(gate.release(now: Self.moment(900)).isEmpty)
        #expect(gate.admit([Self.event(5)], now: Self.moment(901)).map(\.seq) == [5])
    }

    @Test func `whatever else happens is told at once, behind the progress before it`() {
        var gate = ProgressGate()
        let events = [
            Self.event(1), Self.event(2), Self.event(3, of: Self.other), Self.event(4, "execution.waiting"), Self.event(5),
            Self.event(6, "execution.succeeded"),
        ]
        #expect(gate.admit(events, now: Self.moment(0)).map(\.seq) == [1, 3, 2, 4, 5, 6])
        // Nothing is left of what has ended.
        #expect(gate.release(now: Self.moment(1_000)).isEmpty && gate.due == nil)
    }

    @Test func `whatever comes, nothing final is lost and no progress goes back`() {
        var random = SystemRandomNumberGenerator()
        let refs = (1...5).map { UUIDBits(high: 2, low: $0) }
        var gate = ProgressGate()
        var (told, all): ([Event], [Event]) = ([], [])
        var seq = 0
        for step in 0..<5_000 {
            let now = Self.moment(step * 17)
            told += gate.release(now: now)
            let batch = (0..<Int.random(in: 0...4, using: &random)).map { _ -> Event in
                seq += 1
                let type = ["execution.progress", "execution.progress", "execution.started", "execution.failed"].randomElement(
                    using: &random)
                return Self.event(seq, type ?? "", of: refs.randomElement(using: &random) ?? Self.one)
            }
            all += batch
            told += gate.admit(batch, now: now)
        }
        for ref in refs {
            let seqs = told.filter { $0.ref == ref }.map(\.seq)
            #expect(seqs == seqs.sorted() && Set(seqs).count == seqs.count)
        }
        #expect(Set(all.filter { !$0.isProgress }.map(\.seq)).isSubset(of: told.map(\.seq)))
        #expect(told.count < all.count)
    }

    @Test func `more things than are remembered are told as they come`() {
        var gate = ProgressGate()
        let many = (0...ProgressGate.refLimit).map { Self.event($0 + 1, of: UUIDBits(high: 3, low: UInt64($0))) }
        #expect(gate.admit(many, now: Self.moment(0)).count == many.count)
        let again = gate.admit(
            [Self.event(90_000, of: UUIDBits(high: 3, low: UInt64(ProgressGate.refLimit)))], now: Self.moment(1))
        #expect(again.count == 1)
        #expect(gate.admit([Self.event(90_001, of: UUIDBits(high: 3, low: 0))], now: Self.moment(1)).isEmpty)
    }

    @Test func `of history the last word before something else is told`() {
        let events = [
            Self.event(1), Self.event(2), Self.event(3, of: Self.other), Self.event(4, "execution.waiting"), Self.event(5),
            Self.event(6),
        ]
        #expect(ProgressGate.thin(events).map(\.seq) == [2, 3, 4, 6])
    }
}
