// The statements of the outbox: those of the application, in the scope of a tenant, which alone see what is in a mail; and those of the
// worker's role, which sees what is due in all tenants. The database's clock alone says what is due.

import Base
import Postgres

enum OutboxStatements {
    static let application: [any AnyStatement] = [enqueue, content, sent, failed, retry]

    // MARK: In the scope of a tenant

    static let enqueue = Statement<Void, TenantID, MailID, [UInt8], [UInt8], [UInt8]>(
        "enqueue mail",
        """
        INSERT INTO mail_outbox (tenant_id, id, recipient, subject, body) VALUES ($1, $2, $3, $4, $5)
        RETURNING pg_notify('\(MailOutbox.channel)', '')
        """)

    /// What is in a mail, and when it was written.
    struct Stored: Sendable {
        let content: MailSeal.Content
        let createdAt: Timestamp
    }

    /// The content of a mail that a node holds.
    static let content = Statement<Stored, MailID, Int, NodeID>(
        "content of mail",
        """
        SELECT recipient, subject, body, created_at FROM mail_outbox
        WHERE id = $1 AND attempts = $2 AND node_id = $3
        """, repeatable: true
    ) { row throws(Fault) in
        Stored(
            content: MailSeal.Content(
                recipient: try row.value(0), subject: try row.value(1), body: try row.value(2)), createdAt: try row.value(3))
    }

    /// The mail was handed over: what it said is forgotten.
    static let sent = Statement<Void, MailID, Int, NodeID>(
        "mail sent",
        """
        UPDATE mail_outbox
        SET state = 'sent', body = NULL, node_id = NULL, last_failure = NULL, finished_at = clock_timestamp()
        WHERE id = $1 AND attempts = $2 AND node_id = $3
        """)

    static let failed = Statement<Void, MailID, Int, NodeID, String>(
        "mail failed",
        """
        UPDATE mail_outbox
        SET state = 'failed', body = NULL, node_id = NULL, last_failure = $4, finished_at = clock_timestamp()
        WHERE id = $1 AND attempts = $2 AND node_id = $3
        """)

    static let retry = Statement<Void, MailID, Int, NodeID, String, Int>(
        "retry mail",
        """
        UPDATE mail_outbox
        SET state = 'waiting', node_id = NULL, last_failure = $4,
            next_attempt_at = clock_timestamp() + $5 * interval '1 millisecond'
        WHERE id = $1 AND attempts = $2 AND node_id = $3
        """)

    // MARK: In the worker's role

    /// Takes what has been due longest, what dead nodes held included. Rows that others look at are passed over.
    static let claim = Statement<MailClaim, NodeID, Int, Int>(
        "claim mail",
        """
        WITH due AS (
            SELECT tenant_id, id FROM mail_outbox
            WHERE state IN ('waiting', 'sending') AND next_attempt_at <= statement_timestamp()
            ORDER BY next_attempt_at LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
        UPDATE mail_outbox m
        SET state = 'sending', node_id = $1, attempts = m.attempts + 1,
            next_attempt_at = clock_timestamp() + $2 * interval '1 millisecond'
        FROM due WHERE (m.tenant_id, m.id) = (due.tenant_id, due.id)
        RETURNING m.tenant_id, m.id, m.attempts
        """
    ) { row throws(Fault) in MailClaim(tenant: try row.value(0), mail: try row.value(1), attempt: try row.value(2)) }

    /// Renews the leases of a node.
    static let renew = Statement<Void, NodeID, Int, [MailID]>(
        "renew leases of mail",
        """
        UPDATE mail_outbox SET next_attempt_at = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE node_id = $1 AND state = 'sending' AND id = ANY ($3)
        """)

    /// Makes due at once what a node held in an earlier life.
    static let recover = Statement<Void, NodeID>(
        "recover leases of mail",
        "UPDATE mail_outbox SET next_attempt_at = clock_timestamp() WHERE node_id = $1 AND state = 'sending'")

    /// Puts back what a node holds, but for some. The attempt does not count.
    static let handBack = Statement<Void, NodeID, [MailID]>(
        "hand back mail",
        """
        UPDATE mail_outbox
        SET state = 'waiting', node_id = NULL, attempts = attempts - 1, next_attempt_at = clock_timestamp()
        WHERE node_id = $1 AND state = 'sending' AND NOT id = ANY ($2)
        """)

    /// How much mail is waiting or under way, counted up to a bound.
    static let waiting = Statement<Int, Int>(
        "count waiting mail",
        "SELECT count(*) FROM (SELECT FROM mail_outbox WHERE state IN ('waiting', 'sending') LIMIT $1) unsent"
    ) { row throws(Fault) in try row.value(0) }

    /// Removes what was finished more than 30 days ago; the policy of the role allows no more.
    static let remove = Statement<Void, Int>(
        "remove finished mail",
        """
        DELETE FROM mail_outbox WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM mail_outbox
            WHERE state IN ('sent', 'failed') AND finished_at < now() - interval '30 days'
            ORDER BY finished_at LIMIT $1
        )
        """)
}

/// A mail that a node holds under a lease.
struct MailClaim: Sendable, Hashable {
    let tenant: TenantID
    let mail: MailID
    /// The number of the attempt, from 1; the fence of what is written about it.
    let attempt: Int
}
