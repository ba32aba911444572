// The sessions of people: begun by a proven login, carried on by tokens or by a cookie, ended by whoever may. A session that ended opens
// nothing from the moment on that the change is committed; what nodes keep of it they drop at the news, which goes with that commit.
// Bounds: `perUser` sessions of one person, the oldest of which gives way; the idle and the absolute end that the tenant sets.

import Base
import Crypto
import Postgres
import Tenancy

/// The sessions of all tenants.
public struct Sessions: Sendable {
    /// Sessions of one person at once.
    public static let perUser = 100

    let database: Database
    let authenticator: Authenticator
    let refreshKey: Secret

    public init(database: Database, authenticator: Authenticator, rootKey: RootKey) {
        self.database = database
        self.authenticator = authenticator
        refreshKey = rootKey.macKey("refresh-tokens")
    }

    // MARK: What others build on

    /// Begins a session for somebody who proved who he is. Its id is new whatever was there before.
    /// - Parameter session: a transaction in the scope of the login's tenant.
    /// - Throws: `.unauthenticated` when the person or the tenant may not act; `.unavailable` while tokens can't be signed.
    public func begin(
        _ login: ProvenLogin, kind: LoginSession.Kind, in session: Session, for request: any RequestContext
    ) async throws(Fault) -> NewSession {
        precondition(kind != .impersonation, "whoever acts as another has logged in as himself")
        let id = SessionID.make()
        let cookie = kind == .cookie ? SessionCookie(for: id) : nil
        guard let stored = try await session.first(SessionStatements.settings, login.tenant) else { throw Authenticator.refusal }
        let settings = try TenantSettings(stored: stored)
        var batch = session.batch()
        batch.add(
            SessionStatements.begin, login.tenant, id, login.user, kind.rawValue, cookie?.hash.array, login.amr.map(\.rawValue),
            settings.sessionIdleMinutes * 60, settings.sessionAbsoluteHours * 3_600, request.addressText, request.userAgentText)
        batch.add(SessionStatements.displace, login.user, Sessions.perUser, .user(login.user))
        let slot = batch.add(SessionRow.read, id)
        guard let row = try await batch.run().first(slot), row.isAlive else { throw Authenticator.refusal }
        return try given(row, cookie: cookie)
    }

    /// Ends all sessions of a person, or all but one, and tells the nodes. `authenticator.forget(.user(…))` lets this one know at once.
    /// - Parameter session: a transaction in the scope of the person's tenant.
    /// - Returns: how many were ended.
    @discardableResult public func endAll(
        of user: UserID, except kept: SessionID? = nil, reason: SessionEnd, in session: Session
    ) async throws(Fault) -> Int {
        var batch = session.batch()
        let slot = batch.add(SessionStatements.endAll, user, kept, reason.rawValue)
        batch.add(Revocation.tell, .user(user))
        return try await batch.run().affected(slot)
    }

    /// Writes down that the person of a session proved once more who he is, and tells the nodes.
    /// - Parameters:
    ///   - amr: what he proved it with, beside what he did before.
    ///   - session: a transaction in the scope of the person's tenant.
    /// - Throws: `.unauthenticated` when the session has ended meanwhile.
    public func prove(_ id: SessionID, amr: [AuthenticationMethod], in session: Session) async throws(Fault) {
        var batch = session.batch()
        let slot = batch.add(SessionStatements.prove, id, amr.map(\.rawValue))
        batch.add(Revocation.tell, .session(id))
        guard try await batch.run().affected(slot) == 1 else { throw Authenticator.refusal }
        authenticator.forget(.session(id))
    }

    /// What the holder of a session in that state is given. The same state gives the same.
    func given(_ row: SessionRow, cookie: SessionCookie?) throws(Fault) -> NewSession {
        let access = row.kind == .cookie ? nil : try authenticator.tokens.token(for: row)
        let refresh = row.kind == .token ? RefreshToken(session: row.id, counter: row.counter).text(key: refreshKey) : nil
        return NewSession(
            id: row.id, user: row.user, kind: row.kind, accessToken: access?.text, expiresIn: access?.seconds,
            refreshToken: refresh,
            cookie: cookie?.text, expiresAt: row.expiresAt,
            endsIn: Int((row.expiresAt.microseconds - row.refreshedAt.microseconds) / 1_000_000))
    }
}
