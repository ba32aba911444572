// How many requests of one tenant may be under way at once on a loop, so that a tenant with slow requests can't take every place.
// Bounds: a table of at most as many tenants as requests are in flight.

import Base
import HTTP
import Loop
import Tenancy

final class ConcurrencyLimit: Sendable {
    /// Requests of one tenant at once, a loop.
    static let perTenant = 256

    // Each is used on the loop of its index alone.
    private final class Counts: @unchecked Sendable {
        var byTenant: [TenantID: Int] = [:]
    }

    private let loops: [Counts]

    init(loopCount: Int) {
        loops = (0..<loopCount).map { _ in Counts() }
    }

    /// Takes a place for the call's tenant.
    /// - Throws: `.rateLimited` when it has as many requests under way as it may.
    func enter(_ call: Call) throws(Fault) {
        guard let tenant = call.scope?.tenant else { return }
        guard enter(tenant, loop: call.exchange.loop.index) else {
            call.scope = nil
            throw Fault(.rateLimited, "The tenant has too many requests under way at once.", retryAfterSeconds: 1)
        }
    }

    /// Whether there is another place for the tenant on that loop, which is taken then.
    func enter(_ tenant: TenantID, loop: Int) -> Bool {
        let count = loops[loop].byTenant[tenant] ?? 0
        guard count < ConcurrencyLimit.perTenant else { return false }
        loops[loop].byTenant[tenant] = count + 1
        return true
    }

    /// Gives the place back.
    func leave(_ call: Call) {
        guard let tenant = call.scope?.tenant else { return }
        leave(tenant, loop: call.exchange.loop.index)
    }

    func leave(_ tenant: TenantID, loop: Int) {
        let count = (loops[loop].byTenant[tenant] ?? 1) - 1
        loops[loop].byTenant[tenant] = count == 0 ? nil : count
    }
}
