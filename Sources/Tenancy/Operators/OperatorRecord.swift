// The operators' log as it is read.

import Base
import JSON
import Postgres

/// What an operator did.
public struct OperatorRecord: Sendable {
    public let id: AuditID
    public let at: Timestamp
    public let action: String
    /// `nil` for what was done on the command line or by the server itself.
    public let actor: OperatorID?
    public let tenant: TenantID?
    public let address: String?
    public let requestID: String
    public let details: JSONRaw

    public static let output = Output<OperatorRecord>(
        "OperatorRecord", "What an operator did.",
        [
            .field("id", "Its id.") { $0.id },
            .field("at", "When it was done.") { $0.at },
            .field("action", "What was done.") { $0.action },
            .field("operator_id", "Who did it; null for the command line and for the server itself.") { $0.actor },
            .field("tenant_id", "The tenant that it was about.") { $0.tenant },
            .field("address", "The address that the request came from.") { $0.address },
            .field("request_id", "The request that it was done by.") { $0.requestID },
            .field("details", "What else matters, by action.") { $0.details },
        ])

    static let part = Statement<OperatorRecord, AuditID?, Int, Bool>(
        "read operators' log",
        "SELECT id, at, action, operator_id, about_tenant, host(address), request_id, details FROM operator_log WHERE true "
            + ListClause.after("id", place: "$1", ascending: "$3", limit: "$2")
    ) { row throws(Fault) in
        OperatorRecord(
            id: try row.value(0), at: try row.value(1), action: try row.value(2), actor: try row.value(3),
            tenant: try row.value(4), address: try row.value(5), requestID: try row.value(6),
            details: JSONRaw(try row.value(7, as: JSONBytes.self).bytes))
    }
}

extension Operators {
    /// What operators did.
    public func log(
        before: AuditID? = nil, limit: Int = 20, order: ListOrder = .newestFirst, by permit: OperatorPermit
    ) async throws(Fault) -> Listing<OperatorRecord, AuditID> {
        let records = try await database.operator { session throws(Fault) in
            try await session.query(OperatorRecord.part, before, limit + 1, order.isAscending)
        }
        return Listing(records, limit: limit) { $0.id }
    }

    /// Writes down an act that changed nothing that operators' own role reaches.
    public func note(_ action: OperatorAction, by permit: OperatorPermit) async throws(Fault) {
        try await database.operator { session throws(Fault) in try await permit.log(action, in: session) }
    }
}
