// The shared lanes: each call is one Sync, and so one transaction in its scope, multiplexed with those of all other tasks of the loop.

import Base
import Loop

/// Statements in a scope on a shared lane; each call is a transaction of its own.
public struct Once: StatementRunner, Sendable {
    static let repeatMilliseconds = 500

    let database: Database
    let kind: LaneKind
    let scope: Scope

    public func open() throws(Fault) -> Opening {
        if let session = Database.surrounding?.session(for: scope) { return try session.open() }
        return Opening(lane: database.lane(kind), prologue: .scope(scope))
    }

    public func mayRepeat(_ lane: Lane) async -> Bool {
        if Database.surrounding?.session(for: scope) != nil { return false }
        await lane.settled(withinMilliseconds: Once.repeatMilliseconds)
        return lane.isReady
    }
}

/// The shared lanes of a loop.
enum LaneKind: Int, CaseIterable {
    /// Point reads and short writes.
    case once
    /// Long lists and reports, kept from delaying the others.
    case slow
    /// Writes that are gathered into common commits: these wait for the disk, and no read is to wait behind them.
    case gathered
    /// The worker's role: queue, outbox and schedule rows of all tenants.
    case worker
}
