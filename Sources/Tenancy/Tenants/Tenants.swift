// What a tenant can do with itself: look at itself, change its name and its settings, give itself up. A tenant that is given up is halted at
// once on every node and removed when its time comes, until which an operator can bring it back.

import Base
import Crypto
import Postgres

/// The tenants of an installation.
public struct Tenants: Sendable {
    /// What nodes listen on to let the work of a tenant fall. The payload is its id.
    public static let haltChannel = "insula_halts"

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// The tenant of the caller, with what it has.
    public func current(by permit: Permit<TenantRead>) async throws(Fault) -> Tenant {
        try found(try await database.once(permit.scope.database).first(TenantStatements.read, permit.scope.tenant))
    }

    /// Changes what `update` names.
    /// - Throws: `.preconditionFailed` when it has changed meanwhile.
    public func update(_ update: UpdateTenant, by permit: Permit<TenantWrite>) async throws(Fault) -> Tenant {
        let id = permit.scope.tenant
        return try await database.session(permit.scope.database) { session throws(Fault) in
            let tenant = try found(try await session.first(TenantStatements.lock, id))
            try Tenants.check(tenant.revision, permit.request)
            let settings = update.settings?.applied(to: tenant.settings) ?? tenant.settings
            try await session.execute(
                TenantStatements.update, id, update.name ?? tenant.name, settings.stored, permit.audit(.tenantUpdated))
            // Settings decide about rights and the life of sessions.
            if settings != tenant.settings { try await Tenants.tell(id, in: session) }
            return try found(try await session.first(TenantStatements.read, id))
        }
    }

    /// Gives the caller's tenant up: it is halted now and removed after the delay.
    /// - Parameters:
    ///   - slug: must be the tenant's own, as a confirmation.
    ///   - delayHours: for so long it can be brought back.
    /// - Throws: `.invalid` naming `slug`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(
        confirmedBy slug: String, delayHours: Int, by permit: Permit<TenantDelete>
    ) async throws(Fault) -> Tenant {
        let id = permit.scope.tenant
        return try await database.session(permit.scope.database) { session throws(Fault) in
            let tenant = try found(try await session.first(TenantStatements.lock, id))
            guard tenant.slug == slug else { throw .invalid("slug", "reference", "This is not the slug of the tenant.") }
            try Tenants.check(tenant.revision, permit.request)
            guard tenant.state == .active else { throw Tenants.refusal(tenant.state, "deleted") }
            try await session.execute(TenantStatements.giveUp, id, delayHours, permit.audit(.tenantDeletionRequested))
            try await Tenants.halt(id, in: session)
            return try found(try await session.first(TenantStatements.read, id))
        }
    }

    // MARK: For those who change tenants

    static func check(_ revision: Int, _ request: any RequestContext) throws(Fault) {
        if let accepted = request.acceptedRevisions, !accepted.contains(revision) { throw .changedMeanwhile }
    }

    /// Tells all nodes to verify the tenant's credentials anew, once `session` is committed.
    static func tell(_ id: TenantID, in session: Session) async throws(Fault) {
        try await session.execute(TenantStatements.tellCredentials, id.description)
    }

    /// Stops all that acts for the tenant, which `session` has locked, on every node.
    static func halt(_ id: TenantID, in session: Session) async throws(Fault) {
        try await session.execute(TenantStatements.lockQueue)
        try await session.execute(TenantStatements.park, id)
        try await session.execute(TenantStatements.tellHalt, id.description)
        try await tell(id, in: session)
    }

    /// Lets a tenant that was just made go after so many days, unless `confirm` comes first.
    public static func awaitConfirmation(of id: TenantID, days: Int, in session: Session) async throws(Fault) {
        try await session.execute(TenantStatements.awaitConfirmation, id, days)
    }

    /// Lets a tenant stay whose owner confirmed his address. Whether it was in time is seen by reading its state afterwards.
    public static func confirm(_ id: TenantID, in session: Session) async throws(Fault) {
        try await session.execute(TenantStatements.confirm, id)
    }

    static func refusal(_ state: Tenant.State, _ wanted: String) -> Fault {
        Fault(.invalidState, "A tenant that is \(state.rawValue) cannot be \(wanted).")
    }

    private func found(_ tenant: Tenant?) throws(Fault) -> Tenant {
        guard let tenant else { throw Tenants.notFound }
        return tenant
    }

    static let notFound = Fault(.notFound, "There is no such tenant.")

    // MARK: The command line, on a database whose connections took no role

    /// All tenants by slug, at most 10,000.
    public func list() async throws(Fault) -> [Tenant] {
        try await database.slow(.none).query(TenantStatements.listAll)
    }

    /// The tenant of that slug, or `nil`.
    public func find(slug: String) async throws(Fault) -> Tenant? {
        try await database.once(.none).first(TenantStatements.bySlug, slug)
    }

    /// Adds a tenant within `session`, whose scope is the new tenant's.
    /// - Throws: `.invalid` naming `slug` or `name`; `.conflict` when the slug is taken.
    public static func create(
        id: TenantID, slug: String, name: String, in session: Session
    ) async throws(Fault) {
        guard Tenant.isSlug(slug) else {
            throw .invalid("slug", "format", "A slug is 1 to 63 of a-z, 0-9 and inner hyphens.")
        }
        guard (1...100).contains(name.unicodeScalars.count) else {
            throw .invalid("name", "length", "A name has 1 to 100 characters.")
        }
        do throws(Fault) {
            try await session.execute(TenantStatements.insert, id, slug, name, Random.bytes(32))
        } catch {
            if error.constraint == "tenants_slug_key" { throw Fault(.conflict, "The slug \(slug) is taken.") }
            throw error
        }
    }

    /// Gives a tenant that was just made its plan, within `session` in the operators' role.
    public static func setPlan(_ plan: Plan, of id: TenantID, in session: Session) async throws(Fault) {
        try await session.execute(TenantStatements.setPlan, id, plan.rawValue)
    }

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [TenantStatements.read]
}
