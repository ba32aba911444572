// The people of a tenant, managed by those who hold the right to. Nobody grants what he lacks; nobody touches somebody who holds more than
// he does; nobody changes his own role, by whichever of his credentials; and there is always an owner who can act. What ends somebody's
// rights ends his sessions with it, on every node within a second.

import Base
import JSON
import Mail
import Postgres
import Tenancy

/// The people of tenants, for their admins.
public final class Users: Sendable {
    private let ground: AccountGround

    public init(_ ground: AccountGround) {
        self.ground = ground
    }

    // MARK: Reading

    /// - Throws: `.notFound`.
    public func get(_ id: UserID, _ permit: Permit<UsersRead>) async throws(Fault) -> User {
        guard let user = try await ground.database.once(permit.scope.database).first(UserStatements.get, id) else {
            throw People.notFound
        }
        return user
    }

    /// Which people are wanted of a list.
    public struct Filter: Sendable {
        let state: User.State?
        let role: RoleReference?
        let email: String?

        /// - Parameter email: in whatever spelling; what is no address is nobody's.
        public init(state: User.State? = nil, role: RoleReference? = nil, email: String? = nil) {
            self.state = state
            self.role = role
            self.email = email?.caseFolded
        }
    }

    /// People, newest first.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        _ filter: Filter = Filter(), before: UserID? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        _ permit: Permit<UsersRead>
    ) async throws(Fault) -> Listing<User, UserID> {
        precondition(Listing<User, UserID>.limits.contains(limit), "the limit of a list is checked at the door")
        let users = try await ground.database.slow(permit.scope.database).query(
            UserStatements.list, filter.state?.rawValue, filter.role?.builtIn?.rawValue, filter.role?.custom, filter.email,
            before, limit + 1, order.isAscending)
        return Listing(users, limit: limit) { $0.id }
    }

    // MARK: Changing

    /// Changes name and role. A new role ends all sessions.
    /// - Throws: `.notFound`; `.forbidden` for one's own role, for a role or a person that holds more than the caller; `.conflict` for the
    ///   last owner; `.preconditionFailed`; `.invalid` naming `role` when there is no such role.
    public func update(_ id: UserID, _ change: UpdateUser, _ permit: Permit<UsersWrite>) async throws(Fault) -> User {
        let (user, ended) = try await alter(id, permit) { session, user throws(Fault) in
            guard let role = change.role, role != user.role else {
                let renamed = try await session.first(
                    UserStatements.rename, id, change.name, nil, permit.request.acceptedRevisions, permit.audit(.userUpdated))
                return (try Users.unchanged(renamed), false)
            }
            try await self.checkIsAnother(id, permit.scope, "Nobody changes his own role.", in: session)
            try permit.scope.mayGrant(try await People.rights(of: role, in: session))
            if role != .builtIn(.owner) { try await People.checkOwnerRemains(without: user, in: session) }
            var details = JSONObject()
            details["from"] = .string(user.role.description)
            details["to"] = .string(role.description)
            let changed = try await session.first(
                UserStatements.setRole, id, role.builtIn?.rawValue, role.custom, change.name, permit.request.acceptedRevisions,
                permit.audit(.userRoleChanged, details: details))
            let user = try Users.unchanged(changed)
            try await self.ground.sessions.endAll(of: id, reason: .roleChanged, in: session)
            return (user, true)
        }
        if ended { ground.authenticator.forget(.user(id)) }
        return user
    }

    /// Lets somebody not log in for now, and ends all sessions.
    /// - Throws: as `update`; `.invalidState` when he is disabled already.
    public func disable(_ id: UserID, _ permit: Permit<UsersWrite>) async throws(Fault) -> User {
        let user = try await alter(id, permit) { session, user throws(Fault) in
            try await self.checkIsAnother(id, permit.scope, "Nobody disables himself.", in: session)
            try await People.checkOwnerRemains(without: user, in: session)
            let disabled = try await self.move(user, to: .disabled, from: [.active, .unverified], .userDisabled, permit, session)
            try await self.ground.sessions.endAll(of: id, reason: .disabled, in: session)
            return disabled
        }
        ground.authenticator.forget(.user(id))
        return user
    }

    /// Lets somebody log in again; whose address was never confirmed still has to confirm it.
    /// - Throws: as `update`; `.invalidState` unless he is disabled.
    public func enable(_ id: UserID, _ permit: Permit<UsersWrite>) async throws(Fault) -> User {
        try await alter(id, permit) { session, user throws(Fault) in
            try await self.move(
                user, to: user.emailVerifiedAt == nil ? .unverified : .active, from: [.disabled], .userEnabled, permit, session)
        }
    }

    /// Lets somebody try again who made, or for whom somebody made, too many wrong guesses.
    /// - Throws: as `update`.
    public func unlock(_ id: UserID, _ permit: Permit<UsersWrite>) async throws(Fault) -> User {
        let (user, slug) = try await alter(id, permit) { session, user throws(Fault) in
            guard let standing = try await session.first(People.standing, permit.scope.tenant) else { throw People.notFound }
            try await session.execute(AuditEntry.insert, permit.audit(.userUnlocked), id.uuid)
            return (user, standing.slug)
        }
        let logins = GuessBudgets.Subject.logins(of: user, tenant: permit.scope.tenant, slug: slug)
        try await ground.budgets.reset(logins + [.secondFactor(id), .stepUp(id)])
        return user
    }

    /// Removes somebody with sessions, devices and all that is his alone.
    /// - Throws: as `update`.
    public func delete(_ id: UserID, _ permit: Permit<UsersWrite>) async throws(Fault) {
        try await alter(id, permit) { session, user throws(Fault) in
            try await self.checkIsAnother(
                id, permit.scope, "Nobody deletes himself here: leave by deleting the account.", in: session)
            try await People.checkOwnerRemains(without: user, in: session)
            var batch = session.batch()
            let slot = batch.add(UserStatements.delete, id, permit.request.acceptedRevisions, permit.audit(.userDeleted))
            batch.add(Revocation.tell, .user(id))
            if try await batch.run().affected(slot) == 0 { throw Fault.changedMeanwhile }
        }
        ground.authenticator.forget(.user(id))
    }

    /// Takes somebody's second factor off who has lost it, and tells him.
    /// - Throws: as `update`; `.invalidState` when there is none.
    public func resetSecondFactor(_ id: UserID, _ permit: Permit<UsersWrite>) async throws(Fault) {
        try await alter(id, permit) { session, user throws(Fault) in
            try await self.checkIsAnother(id, permit.scope, "Nobody resets his own second factor: disable it.", in: session)
            guard let standing = try await session.first(People.standing, permit.scope.tenant) else { throw People.notFound }
            guard try await session.first(UserStatements.removeSecondFactor, id, permit.audit(.mfaReset)) != nil else {
                throw Fault(.invalidState, "There is no second factor.")
            }
            // Where one is required, he holds less from now on.
            try await session.execute(Revocation.tell, .user(id))
            let notice = try self.ground.mail.secondFactorReset(
                to: user.email, tenant: standing.name, username: user.username)
            try await self.ground.outbox.enqueue(notice, tenant: permit.scope.tenant, in: session)
        }
        ground.authenticator.forget(.user(id))
    }

    // MARK: Rules

    /// Runs `body` for somebody whom the caller may touch, while nobody else changes the tenant's people.
    private func alter<Value>(
        _ id: UserID, _ permit: Permit<UsersWrite>, _ body: (Session, User) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        try await ground.database.session(permit.scope.database) { session throws(Fault) in
            try await People.lock(permit.scope.tenant, in: session)
            let user = try await People.user(id, in: session)
            guard permit.scope.rights.contains(user.rights) else {
                throw Fault(.forbidden, "This person holds more than the credential does.")
            }
            return try await body(session, user)
        }
    }

    /// Refuses what somebody would do to himself, with his session or with a key that he made.
    private func checkIsAnother(
        _ id: UserID, _ scope: TenantScope, _ message: String, in session: Session
    ) async throws(Fault) {
        var person = scope.user
        if case .key(let key) = scope.actor { person = try await session.first(UserStatements.keyMaker, key) ?? nil }
        if person == id { throw Fault(.forbidden, message) }
    }

    private func move(
        _ user: User, to state: User.State, from states: [User.State], _ action: AuditAction, _ permit: Permit<UsersWrite>,
        _ session: Session
    ) async throws(Fault) -> User {
        guard states.contains(user.state) else {
            throw Fault(.invalidState, "Somebody who is \(user.state.rawValue) cannot become \(state.rawValue).")
        }
        let moved = try await session.first(
            UserStatements.move, user.id, state.rawValue, states.map(\.rawValue), permit.request.acceptedRevisions,
            permit.audit(action))
        return try Users.unchanged(moved)
    }

    /// The row is locked: when it did not change, its revision was another one.
    private static func unchanged(_ user: User?) throws(Fault) -> User {
        guard let user else { throw Fault.changedMeanwhile }
        return user
    }
}
