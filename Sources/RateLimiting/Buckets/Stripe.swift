// A part of the table of buckets, which one lock guards: open addressing with linear probing. A bucket is forgotten only when it is full,
// so that forgetting can't mint budget; when there is no room and nothing to forget, the answer is no bucket.
// Bounds: `mostSlots` slots, of which three quarters are used. The clock never runs back: the latest reading of all callers counts.

struct Stripe: ~Copyable {
    static let leastSlots = 32
    static let mostSlots = 2_048
    static let sweepNanoseconds: UInt64 = 10_000_000

    struct Bucket {
        /// `nil` in an empty slot.
        var key: BucketKey?
        /// Alone, the moment at which it is full again; sharing, what it lacks, in nanoseconds of filling.
        var number: UInt64 = 0
        /// The rate that was last asked for.
        var rate: Rate
        /// What a newcomer's slice was not paid yet when it was last looked at, in nanoseconds of filling.
        var unpaid: UInt64 = 0
        /// Whether it stands in `wanting`.
        var isWanting = false
        var askedAt: UInt64 = 0
    }

    /// How many requests were admitted and refused.
    struct Counts {
        var admitted = 0
        var refused = 0
    }

    /// By the raw value of the kind.
    private(set) var counts = InlineArray<5, Counts>(repeating: Counts())
    var buckets: [Bucket]
    private(set) var count = 0
    var latest: UInt64 = 0
    private(set) var regime: Regime
    /// The buckets that are not full, while their filling has to be leased. No key stands here twice.
    var wanting: [BucketKey] = []
    private var nextSweep: UInt64 = 0

    init(regime: Regime) {
        self.regime = regime
        buckets = Array(repeating: Stripe.empty, count: Stripe.leastSlots)
    }

    private static let empty = Bucket(key: nil, rate: Rate(perSecond: 1))

    // MARK: Spending

    mutating func take(_ cost: Int, _ key: BucketKey, _ hash: UInt64, _ rate: Rate, now: UInt64) -> RateDecision {
        let decision = decide(cost, key, hash, rate, now: now)
        if decision.isAdmitted {
            counts[Int(key.kind.rawValue)].admitted &+= 1
        } else {
            counts[Int(key.kind.rawValue)].refused &+= 1
        }
        return decision
    }

    private mutating func decide(_ cost: Int, _ key: BucketKey, _ hash: UInt64, _ rate: Rate, now: UInt64) -> RateDecision {
        latest = max(latest, now)
        if case .suspended = regime { return RateDecision(.suspended, rate: rate, missing: 0, wait: 1_000_000_000) }
        let known = find(key, hash)
        guard let at = known.at ?? insert(key, hash, rate, reusing: known.reusable) else {
            return RateDecision(.crowded, rate: rate, missing: rate.fillNanoseconds, wait: 1_000_000_000)
        }
        buckets[at].rate = rate
        guard case .sharing(let nodes, _, _) = regime else {
            // Further ahead it can only lie by a rate that holds no longer: by this one the bucket is empty.
            buckets[at].number = min(buckets[at].number, latest &+ rate.fillNanoseconds)
            return GCRA.take(cost, from: &buckets[at].number, now: latest, rate: rate)
        }
        // The clock of a slice stands still; leases take from the number.
        let share = rate.share(of: nodes)
        buckets[at].number = min(buckets[at].number, share.fillNanoseconds)
        settle(at)
        let decision = GCRA.take(cost, from: &buckets[at].number, now: 0, rate: share)
        if !buckets[at].isWanting, buckets[at].number > 0 { want(at) }
        return decision
    }

    /// Takes an admission back that came to nothing because another bucket refused. Left out when the bucket may have been full since,
    /// for then it would hold more than it ever had.
    mutating func giveBack(_ cost: Int, _ key: BucketKey, _ hash: UInt64, _ decision: RateDecision, takenAt then: UInt64) {
        guard decision.isAdmitted, let at = find(key, hash).at else { return }
        if case .alone = regime, latest >= then &+ decision.missing { return }
        let price = UInt64(cost) &* decision.rate.intervalNanoseconds
        buckets[at].number -= min(buckets[at].number, price)
    }

    // MARK: The table

    func find(_ key: BucketKey, _ hash: UInt64) -> (at: Int?, reusable: Int?) {
        let mask = buckets.count - 1
        var at = Int(truncatingIfNeeded: hash) & mask
        var reusable: Int?
        while let other = buckets[at].key {
            if other == key { return (at, nil) }
            if reusable == nil, isFull(at) { reusable = at }
            at = (at + 1) & mask
        }
        return (nil, reusable)
    }

    /// Whether forgetting the bucket changes nothing.
    func isFull(_ at: Int) -> Bool {
        if case .sharing = regime { return buckets[at].number == 0 && !buckets[at].isWanting }
        return buckets[at].number <= latest
    }

