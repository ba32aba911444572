// What a node promises while it works: to renew its leases in time, and to stop when it can't. The database's clock decides when a
// lease is over; the clock of the node only decides when to give up early, which is always the safe side.

import Base

/// The times of a node's leases.
struct Lease: Sendable {
    /// After so many lost leases an execution is not tried again.
    static let crashLimit = 3
    /// Executions claimed by one statement.
    static let claimLimit = 64
    /// Leases reaped by one statement.
    static let reapLimit = 256

    static let standard = Lease()

    /// How long a lease holds from its last renewal.
    var milliseconds = 15_000
    /// After so long without a renewal a node aborts its own work: well before another may take it.
    var abandonMilliseconds = 12_000
    /// Between renewals.
    var renewalMilliseconds = 5_000
    /// Between looks for leases of dead nodes.
    var reapMilliseconds = 2_000
    /// Between counts of what tenants have to do.
    var censusMilliseconds = 10_000
    /// Between looks at the queue when nothing wakes the worker.
    var pollMilliseconds = 1_000

    /// How often one renewal is tried for leases whose rows others change just then, and how long it waits in between.
    static let renewalAttempts = 4
    static let passedOverMilliseconds = 250

    /// How long a node that is nearly full waits for more places to come free, so that it takes several executions by one claim.
    static let gatherMilliseconds = 5

    /// Whether a node must abort what it renewed last at `renewal`.
    func isEndangered(renewed renewal: Instant, now: Instant) -> Bool {
        now.milliseconds(since: renewal) >= abandonMilliseconds
    }

    /// A period with a fifth of it as jitter, so that nodes that started together don't stay together.
    /// - Parameter random: from 0 up to, not including, 1.
    static func jittered(_ milliseconds: Int, random: Double) -> Int {
        milliseconds - milliseconds / 10 + Int(Double(milliseconds / 5) * random)
    }
}
