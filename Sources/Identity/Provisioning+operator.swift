// A tenant that an operator makes: with an owner who has a one-time password, which opens nothing but the way to one of his own.

import Base
import Crypto
import JSON
import Postgres
import Tenancy

/// A tenant to make.
public struct ProvisionTenant: Sendable {
    public let slug: String
    public let name: String
    public let plan: Plan
    public let ownerUsername: String
    public let ownerEmail: String

    public static let input = Input<ProvisionTenant>("ProvisionTenant", "A tenant to make, with its owner.") { fields in
        let owner = fields.required("owner", ownerInput, "Whom it belongs to.")
        return ProvisionTenant(
            slug: fields.required("slug", .string(1...63, format: .slug), "Its name in addresses and commands."),
            name: fields.required("name", .string(1...100, format: .line), "What people call it."),
            plan: fields.defaulted("plan", .enumeration(Plan.self), .free, "What it has subscribed to."),
            ownerUsername: owner.username, ownerEmail: owner.email)
    }

    private static let ownerInput = Input<(username: String, email: String)>("ProvisionOwner", "An owner.") { fields in
        (
            username: fields.defaulted("username", .string(1...64), "owner", "What he logs in with."),
            email: fields.required("email", .string(3...254), "Where he gets mail.")
        )
    }
}

/// A tenant that was just made by an operator.
public struct ProvisionedTenant: Sendable {
    public let tenant: Tenant
    public let owner: UserID
    public let username: String
    public let password: Secret

    public static let output = Output<ProvisionedTenant>(
        "ProvisionedTenant", "A new tenant.",
        [
            .object("tenant", "The tenant.", Tenant.output) { $0.tenant },
            .field("owner_id", "Whom it belongs to.") { $0.owner },
            .field("owner_username", "What he logs in with.") { $0.username },
            .field("owner_password", "His one-time password, shown this once.") { made in
                unsafe made.password.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
            },
        ])
}

extension Provisioning {
    /// Makes a tenant with its owner, in the operators' role.
    /// - Throws: `.invalid` naming the field; `.conflict` when the slug is taken.
    public static func create(
        _ input: ProvisionTenant, by permit: OperatorPermit, in database: Database, passwords: Passwords
    ) async throws(Fault) -> ProvisionedTenant {
        let username = try Username(input.ownerUsername, field: "owner.username")
        let email = try EmailAddress(input.ownerEmail, field: "owner.email")
        let (tenant, owner) = (TenantID.make(), UserID.make())
        let password = Base32.crockford.encode(Random.bytes(15))
        // Before the transaction: a hash is slow by design, and a session is not to wait for it.
        let hash = try await passwords.hash(password)
        try await database.operator(.tenant(tenant)) { session throws(Fault) in
            try await Tenants.create(id: tenant, slug: input.slug, name: input.name, in: session)
            try await Tenants.setPlan(input.plan, of: tenant, in: session)
            try await session.execute(insertFirst, tenant, owner, username.text, email.text, hash)
            try await session.execute(AuditEntry.insert, AuditEntry(.tenantCreated, by: permit), tenant.uuid)
            try await permit.log(.tenantCreated, tenant: tenant, in: session)
        }
        let made = try await TenantAdministration(database: database).get(tenant, by: permit)
        return ProvisionedTenant(tenant: made, owner: owner, username: username.text, password: Secret(password))
    }

    private static let insertFirst = Statement<Void, TenantID, UserID, String, String, String>(
        "create first owner",
        """
        INSERT INTO users (tenant_id, id, username, email, role, password_hash, must_change_password, email_verified_at)
        VALUES ($1, $2, $3, $4, 'owner', $5, true, now())
        """)
}
