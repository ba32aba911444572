// The roles of a tenant: those that every tenant has, and those that it makes of scopes. Nobody grants what he lacks, be it by making a role
// or by changing one that somebody holds already; and nobody touches a role that holds more than he does.
// Bounds: `perTenant` roles of its own, held by a lock, whatever comes at once.

import Base
import Postgres

/// The roles of all tenants, each in its tenant's scope.
public struct Roles: Sendable {
    /// A tenant makes at most so many.
    public static let perTenant = 100

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// Roles: those that every tenant has count as newer than all others, the mightiest as the newest.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        before: RoleID? = nil, limit: Int = 20, order: ListOrder = .newestFirst, by permit: Permit<RolesRead>
    ) async throws(Fault) -> Listing<TenantRole, RoleID> {
        precondition(Listing<TenantRole, RoleID>.limits.contains(limit), "the limit of a list is checked at the door")
        let own = try await database.slow(permit.scope.database).query(
            RoleStatements.list, before, limit + 1, order.isAscending)
        let builtIn = Role.allCases.map { TenantRole($0) }.filter { role in
            guard let before else { return true }
            return order.isAscending ? role.place > before : role.place < before
        }
        let all = order.isAscending ? own + builtIn : builtIn.reversed() + own
        return Listing(Array(all.prefix(limit + 1)), limit: limit) { $0.place }
    }

    /// - Throws: `.notFound`.
    public func get(_ reference: RoleReference, by permit: Permit<RolesRead>) async throws(Fault) -> TenantRole {
        switch reference {
        case .builtIn(let role): return TenantRole(role)
        case .custom(let id): return try found(try await database.once(permit.scope.database).first(RoleStatements.get, id))
        }
    }

    /// Makes a role.
    /// - Throws: `.forbidden` when it would hold more than its maker; `.conflict` when the name is taken; `.limitReached`.
    public func create(_ role: CreateRole, by permit: Permit<RolesWrite>) async throws(Fault) -> TenantRole {
        let rights = Rights(role.scopes.map(\.right))
        try permit.scope.mayGrant(rights)
        return try await database.session(permit.scope.database) { session throws(Fault) in
            try await session.execute(RoleStatements.lock, permit.scope.tenant)
            guard try await session.first(RoleStatements.count) ?? 0 < Roles.perTenant else {
                throw Fault(.limitReached, "The tenant has \(Roles.perTenant) roles. Delete one first.")
            }
            return try await Roles.naming { () throws(Fault) in
                try found(
                    try await session.first(
                        RoleStatements.create, permit.scope.tenant, RoleID.make(), role.name, role.description, rights.names,
                        permit.audit(.roleCreated)))
            }
        }
    }

    /// Changes what `update` names. Other scopes hold from the next request of whoever has the role.
    /// - Throws: `.notFound`; `.conflict` for a role that every tenant has, or when the name is taken; `.forbidden` when the role holds
    ///   more than the caller, or would; `.preconditionFailed` when it has changed meanwhile.
    public func update(
        _ reference: RoleReference, _ update: UpdateRole, by permit: Permit<RolesWrite>
    ) async throws(Fault) -> TenantRole {
        let id = try Roles.own(reference)
        return try await database.session(permit.scope.database) { session throws(Fault) in
            let role = try await touchable(id, permit, session)
            let rights = update.scopes.map { Rights($0.map(\.right)) } ?? role.rights
            try permit.scope.mayGrant(rights)
            let changed = try await Roles.naming { () throws(Fault) in
                try found(
                    try await session.first(
                        RoleStatements.update, id, update.name ?? role.name, update.description ?? role.description, rights.names,
                        permit.audit(.roleUpdated)))
            }
            if rights != role.rights { try await Tenants.tell(permit.scope.tenant, in: session) }
            return changed
        }
    }

    /// Removes a role that nobody has. Keys and invitations that open nothing any more don't count.
    /// - Throws: as `update`; `.conflict` while somebody has it.
    public func delete(_ reference: RoleReference, by permit: Permit<RolesWrite>) async throws(Fault) {
        let id = try Roles.own(reference)
        try await database.session(permit.scope.database) { session throws(Fault) in
            _ = try await touchable(id, permit, session)
            try await session.execute(RoleStatements.forgetInvitations, id)
            try await session.execute(RoleStatements.forgetKeys, id)
            if let holders = try await session.first(RoleStatements.holders, id), holders > 0 { throw Roles.inUse }
            do throws(Fault) {
                try await session.execute(RoleStatements.delete, id, permit.audit(.roleDeleted))
            } catch {
                // Somebody was given it this very moment.
                throw error.constraint == nil ? error : Roles.inUse
            }
        }
    }

    // MARK: Inside

    /// The role, locked, if the caller may touch it.
    private func touchable(
        _ id: RoleID, _ permit: Permit<RolesWrite>, _ session: Session
    ) async throws(Fault) -> TenantRole {
        let role = try found(try await session.first(RoleStatements.hold, id))
        try Tenants.check(role.revision, permit.request)
        try permit.scope.mayGrant(role.rights)
        return role
    }

    private func found(_ role: TenantRole?) throws(Fault) -> TenantRole {
        guard let role else { throw Fault(.notFound, "There is no such role.") }
        return role
    }

    private static func own(_ reference: RoleReference) throws(Fault) -> RoleID {
        guard let id = reference.custom else {
            throw Fault(.conflict, "Every tenant has the role \(reference); nobody can change it.")
        }
        return id
    }

    private static func naming(_ body: () async throws(Fault) -> TenantRole) async throws(Fault) -> TenantRole {
        do throws(Fault) {
            return try await body()
        } catch {
            throw error.constraint == "roles_name_key" ? Fault(.conflict, "There is a role of that name.") : error
        }
    }

    private static let inUse = Fault(.conflict, "The role is in use. Give its holders another one first.")
}
