// The statements of sessions. Every one runs in the scope of its tenant; policies add the tenant to each condition.

import Base
import JSON
import Postgres
import Tenancy

extension Sessions {
    /// What requests run, to be prepared at connect.
    public static var statements: [any AnyStatement] { SessionStatements.all }
}

enum SessionStatements {
    static let all: [any AnyStatement] = [list, endOne, endAll, refresh]

    static let settings = Statement<JSONBytes, TenantID>(
        "settings of a tenant that may act", "SELECT settings FROM tenants WHERE tenant_id = $1 AND state = 'active'"
    ) { row throws(Fault) in try row.value(0) }

    static let begin = Statement<
        Void, TenantID, SessionID, UserID, String, [UInt8]?, [String], Int, Int, String?, String?
    >(
        "begin session",
        """
        INSERT INTO sessions (tenant_id, id, user_id, kind, hash, amr, idle_seconds, expires_at, address, user_agent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8), $9::inet, $10)
        """)

    /// Ends the oldest of too many.
    static let displace = Statement<Void, UserID, Int, Revocation>(
        "displace sessions",
        """
        WITH old AS (
            SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY id DESC OFFSET $2
        ), ended AS (
            UPDATE sessions SET ended_at = now(), end_reason = '\(SessionEnd.displaced.rawValue)'
            WHERE ended_at IS NULL AND (id IN (SELECT id FROM old)
                OR (impersonator_id = $1 AND begun_from IN (SELECT id FROM old)))
            RETURNING id
        )
        SELECT pg_notify('\(Revocation.channel)', $3) FROM ended LIMIT 1
        """)

    static let prove = Statement<Void, SessionID, [String]>(
        "prove again",
        """
        UPDATE sessions SET authenticated_at = now(), amr = ARRAY(SELECT DISTINCT m FROM unnest(amr || $2) m ORDER BY m DESC)
        WHERE id = $1 AND ended_at IS NULL
        """)

    static let list = Statement<LoginSession, UserID, SessionID?, SessionID?, Int, Bool>(
        "list sessions",
        """
        SELECT id, kind, amr, created_at, authenticated_at, last_used_at, expires_at, host(address), user_agent, id = $2
        FROM sessions
        WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()
            AND last_used_at + make_interval(secs => idle_seconds) > now()
            \(ListClause.after("id", place: "$3", ascending: "$5", limit: "$4"))
        """, repeatable: true
    ) { row throws(Fault) in
        guard let kind = LoginSession.Kind(rawValue: try row.value(1)) else { throw Authenticator.malformed("a session's kind") }
        return LoginSession(
            id: try row.value(0), kind: kind, amr: try row.value(2), createdAt: try row.value(3),
            authenticatedAt: try row.value(4),
            lastUsedAt: try row.value(5), expiresAt: try row.value(6), address: try row.value(7), userAgent: try row.value(8),
            isCurrent: try row.value(9, as: Bool?.self) ?? false)
    }

    /// A person of the tenant.
    struct Person {
        /// What his role holds.
        let role: Rights
    }

    static let person = Statement<Person, UserID>(
        "role of a user",
        """
        SELECT u.role, u.role_id, r.scopes FROM users u LEFT JOIN roles r ON (r.tenant_id, r.id) = (u.tenant_id, u.role_id)
        WHERE u.id = $1
        """, repeatable: true
    ) { row throws(Fault) in
        Person(role: try RoleReference(role: row.value(0), id: row.value(1)).rights(scopes: row.value(2)))
    }

    static let impersonate = Statement<
        Void, TenantID, SessionID, UserID, Int, String?, String?, String, UUIDBits, SessionID?, String
    >(
        "begin to act as another",
        """
        INSERT INTO sessions (
            tenant_id, id, user_id, kind, amr, idle_seconds, expires_at, address, user_agent, impersonator_kind, impersonator_id,
            begun_from, reason)
        VALUES (
            $1, $2, $3, 'impersonation', '{}', $4,
            least(now() + make_interval(secs => $4), (SELECT p.expires_at FROM sessions p WHERE p.id = $9)), $5::inet, $6, $7, $8,
            $9, $10)
        """)

    /// With those in which somebody acts as another out of it.
    static let endOne = Statement<Void, SessionID, UserID, String, AuditEntry>(
        "end session",
        """
        WITH ended AS (
            UPDATE sessions SET ended_at = now(), end_reason = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL
            RETURNING id
        ), begun AS (
            UPDATE sessions SET ended_at = now(), end_reason = $3
            WHERE impersonator_id = $2 AND begun_from IN (SELECT id FROM ended) AND ended_at IS NULL
        )
        SELECT insula_audit($4, id) FROM ended
        """)

    /// With all in which he acts as another, since nothing says that it was not whoever is to be shut out who began them.
    static let endAll = Statement<Void, UserID, SessionID?, String>(
        "end sessions",
        """
        UPDATE sessions SET ended_at = now(), end_reason = $3
        WHERE ended_at IS NULL AND ($2 IS NULL OR id <> $2)
            AND (user_id = $1 OR (impersonator_kind = 'user' AND impersonator_id = $1))
        """)

    /// Counts on, if it is the present token of a session that is good.
    static let refresh = Statement<Void, SessionID, Int>(
        "refresh session",
        """
        UPDATE sessions s SET refresh_counter = refresh_counter + 1, refreshed_at = now(), last_used_at = now()
        FROM users u, tenants t
        WHERE s.id = $1 AND s.refresh_counter = $2 AND s.kind = 'token' AND (u.tenant_id, u.id) = (s.tenant_id, s.user_id)
            AND t.tenant_id = s.tenant_id AND \(SessionRow.aliveCondition)
        """)
}
