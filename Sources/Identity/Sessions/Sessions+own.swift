// What people do with their own sessions, and what those do with others' who may: look, end one, end the others, end all.

import Base
import JSON
import Postgres
import Tenancy

extension Sessions {
    /// The sessions of the caller that are good.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    ///   - order: which come first.
    /// - Throws: `.forbidden` for a key, which has none.
    public func list(
        before: SessionID? = nil, limit: Int = 20, order: ListOrder = .newestFirst, by permit: Permit<AccountRead>
    ) async throws(Fault) -> Listing<LoginSession, SessionID> {
        precondition(Listing<LoginSession, SessionID>.limits.contains(limit), "the limit of a list is checked at the door")
        let (user, session) = try Sessions.person(permit.scope)
        let found = try await database.slow(permit.scope.database).query(
            SessionStatements.list, user, session, before, limit + 1, order.isAscending)
        return Listing(found, limit: limit) { $0.id }
    }

    /// Ends the session that asks.
    public func logOut(by permit: Permit<AccountRead>) async throws(Fault) {
        let (user, session) = try Sessions.person(permit.scope)
        try await end(session, of: user, reason: .logout, permit.scope, permit.audit(.sessionEnded, details: .reason(.logout)))
    }

    /// Ends a session of the caller.
    /// - Throws: `.notFound` when it has none of that id that is good.
    public func end(_ id: SessionID, by permit: Permit<AccountWrite>) async throws(Fault) {
        let (user, _) = try Sessions.person(permit.scope)
        let entry = permit.audit(.sessionEnded, details: .reason(.revoked))
        guard try await end(id, of: user, reason: .revoked, permit.scope, entry) else {
            throw Fault(.notFound, "There is no such session.")
        }
    }

    /// Ends the sessions of the caller, but for the one that asks unless that is meant too.
    public func endAll(includingCurrent: Bool, by permit: Permit<AccountWrite>) async throws(Fault) -> EndedSessions {
        let (user, session) = try Sessions.person(permit.scope)
        return try await endAll(
            of: user, except: includingCurrent ? nil : session, permit.scope,
            permit.audit(.sessionEnded, details: .reason(.revoked)))
    }

    /// Ends all sessions of a person.
    /// - Throws: `.notFound`; `.forbidden` when the person may do more than the caller.
    public func endAll(of user: UserID, by permit: Permit<UsersWrite>) async throws(Fault) -> EndedSessions {
        guard let person = try await database.once(permit.scope.database).first(SessionStatements.person, user) else {
            throw Fault(.notFound, "There is no such user.")
        }
        try permit.scope.mayGrant(person.role)
        return try await endAll(
            of: user, except: nil, permit.scope, permit.audit(.sessionEnded, details: .reason(.revoked)))
    }

    private func endAll(
        of user: UserID, except kept: SessionID?, _ scope: TenantScope, _ entry: AuditEntry
    ) async throws(Fault) -> EndedSessions {
        let count = try await database.session(scope.database) { session throws(Fault) in
            let count = try await endAll(of: user, except: kept, reason: .revoked, in: session)
            // One line for all of them, about the person.
            if count > 0 { try await session.execute(AuditEntry.insert, entry, user.uuid) }
            return count
        }
        authenticator.forget(.user(user))
        return EndedSessions(count: count)
    }

    @discardableResult func end(
        _ id: SessionID, of user: UserID, reason: SessionEnd, _ scope: TenantScope, _ entry: AuditEntry
    ) async throws(Fault) -> Bool {
        var batch = database.once(scope.database).batch()
        let slot = batch.add(SessionStatements.endOne, id, user, reason.rawValue, entry)
        // The person's and not the session's alone: with it ends what he does as another.
        batch.add(Revocation.tell, .user(user))
        let isEnded = try await batch.run().affected(slot) == 1
        authenticator.forget(.user(user))
        return isEnded
    }

    private static func person(_ scope: TenantScope) throws(Fault) -> (UserID, SessionID) {
        guard case .user(let user, let session) = scope.actor else {
            throw Fault(.forbidden, "A key has no sessions; people who log in have.")
        }
        return (user, session)
    }
}

/// How many sessions were ended.
public struct EndedSessions: Sendable {
    public let count: Int

    public static let output = Output<EndedSessions>(
        "EndedSessions", "What became of sessions.", [.field("ended", "How many were ended.") { $0.count }])
}

extension JSONObject {
    /// Why a session ended, for the audit log.
    static func reason(_ reason: SessionEnd) -> JSONObject {
        var object = JSONObject()
        object["reason"] = .string(reason.rawValue)
        return object
    }
}
