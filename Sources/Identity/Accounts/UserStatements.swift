// The statements of people. Every one runs in the scope of its tenant; policies add the tenant to each condition.

import Base
import Postgres
import Tenancy

enum UserStatements {
    static let all: [any AnyStatement] = [get, list, rename]

    private static let selection = "SELECT \(User.columns) FROM users u \(User.roleJoin)"
    private static let changed = "SELECT \(User.columns), insula_audit"

    static let get = Statement<User, UserID>(
        "user by id", "\(selection) WHERE u.id = $1", repeatable: true, decode: User.init(row:))

    static let list = Statement<User, String?, String?, RoleID?, String?, UserID?, Int, Bool>(
        "list users",
        """
        \(selection)
        WHERE ($1 IS NULL OR u.state = $1) AND ($2 IS NULL OR u.role = $2) AND ($3 IS NULL OR u.role_id = $3)
            AND ($4 IS NULL OR u.email = $4)
            \(ListClause.after("u.id", place: "$5", ascending: "$7", limit: "$6"))
        """, repeatable: true, decode: User.init(row:))

    static let hasEmail = Statement<Bool, String>(
        "email is taken", "SELECT EXISTS (SELECT FROM users WHERE email = $1)"
    ) { row throws(Fault) in try row.value(0) }

    /// Somebody new. Who is active from the beginning has shown that the address is his.
    static let create = Statement<User, TenantID, UserID, NewUser, AuditEntry>(
        "create user", creation(""), decode: User.init(row:))

    /// The same, unless one of the names is taken: then there is no row.
    static let createIfFree = Statement<User, TenantID, UserID, NewUser, AuditEntry>(
        "create user if free", creation("ON CONFLICT DO NOTHING"), decode: User.init(row:))

    private static func creation(_ conflict: String) -> String {
        """
        WITH given AS (SELECT $3::jsonb AS new), made AS (
            INSERT INTO users (tenant_id, id, username, email, name, role, role_id, password_hash, state, email_verified_at)
            SELECT $1, $2, new->>'username', new->>'email', new->>'name', new->>'role', (new->>'role_id')::uuid, new->>'hash',
                new->>'state', CASE WHEN new->>'state' = 'active' THEN clock_timestamp() END
            FROM given \(conflict)
            RETURNING *
        )
        SELECT \(User.columns), insula_audit($4, u.id) FROM made u \(User.roleJoin)
        """
    }

    /// A registration that nobody confirmed gives way to the next one with its address.
    static let removePending = Statement<Void, String>(
        "remove pending registration",
        "DELETE FROM users WHERE email = $1 AND state = 'unverified' AND role IS DISTINCT FROM 'owner'")

    static let rename = Statement<User, UserID, String?, String?, [Int]?, AuditEntry>(
        "rename user",
        """
        WITH changed AS (
            UPDATE users SET name = coalesce($2, name), username = coalesce($3, username), revision = revision + 1,
                updated_at = clock_timestamp()
            WHERE id = $1 AND ($4::bigint[] IS NULL OR revision = ANY ($4))
            RETURNING *
        )
        \(changed)($5, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    static let setRole = Statement<User, UserID, String?, RoleID?, String?, [Int]?, AuditEntry>(
        "change role",
        """
        WITH changed AS (
            UPDATE users SET role = $2, role_id = $3, name = coalesce($4, name), revision = revision + 1,
                updated_at = clock_timestamp()
            WHERE id = $1 AND ($5::bigint[] IS NULL OR revision = ANY ($5))
            RETURNING *
        )
        \(changed)($6, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    /// Moves to a state from one of others.
    static let move = Statement<User, UserID, String, [String], [Int]?, AuditEntry>(
        "move user",
        """
        WITH changed AS (
            UPDATE users SET state = $2, revision = revision + 1, updated_at = clock_timestamp(),
                email_verified_at = CASE WHEN state = 'unverified' AND $2 = 'active' THEN clock_timestamp() ELSE email_verified_at END
            WHERE id = $1 AND state = ANY ($3) AND ($4::bigint[] IS NULL OR revision = ANY ($4))
            RETURNING *
        )
        \(changed)($5, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    static let setEmail = Statement<User, UserID, String, AuditEntry>(
        "change email",
        """
        WITH changed AS (
            UPDATE users SET email = $2, email_verified_at = clock_timestamp(), revision = revision + 1,
                updated_at = clock_timestamp()
            WHERE id = $1 AND state = 'active'
            RETURNING *
        )
        \(changed)($3, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    static let removeSecondFactor = Statement<User, UserID, AuditEntry>(
        "reset second factor",
        """
        WITH codes AS (DELETE FROM recovery_codes WHERE user_id = $1), changed AS (
            UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0, revision = revision + 1,
                updated_at = clock_timestamp()
            WHERE id = $1 AND totp_confirmed_at IS NOT NULL
            RETURNING *
        )
        \(changed)($2, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    /// Takes sessions, devices, links and recovery codes along.
    static let delete = Statement<Void, UserID, [Int]?, AuditEntry>(
        "delete user",
        """
        DELETE FROM users WHERE id = $1 AND ($2::bigint[] IS NULL OR revision = ANY ($2)) RETURNING insula_audit($3, id)
        """)

    /// Whose key it is.
    static let keyMaker = Statement<UserID?, KeyID>("maker of a key", "SELECT created_by FROM api_keys WHERE id = $1") {
        row throws(Fault) in try row.value(0)
    }
}
