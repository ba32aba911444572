// Reading the audit log: newest first, by who, what, to what, with which result and when; in pages, or as a stream of lines. Nothing that
// serves a request can change or remove a line; housekeeping removes what is older than the tenant's plan keeps.

import Base
import JSON
import Postgres

/// Which lines are wanted.
public struct AuditFilter: Sendable {
    /// Ids as they are shown, such as `user_…`.
    public var actor: String?
    public var target: String?
    public var action: AuditAction?
    public var result: AuditEntry.Result?
    /// From this moment on.
    public var from: Timestamp?
    /// Before this moment.
    public var to: Timestamp?

    public init(
        actor: String? = nil, target: String? = nil, action: AuditAction? = nil, result: AuditEntry.Result? = nil,
        from: Timestamp? = nil, to: Timestamp? = nil
    ) {
        self.actor = actor
        self.target = target
        self.action = action
        self.result = result
        self.from = from
        self.to = to
    }

    /// Whether `text` is an id as they are shown: a prefix and 26 characters of base32.
    public static func isID(_ text: String) -> Bool { parts(text) != nil }

    /// The kind and the bits of an id as it is shown.
    static func parts(_ text: String) -> (prefix: String, uuid: UUIDBits)? {
        let bytes = Array(text.utf8)
        guard bytes.count > 27, bytes.count <= 48, bytes[bytes.count - 27] == UInt8(ascii: "_"),
            let uuid = UUIDBits(base32: bytes.span.extracting(bytes.count - 26..<bytes.count))
        else { return nil }
        return (String(decoding: bytes[..<(bytes.count - 27)], as: UTF8.self), uuid)
    }
}

/// The audit logs of all tenants, each in its tenant's scope.
public struct AuditLog: Sendable {
    /// Lines that an export reads at once.
    static let pageLines = 500

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// Lines of the log.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        _ filter: AuditFilter, before: AuditID? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        by permit: Permit<AuditRead>
    ) async throws(Fault) -> Listing<AuditRecord, AuditID> {
        precondition(Listing<AuditRecord, AuditID>.limits.contains(limit), "the limit of a list is checked at the door")
        return Listing(try await read(filter, before, limit + 1, order, permit.scope), limit: limit) { $0.id }
    }

    /// Gives all lines to `write`, newest first, piece by piece, each line with its end. That it was done is a line of its own, which comes
    /// first: nothing later is in it.
    public func export(
        _ filter: AuditFilter, by permit: Permit<AuditRead>, to write: ([UInt8]) async throws(Fault) -> Void
    ) async throws(Fault) {
        var before: AuditID?
        repeat {
            let records = try await read(filter, before, AuditLog.pageLines, .newestFirst, permit.scope)
            var piece: [UInt8] = []
            for record in records {
                piece += AuditRecord.output.bytes(record)
                piece.append(UInt8(ascii: "\n"))
            }
            if !piece.isEmpty { try await write(piece) }
            before = records.count == AuditLog.pageLines ? records.last?.id : nil
        } while before != nil
    }

    /// Writes down that the log is exported.
    public func beginExport(by permit: Permit<AuditRead>) async throws(Fault) {
        _ = try await database.once(permit.scope.database).execute(
            AuditEntry.insert, permit.audit(.auditExported), permit.scope.tenant.uuid)
    }

    private func read(
        _ filter: AuditFilter, _ before: AuditID?, _ limit: Int, _ order: ListOrder, _ scope: TenantScope
    ) async throws(Fault) -> [AuditRecord] {
        let actor = filter.actor.flatMap(AuditFilter.parts)
        // An id that begins otherwise than the target's own names something else.
        let target = filter.target.flatMap(AuditFilter.parts)
        let actions = AuditAction.allCases.filter { action in
            (filter.action == nil || filter.action == action) && (target == nil || action.targetPrefix == target?.prefix)
        }
        let narrows = filter.action != nil || target != nil
        return try await database.slow(scope.database).query(
            AuditLog.page, actor?.prefix, actor?.uuid, target?.uuid, narrows ? actions.map(\.rawValue) : nil,
            filter.result?.rawValue, filter.from, filter.to, before, limit, order.isAscending)
    }

    /// Ids begin with the moment of the line, so that the times narrow the walk over the key.
    private static let page = Statement<
        AuditRecord, String?, UUIDBits?, UUIDBits?, [String]?, String?, Timestamp?, Timestamp?, AuditID?, Int, Bool
    >(
        "read audit log",
        """
        SELECT \(AuditRecord.columns) FROM audit_log
        WHERE ($1 IS NULL OR actor_kind = $1) AND ($2 IS NULL OR actor_id = $2) AND ($3 IS NULL OR target_id = $3)
            AND ($4::text[] IS NULL OR action = ANY ($4)) AND ($5 IS NULL OR result = $5)
            AND ($6 IS NULL OR at >= $6) AND ($7 IS NULL OR at < $7)
        """ + " " + ListClause.after("id", place: "$8", ascending: "$10", limit: "$9"), repeatable: true,
        decode: AuditRecord.init(row:))
}
