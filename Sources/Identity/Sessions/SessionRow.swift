// A session with its person and its tenant, as one statement reads them: everything that decides what it opens at this moment.

import Base
import Crypto
import JSON
import Postgres
import Tenancy

/// A session and what decides about it.
struct SessionRow {
    let tenant: Authenticator.TenantRow
    let id: SessionID
    let user: UserID
    let kind: LoginSession.Kind
    let hash: SHA256.Digest?
    let amr: [String]
    let authenticatedAt: Timestamp
    let createdAt: Timestamp
    let expiresAt: Timestamp
    let counter: Int
    let refreshedAt: Timestamp
    /// Whether the refresh was so short a while ago that another tab may ask for its result.
    let isJustRefreshed: Bool
    let impersonator: TenantScope.Impersonator?
    let rights: Rights
    /// Until its idle or its absolute end, in milliseconds.
    let remaining: Int
    /// Whether it is good now: not ended, not expired, not idle for too long, of somebody and in a tenant that may act.
    let isAlive: Bool

    /// What it opens.
    var finding: Authenticator.Finding {
        Authenticator.Finding(
            scope: TenantScope(
                tenant: tenant.id, actor: .user(user, id), rights: rights, signingKey: tenant.signingKey, quotas: tenant.quotas,
                impersonator: impersonator, authenticatedAt: authenticatedAt),
            remainingMilliseconds: remaining, expiresAt: expiresAt, issuedAt: createdAt)
    }

    /// What a person may do: what his role allows and what is his own; only the latter while he has to change his password or to take a
    /// second factor; nothing over credentials for whoever acts as him.
    static func rights(role: Rights, isRestricted: Bool, isImpersonated: Bool) -> Rights {
        let all = isRestricted ? Rights.own : role.union(.own)
        return isImpersonated ? all.subtracting(.overCredentials) : all
    }

    // MARK: Statements

    /// The session's own row tells its tenant, and only from here on that tenant's rows are visible.
    static let enter = Statement<Void, SessionID>(
        "enter the session's tenant", "SELECT set_config('insula.tenant', tenant_id::text, true) FROM sessions WHERE id = $1")

    /// Whether a session `s` of user `u` in tenant `t` is good. One in which somebody acts as another lasts no longer than his own
    /// session that it was begun from; an operator's, no longer than his key.
    static let aliveCondition = """
        s.ended_at IS NULL AND s.expires_at > now() AND s.last_used_at + make_interval(secs => s.idle_seconds) > now()
        AND u.state = 'active' AND t.state = 'active' AND CASE s.impersonator_kind
            WHEN 'user' THEN EXISTS (
                SELECT FROM sessions p JOIN users i ON (i.tenant_id, i.id) = (p.tenant_id, p.user_id)
                WHERE (p.tenant_id, p.id, p.user_id) = (s.tenant_id, s.begun_from, s.impersonator_id)
                    AND p.ended_at IS NULL AND p.expires_at > now() AND i.state = 'active')
            WHEN 'operator' THEN insula_operator_acts(s.impersonator_id)
            ELSE true END
        """

    static let read = Statement<SessionRow, SessionID>(
        "check session",
        """
        SELECT \(Authenticator.TenantRow.columns), s.id, s.user_id, s.kind, s.hash, s.amr, s.authenticated_at, s.created_at, s.expires_at,
            s.refresh_counter, s.refreshed_at, s.refreshed_at > now() - interval '10 seconds', s.impersonator_kind,
            s.impersonator_id, u.role, u.role_id, r.scopes,
            \(isRestricted("u")),
            (extract(epoch FROM least(
                s.expires_at, s.last_used_at + make_interval(secs => s.idle_seconds)) - now()) * 1000)::bigint,
            \(aliveCondition), i.id IS NOT NULL, i.role, i.role_id, ir.scopes, \(isRestricted("i"))
        FROM sessions s JOIN tenants t ON t.tenant_id = s.tenant_id
        JOIN users u ON (u.tenant_id, u.id) = (s.tenant_id, s.user_id)
        LEFT JOIN roles r ON (r.tenant_id, r.id) = (u.tenant_id, u.role_id)
        LEFT JOIN users i ON s.impersonator_kind = 'user' AND (i.tenant_id, i.id) = (s.tenant_id, s.impersonator_id)
        LEFT JOIN roles ir ON (ir.tenant_id, ir.id) = (i.tenant_id, i.role_id)
        WHERE s.id = $1
        """, repeatable: true, decode: SessionRow.init(row:))

    /// Whether a user of tenant `t` has to change his password or to take a second factor before anything else.
    private static func isRestricted(_ user: String) -> String {
        """
        \(user).must_change_password OR (
            coalesce((t.settings->>'mfa_required')::boolean, false) AND \(user).totp_confirmed_at IS NULL)
        """
    }

    private init(row: borrowing RowReader) throws(Fault) {
        tenant = try Authenticator.TenantRow(row, from: 0)
        id = try row.value(4)
        user = try row.value(5)
        guard let kind = LoginSession.Kind(rawValue: try row.value(6)) else { throw Authenticator.malformed("a session's kind") }
        self.kind = kind
        hash = try row.value(7, as: [UInt8]?.self).flatMap { SHA256.Digest($0) }
        amr = try row.value(8)
        authenticatedAt = try row.value(9)
        createdAt = try row.value(10)
        expiresAt = try row.value(11)
        counter = try row.value(12)
        refreshedAt = try row.value(13)
        isJustRefreshed = try row.value(14)
        switch (try row.value(15, as: String?.self), try row.value(16, as: UUIDBits?.self)) {
        case ("user", .some(let id)): impersonator = .user(UserID(id))
        case ("operator", .some(let id)): impersonator = .operator(OperatorID(id))
        default: impersonator = nil
        }
        let role = try RoleReference(role: row.value(17), id: row.value(18)).rights(scopes: row.value(19))
        let rights = SessionRow.rights(role: role, isRestricted: try row.value(20), isImpersonated: kind == .impersonation)
        remaining = try row.value(21)
        isAlive = try row.value(22)
        guard try row.value(23) else {
            self.rights = rights
            return
        }
        // Never more than whoever acts may do himself, as of now.
        let own = try RoleReference(role: row.value(24), id: row.value(25)).rights(scopes: row.value(26))
        self.rights = rights.intersection(
            SessionRow.rights(role: own, isRestricted: try row.value(27), isImpersonated: false))
    }
}
