// The side of a stripe that the leasing sees: what is lacking and how badly, what was granted, and what is handed over.

extension Stripe {
    /// A bucket that has at least half of its slice waits so long before it is asked for again.
    static let unhurriedNanoseconds: UInt64 = 1_000_000_000

    /// Adds what buckets lack to `requests`, up to `limit` of them: those at less than half of their slice, and others now and then.
    mutating func collect(into requests: inout [LeaseRequest], limit: Int, now: UInt64) {
        guard case .sharing(let nodes, _, _) = regime else { return }
        var kept = 0
        for at in wanting.indices {
            let key = wanting[at]
            guard let place = find(key, key.hash).at else { continue }
            settle(place)
            if buckets[place].number == 0 {
                buckets[place].isWanting = false
                continue
            }
            wanting[kept] = key
            kept += 1
            let rate = buckets[place].rate
            let isUrgent = buckets[place].number > rate.share(of: nodes).fillNanoseconds / 2
            guard requests.count < limit, isUrgent || now >= buckets[place].askedAt &+ Stripe.unhurriedNanoseconds else {
                continue
            }
            buckets[place].askedAt = now
            requests.append(LeaseRequest(key: key, rate: rate, units: max(1, buckets[place].number / rate.intervalNanoseconds)))
        }
        wanting.removeSubrange(kept...)
    }

    /// Adds granted units to a slice. What is more than it lacks is lost.
    mutating func fill(_ request: LeaseRequest, units: UInt64) {
        guard case .sharing = regime, let at = find(request.key, request.key.hash).at else { return }
        buckets[at].number -= min(buckets[at].number, units &* request.rate.intervalNanoseconds)
    }

    /// Adds the buckets of a node that is alone and that are not full to `spent`.
    func collect(into spent: inout [SpentBudget], now: UInt64) {
        guard case .alone = regime else { return }
        for bucket in buckets {
            guard let key = bucket.key, bucket.number > now else { continue }
            spent.append(SpentBudget(key: key, rate: bucket.rate, missing: bucket.number - now))
        }
    }

    /// Takes a bucket over as it was left. `false` when there is no room for it.
    mutating func restore(_ spent: SpentBudget, now: UInt64) -> Bool {
        latest = max(latest, now)
        guard let at = find(spent.key, spent.key.hash).at ?? insert(spent.key, spent.key.hash, spent.rate, reusing: nil) else {
            return false
        }
        buckets[at].number = latest &+ spent.missing
        return true
    }
}

/// What a bucket would like to lease.
struct LeaseRequest: Sendable {
    let key: BucketKey
    let rate: Rate
    let units: UInt64
}
