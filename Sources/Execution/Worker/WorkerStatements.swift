// The statements of a node over the queue of all tenants, in the worker's role, which can see nothing else. The database's clock alone
// says what is ready and which lease is over, as it stood when the statement came: a clock that moves on could not be looked up in an
// index. Every change of hands moves the epoch on.

import Base
import JSON
import Postgres

enum WorkerStatements {
    /// Takes what has been ready longest. Rows that others look at are passed over.
    static let claim = Statement<Claim, NodeID, Int, Int>(
        "claim executions",
        """
        WITH ready AS (
            SELECT tenant_id, execution_id FROM execution_queue
            WHERE node_id IS NULL AND ready_at <= statement_timestamp()
            ORDER BY ready_at LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
        UPDATE execution_queue q
        SET node_id = $1, epoch = q.epoch + 1, lease_expires_at = clock_timestamp() + $2 * interval '1 millisecond'
        FROM ready WHERE (q.tenant_id, q.execution_id) = (ready.tenant_id, ready.execution_id)
        RETURNING q.tenant_id, q.execution_id, q.epoch, q.crash_count
        """
    ) { row throws(Fault) in
        Claim(tenant: try row.value(0), execution: try row.value(1), epoch: try row.value(2), crashCount: try row.value(3))
    }

    /// A lease that was renewed.
    struct Renewal: Sendable {
        let execution: ExecutionID
        let isCancelRequested: Bool
    }

    /// Renews the leases of a node, all at once. What does not come back is lost.
    static let renew = Statement<Renewal, NodeID, Int, [TenantID], [ExecutionID], [Int]>(
        "renew leases",
        """
        WITH mine AS (
            SELECT q.tenant_id, q.execution_id
            FROM unnest($3::uuid[], $4::uuid[], $5::bigint[]) AS lease (tenant_id, execution_id, epoch)
            JOIN execution_queue q ON (q.tenant_id, q.execution_id, q.epoch) = (lease.tenant_id, lease.execution_id, lease.epoch)
            WHERE q.node_id = $1
            ORDER BY q.execution_id FOR UPDATE OF q
        )
        UPDATE execution_queue q SET lease_expires_at = clock_timestamp() + $2 * interval '1 millisecond'
        FROM mine WHERE (q.tenant_id, q.execution_id) = (mine.tenant_id, mine.execution_id)
        RETURNING q.execution_id, q.cancel_requested
        """
    ) { row throws(Fault) in Renewal(execution: try row.value(0), isCancelRequested: try row.value(1)) }

    /// What somebody wants cancelled of what a node holds.
    static let cancelled = Statement<ExecutionID, NodeID>(
        "cancels asked of a node", "SELECT execution_id FROM execution_queue WHERE cancel_requested AND node_id = $1"
    ) { row throws(Fault) in try row.value(0) }

    /// Puts back what dead nodes held.
    static let reap = Statement<ExecutionID, Int>(
        "reap leases",
        """
        WITH expired AS (
            SELECT tenant_id, execution_id FROM execution_queue
            WHERE node_id IS NOT NULL AND lease_expires_at < statement_timestamp()
            ORDER BY lease_expires_at LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE execution_queue q
        SET node_id = NULL, lease_expires_at = NULL, epoch = q.epoch + 1, crash_count = q.crash_count + 1,
            ready_at = clock_timestamp()
        FROM expired WHERE (q.tenant_id, q.execution_id) = (expired.tenant_id, expired.execution_id)
        RETURNING q.execution_id
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Puts back what this node held in an earlier life, without waiting for those leases to end.
    static let recover = Statement<ExecutionID, NodeID>(
        "recover leases",
        """
        UPDATE execution_queue
        SET node_id = NULL, lease_expires_at = NULL, epoch = epoch + 1, crash_count = crash_count + 1, ready_at = clock_timestamp()
        WHERE node_id = $1
        RETURNING execution_id
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Hands back what a node holds, but for some. Nobody's fault: no crash is counted.
    static let handBack = Statement<Void, NodeID, [ExecutionID]>(
        "hand back leases",
        """
        UPDATE execution_queue
        SET node_id = NULL, lease_expires_at = NULL, epoch = epoch + 1, ready_at = clock_timestamp()
        WHERE node_id = $1 AND NOT execution_id = ANY ($2)
        """)
}
