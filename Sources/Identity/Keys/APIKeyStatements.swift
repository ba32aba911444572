// The statements of API keys. Every one runs in the scope of its tenant; policies add the tenant to each condition.

import Base
import JSON
import Postgres
import Tenancy

extension APIKeys {
    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [
        APIKeyStatements.list, APIKeyStatements.read, APIKeyStatements.revoke, Revocation.tell,
    ]
}

enum APIKeyStatements {
    private static let columns = """
        id, name, role, role_id, scopes, allowed_addresses::text[], requests_per_minute, created_by, created_at, expires_at, revoked_at,
        last_used_at, CASE WHEN previous_until > now() THEN previous_until END, revision
        """

    static let lock = Statement<Void, TenantID>(
        "lock keys", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))")

    static let count = Statement<Int>(
        "count keys", "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
    ) { row throws(Fault) in try row.value(0) }

    static let roleScopes = Statement<[String], RoleID>(
        "scopes of a role", "SELECT scopes FROM roles WHERE id = $1 FOR KEY SHARE"
    ) { row throws(Fault) in try row.value(0) }

    static let insert = Statement<
        APIKey, TenantID, KeyID, String, String?, RoleID?, [UInt8], Timestamp?, [String]?, [String]?, Int?, UserID?, AuditEntry
    >(
        "create key",
        """
        INSERT INTO api_keys (
            tenant_id, id, name, role, role_id, hash, expires_at, scopes, allowed_addresses, requests_per_minute, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::cidr[], $10, $11)
        RETURNING \(columns), insula_audit($12, id)
        """, decode: APIKey.init(row:))

    static let list = Statement<APIKey, KeyID?, Int, Bool, UserID?>(
        "list keys",
        "SELECT \(columns) FROM api_keys WHERE ($4 IS NULL OR created_by = $4) \(ListClause.after("id", place: "$1", ascending: "$3", limit: "$2"))",
        repeatable: true, decode: APIKey.init(row:))

    static let read = Statement<APIKey, KeyID>(
        "read key", "SELECT \(columns) FROM api_keys WHERE id = $1", repeatable: true, decode: APIKey.init(row:))

    static let hold = Statement<APIKey, KeyID>(
        "hold key", "SELECT \(columns) FROM api_keys WHERE id = $1 FOR NO KEY UPDATE", decode: APIKey.init(row:))

    static let update = Statement<
        APIKey, KeyID, String, [String]?, [String]?, Int?, Timestamp?, AuditEntry
    >(
        "update key",
        """
        UPDATE api_keys
        SET name = $2, scopes = $3, allowed_addresses = $4::cidr[], requests_per_minute = $5, expires_at = $6, revision = revision + 1
        WHERE id = $1
        RETURNING \(columns), insula_audit($7, id)
        """, decode: APIKey.init(row:))

    static let rotate = Statement<APIKey, KeyID, [UInt8], Int, AuditEntry>(
        "rotate key",
        """
        UPDATE api_keys
        SET hash = $2, previous_hash = CASE WHEN $3 > 0 THEN hash END,
            previous_until = CASE WHEN $3 > 0 THEN now() + make_interval(secs => $3) END, revision = revision + 1
        WHERE id = $1
        RETURNING \(columns), insula_audit($4, id)
        """, decode: APIKey.init(row:))

    static let revoke = Statement<APIKey, KeyID, AuditEntry>(
        "revoke key",
        """
        UPDATE api_keys SET revoked_at = now(), revision = revision + 1 WHERE id = $1 AND revoked_at IS NULL
        RETURNING \(columns), insula_audit($2, id)
        """, decode: APIKey.init(row:))
}

extension APIKey {
    fileprivate init(row: borrowing RowReader) throws(Fault) {
        self.init(
            id: try row.value(0), name: try row.value(1), role: try RoleReference(role: row.value(2), id: row.value(3)),
            scopes: try row.value(4), allowedAddresses: try row.addressBlocks(5), requestsPerMinute: try row.value(6),
            createdBy: try row.value(7), createdAt: try row.value(8), expiresAt: try row.value(9), revokedAt: try row.value(10),
            lastUsedAt: try row.value(11), previousUntil: try row.value(12), revision: try row.value(13))
    }
}
