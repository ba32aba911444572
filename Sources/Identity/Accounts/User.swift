// Somebody with an account, as he and the admins of his tenant see him. Nothing here opens anything.

import Base
import JSON
import Postgres
import Tenancy

/// A person of a tenant.
public struct User: Sendable {
    /// Whether he can log in.
    public enum State: String, Sendable, CaseIterable {
        case active, disabled
        /// He registered, and has not yet confirmed his address.
        case unverified
    }

    public let id: UserID
    public let username: String
    public let email: String
    public let name: String
    public let role: RoleReference
    public let state: State
    public let hasSecondFactor: Bool
    public let mustChangePassword: Bool
    public let emailVerifiedAt: Timestamp?
    public let lastLoginAt: Timestamp?
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// How often it has changed, from 1.
    public let revision: Int
    /// What the role allows.
    let rights: Rights

    /// Whether he is one of those without whom a tenant can't be.
    var isActiveOwner: Bool { role == .builtIn(.owner) && state == .active }

    // MARK: On the wire

    public static let output = Output<User>("User", "Somebody with an account.", fields { $0 }).revised { $0.revision }

    /// The fields of a user, for answers that hold more.
    static func fields<Value>(_ user: @escaping @Sendable (borrowing Value) -> User) -> [Output<Value>.Field] {
        [
            .field("id", "The id.") { user($0).id },
            .field("username", "The name to log in with.") { user($0).username },
            .field("email", "The e-mail address, to log in with as well.") { user($0).email },
            .field("name", "What people call this person.") { user($0).name },
            .field("role", "What this person may do: `owner`, `admin`, `member`, `viewer`, or the id of a custom role.") {
                user($0).role.description
            },
            .field("state", "Whether this person can log in.") { user($0).state },
            .field("mfa_enabled", "Whether a second factor is asked for.") { user($0).hasSecondFactor },
            .field("must_change_password", "Whether a new password has to be chosen before anything else.") {
                user($0).mustChangePassword
            },
            .field("email_verified_at", "When the address was confirmed.") { user($0).emailVerifiedAt },
            .field("last_login_at", "When this person last logged in.") { user($0).lastLoginAt },
            .field("created_at", "When the account was made.") { user($0).createdAt },
            .field("updated_at", "When it was last changed.") { user($0).updatedAt },
        ]
    }

    // MARK: In the database

    /// The columns of a user `u` with his custom role `r`.
    static let columns = """
        u.id, u.username, u.email, u.name, u.role, u.role_id, r.scopes, u.state, u.totp_confirmed_at IS NOT NULL,
        u.must_change_password, u.email_verified_at, u.last_login_at, u.created_at, u.updated_at, u.revision
        """
    /// How his custom role is found.
    static let roleJoin = "LEFT JOIN roles r ON (r.tenant_id, r.id) = (u.tenant_id, u.role_id)"

    /// Reads `columns`.
    init(row: borrowing RowReader) throws(Fault) {
        guard let state = State(rawValue: try row.value(7)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a user has an unknown state")
        }
        let role = try RoleReference(role: row.value(4), id: row.value(5))
        self.role = role
        self.state = state
        rights = role.rights(scopes: try row.value(6))
        id = try row.value(0)
        username = try row.value(1)
        email = try row.value(2)
        name = try row.value(3)
        hasSecondFactor = try row.value(8)
        mustChangePassword = try row.value(9)
        emailVerifiedAt = try row.value(10)
        lastLoginAt = try row.value(11)
        createdAt = try row.value(12)
        updatedAt = try row.value(13)
        revision = try row.value(14)
    }
}

extension User.State: JSONRepresentable {}

/// The caller's own account, with what the present credential holds.
public struct Account: Sendable {
    public let user: User
    public let tenant: TenantID
    public let rights: Rights

    public static let output = Output<Account>(
        "Account", "The caller's own account.",
        User.fields { $0.user } + [
            .field("tenant_id", "The organisation it belongs to.") { $0.tenant },
            .field("scopes", "What the present session holds.") { $0.rights.names },
        ]
    ).revised { $0.user.revision }
}