    mutating func insert(_ key: BucketKey, _ hash: UInt64, _ rate: Rate, reusing reusable: Int?) -> Int? {
        var place = reusable
        if place == nil {
            guard makeRoom() else { return nil }
            let mask = buckets.count - 1
            var at = Int(truncatingIfNeeded: hash) & mask
            while buckets[at].key != nil { at = (at + 1) & mask }
            place = at
            count += 1
        }
        guard let place else { return nil }
        buckets[place] = Bucket(key: key, number: start(rate), rate: rate, unpaid: unpaid(rate))
        if case .sharing = regime, buckets[place].number > 0 { want(place) }
        return place
    }

    /// What a bucket begins with that was not known.
    private func start(_ rate: Rate) -> UInt64 {
        switch regime {
        case .suspended, .alone(_, .full): 0
        case .alone(let since, .empty): since &+ rate.fillNanoseconds
        case .alone(let since, .share(let nodes)):
            since &+ rate.fillNanoseconds &- rate.share(of: nodes).fillNanoseconds
        case .sharing(let nodes, 0, _): rate.share(of: nodes).fillNanoseconds
        case .sharing(let nodes, let most, _):
            rate.share(of: nodes).fillNanoseconds - rate.share(of: max(nodes, most)).fillNanoseconds + unpaid(rate)
        }
    }

    /// What is not paid yet of a slice, of one that is not known yet at most.
    private func unpaid(_ rate: Rate) -> UInt64 {
        guard case .sharing(let nodes, let most, let arrears) = regime, most > 0 else { return 0 }
        return min(rate.share(of: max(nodes, most)).fillNanoseconds, max(arrears.paidAt(rate), latest) - latest)
    }

    /// Adds to a newcomer's slice what was paid since it was last looked at.
    mutating func settle(_ at: Int) {
        let before = buckets[at].unpaid
        guard before > 0 else { return }
        let after = min(before, unpaid(buckets[at].rate))
        buckets[at].unpaid = after
        buckets[at].number -= min(buckets[at].number, before - after)
    }

    private mutating func want(_ at: Int) {
        guard let key = buckets[at].key else { return }
        buckets[at].isWanting = true
        buckets[at].askedAt = 0
        wanting.append(key)
    }

    /// Whether a slot is free, after forgetting what is full and growing as far as that goes.
    private mutating func makeRoom() -> Bool {
        if count < buckets.count / 4 * 3 { return true }
        guard buckets.count < Stripe.mostSlots || latest >= nextSweep else { return false }
        nextSweep = latest &+ Stripe.sweepNanoseconds
        let kept = buckets.indices.filter { buckets[$0].key != nil && !isFull($0) }.map { buckets[$0] }
        var size = Stripe.leastSlots
        while size < Stripe.mostSlots && kept.count >= size / 2 { size *= 2 }
        refill(with: kept, size: size)
        return count < size / 4 * 3
    }

    private mutating func refill(with kept: [Bucket], size: Int) {
        buckets = Array(repeating: Stripe.empty, count: size)
        count = kept.count
        for bucket in kept {
            guard let key = bucket.key else { continue }
            var at = Int(truncatingIfNeeded: key.hash) & (size - 1)
            while buckets[at].key != nil { at = (at + 1) & (size - 1) }
            buckets[at] = bucket
        }
    }

    // MARK: Another regime

    /// Goes over to `next`. No bucket holds more afterwards than before, and none more than `next` allows.
    mutating func adopt(_ next: Regime, now: UInt64) {
        latest = max(latest, now)
        let last = regime
        regime = next
        if next == last { return }
        wanting.removeAll()
        if next == .suspended { return refill(with: [], size: Stripe.leastSlots) }
        for at in buckets.indices where buckets[at].key != nil {
            buckets[at].isWanting = false
            buckets[at].unpaid = 0
            let rate = buckets[at].rate
            let held = Stripe.held(buckets[at], under: last, now: latest)
            switch next {
            case .suspended: break
            case .alone: buckets[at].number = latest &+ rate.fillNanoseconds &- held
            case .sharing(let nodes, _, _):
                let fill = rate.share(of: nodes).fillNanoseconds
                buckets[at].number = fill - min(held, fill)
                if buckets[at].number > 0 { want(at) }
            }
        }
    }

    /// What a bucket holds, in nanoseconds of filling.
    private static func held(_ bucket: Bucket, under regime: Regime, now: UInt64) -> UInt64 {
        switch regime {
        case .suspended: return 0
        case .alone:
            let missing = max(bucket.number, now) - now
            return bucket.rate.fillNanoseconds - min(missing, bucket.rate.fillNanoseconds)
        case .sharing(let nodes, _, _):
            let fill = bucket.rate.share(of: nodes).fillNanoseconds
            return fill - min(bucket.number, fill)
        }
    }
}
