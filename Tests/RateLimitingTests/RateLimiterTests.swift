import Base
import HTTP
import Synchronization
import Testing

@testable import RateLimiting

@Suite struct RateLimiterTests {
    private func key(_ number: UInt64) -> BucketKey { BucketKey(.tenant, UUIDBits(high: 7, low: number)) }
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000) }

    @Test func `buckets of different keys and kinds are apart`() {
        let limiter = RateLimiter()
        let rate = Rate(perMinute: 2)
        for kind in BucketKey.Kind.allCases {
            let key = BucketKey(kind, UUIDBits(high: 1, low: 2))
            #expect(limiter.take(from: key, rate, now: at(0)).isAdmitted)
            #expect(limiter.take(from: key, rate, now: at(0)).isAdmitted)
            #expect(limiter.take(from: key, rate, now: at(0)).outcome == .refused)
        }
        #expect(limiter.bucketCount == BucketKey.Kind.allCases.count)
    }

    @Test func `an address of version 6 counts as its network, one of version 4 as itself`() throws {
        func key(_ text: String) throws -> BucketKey { BucketKey(.anonymous, try #require(IPAddress(text))) }
        #expect(try key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        #expect(try key("2001:db8:1:2::1") != key("2001:db8:1:3::1"))
        #expect(try key("192.0.2.1") != key("192.0.2.2"))
        #expect(try key("0.0.0.0") != key("::"))
    }

    @Test func `another rate holds from the next check on`() {
        let limiter = RateLimiter()
        let small = Rate(perMinute: 60, burst: 20)
        while limiter.take(from: key(1), small, now: at(0)).isAdmitted {}
        // More: the bucket is as empty as it was, but fills faster.
        let large = Rate(perMinute: 6_000, burst: 100)
        #expect(!limiter.take(from: key(1), large, now: at(0)).isAdmitted)
        #expect(limiter.take(from: key(1), large, now: at(10)).isAdmitted)
        // Less: what was left of the larger burst is gone.
        #expect(limiter.take(50, from: key(3), large, now: at(0)).isAdmitted)
        #expect(limiter.take(from: key(3), small, now: at(0)).remaining <= 20)
    }

    @Test func `forgetting mints nothing, and an attacker with many keys gets no free pass`() {
        let limiter = RateLimiter()
        let rate = Rate(perMinute: 10)
        var admitted: [UInt64: Int] = [:]
        var refused = 0
        let keys: UInt64 = 200_000
        for round in 0..<3 {
            for number in 0..<keys {
                switch limiter.take(4, from: key(number), rate, now: at(UInt64(round))).outcome {
                case .admitted: admitted[number, default: 0] += 4
                case .crowded: refused += 1
                default: break
                }
            }
        }
        #expect(admitted.values.allSatisfy { $0 <= 10 })
        #expect(refused > 0 && limiter.crowdedCount == refused)
        #expect(limiter.bucketCount <= RateLimiter.stripeCount * Stripe.mostSlots / 4 * 3)
        // Once they are full again they are forgotten, and there is room for others.
        #expect(limiter.take(from: key(keys + 1), rate, now: at(120_000)).isAdmitted)
        var fresh = 0
        for number in 0..<10_000 where limiter.take(from: key(keys + 2 + UInt64(number)), rate, now: at(121_000)).isAdmitted {
            fresh += 1
        }
        #expect(fresh == 10_000)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `the law holds for every key of a crowd that comes and goes`(_ seed: UInt64) {
        let limiter = RateLimiter()
        let rate = Rate(perSecond: 10, burst: 5)
        var random = Seeded(state: seed)
        var ledgers: [UInt64: Ledger] = [:]
        var now: UInt64 = 0
        for _ in 0..<60_000 {
            now += UInt64.random(in: 0...300_000, using: &random)
            // A clock that was read a little earlier than another's.
            let read = now - min(now, UInt64.random(in: 0...2_000_000, using: &random))
            let number = UInt64.random(in: 0..<1_000, using: &random)
            let hot = number % 10 == 0 ? number : number % 50
            let decision = limiter.take(from: key(hot), rate, now: Instant(nanoseconds: 1 + read))
            if decision.isAdmitted { ledgers[hot, default: Ledger()].note(1, at: now) }
        }
        #expect(!ledgers.isEmpty)
        for ledger in ledgers.values {
            #expect(ledger.excess(burst: 5, interval: rate.intervalNanoseconds + 0) <= 2.0 / 100 + 1e-6)
        }
    }

    @Test func `threads that race for one bucket get no more than it holds`() async {
        let limiter = RateLimiter()
        let rate = Rate(perMinute: 1_000)
        let now = at(0)
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<1_000).reduce(0) { sum, _ in sum + (limiter.take(from: key(1), rate, now: now).isAdmitted ? 1 : 0) }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(total == 1_000)
    }

    @Test func `what another bucket refused is given back, but never more than was taken`() {
        let limiter = RateLimiter()
        let rate = Rate(perSecond: 1, burst: 2)
        let first = limiter.take(from: key(1), rate, now: at(0))
        #expect(first.remaining == 1)
        limiter.giveBack(to: key(1), first, takenAt: at(0))
        #expect(limiter.take(from: key(1), rate, now: at(0)).remaining == 1)
        #expect(limiter.take(from: key(1), rate, now: at(0)).isAdmitted)
        // Full in between: the unit had come back by itself.
        let second = limiter.take(from: key(2), rate, now: at(0))
        #expect(limiter.take(2, from: key(2), rate, now: at(5_000)).isAdmitted)
        limiter.giveBack(to: key(2), second, takenAt: at(0))
        #expect(!limiter.take(from: key(2), rate, now: at(5_000)).isAdmitted)
    }

    @Test func `after its deadline a limiter spends nothing`() {
        let limiter = RateLimiter()
        limiter.setDeadline(at(10).nanoseconds)
        #expect(limiter.take(from: key(1), Rate(perSecond: 5), now: at(9)).isAdmitted)
        #expect(limiter.take(from: key(1), Rate(perSecond: 5), now: at(10)).outcome == .suspended)
        limiter.setDeadline(at(20).nanoseconds)
        #expect(limiter.take(from: key(1), Rate(perSecond: 5), now: at(11)).isAdmitted)
    }
}
