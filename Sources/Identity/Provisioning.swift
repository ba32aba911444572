// What an installation begins with, and what its operator makes from the command line: tenants with an owner, and keys. For a database
// whose connections took no role. The secrets leave through the return value alone, once.

import Base
import Crypto
import Loop
import Postgres
import Tenancy

/// The operator's acts on identities.
public struct Provisioning: Sendable {
    private let database: Database
    private let pool: BlockingPool
    /// The word in the text of new keys.
    private let environment: String

    /// A tenant that was just made.
    public struct NewTenant: Sendable {
        public let id: TenantID
        public let slug: String
        public let ownerName: String
        public let ownerEmail: String
        /// To be changed at the first login.
        public let ownerPassword: Secret
        public let ownerKey: Secret
    }

    public init(database: Database, pool: BlockingPool, environment: String) {
        self.database = database
        self.pool = pool
        self.environment = environment
    }

    /// Makes the default tenant when there is no tenant at all, and `nil` otherwise. However many nodes start at once, one makes it.
    /// - Parameter ownerEmail: the address of its owner, if he has one.
    public func provisionFirst(ownerEmail: String? = nil) async throws(Fault) -> NewTenant? {
        // Asked once more under the lock; most starts end here, without the price of a password.
        let isInhabited = try await database.session(.none) { session throws(Fault) in
            try await session.first(Provisioning.anyTenant) == true
        }
        if isInhabited { return nil }
        return try await create(slug: "default", name: "Default", ownerEmail, isFirst: true)
    }

    /// Makes a tenant with an owner and the owner's key.
    /// - Parameter ownerEmail: the address of the owner, if he has one.
    /// - Throws: `.invalid` naming the field; `.conflict` when the slug is taken.
    public func create(slug: String, name: String, ownerEmail: String? = nil) async throws(Fault) -> NewTenant {
        guard let made = try await create(slug: slug, name: name, ownerEmail, isFirst: false) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a tenant was not made")
        }
        return made
    }

    /// - Parameter isFirst: make it only when there is no other, and on the plan that bounds the least.
    private func create(
        slug: String, name: String, _ ownerEmail: String?, isFirst: Bool
    ) async throws(Fault) -> NewTenant? {
        let id = TenantID.make()
        let email = try ownerEmail.map { given throws(Fault) in try EmailAddress(given).text } ?? "owner@\(slug).invalid"
        let (password, hash) = try await makePassword()
        return try await database.session(.tenant(id)) { session throws(Fault) -> NewTenant? in
            if isFirst {
                try await session.execute(Provisioning.lock)
                if try await session.first(Provisioning.anyTenant) == true { return nil }
            }
            try await Tenants.create(id: id, slug: slug, name: name, in: session)
            if isFirst { try await session.execute(Provisioning.setPlan, id, Plan.enterprise.rawValue) }
            let owner = UserID.make()
            try await session.execute(Provisioning.insertOwner, id, owner, "owner", email, hash)
            let entry = AuditEntry(.tenantCreated, actor: nil, request: InternalRequest.shared)
            try await session.execute(AuditEntry.insert, entry, id.uuid)
            let key = try await insertKey(CreateAPIKey(name: "first key", role: .owner), tenant: id, in: session)
            return NewTenant(
                id: id, slug: slug, ownerName: "owner", ownerEmail: email, ownerPassword: password, ownerKey: key)
        }
    }

    /// Gives somebody a new one-time password, ends his sessions and forgets his devices.
    /// - Parameter user: his username or e-mail address.
    /// - Throws: `.invalid` naming `user` when there is nobody of that name.
    public func resetPassword(of user: String, tenant: TenantID) async throws(Fault) -> Secret {
        let (password, hash) = try await makePassword()
        try await database.session(.tenant(tenant)) { session throws(Fault) in
            let entry = AuditEntry(.passwordReset, actor: nil, request: InternalRequest.shared)
            guard let id = try await session.first(Provisioning.setPassword, user.caseFolded, hash, entry) else {
                throw .invalid("user", "reference", "There is nobody of that name.")
            }
            var batch = session.batch()
            batch.add(SessionStatements.endAll, id, nil, SessionEnd.passwordChanged.rawValue)
            batch.add(Provisioning.forgetDevices, id)
            batch.add(AccountLinks.spend, id, AccountLinks.spentByNewPassword)
            batch.add(Revocation.tell, .user(id))
            _ = try await batch.run()
        }
        return password
    }

    /// A one-time password and its hash.
    private func makePassword() async throws(Fault) -> (Secret, String) {
        let password = Secret(Base32.crockford.encode(Random.bytes(15)))
        // Before the transaction: a hash is slow by design, and a session is not to wait for it.
        return (password, try await pool.run { () throws(Fault) in try Password.hash(password) })
    }

    /// Makes a key for a tenant.
    public func createKey(_ input: CreateAPIKey, tenant: TenantID) async throws(Fault) -> Secret {
        try await database.session(.tenant(tenant)) { session throws(Fault) in
            try await insertKey(input, tenant: tenant, in: session)
        }
    }

    private func insertKey(_ input: CreateAPIKey, tenant: TenantID, in session: Session) async throws(Fault) -> Secret {
        let new = APIKeys.NewText(environment)
        let entry = AuditEntry(.keyCreated, actor: nil, request: InternalRequest.shared)
        _ = try await APIKeys.insert(input, new, tenant: tenant, by: nil, entry, in: session)
        return new.text
    }

    private static let lock = Statement<Void>("lock provisioning", "SELECT pg_advisory_xact_lock(4849512170091)")

    private static let anyTenant = Statement<Bool>("any tenant", "SELECT EXISTS (SELECT FROM tenants)") { row throws(Fault) in
        try row.value(0)
    }

    private static let insertOwner = Statement<Void, TenantID, UserID, String, String, String>(
        "create owner",
        """
        INSERT INTO users (tenant_id, id, username, email, role, password_hash, must_change_password, email_verified_at)
        VALUES ($1, $2, $3, $4, 'owner', $5, true, now())
        """)

    private static let setPlan = Statement<Void, TenantID, String>(
        "set plan of the first tenant", "UPDATE tenants SET plan = $2 WHERE tenant_id = $1")

    private static let setPassword = Statement<UserID, String, String, AuditEntry>(
        "set one-time password",
        """
        UPDATE users SET password_hash = $2, password_changed_at = clock_timestamp(), must_change_password = true,
            revision = revision + 1, updated_at = clock_timestamp()
        WHERE username = $1 OR email = $1
        RETURNING id, insula_audit($3, id)
        """
    ) { row throws(Fault) in try row.value(0) }

    private static let forgetDevices = Statement<Void, UserID>(
        "forget devices of a user", "DELETE FROM devices WHERE user_id = $1")
}
