// Tenants in the database: a tenant reads its own row; the operator, on a connection that took no role, creates and lists them.

import Base
import Crypto
import Postgres

/// The tenants of an installation.
public struct Tenants: Sendable {
    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// The tenant of the caller.
    public func current(by permit: Permit<TenantRead>) async throws(Fault) -> Tenant {
        let found = try await database.once(permit.scope.database).first(Tenants.read, permit.scope.tenant)
        guard let found else { throw Fault(.notFound, "There is no such tenant.") }
        return found
    }

    // MARK: The operator

    /// All tenants by slug, at most 10,000. For a database whose connections took no role.
    public func list() async throws(Fault) -> [Tenant] {
        try await database.slow(.none).query(Tenants.listAll)
    }

    /// The tenant of that slug, or `nil`. For a database whose connections took no role.
    public func find(slug: String) async throws(Fault) -> Tenant? {
        try await database.once(.none).first(Tenants.bySlug, slug)
    }

    /// Adds a tenant within `session`, whose scope is the new tenant's.
    /// - Throws: `.invalid` naming `slug` or `name`; `.conflict` when the slug is taken.
    public static func create(id: TenantID, slug: String, name: String, in session: Session) async throws(Fault) {
        guard Tenant.isSlug(slug) else {
            throw .invalid("slug", "format", "A slug is 1 to 63 of a-z, 0-9 and inner hyphens.")
        }
        guard (1...100).contains(name.unicodeScalars.count) else {
            throw .invalid("name", "length", "A name has 1 to 100 characters.")
        }
        do throws(Fault) {
            try await session.execute(insert, id, slug, name, Random.bytes(32))
        } catch {
            if error.constraint == "tenants_slug_key" { throw Fault(.conflict, "The slug \(slug) is taken.") }
            throw error
        }
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [read]

    private static let columns = "tenant_id, slug, name, plan, state, created_at"

    private static let read = Statement<Tenant, TenantID>(
        "read tenant", "SELECT \(columns) FROM tenants WHERE tenant_id = $1", repeatable: true, decode: Tenant.init(row:))

    private static let bySlug = Statement<Tenant, String>(
        "tenant by slug", "SELECT \(columns) FROM tenants WHERE slug = $1", repeatable: true, decode: Tenant.init(row:))

    private static let listAll = Statement<Tenant>(
        "list tenants", "SELECT \(columns) FROM tenants ORDER BY slug LIMIT 10000", repeatable: true, decode: Tenant.init(row:))

    private static let insert = Statement<Void, TenantID, String, String, [UInt8]>(
        "create tenant", "INSERT INTO tenants (tenant_id, slug, name, signing_key) VALUES ($1, $2, $3, $4)")
}

extension Tenant {
    fileprivate init(row: borrowing RowReader) throws(Fault) {
        guard let plan = Plan(rawValue: try row.value(3)), let state = State(rawValue: try row.value(4)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a tenant has an unknown plan or state")
        }
        self.init(
            id: try row.value(0), slug: try row.value(1), name: try row.value(2), plan: plan, state: state,
            createdAt: try row.value(5))
    }
}
