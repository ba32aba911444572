// The statements of roles, in the scope of their tenant.

import Base
import Postgres

enum RoleStatements {
    private static let columns = "id, name, description, scopes, revision, created_at, updated_at"

    static let lock = Statement<Void, TenantID>(
        "lock roles", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 2))")

    static let count = Statement<Int>("count roles", "SELECT count(*) FROM roles") { row throws(Fault) in try row.value(0) }

    static let list = Statement<TenantRole, RoleID?, Int, Bool>(
        "list roles",
        "SELECT \(columns) FROM roles WHERE true "
            + ListClause.after("id", place: "$1", ascending: "$3", limit: "$2"), repeatable: true, decode: role)

    static let get = Statement<TenantRole, RoleID>(
        "role by id", "SELECT \(columns) FROM roles WHERE id = $1", repeatable: true, decode: role)

    static let hold = Statement<TenantRole, RoleID>(
        "hold role", "SELECT \(columns) FROM roles WHERE id = $1 FOR UPDATE", decode: role)

    static let create = Statement<TenantRole, TenantID, RoleID, String, String, [String], AuditEntry>(
        "create role",
        """
        INSERT INTO roles (tenant_id, id, name, description, scopes) VALUES ($1, $2, $3, $4, $5)
        RETURNING \(columns), insula_audit($6, id)
        """, decode: role)

    static let update = Statement<TenantRole, RoleID, String, String, [String], AuditEntry>(
        "update role",
        """
        UPDATE roles
        SET name = $2, description = $3, scopes = $4, revision = revision + 1, updated_at = clock_timestamp()
        WHERE id = $1 RETURNING \(columns), insula_audit($5, id)
        """, decode: role)

    static let forgetInvitations = Statement<Void, RoleID>(
        "forget the dead invitations of a role",
        """
        DELETE FROM invitations
        WHERE role_id = $1 AND (accepted_at IS NOT NULL OR revoked_at IS NOT NULL OR expires_at <= now())
        """)

    /// A revoked key holds nothing; it is still shown, as one of the least.
    static let forgetKeys = Statement<Void, RoleID>(
        "forget the dead keys of a role",
        "UPDATE api_keys SET role_id = NULL, role = 'viewer' WHERE role_id = $1 AND revoked_at IS NOT NULL")

    static let holders = Statement<Int, RoleID>(
        "holders of a role",
        """
        SELECT (SELECT count(*) FROM users WHERE role_id = $1) + (SELECT count(*) FROM api_keys WHERE role_id = $1)
            + (SELECT count(*) FROM invitations WHERE role_id = $1)
        """
    ) { row throws(Fault) in try row.value(0) }

    static let delete = Statement<Void, RoleID, AuditEntry>(
        "delete role", "DELETE FROM roles WHERE id = $1 RETURNING insula_audit($2, id)")

    private static func role(_ row: borrowing RowReader) throws(Fault) -> TenantRole {
        let names = try row.value(3, as: [String].self)
        return TenantRole(
            id: try row.value(0), name: try row.value(1), description: try row.value(2),
            rights: Rights(names.compactMap(Right.init(rawValue:))), revision: try row.value(4), createdAt: try row.value(5),
            updatedAt: try row.value(6))
    }
}
