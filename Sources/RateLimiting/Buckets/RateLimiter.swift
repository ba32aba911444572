// The buckets of a node, usable from every loop: stripes by the hash of the key, each under its own short lock, so that two loops seldom
// meet. The rate is an argument of every check: a change of plan holds from the next one.
// Bounds: two tables of `stripeCount` stripes of `Stripe.mostSlots` slots. When a stripe holds nothing but buckets that are not full, a new
// key is refused: rotating addresses gains nobody anything, and takes no room from tenants, whose table is the other one.

import Base
import Synchronization

/// Counts what is admitted, by key.
public final class RateLimiter: Sendable {
    static let stripeCount = 64
    /// No bucket may take longer to fill: as long it takes until a node that began without knowing what was spent knows it all.
    public static let longestFillNanoseconds: UInt64 = 300_000_000_000

    final class Box: Sendable {
        let stripe: Mutex<Stripe>

        init(_ regime: Regime) {
            stripe = Mutex(Stripe(regime: regime))
        }
    }

    let boxes: [Box]
    /// Until when this node may spend, on the monotonic clock: the end of its place among the nodes.
    private let deadline: Atomic<UInt64>
    private let crowded = Counter()

    /// - Parameter regime: for a limiter that shares with nobody, alone from the beginning.
    public init(_ regime: Regime = .alone(since: 0, .full)) {
        boxes = (0..<2 * RateLimiter.stripeCount).map { _ in Box(regime) }
        deadline = Atomic(.max)
    }

    /// Takes `cost` units from the bucket of `key`, if it holds as much. From any thread.
    /// - Parameters:
    ///   - rate: how fast it fills and how much it holds, from now on; it fills within `longestFillNanoseconds`.
    ///   - cost: at least 1. More than the burst, or beside other nodes more than this node's share of it, is never admitted.
    ///   - now: the monotonic clock, read for this request.
    public func take(_ cost: Int = 1, from key: BucketKey, _ rate: Rate, now: Instant) -> RateDecision {
        guard maySpend(at: now) else {
            return RateDecision(.suspended, rate: rate, missing: 0, wait: 1_000_000_000)
        }
        precondition(
            rate.fillNanoseconds <= RateLimiter.longestFillNanoseconds, "a bucket of a limiter fills within five minutes")
        let hash = key.hash
        let decision = box(key, hash).stripe.withLock { $0.take(cost, key, hash, rate, now: now.nanoseconds) }
        if decision.outcome == .crowded { crowded.add() }
        return decision
    }

    /// Takes an admission back, for a request that another bucket refused.
    public func giveBack(_ cost: Int = 1, to key: BucketKey, _ decision: RateDecision, takenAt: Instant) {
        let hash = key.hash
        box(key, hash).stripe.withLock { $0.giveBack(cost, key, hash, decision, takenAt: takenAt.nanoseconds) }
    }

    /// Whether this limiter has something to spend at all: it does not once its node lost its place among the others.
    public func maySpend(at now: Instant) -> Bool { now.nanoseconds < deadline.load(ordering: .acquiring) }

    /// Requests that were refused because the table was full.
    public var crowdedCount: Int { Int(crowded.current) }

    /// The buckets that are remembered.
    public var bucketCount: Int { boxes.reduce(0) { $0 + $1.stripe.withLock { $0.count } } }

    /// Sets the moment of the monotonic clock from which on nothing is spent.
    func setDeadline(_ nanoseconds: UInt64) {
        deadline.store(nanoseconds, ordering: .releasing)
    }

    @inline(__always)
    func box(_ key: BucketKey, _ hash: UInt64) -> Box {
        // The table by the kind, the stripe by the highest bits, the slot in it by the lowest.
        let table = key.kind.isAddress ? RateLimiter.stripeCount : 0
        return boxes[table + Int(truncatingIfNeeded: hash >> 58)]
    }
}
