// Acting as another: a session of its own, carried by one access token, in which everything is written down under both names. It opens what
// the person may do, never more than the caller himself may at the moment, and nothing that changes a credential. It ends with the session
// that it was begun from, with the caller's password, role or account, or with the key of the operator, on every node within a second.

import Base
import JSON
import Postgres
import Tenancy

extension Sessions {
    /// Begins to act as a person of the caller's tenant.
    /// - Throws: `.notFound`; `.forbidden` when the person may do more than the caller, or when the caller is a key; `.invalidState` when
    ///   the person may not act himself.
    public func impersonate(
        _ user: UserID, _ input: Impersonate, by permit: Permit<UsersImpersonate>
    ) async throws(Fault) -> NewSession {
        guard case .user(let caller, let own) = permit.scope.actor, permit.scope.impersonator == nil else {
            throw Fault(.forbidden, "Only a person who is logged in acts as another, and answers for it.")
        }
        guard caller != user else { throw Fault(.invalidState, "Nobody needs to act as himself.") }
        return try await database.session(permit.scope.database) { session throws(Fault) in
            guard let person = try await session.first(SessionStatements.person, user) else {
                throw Fault(.notFound, "There is no such user.")
            }
            try permit.scope.mayGrant(person.role)
            return try await begin(
                Impersonation(tenant: permit.scope.tenant, user: user, impersonator: .user(caller), from: own, input: input),
                in: session, permit.request, permit.audit(.impersonationStarted, details: input.details))
        }
    }

    /// Begins to act as a person of any tenant, for an operator of the installation, whose right has been checked.
    /// - Throws: `.notFound`; `.invalidState` when the person or the tenant may not act.
    public func impersonate(
        _ user: UserID, in tenant: TenantID, _ input: Impersonate, by caller: OperatorID, for request: any RequestContext
    ) async throws(Fault) -> NewSession {
        let entry = AuditEntry(
            .impersonationStarted, actor: nil, impersonator: .operator(caller), request: request, details: input.details)
        return try await database.session(.tenant(tenant)) { session throws(Fault) in
            guard try await session.first(SessionStatements.person, user) != nil else {
                throw Fault(.notFound, "There is no such user.")
            }
            return try await begin(
                Impersonation(tenant: tenant, user: user, impersonator: .operator(caller), from: nil, input: input), in: session,
                request, entry)
        }
    }

    private struct Impersonation {
        let tenant: TenantID
        let user: UserID
        let impersonator: TenantScope.Impersonator
        /// The session of the one who acts; an operator has none.
        let from: SessionID?
        let input: Impersonate
    }

    private func begin(
        _ wanted: Impersonation, in session: Session, _ request: any RequestContext, _ entry: AuditEntry
    ) async throws(Fault) -> NewSession {
        let id = SessionID.make()
        let (kind, who): (String, UUIDBits) =
            switch wanted.impersonator {
            case .user(let id): ("user", id.uuid)
            case .operator(let id): ("operator", id.uuid)
            }
        var batch = session.batch()
        batch.add(
            SessionStatements.impersonate, wanted.tenant, id, wanted.user, wanted.input.minutes * 60, request.addressText,
            request.userAgentText, kind, who, wanted.from, wanted.input.reason)
        batch.add(AuditEntry.insert, entry, wanted.user.uuid)
        let slot = batch.add(SessionRow.read, id)
        guard let row = try await batch.run().first(slot), row.isAlive else {
            throw Fault(.invalidState, "This user may not act, and so nobody in his place.")
        }
        return try given(row, cookie: nil)
    }

}
