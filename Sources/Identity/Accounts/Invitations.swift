// Inviting people: a mail to one address, which alone can accept, once, within 72 hours, to a role that holds no more than the inviter does,
// when it is made and when it is accepted. A newer invitation of an address makes the older ones void.
// Bounds: `pendingPerTenant`; the people that the tenant's plan holds.

import Base
import JSON
import Mail
import Postgres
import Tenancy

/// The invitations of tenants.
public final class Invitations: Sendable {
    /// Invitations of a tenant that wait.
    public static let pendingPerTenant = 1_000
    /// Hours for which an invitation is good.
    public static let lifetimeHours = 72

    private let ground: AccountGround

    public init(_ ground: AccountGround) {
        self.ground = ground
    }

    /// Invites somebody.
    /// - Throws: `.invalid` naming the field; `.forbidden` when the role holds more than the caller; `.conflict` when there is an account
    ///   with the address; `.limitReached`; `.rateLimited` when too much mail was asked for.
    public func create(_ wanted: CreateInvitation, _ permit: Permit<UsersWrite>) async throws(Fault) -> Invitation {
        let tenant = permit.scope.tenant
        let email = try EmailAddress(wanted.email).text
        try await ground.budgets.take([.mail(tenant, email)])
        let id = InvitationID.make()
        let token = LinkToken(tenant: tenant, id: id.uuid)
        return try await ground.database.session(permit.scope.database) { session throws(Fault) in
            try await People.lock(tenant, in: session)
            try permit.scope.mayGrant(try await People.rights(of: wanted.role, in: session))
            guard let standing = try await session.first(People.standing, tenant) else { throw People.notFound }
            // Somebody may have registered with an address that is not his.
            try await session.execute(UserStatements.removePending, email)
            if try await session.first(UserStatements.hasEmail, email) == true {
                throw Fault(
                    .conflict, "There is an account with this address already.",
                    fields: [Fault.Field("email", "duplicate", "There is an account with this address already.")])
            }
            try await People.checkRoom(standing, in: session)
            try await session.execute(Invitations.displace, email)
            guard let pending = try await session.first(Invitations.countPending), pending < Invitations.pendingPerTenant else {
                throw Fault(.limitReached, "\(Invitations.pendingPerTenant) invitations wait already. Revoke some first.")
            }
            let made = try await session.first(
                Invitations.insert, tenant, id, email, wanted.role.builtIn?.rawValue, wanted.role.custom, token.hash,
                permit.scope.user, permit.audit(.userInvited, details: Invitations.details(email, wanted.role)))
            guard let made else {
                throw Fault(.internalError, "The server could not do it.", cause: "an invitation was not returned")
            }
            try await ground.outbox.enqueue(
                try ground.mail.invitation(to: email, tenant: standing.name, token), tenant: tenant, in: session)
            return made
        }
    }

    private static func details(_ email: String, _ role: RoleReference) -> JSONObject {
        var details = JSONObject()
        details["email"] = .string(email)
        details["role"] = .string(role.description)
        return details
    }

