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
        let who: (kind: String, id: UUIDBits?) =
            switch actor {
            case .key(let id): ("key", id.uuid)
            case .user(let id, _): ("user", id.uuid)
            case nil: ("nobody", nil)
            }
        bytes = AuditEntry.spell(action, result, who, impersonator, request, details)
    }

    /// The same for what an operator does to a tenant.
    public init(_ action: AuditAction, by permit: OperatorPermit, details: JSONObject = JSONObject()) {
        bytes = AuditEntry.spell(action, .succeeded, ("operator", permit.operator.uuid), nil, permit.request, details)
    }

    private static func spell(
        _ action: AuditAction, _ result: Result, _ actor: (kind: String, id: UUIDBits?),
        _ impersonator: TenantScope.Impersonator?, _ request: any RequestContext, _ details: JSONObject
    ) -> [UInt8] {
        var entry = JSONObject()
        entry["action"] = .string(action.rawValue)
        entry["result"] = .string(result.rawValue)
        entry["actor_kind"] = .string(actor.kind)
        entry["actor_id"] = actor.id.map { .string($0.description) }
        switch impersonator {
        case .user(let id):
            entry["impersonator_kind"] = "user"
            entry["impersonator_id"] = .string(id.uuid.description)
        case .operator(let id):
            entry["impersonator_kind"] = "operator"
            entry["impersonator_id"] = .string(id.uuid.description)
        case nil: break
        }
        entry["request_id"] = .string(request.requestIDText)
        entry["address"] = request.addressText.map { .string($0) }
        entry["details"] = .object(details)
        return JSONValue.object(entry).bytes
    }

    /// Writes an entry by itself, within a session or a batch in the tenant's scope.
    public static let insert = Statement<Void, AuditEntry, UUIDBits?>("write audit entry", "SELECT insula_audit($1, $2)")

    /// What `insula_audit` does, for many at once: an `INSERT` for the end of a `WITH`.
    /// - Parameters:
    ///   - entry: an expression for what the function is given.
    ///   - target: an expression for whom it is about.
    ///   - rows: a `FROM` list.
    public static func inserting(_ entry: String, target: String, from rows: String) -> String {
        """
        INSERT INTO audit_log (
            tenant_id, id, at, action, result, actor_kind, actor_id, impersonator_kind, impersonator_id, target_id, address,
            request_id, details)
        SELECT nullif(current_setting('insula.tenant', true), '')::uuid, insula_uuid7(), clock_timestamp(), entry ->> 'action',
            entry ->> 'result', entry ->> 'actor_kind', (entry ->> 'actor_id')::uuid, entry ->> 'impersonator_kind',
            (entry ->> 'impersonator_id')::uuid, target, (entry ->> 'address')::inet, left(entry ->> 'request_id', 64),
            coalesce(entry -> 'details', '{}')
        FROM (SELECT \(entry) AS entry, \(target) AS target FROM \(rows)) audited
        """
    }
}

extension AuditEntry: PostgresParameter, PostgresElement {
    public static var postgresType: PostgresType { JSONBytes.postgresType }
    public static var postgresArrayType: PostgresType { JSONBytes.postgresArrayType }

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
