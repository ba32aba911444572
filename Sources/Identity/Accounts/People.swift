// The rules about a tenant's people as a whole: how many there may be, and that there is always an owner who can act. Whoever adds, removes
// or changes people takes the tenant's lock first, and only then looks and counts, so that the rules hold whatever comes at once.

import Base
import JSON
import Postgres
import Tenancy

/// The people of a tenant.
enum People {
    /// Days after which a registration that nobody confirmed is given up.
    static let unverifiedDays = 3

    /// How a tenant stands, as far as its people are concerned.
    struct Standing: Sendable {
        let tenant: TenantID
        let slug: String
        let name: String
        let isActive: Bool
        let settings: TenantSettings
        let quotas: Quotas
    }

    /// Takes the lock of the tenant's people, to the end of the transaction.
    static func lock(_ tenant: TenantID, in session: Session) async throws(Fault) {
        try await session.execute(lockPeople, tenant)
    }

    /// - Throws: `.limitReached` when the tenant has as many people as its plan holds. The lock has to be held.
    static func checkRoom(_ standing: Standing, in session: Session) async throws(Fault) {
        var batch = session.batch()
        batch.add(removeUnverified)
        let count = batch.add(countPeople)
        guard let there = try await batch.run().first(count), there < standing.quotas.users else {
            throw Fault(.limitReached, "The plan of the organisation holds \(standing.quotas.users) people.")
        }
    }

    /// Refuses what would leave the tenant without an owner who can act. The lock has to be held.
    /// - Parameter user: who is about to be no active owner any more.
    /// - Throws: `.conflict`.
    static func checkOwnerRemains(without user: User, in session: Session) async throws(Fault) {
        guard user.isActiveOwner else { return }
        guard let others = try await session.first(countOtherOwners, user.id), others > 0 else {
            throw Fault(.conflict, "This is the last owner who can act. Make somebody else an owner first.")
        }
    }

    /// The user of that id, locked to the end of the transaction.
    /// - Throws: `.notFound`.
    static func user(_ id: UserID, in session: Session) async throws(Fault) -> User {
        guard let user = try await session.first(lockUser, id) else { throw notFound }
        return user
    }

    /// What a role allows.
    /// - Throws: `.invalid` naming `role` when there is no such role.
    static func rights(of role: RoleReference, in runner: some StatementRunner) async throws(Fault) -> Rights {
        guard let id = role.custom else { return role.rights(scopes: nil) }
        guard let scopes = try await runner.first(roleScopes, id) else {
            throw .invalid("role", "reference", "There is no such role.")
        }
        return role.rights(scopes: scopes)
    }

    static let notFound = Fault(.notFound, "There is no such person.")

    /// Names the field that another account has already.
    static func named(_ fault: Fault) -> Fault {
        switch fault.constraint {
        case "users_username_key", "users_look_key":
            Fault(
                .conflict, "The username is taken, or looks like one that is.",
                fields: [Fault.Field("username", "duplicate", "This username is taken, or looks like one that is.")])
        case "users_email_key":
            Fault(
                .conflict, "There is an account with this address already.",
                fields: [Fault.Field("email", "duplicate", "There is an account with this address already.")])
        default: fault
        }
    }

    // MARK: Statements

    static let statements: [any AnyStatement] = [standing, findTenant]

    private static let lockPeople = Statement<Void, TenantID>(
        "lock the people of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 4))")

    private static let removeUnverified = Statement<Void>(
        "remove unverified people",
        """
        DELETE FROM users WHERE state = 'unverified' AND role IS DISTINCT FROM 'owner'
            AND created_at < now() - interval '\(unverifiedDays) days'
        """)

    private static let countPeople = Statement<Int>("count people", "SELECT count(*) FROM users") { row throws(Fault) in
        try row.value(0)
    }

    private static let countOtherOwners = Statement<Int, UserID>(
        "count other owners", "SELECT count(*) FROM users WHERE role = 'owner' AND state = 'active' AND id <> $1"
    ) { row throws(Fault) in try row.value(0) }

    private static let lockUser = Statement<User, UserID>(
        "lock user", "SELECT \(User.columns) FROM users u \(User.roleJoin) WHERE u.id = $1 FOR UPDATE OF u",
        decode: User.init(row:))

    private static let roleScopes = Statement<[String], RoleID>("scopes of a role", "SELECT scopes FROM roles WHERE id = $1") {
        row throws(Fault) in try row.value(0)
    }

    /// How the tenant stands whose scope it is.
    static let standing = Statement<Standing, TenantID>(
        "standing of a tenant",
        "SELECT tenant_id, slug, name, state = 'active', settings, plan, quotas FROM tenants WHERE tenant_id = $1",
        repeatable: true
    ) { row throws(Fault) in
        guard let plan = Plan(rawValue: try row.value(5)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a tenant has an unknown plan")
        }
        let contract = try JSONValue(parsing: try row.value(6, as: JSONBytes.self).bytes)
        return Standing(
            tenant: try row.value(0), slug: try row.value(1), name: try row.value(2), isActive: try row.value(3),
            settings: try TenantSettings(stored: row.value(4, as: JSONBytes.self)), quotas: plan.quotas.under(contract: contract))
    }

    /// The id of a tenant that is named by slug, by id, or by both of the same. That there is one of an id is not said.
    static let findTenant = Statement<TenantID?, String?, TenantID?>(
        "find the named tenant",
        "SELECT CASE WHEN $2 IS NULL THEN insula_tenant($1) WHEN $1 IS NULL OR insula_tenant($1) = $2 THEN $2 END",
        repeatable: true
    ) { row throws(Fault) in try row.value(0) }
}

extension TenantNaming {
    /// The tenant that is meant, as it stands; `nil` when there is none.
    func find(in database: Database) async throws(Fault) -> People.Standing? {
        let (slug, id) = wanted
        guard let tenant = try await database.once(.none).first(People.findTenant, slug, id) ?? nil else { return nil }
        return try await database.once(.tenant(tenant)).first(People.standing, tenant)
    }
}
