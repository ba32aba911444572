// A line of the audit log as it is read: every id with the prefix of what it is.

import Base
import JSON
import Postgres

/// What was done, by whom, from where, with which result.
public struct AuditRecord: Sendable {
    public let id: AuditID
    public let at: Timestamp
    public let action: String
    public let result: String
    public let actorKind: String
    public let actor: String?
    public let impersonator: String?
    public let target: String?
    public let address: String?
    public let requestID: String
    public let details: JSONRaw

    static let columns = """
        id, at, action, result, actor_kind, actor_id, impersonator_kind, impersonator_id, target_id, host(address), request_id, details
        """

    init(row: borrowing RowReader) throws(Fault) {
        id = try row.value(0)
        at = try row.value(1)
        action = try row.value(2)
        result = try row.value(3)
        actorKind = try row.value(4)
        actor = try row.value(5, as: UUIDBits?.self)?.typeID(actorKind)
        let impersonatorKind = try row.value(6, as: String?.self)
        impersonator = try row.value(7, as: UUIDBits?.self).map { $0.typeID(impersonatorKind ?? "user") }
        let prefix = AuditAction(rawValue: action)?.targetPrefix ?? "id"
        target = try row.value(8, as: UUIDBits?.self)?.typeID(prefix)
        address = try row.value(9)
        requestID = try row.value(10)
        details = JSONRaw(try row.value(11, as: JSONBytes.self).bytes)
    }

    public static let output = Output<AuditRecord>(
        "AuditRecord", "What was done, by whom, from where, with which result.",
        [
            .field("id", "Its id.") { $0.id },
            .field("at", "When it was done.") { $0.at },
            .field("action", "What was done.") { $0.action },
            .field("result", "Whether it was done: succeeded or refused.") { $0.result },
            .field("actor_kind", "Who acted: a user, a key, an operator, or nobody that was recognised.") { $0.actorKind },
            .field("actor_id", "The id of who acted.") { $0.actor },
            .field("impersonator_id", "Who stood behind the actor: a user or an operator.") { $0.impersonator },
            .field("target_id", "What it was done to.") { $0.target },
            .field("address", "The address that the request came from.") { $0.address },
            .field("request_id", "The request that it was done by.") { $0.requestID },
            .field("details", "What else matters, by action.") { $0.details },
        ])
}