    /// Invitations, newest first.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        before: InvitationID? = nil, limit: Int = 20, order: ListOrder = .newestFirst, _ permit: Permit<UsersRead>
    ) async throws(Fault) -> Listing<Invitation, InvitationID> {
        precondition(Listing<Invitation, InvitationID>.limits.contains(limit), "the limit of a list is checked at the door")
        let found = try await ground.database.slow(permit.scope.database).query(
            Invitations.listPart, before, limit + 1, order.isAscending)
        return Listing(found, limit: limit) { $0.id }
    }

    /// Makes an invitation void.
    /// - Throws: `.notFound`; `.invalidState` when it is not pending; `.forbidden` when its role holds more than the caller does.
    public func revoke(_ id: InvitationID, _ permit: Permit<UsersWrite>) async throws(Fault) -> Invitation {
        try await ground.database.session(permit.scope.database) { session throws(Fault) in
            guard let invitation = try await session.first(Invitations.lock, id) else {
                throw Fault(.notFound, "There is no such invitation.")
            }
            guard permit.scope.rights.contains(invitation.rights) else {
                throw Fault(.forbidden, "This invitation holds more than the credential does.")
            }
            guard let revoked = try await session.first(Invitations.revokeOne, id, permit.audit(.invitationRevoked)) else {
                throw Fault(.invalidState, "An invitation that is \(invitation.state.rawValue) cannot be revoked.")
            }
            return revoked
        }
    }

    // MARK: Accepting

    /// Makes the account of somebody who was invited.
    /// - Throws: `.gone`, the same whatever is wrong with the invitation; `.invalid` naming the field, which leaves it as it was;
    ///   `.conflict` when the username or the address is taken; `.limitReached`.
    public func accept(_ wanted: AcceptInvitation, for request: any RequestContext) async throws(Fault) -> User {
        guard let token = LinkToken(wanted.token) else { throw LinkToken.refusal }
        let scope = Scope.tenant(token.tenant)
        let runner = ground.database.once(scope)
        let id = InvitationID(token.id)
        guard let invitation = try await runner.first(Invitations.read, id, token.hash),
            let standing = try await runner.first(People.standing, token.tenant), standing.isActive
        else { throw LinkToken.refusal }
        let username = try Username(wanted.username)
        let person = PasswordPolicy.Person(
            username: username.text, email: invitation.email, name: wanted.name, tenant: standing.slug)
        try PasswordPolicy.check(wanted.password, of: person, hasSecondFactor: standing.settings.mfaRequired)
        let new = NewUser(
            username: username, email: invitation.email, name: wanted.name, role: invitation.role,
            hash: try await ground.passwords.hash(wanted.password), state: .active)
        return try await ground.database.session(scope) { session throws(Fault) in
            try await People.lock(token.tenant, in: session)
            let entry = AuditEntry(.invitationAccepted, actor: nil, request: request)
            guard let standing = try await session.first(People.standing, token.tenant), standing.isActive,
                let used = try await session.first(Invitations.use, id, token.hash),
                try await Invitations.isStillCovered(used, in: session)
            else { throw LinkToken.refusal }
            // Whoever holds the invitation has the mailbox; who registered with its address meanwhile has shown nothing.
            try await session.execute(UserStatements.removePending, new.email)
            try await People.checkRoom(standing, in: session)
            do throws(Fault) {
                guard let user = try await session.first(UserStatements.create, token.tenant, UserID.make(), new, entry) else {
                    throw LinkToken.refusal
                }
                return user
            } catch {
                throw People.named(error)
            }
        }
    }

    /// Whether whoever invited holds as much as he promised even now. What a key promised it held then.
    private static func isStillCovered(_ invitation: Invitation, in session: Session) async throws(Fault) -> Bool {
        guard let id = invitation.invitedBy else { return true }
        guard let inviter = try await session.first(UserStatements.get, id), inviter.state == .active else { return false }
        return inviter.rights.contains(invitation.rights)
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [listPart, read]

    private static let selection = "SELECT \(Invitation.columns) FROM invitations i \(Invitation.roleJoin)"
    private static let isPending =
        "accepted_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp()"

    private static let insert = Statement<
        Invitation, TenantID, InvitationID, String, String?, RoleID?, [UInt8], UserID?, AuditEntry
    >(
        "create invitation",
        """
        WITH made AS (
            INSERT INTO invitations (tenant_id, id, email, role, role_id, hash, invited_by, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + interval '\(lifetimeHours) hours')
            RETURNING *
        )
        SELECT \(Invitation.columns), insula_audit($8, i.id) FROM made i \(Invitation.roleJoin)
        """, decode: Invitation.init(row:))

    private static let displace = Statement<Void, String>(
        "displace invitations",
        "UPDATE invitations SET revoked_at = clock_timestamp() WHERE email = $1 AND \(isPending)")

    private static let countPending = Statement<Int>(
        "count pending invitations", "SELECT count(*) FROM invitations WHERE \(isPending)"
    ) { row throws(Fault) in try row.value(0) }

    private static let listPart = Statement<Invitation, InvitationID?, Int, Bool>(
        "list invitations",
        "\(selection) WHERE true \(ListClause.after("i.id", place: "$1", ascending: "$3", limit: "$2"))", repeatable: true,
        decode: Invitation.init(row:))

    private static let lock = Statement<Invitation, InvitationID>(
        "lock invitation", "\(selection) WHERE i.id = $1 FOR UPDATE OF i", decode: Invitation.init(row:))

    private static let revokeOne = Statement<Invitation, InvitationID, AuditEntry>(
        "revoke invitation",
        """
        WITH revoked AS (
            UPDATE invitations SET revoked_at = clock_timestamp() WHERE id = $1 AND \(isPending) RETURNING *
        )
        SELECT \(Invitation.columns), insula_audit($2, i.id) FROM revoked i \(Invitation.roleJoin)
        """, decode: Invitation.init(row:))

    private static let read = Statement<Invitation, InvitationID, [UInt8]>(
        "read invitation", "\(selection) WHERE i.id = $1 AND i.hash = $2 AND \(isPending)", repeatable: true,
        decode: Invitation.init(row:))

    /// Gives a row exactly once.
    private static let use = Statement<Invitation, InvitationID, [UInt8]>(
        "accept invitation",
        """
        WITH used AS (
            UPDATE invitations SET accepted_at = clock_timestamp() WHERE id = $1 AND hash = $2 AND \(isPending) RETURNING *
        )
        SELECT \(Invitation.columns) FROM used i \(Invitation.roleJoin)
        """, decode: Invitation.init(row:))
}
