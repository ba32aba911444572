// What a login finds about the account that somebody names: the tenant, the user if there is one, and whether he comes with a device that
// the account knows. Tenant and user are looked for in one round trip that is the same whatever of them exists.

import Base
import Postgres
import Tenancy

/// The tenant that a login means, and the account in it.
struct LoginAccount: Sendable {
    let tenant: TenantID
    let tenantIsActive: Bool
    let mfaIsRequired: Bool
    /// The database's clock when it was read.
    let now: Timestamp
    let user: User?

    struct User: Sendable {
        enum State: String {
            case active, disabled, unverified
        }

        let id: UserID
        let username: String
        let email: String
        let name: String
        let passwordHash: String
        let state: State
        let mustChangePassword: Bool
        let hasSecondFactor: Bool
        let lastLoginAt: Timestamp?
        let deviceIsKnown: Bool
    }

    /// Why the right password opens nothing; `nil` when it does.
    var obstacle: LoginFailure? {
        guard tenantIsActive else { return .tenantNotActive }
        switch user?.state {
        case .active: return nil
        case .disabled: return .disabled
        case .unverified: return .unverified
        case nil: return .unknownUser
        }
    }

    // MARK: Statements

    /// Enters the tenant that is named by slug, by id or by both of the same; nobody's scope when there is none.
    static let enter = Statement<Void, String?, TenantID?>(
        "enter the named tenant",
        """
        SELECT set_config('insula.tenant', coalesce((
            CASE WHEN $2 IS NULL THEN insula_tenant($1) WHEN $1 IS NULL OR insula_tenant($1) = $2 THEN $2 END)::text, ''), true)
        """)

    private static let selection = """
        SELECT t.tenant_id, t.state = 'active', t.settings, clock_timestamp(), u.id, u.username, u.email, u.name, u.password_hash,
            u.state, u.must_change_password, u.totp_confirmed_at IS NOT NULL, u.last_login_at, d.id IS NOT NULL
        FROM tenants t
        """

    private static let device = """
        LEFT JOIN devices d ON (d.tenant_id, d.user_id, d.id, d.hash) = (u.tenant_id, u.id, $2, $3)
        """

    /// By a normalised username or e-mail address.
    static let byName = Statement<LoginAccount, String, UUIDBits?, [UInt8]?>(
        "account by name",
        """
        \(selection) LEFT JOIN users u ON u.tenant_id = t.tenant_id AND (u.username = $1 OR u.email = $1)
        \(device) ORDER BY u.username = $1 DESC LIMIT 1
        """, decode: LoginAccount.init(row:))

    static let byID = Statement<LoginAccount, UserID, UUIDBits?, [UInt8]?>(
        "account by id", "\(selection) LEFT JOIN users u ON u.tenant_id = t.tenant_id AND u.id = $1 \(device)",
        decode: LoginAccount.init(row:))

    private init(row: borrowing RowReader) throws(Fault) {
        tenant = try row.value(0)
        tenantIsActive = try row.value(1)
        mfaIsRequired = try TenantSettings(stored: row.value(2, as: JSONBytes.self)).mfaRequired
        now = try row.value(3)
        guard let id = try row.value(4, as: UserID?.self) else {
            user = nil
            return
        }
        guard let state = User.State(rawValue: try row.value(9)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a user has an unknown state")
        }
        user = User(
            id: id, username: try row.value(5), email: try row.value(6), name: try row.value(7), passwordHash: try row.value(8),
            state: state, mustChangePassword: try row.value(10), hasSecondFactor: try row.value(11),
            lastLoginAt: try row.value(12), deviceIsKnown: try row.value(13))
    }
}

/// Why a login failed. The audit log alone says it.
enum LoginFailure: String {
    case unknownUser = "unknown_user"
    case wrongPassword = "wrong_password"
    case wrongCode = "wrong_code"
    case disabled, unverified
    case tenantNotActive = "tenant_not_active"
    /// The account changed while the password was checked.
    case changedMeanwhile = "changed_meanwhile"
}
