// The turn of one export: the only one of its tenant, on every node together, and over after a while, so that no reader, however slow, holds a
// moment of the database, or the connection that others wait for.
// Bounds: one a tenant; `milliseconds` in all, looked at before each piece of about `pieceBytes`; a reader who takes nothing ends it sooner
// (`Limits.idleInSnapshotMilliseconds`).

import Base
import Postgres

/// The right of a tenant's export to run.
public struct ExportTurn: Sendable {
    /// How long an export takes at most. What comes of it then has no proper end, which its reader sees.
    public static let milliseconds = 600_000
    /// How long pieces get before they are written.
    public static let pieceBytes = 64 << 10

    private let tenant: TenantID
    private let database: Database
    private let now: @Sendable () -> Instant

    /// - Parameter now: the clock that ends it.
    public init(of tenant: TenantID, database: Database, now: @escaping @Sendable () -> Instant = { .now }) {
        self.tenant = tenant
        self.database = database
        self.now = now
    }

    /// What a turn runs beside exports, to be prepared at connect.
    public static var statements: [any AnyStatement] { [look] }

    /// Refuses at once who would wait in line behind an export of his own.
    /// - Throws: `.limitReached` while another export of the tenant is under way.
    public func check() async throws(Fault) {
        guard try await database.once(.tenant(tenant)).first(ExportTurn.look, tenant) == true else { throw ExportTurn.underWay }
    }

    /// Runs `body` in one moment of the database. It asks the deadline before each piece that it writes.
    /// - Throws: `.limitReached` while another export of the tenant is under way, and what `body` throws.
    public func run(_ body: (Session, Deadline) async throws(Fault) -> Void) async throws(Fault) {
        try await check()
        try await database.session(.tenant(tenant), on: .export) { session throws(Fault) in
            guard try await session.first(ExportTurn.take, tenant) == true else { throw ExportTurn.underWay }
            try await body(session, Deadline(end: now().advanced(milliseconds: ExportTurn.milliseconds), now: now))
        }
    }

    /// When an export is over.
    public struct Deadline: Sendable {
        fileprivate let end: Instant
        fileprivate let now: @Sendable () -> Instant

        /// - Throws: `.timedOut` when it is.
        public func check() throws(Fault) {
            guard now() < end else { throw ExportTurn.late }
        }
    }

    private static let underWay = Fault(
        .limitReached, "Another export of the organisation is under way. Begin this one when that has ended.")

    fileprivate static let late = Fault(.timedOut, "The export took longer than \(milliseconds / 60_000) minutes.")

    /// Those who look don't hold each other up.
    private static let look = Statement<Bool, TenantID>(
        "look for an export of a tenant", "SELECT pg_try_advisory_xact_lock_shared(hashtextextended($1::text, 9))"
    ) { row throws(Fault) in try row.value(0) }

    /// Held to the end of the export, or of its connection.
    private static let take = Statement<Bool, TenantID>(
        "lock the exports of a tenant", "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 9))"
    ) { row throws(Fault) in try row.value(0) }
}
