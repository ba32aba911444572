// One line of the audit log before it is written: who did what, from where, with which result. It travels as one parameter of the very
// statement that makes the change, which hands it to the function `insula_audit` in its RETURNING list, so that the line is there exactly
// when the change is: `UPDATE roles SET … RETURNING id, …, insula_audit($4, id)`.
// An act that changes nothing is written with `AuditEntry.insert`.

import Base
import JSON
import Postgres

/// An entry of the audit log, for the statement that makes the change.
public struct AuditEntry: Sendable {
    /// Whether it was done.
    public enum Result: String, Sendable, CaseIterable {
        case succeeded, refused
    }

    let bytes: [UInt8]

    /// - Parameters:
    ///   - actor: who acts; `nil` when nobody has been recognised.
    ///   - details: what else matters. Never a secret.
    public init(
        _ action: AuditAction, _ result: Result = .succeeded, actor: TenantScope.Actor?,
        impersonator: TenantScope.Impersonator? = nil, request: any RequestContext, details: JSONObject = JSONObject()
    ) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("action")
        writer.string(action.rawValue)
        writer.key("result")
        writer.string(result.rawValue)
        switch actor {
        case .key(let id):
            writer.key("actor_kind")
            writer.string("key")
            writer.key("actor_id")
            writer.string(id.uuid.description)
        case .user(let id, _):
            writer.key("actor_kind")
            writer.string("user")
            writer.key("actor_id")
            writer.string(id.uuid.description)
        case nil:
            writer.key("actor_kind")
            writer.string("nobody")
        }
        switch impersonator {
        case .user(let id):
            writer.key("impersonator_kind")
            writer.string("user")
            writer.key("impersonator_id")
            writer.string(id.uuid.description)
        case .operator(let id):
            writer.key("impersonator_kind")
            writer.string("operator")
            writer.key("impersonator_id")
            writer.string(id.uuid.description)
        case nil: break
        }
        writer.key("request_id")
        writer.string(request.requestIDText)
        if let address = request.addressText {
            writer.key("address")
            writer.string(address)
        }
        writer.key("details")
        JSONValue.object(details).write(to: &writer)
        writer.endObject()
        bytes = writer.finish()
    }

    /// Writes an entry by itself, within a session or a batch in the tenant's scope.
    public static let insert = Statement<Void, AuditEntry, UUIDBits?>("write audit entry", "SELECT insula_audit($1, $2)")
}

extension AuditEntry: PostgresParameter {
    public static var postgresType: PostgresType { JSONBytes.postgresType }

    public func write(into buffer: ParameterBuffer) { JSONBytes(bytes).write(into: buffer) }
}

extension Permit {
    /// The entry for what the holder of the permit does.
    public func audit(
        _ action: AuditAction, _ result: AuditEntry.Result = .succeeded, details: JSONObject = JSONObject()
    ) -> AuditEntry {
        AuditEntry(
            action, result, actor: scope.actor, impersonator: scope.impersonator, request: request, details: details)
    }
}
