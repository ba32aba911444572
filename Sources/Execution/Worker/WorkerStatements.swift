// The statements of a node over the queue of all tenants, in the worker's role, which can see nothing else. The database's clock alone
// says what is ready and which lease is over, as it stood when the statement came: a clock that moves on could not be looked up in an
// index. Every change of hands moves the epoch on. What was locked is changed at its place (`ctid`), for a plan that was made while the
// table was empty would look through all of it. How work is claimed stands beside, in `ClaimStatement.swift`.

import Base
import JSON
import Postgres

enum WorkerStatements {
    /// Takes, to end it, what nobody took up in time or what was to have ended. Rows that others look at are passed over.
    static let overdue = Statement<Claim, NodeID, Int, Int>(
        "claim overdue executions",
        """
        WITH overdue AS (
            SELECT q.ctid AS place FROM execution_queue q
            WHERE q.node_id IS NULL AND (q.starts_by IS NOT NULL OR q.expires_at IS NOT NULL)
                AND CASE WHEN q.epoch = 0 THEN least(q.starts_by, q.expires_at) ELSE q.expires_at END <= statement_timestamp()
                AND EXISTS (SELECT FROM tenants t WHERE t.tenant_id = q.tenant_id AND t.state = 'active')
            LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
        UPDATE execution_queue q
        SET node_id = $1, epoch = q.epoch + 1, lease_expires_at = clock_timestamp() + $2 * interval '1 millisecond'
        FROM overdue WHERE q.ctid = overdue.place
        RETURNING q.tenant_id, q.execution_id, q.epoch, q.crash_count, q.parent_id
        """
    ) { row throws(Fault) in try claim(row, isOverdue: true) }

    static func claim(_ row: borrowing RowReader, isOverdue: Bool) throws(Fault) -> Claim {
        Claim(
            tenant: try row.value(0), execution: try row.value(1), epoch: try row.value(2), crashCount: try row.value(3),
            parent: try row.value(4), isOverdue: isOverdue)
    }

    /// A lease that is still held.
    struct Renewal: Sendable {
        let execution: ExecutionID
        let isCancelRequested: Bool
        /// Whether it was renewed: not while somebody else changes the row.
        var isRenewed = true
    }

    /// Renews the leases of a node, all at once. What does not come back is lost. Nobody is waited for: what somebody changes just now
    /// comes back as not renewed.
    static let renew = Statement<Renewal, NodeID, Int, [TenantID], [ExecutionID], [Int]>(
        "renew leases",
        """
        WITH mine AS (
            SELECT q.place
            FROM \(leases) CROSS JOIN LATERAL (
                SELECT q.ctid AS place FROM execution_queue q WHERE \(isLeased) FOR NO KEY UPDATE SKIP LOCKED
            ) q
        ), renewed AS (
            UPDATE execution_queue q
            -- Whoever was asked to let go has only so long.
            SET lease_expires_at = CASE WHEN q.cancel_requested THEN q.lease_expires_at
                ELSE clock_timestamp() + $2 * interval '1 millisecond' END
            FROM mine WHERE q.ctid = mine.place
            RETURNING q.execution_id, q.cancel_requested
        )
        SELECT q.execution_id, coalesce(r.cancel_requested, q.cancel_requested), r.execution_id IS NOT NULL
        FROM \(leases)
        -- One by one: `OFFSET` keeps it from becoming a join with all that is queued.
        CROSS JOIN LATERAL (SELECT q.execution_id, q.cancel_requested FROM execution_queue q WHERE \(isLeased) OFFSET 0) q
        LEFT JOIN renewed r ON r.execution_id = q.execution_id
        """
    ) { row throws(Fault) in
        Renewal(execution: try row.value(0), isCancelRequested: try row.value(1), isRenewed: try row.value(2))
    }

    private static let leases = "unnest($3::uuid[], $4::uuid[], $5::bigint[]) AS lease (tenant_id, execution_id, epoch)"
    private static let isLeased = """
        (q.tenant_id, q.execution_id) = (lease.tenant_id, lease.execution_id) AND q.epoch = lease.epoch AND q.node_id = $1
        """

    /// What somebody wants cancelled or paused of what a node holds.
    static let asked = Statement<Renewal, NodeID>(
        "wishes asked of a node",
        "SELECT execution_id, cancel_requested FROM execution_queue WHERE (cancel_requested OR is_paused) AND node_id = $1"
    ) { row throws(Fault) in Renewal(execution: try row.value(0), isCancelRequested: try row.value(1)) }

    /// Puts back what dead nodes held.
    static let reap = Statement<ExecutionID, Int>(
        "reap leases",
        """
        WITH expired AS (
            SELECT ctid AS place FROM execution_queue
            WHERE node_id IS NOT NULL AND lease_expires_at < statement_timestamp()
            ORDER BY lease_expires_at LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE execution_queue q
        SET node_id = NULL, lease_expires_at = NULL, epoch = q.epoch + 1, crash_count = q.crash_count + 1,
            ready_at = clock_timestamp() - q.priority * \(EnqueueClause.headStart)
        FROM expired WHERE q.ctid = expired.place
        RETURNING q.execution_id
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Puts back what this node held in an earlier life, without waiting for those leases to end.
    static let recover = Statement<ExecutionID, NodeID>(
        "recover leases",
        """
        UPDATE execution_queue
        SET node_id = NULL, lease_expires_at = NULL, epoch = epoch + 1, crash_count = crash_count + 1,
            ready_at = clock_timestamp() - priority * \(EnqueueClause.headStart)
        WHERE node_id = $1
        RETURNING execution_id
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Hands back what a node holds, but for some. Nobody's fault: no crash is counted.
    static let handBack = Statement<Void, NodeID, [ExecutionID]>(
        "hand back leases",
        """
        UPDATE execution_queue
        SET node_id = NULL, lease_expires_at = NULL, epoch = epoch + 1,
            ready_at = clock_timestamp() - priority * \(EnqueueClause.headStart)
        WHERE node_id = $1 AND NOT execution_id = ANY ($2)
        """)
}
