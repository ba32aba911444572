// Reading what happened: in the order of the numbers, from one on, for those who watch; in parts, by type and by what it is about, for those
// who look back. Always in the tenant's scope.
// Bounds: `pageRows` a read of those who watch.

import Base
import Postgres

/// The events of all tenants, each in its tenant's scope.
public struct EventLog: Sendable {
    /// Events that one read answers at most.
    public static let pageRows = 500

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// What these operations run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [bounds, following]

    /// The numbers that there are.
    public struct Bounds: Sendable, Equatable {
        /// The oldest that is still kept; 0 when none is.
        public let first: Int
        /// The last; 0 when nothing ever happened.
        public let last: Int
    }

    /// Which numbers there are.
    public func bounds(of tenant: TenantID) async throws(Fault) -> Bounds {
        try await database.once(.tenant(tenant)).first(EventLog.bounds) ?? Bounds(first: 0, last: 0)
    }

    /// The events behind a number, in order, at most `pageRows`.
    public func following(_ seq: Int, of tenant: TenantID) async throws(Fault) -> [Event] {
        try await database.once(.tenant(tenant)).query(EventLog.following, seq, EventLog.pageRows)
    }

    /// Events by choice.
    /// - Parameters:
    ///   - seq: only those behind this number.
    ///   - place: the number at which an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        _ filter: EventFilter, after seq: Int = 0, behind place: Int? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        _ permit: Permit<EventsRead>
    ) async throws(Fault) -> Listing<Event, Int> {
        precondition(Listing<Event, Int>.limits.contains(limit), "the limit of a list is checked at the door")
        let found = try await database.slow(permit.scope.database).query(
            EventLog.page, filter.patterns.isEmpty ? nil : filter.patterns.map(\.like),
            filter.refs.isEmpty ? nil : Array(filter.refs), place, limit + 1, order.isAscending, seq)
        return Listing(found, limit: limit) { $0.seq }
    }

    /// The last numbers of those tenants that have any.
    public func lasts(of tenants: [TenantID]) async throws(Fault) -> [(tenant: TenantID, last: Int)] {
        try await database.worker.query(EventLog.lasts, tenants)
    }

    // MARK: Statements

    private static let bounds = Statement<Bounds>(
        "bounds of events",
        """
        SELECT coalesce((SELECT seq FROM events ORDER BY seq LIMIT 1), 0), last_seq FROM event_sequences
        """, repeatable: true
    ) { row throws(Fault) in Bounds(first: try row.value(0), last: try row.value(1)) }

    private static let following = Statement<Event, Int, Int>(
        "following events", "SELECT \(Event.columns) FROM events WHERE seq > $1 ORDER BY seq LIMIT $2", repeatable: true,
        decode: Event.init)

    static let page = Statement<Event, [String]?, [UUIDBits]?, Int?, Int, Bool, Int>(
        "list events",
        """
        SELECT \(Event.columns) FROM events
        WHERE ($1::text[] IS NULL OR type LIKE ANY ($1))
            AND ($2::uuid[] IS NULL OR ref = ANY ($2) OR definition_id = ANY ($2)) AND seq > $6
        \(ListClause.after("seq", place: "$3", ascending: "$5", limit: "$4"))
        """, repeatable: true, decode: Event.init)

    private static let lasts = Statement<(tenant: TenantID, last: Int), [TenantID]>(
        "last events", "SELECT tenant_id, last_seq FROM event_sequences WHERE tenant_id = ANY ($1)", repeatable: true
    ) { row throws(Fault) in (try row.value(0), try row.value(1)) }
}
