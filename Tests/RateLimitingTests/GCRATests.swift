import Testing

@testable import RateLimiting

/// A generator that begins where it is told, so that a failure can be seen again.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What was admitted and when, to be held against the law.
struct Ledger {
    var entries: [(at: UInt64, cost: Int)] = []

    mutating func note(_ cost: Int, at now: UInt64) { entries.append((now, cost)) }

    /// By how many units some interval exceeds burst + rate · Δ; at most 0 when the law holds. One pass: the worst interval that ends
    /// with an entry is found by a sum that drains at the rate, which is the law in another form.
    func excess(burst: Int, interval: UInt64) -> Double {
        var level = 0.0
        var last: UInt64 = 0
        var worst = -Double.infinity
        for entry in entries.sorted(by: { $0.at < $1.at }) {
            level = max(0, level - Double(entry.at - last) / Double(interval)) + Double(entry.cost)
            last = entry.at
            worst = max(worst, level - Double(burst))
        }
        return worst
    }

    /// The same by looking at every interval there is.
    func excessByBruteForce(burst: Int, interval: UInt64) -> Double {
        var worst = -Double.infinity
        let sorted = entries.sorted { $0.at < $1.at }
        for first in sorted.indices {
            var sum = 0
            for last in first..<sorted.count {
                sum += sorted[last].cost
                let time = Double(sorted[last].at - sorted[first].at) / Double(interval)
                worst = max(worst, Double(sum) - Double(burst) - time)
            }
        }
        return worst
    }
}

@Suite struct GCRATests {
    static let rates = [
        Rate(perMinute: 1), Rate(perMinute: 7, burst: 3), Rate(perMinute: 100), Rate(perMinute: 1_000, burst: 50),
        Rate(perSecond: 5), Rate(perSecond: 1_000_000, burst: 10), Rate(3, perSeconds: 3_600),
    ]

    @Test(arguments: rates, [1, 2, 3] as [UInt64])
    func `no interval admits more than burst and rate allow`(_ rate: Rate, _ seed: UInt64) {
        var random = Seeded(state: seed)
        var fullAt: UInt64 = 0
        var now: UInt64 = 1
        var ledger = Ledger()
        for _ in 0..<2_000 {
            // Bursts, trickles, silences.
            switch UInt64.random(in: 0..<10, using: &random) {
            case 0: now += UInt64.random(in: 0...2 * rate.fillNanoseconds, using: &random)
            case 1...4: now += UInt64.random(in: 0...2 * rate.intervalNanoseconds, using: &random)
            default: now += UInt64.random(in: 0...rate.intervalNanoseconds / 8, using: &random)
            }
            let cost = Int.random(in: 1...3, using: &random)
            let before = fullAt
            let decision = GCRA.take(cost, from: &fullAt, now: now, rate: rate)
            if decision.isAdmitted { ledger.note(cost, at: now) } else { #expect(fullAt == before) }
        }
        #expect(!ledger.entries.isEmpty)
        #expect(ledger.excess(burst: rate.burst, interval: rate.intervalNanoseconds) <= 1e-6)
        var few = ledger
        few.entries = Array(ledger.entries.prefix(300))
        #expect(few.excessByBruteForce(burst: rate.burst, interval: rate.intervalNanoseconds) <= 1e-6)
        #expect(
            abs(
                few.excess(burst: rate.burst, interval: rate.intervalNanoseconds)
                    - few.excessByBruteForce(burst: rate.burst, interval: rate.intervalNanoseconds)) < 1e-6)
    }

    @Test func `a full bucket gives its burst at once, and then what its rate brings`() {
        let rate = Rate(perMinute: 60, burst: 10)
        var fullAt: UInt64 = 0
        let second: UInt64 = 1_000_000_000
        let start = 100 * second
        for left in (0..<10).reversed() {
            let decision = GCRA.take(from: &fullAt, now: start, rate: rate)
            #expect(decision.isAdmitted && decision.remaining == left && decision.fullAfterSeconds == 10 - left)
            #expect(decision.retryAfterSeconds == 0)
        }
        let refused = GCRA.take(from: &fullAt, now: start, rate: rate)
        #expect(!refused.isAdmitted && refused.remaining == 0 && refused.retryAfterSeconds == 1 && refused.fullAfterSeconds == 10)
        #expect(GCRA.take(3, from: &fullAt, now: start, rate: rate).retryAfterSeconds == 3)
        #expect(GCRA.take(from: &fullAt, now: start + second / 2, rate: rate).retryAfterSeconds == 1)
        #expect(GCRA.take(from: &fullAt, now: start + second, rate: rate).isAdmitted)
        #expect(!GCRA.take(from: &fullAt, now: start + second, rate: rate).isAdmitted)
        #expect(GCRA.take(from: &fullAt, now: start + 1_000 * second, rate: rate).remaining == 9)
    }

    @Test func `waiting as long as was said is enough`() {
        for rate in GCRATests.rates {
            var fullAt: UInt64 = 0
            while GCRA.take(from: &fullAt, now: 5, rate: rate).isAdmitted {}
            let cost = min(3, rate.burst)
            let wait = GCRA.take(cost, from: &fullAt, now: 5, rate: rate).retryAfterSeconds
            #expect(wait > 0)
            #expect(GCRA.take(cost, from: &fullAt, now: 5 + UInt64(wait) * 1_000_000_000, rate: rate).isAdmitted)
        }
    }

    @Test func `absurd rates, costs and clocks neither trap nor admit too much`() {
        let huge = Rate(.max, perSeconds: 1, burst: .max)
        #expect(huge.intervalNanoseconds == 1 && huge.fillNanoseconds <= 1 << 62)
        let slow = Rate(1, perSeconds: .max, burst: .max)
        #expect(slow.burst == 1 && slow.fillNanoseconds <= 1 << 62)
        for rate in [huge, slow, Rate(perSecond: 1), Rate(perMinute: .max, burst: 1)] {
            for now in [0, 1, 1 << 62, (1 << 63) - 1] as [UInt64] {
                var fullAt = now
                #expect(GCRA.take(from: &fullAt, now: now, rate: rate).isAdmitted)
                #expect(!GCRA.take(.max, from: &fullAt, now: now, rate: rate).isAdmitted)
                let decision = GCRA.take(rate.burst, from: &fullAt, now: now, rate: rate)
                #expect(!decision.isAdmitted && decision.retryAfterSeconds > 0 && decision.remaining == rate.burst - 1)
            }
        }
    }

    @Test func `an interval that is no whole nanosecond is rounded against the caller`() {
        #expect(Rate(perSecond: 3).intervalNanoseconds == 333_333_334)
        #expect(Rate(perMinute: 1_000).intervalNanoseconds == 60_000_000)
    }
}
