// What a change of a password needs to know: the present hash, and what the new one must not be made of.

import Base
import Postgres
import Tenancy

/// A password as it is stored, and whose it is.
struct StoredPassword: Sendable {
    let hash: String
    let username: String
    let email: String
    let name: String
    let state: User.State
    /// Whether a login asks for more than the password.
    let asksSecondFactor: Bool
    let tenantSlug: String
    let tenantName: String

    var person: PasswordPolicy.Person {
        PasswordPolicy.Person(username: username, email: email, name: name, tenant: tenantSlug)
    }

    // MARK: Statements

    static let statements: [any AnyStatement] = [read]

    static let read = Statement<StoredPassword, UserID>(
        "read password",
        """
        SELECT u.password_hash, u.username, u.email, u.name, u.state, u.totp_confirmed_at IS NOT NULL, t.slug, t.name, t.settings
        FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id WHERE u.id = $1
        """, repeatable: true
    ) { row throws(Fault) in
        guard let state = User.State(rawValue: try row.value(4)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a user has an unknown state")
        }
        let settings = try TenantSettings(stored: row.value(8, as: JSONBytes.self))
        let hasSecondFactor = try row.value(5, as: Bool.self)
        return StoredPassword(
            hash: try row.value(0), username: try row.value(1), email: try row.value(2), name: try row.value(3), state: state,
            asksSecondFactor: hasSecondFactor || settings.mfaRequired, tenantSlug: try row.value(6), tenantName: try row.value(7))
    }

    private static let setting = """
        SET password_hash = $3, password_changed_at = clock_timestamp(), must_change_password = false,
            revision = revision + 1, updated_at = clock_timestamp()
        """

    /// Replaces the hash, if it is still the one that was checked.
    static let replace = Statement<User, UserID, String, String, AuditEntry>(
        "change password",
        """
        WITH changed AS (UPDATE users \(setting) WHERE id = $1 AND password_hash = $2 RETURNING *)
        SELECT \(User.columns), insula_audit($4, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    /// Confirms a registration, with the password that whoever has the mailbox chooses.
    static let confirm = Statement<User, UserID, AuditEntry, String>(
        "confirm registration",
        """
        WITH changed AS (
            UPDATE users \(setting), state = 'active', email_verified_at = clock_timestamp()
            WHERE id = $1 AND state = 'unverified' RETURNING *
        )
        SELECT \(User.columns), insula_audit($2, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))

    /// Replaces the hash of somebody active, by a link, and lets no device count as known any more.
    static let reset = Statement<User, UserID, AuditEntry, String>(
        "reset password",
        """
        WITH changed AS (UPDATE users \(setting) WHERE id = $1 AND state = 'active' RETURNING *),
            forgotten AS (DELETE FROM devices WHERE user_id = $1)
        SELECT \(User.columns), insula_audit($2, u.id) FROM changed u \(User.roleJoin)
        """, decode: User.init(row:))
}
