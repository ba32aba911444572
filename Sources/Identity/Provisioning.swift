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

    /// A tenant that was just made.
    public struct NewTenant: Sendable {
        public let id: TenantID
        public let slug: String
        public let ownerName: String
        /// To be changed at the first login.
        public let ownerPassword: Secret
        public let ownerKey: Secret
    }

    public init(database: Database, pool: BlockingPool) {
        self.database = database
        self.pool = pool
    }

    /// Makes the default tenant when there is no tenant at all, and `nil` otherwise. However many nodes start at once, one makes it.
    public func provisionFirst() async throws(Fault) -> NewTenant? {
        // Asked once more under the lock; most starts end here, without the price of a password.
        let isInhabited = try await database.session(.none) { session throws(Fault) in
            try await session.first(Provisioning.anyTenant) == true
        }
        if isInhabited { return nil }
        return try await create(slug: "default", name: "Default", onlyWhenEmpty: true)
    }

    /// Makes a tenant with an owner and the owner's key.
    /// - Throws: `.invalid` naming the field; `.conflict` when the slug is taken.
    public func create(slug: String, name: String) async throws(Fault) -> NewTenant {
        guard let made = try await create(slug: slug, name: name, onlyWhenEmpty: false) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a tenant was not made")
        }
        return made
    }

    private func create(slug: String, name: String, onlyWhenEmpty: Bool) async throws(Fault) -> NewTenant? {
        let id = TenantID.make()
        let password = Secret(Base32.crockford.encode(Random.bytes(15)))
        // Before the transaction: a hash is slow by design, and a session is not to wait for it.
        let hash = try await pool.run { () throws(Fault) in try Password.hash(password) }
        return try await database.session(.tenant(id)) { session throws(Fault) -> NewTenant? in
            if onlyWhenEmpty {
                try await session.execute(Provisioning.lock)
                if try await session.first(Provisioning.anyTenant) == true { return nil }
            }
            try await Tenants.create(id: id, slug: slug, name: name, in: session)
            try await session.execute(Provisioning.insertOwner, id, UserID.make(), "owner", "owner@\(slug).invalid", hash)
            let key = APIKeys.make(CreateAPIKey(name: "first key", role: .owner))
            _ = try await APIKeys.insert(key, tenant: id, in: session)
            return NewTenant(id: id, slug: slug, ownerName: "owner", ownerPassword: password, ownerKey: key.text)
        }
    }

    /// Makes a key for a tenant.
    public func createKey(_ input: CreateAPIKey, tenant: TenantID) async throws(Fault) -> Secret {
        let new = APIKeys.make(input)
        return try await database.session(.tenant(tenant)) { session throws(Fault) in
            _ = try await APIKeys.insert(new, tenant: tenant, in: session)
            return new.text
        }
    }

    private static let lock = Statement<Void>("lock provisioning", "SELECT pg_advisory_xact_lock(4849512170091)")

    private static let anyTenant = Statement<Bool>("any tenant", "SELECT EXISTS (SELECT FROM tenants)") { row throws(Fault) in
        try row.value(0)
    }

    private static let insertOwner = Statement<Void, TenantID, UserID, String, String, String>(
        "create owner",
        """
        INSERT INTO users (tenant_id, id, username, email, role, password_hash) VALUES ($1, $2, $3, $4, 'owner', $5)
        """)
}
