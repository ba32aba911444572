// The side of a limiter that the other nodes see: regimes, leases, and what is handed over.

import Synchronization

extension RateLimiter {
    /// Goes over to another regime. When it returns, nothing is spent by the old one any more.
    func adopt(_ regime: Regime, now: UInt64) {
        for box in boxes { box.stripe.withLock { $0.adopt(regime, now: now) } }
    }

    /// What its buckets would like to lease, up to `limit` of them, beginning with the stripe after `start`.
    func requests(limit: Int, from start: Int, now: UInt64) -> [LeaseRequest] {
        var requests: [LeaseRequest] = []
        for step in boxes.indices where requests.count < limit {
            boxes[(start + step) % boxes.count].stripe.withLock { $0.collect(into: &requests, limit: limit, now: now) }
        }
        return requests
    }

    /// Adds granted units to the bucket that wanted them.
    func fill(_ request: LeaseRequest, units: UInt64) {
        box(request.key, request.key.hash).stripe.withLock { $0.fill(request, units: units) }
    }

    /// What was spent and has not come back, of a node that is alone.
    func spent(now: UInt64) -> [SpentBudget] {
        var spent: [SpentBudget] = []
        for box in boxes { box.stripe.withLock { $0.collect(into: &spent, now: now) } }
        return spent
    }

    /// Takes over what another node had spent. `false` when there is no room for all of it.
    func restore(_ spent: [SpentBudget], now: UInt64) -> Bool {
        spent.allSatisfy { one in box(one.key, one.key.hash).stripe.withLock { $0.restore(one, now: now) } }
    }
}
