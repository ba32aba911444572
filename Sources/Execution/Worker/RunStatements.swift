// The statements of a worker in the scope of the tenant that it works for, but for those that many runs share (`RunStart`, `RunClosing`).
// Each write is conditional on the epoch of the queue row, in the same statement: once a lease is lost, everything that its holder still
// writes finds no row.

import Base
import JSON
import Postgres

enum RunStatements {
    static let all: [any AnyStatement] =
        [
            retry, suspend, pause, lockQueue, lockAll, lockParent, wakeParent, wakeParents, lockChildren, cancelChildren,
            startChild, progress,
        ]
        + RunStart.statements + RunClosing.statements + StepStatements.all + SpendingStatements.all

    /// The fence: the queue row of `$1`, if it still has the epoch `$2`, locked against whoever would take it over or cancel it. What a
    /// statement then changes it finds by `$1` itself, not by the fence's column: so that it is looked up in the index whatever the planner
    /// knows of tables that were empty a moment ago.
    static let fence = """
        SELECT tenant_id, execution_id FROM execution_queue WHERE execution_id = $1 AND epoch = $2 FOR NO KEY UPDATE
        """

    /// The fences of many runs: of the executions `$1` and their epochs `$2` those that still have them, each with its number among them,
    /// from 1, and the place of its row in the queue. As nothing that is locked within a join becomes part of it, each is looked up by
    /// itself whatever the planner knows. What is found so is changed at its place, which `lockAll` keeps where it is. The limit leaves
    /// nothing out: by it the planner expects one, where among a few it would rather read the whole of a table that was empty when it
    /// was asked.
    static let fences = """
        SELECT lease.number, lease.epoch, q.tenant_id, q.execution_id, q.place
        FROM (
            SELECT * FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS lease (execution_id, epoch, number)
            LIMIT cardinality($1::uuid[])
        ) lease
        CROSS JOIN LATERAL (
            SELECT q.tenant_id, q.execution_id, q.ctid AS place FROM execution_queue q
            WHERE q.execution_id = lease.execution_id AND q.epoch = lease.epoch FOR NO KEY UPDATE
        ) q
        """

    /// The row of an execution, as a subquery for the end of a `CROSS JOIN LATERAL`: its `place`. As its id is given as a range in an order, no
    /// index but that of the key does, not even where the planner takes all of a tenant's executions for one.
    /// - Parameters:
    ///   - row: what has the `execution_id`.
    ///   - condition: what else holds of the execution `e`.
    static func execution(of row: String, where condition: String = "true") -> String {
        """
        (SELECT e.ctid AS place FROM executions e
         WHERE e.tenant_id = \(row).tenant_id AND e.id BETWEEN \(row).execution_id AND \(row).execution_id AND \(condition)
         ORDER BY e.id LIMIT 1 FOR NO KEY UPDATE) e
        """
    }

    /// Says how far a run is.
    static let progress = Statement<Void, ExecutionID, Int, JSONBytes>(
        "tell the progress of a run",
        """
        WITH fence AS (\(fence))
        INSERT INTO event_outbox (tenant_id, type, ref, payload) SELECT tenant_id, 'execution.progress', execution_id, $3 FROM fence
        """)

    /// Hands an execution back to the queue for its next attempt, unless somebody wants it cancelled. The epoch moves on, so that
    /// the same written twice changes nothing.
    static let retry = Statement<Void, ExecutionID, Int, Int, JSONBytes, String>(
        "put off a run",
        """
        WITH fence AS (
            UPDATE execution_queue
            SET epoch = epoch + 1, node_id = NULL, lease_expires_at = NULL,
                -- Not beyond the end of the whole run: then it is picked up to be ended.
                ready_at = least(
                    clock_timestamp() + $3 * interval '1 millisecond',
                    (SELECT r.started_at + (r.timeout_milliseconds + r.rested_milliseconds) * interval '1 millisecond'
                     FROM executions r WHERE r.id = $1))
            WHERE execution_id = $1 AND epoch = $2 AND NOT cancel_requested
            RETURNING execution_id, is_paused
        ), put AS (
            UPDATE executions e
            SET state = CASE WHEN fence.is_paused THEN 'paused' ELSE 'retry_wait' END,
                paused_from = CASE WHEN fence.is_paused THEN 'retry_wait' END,
                rested_since = CASE WHEN fence.is_paused THEN clock_timestamp() END,
                attempt = e.attempt + 1, error = $4, error_class = $5, updated_at = clock_timestamp()
            FROM fence WHERE e.id = $1 AND e.state = 'running'
            RETURNING e.*
        )
        \(EventClause.execution("put", type: EventClause.byState))
        """)

    // MARK: Waiting

    /// The lock without which nobody wakes, cancels or pauses an execution. In a statement of its own, so that the next one sees what was
    /// done before it was had.
    static let lockQueue = Statement<Void, ExecutionID>(
        "lock a queue row", "SELECT 1 FROM execution_queue WHERE execution_id = $1 FOR UPDATE")

    /// The same for the rows that runs change by one commit, and for those of their executions, in the order in which everybody locks them:
    /// what the next statement finds at a place is still there when it changes it.
    static let lockAll = Statement<Void, [ExecutionID]>(
        "lock queue rows",
        """
        SELECT 1 FROM (SELECT id FROM (SELECT * FROM unnest($1::uuid[]) id LIMIT cardinality($1::uuid[])) few ORDER BY id) wanted
        CROSS JOIN LATERAL (
            SELECT q.tenant_id, q.execution_id FROM execution_queue q WHERE q.execution_id = wanted.id FOR NO KEY UPDATE
        ) q
        CROSS JOIN LATERAL \(execution(of: "q"))
        """)

    /// Who waits for `$1`, before its end is written: so that he does not begin to wait at the same moment, and sleeps on.
    static let lockParent = Statement<Void, ExecutionID>(
        "lock the queue row of a parent",
        "SELECT 1 FROM execution_queue WHERE execution_id = (SELECT c.parent_id FROM executions c WHERE c.id = $1) FOR UPDATE")

    /// Lets go of an execution until `$3`, a signal of one of the names `$4`, or the end of all of one group of `$5`: at once ready when that is there.
    static let suspend = Statement<Void, ExecutionID, Int, Timestamp?, [String], [ExecutionID]>(
        "suspend a run",
        """
        WITH fence AS (
            UPDATE execution_queue q
            SET epoch = q.epoch + 1, node_id = NULL, lease_expires_at = NULL, waits_for = $4, awaits = $5,
                ready_at = CASE
                    WHEN EXISTS (
                        SELECT FROM execution_signals s WHERE s.execution_id = $1 AND s.name = ANY ($4) AND s.taken_by IS NULL)
                    OR \(WakeUp.isGroupOver("$5::uuid[]"))
                    THEN clock_timestamp() - q.priority * \(EnqueueClause.headStart)
                    ELSE coalesce($3, 'infinity') END
            WHERE q.execution_id = $1 AND q.epoch = $2 AND NOT q.cancel_requested
            RETURNING q.execution_id, q.is_paused, q.ready_at <= clock_timestamp() AS is_ready
        ), put AS (
            UPDATE executions e
            SET state = CASE WHEN fence.is_paused THEN 'paused' WHEN fence.is_ready THEN 'queued' ELSE 'waiting' END,
                paused_from = CASE WHEN fence.is_paused THEN 'waiting' END, rested_since = clock_timestamp(),
                updated_at = clock_timestamp()
            FROM fence WHERE e.id = $1 AND e.state = 'running'
            RETURNING e.*
        )
        \(EventClause.execution("put", type: EventClause.byState))
        """)

    /// Lets go of an execution that somebody has stand still.
    static let pause = Statement<Void, ExecutionID, Int>(
        "pause a run",
        """
        WITH fence AS (
            UPDATE execution_queue
            SET epoch = epoch + 1, node_id = NULL, lease_expires_at = NULL,
                ready_at = clock_timestamp() - priority * \(EnqueueClause.headStart)
            WHERE execution_id = $1 AND epoch = $2 AND NOT cancel_requested
            RETURNING execution_id, is_paused
        ), put AS (
            UPDATE executions e
            SET state = CASE WHEN fence.is_paused THEN 'paused' ELSE 'queued' END,
                paused_from = CASE WHEN fence.is_paused THEN 'queued' END, rested_since = clock_timestamp(),
                updated_at = clock_timestamp()
            FROM fence WHERE e.id = $1 AND e.state = 'running'
            RETURNING e.*
        )
        \(EventClause.execution("put", type: EventClause.byState))
        """)

    // MARK: Families

    /// Wakes the parent of `$1` when all of a group that it waits for have ended. The same twice wakes once.
    static let wakeParent = Statement<Void, ExecutionID>(
        "wake a parent",
        waking("q.execution_id = (SELECT c.parent_id FROM executions c WHERE c.id = $1) AND q.awaits @> ARRAY[$1]"))

    /// The same for all who wait for children, after many ended at once.
    static let wakeParents = Statement<Void>("wake the parents", waking("cardinality(q.awaits) > 0"))

    private static func waking(_ condition: String) -> String {
        """
        WITH woken AS (
            UPDATE execution_queue q
            SET ready_at = clock_timestamp() - q.priority * \(EnqueueClause.headStart), waits_for = NULL, awaits = NULL
            WHERE \(condition) AND q.node_id IS NULL
                AND \(WakeUp.isGroupOver("q.awaits"))
            RETURNING q.execution_id
        ), changed AS (
            UPDATE executions e SET state = 'queued', updated_at = clock_timestamp()
            FROM woken WHERE e.id = woken.execution_id AND e.state = 'waiting'
            RETURNING e.*
        )
        \(EventClause.execution("changed", type: "'execution.queued'"))
        """
    }

    static let terminal = ExecutionState.sql(ExecutionState.terminal)

    private static let orphans = """
        SELECT c.id FROM executions c JOIN executions p ON p.id = c.parent_id
        WHERE p.id = $1 AND p.state IN ('failed', 'timed_out', 'cancelled')
        """
    static let lockChildren = Statement<Void, ExecutionID>("lock the children of a run", CancelClause.locking(roots: orphans))
    /// Cancels what an execution started that has come to its end without it.
    static let cancelChildren: Statement<Void, ExecutionID> = CancelClause.statement(
        "cancel the children of a run", roots: orphans)

    /// Makes a child, unless it is there already. It is counted in the tree that it belongs to, by the lock of whose row nobody counts
    /// at the same time.
    static let startChild = Statement<StartedChild, ExecutionID, Int, ExecutionID, UUIDBits, JSONBytes, String>(
        "start a child",
        """
        WITH RECURSIVE fence AS (
            SELECT tenant_id, execution_id, priority FROM execution_queue
            WHERE execution_id = $1 AND epoch = $2 AND NOT cancel_requested FOR NO KEY UPDATE
        ), up (id, parent_id) AS (
            SELECT p.id, p.parent_id FROM executions p WHERE p.id = $1
            UNION ALL SELECT p.id, p.parent_id FROM up JOIN executions p ON p.id = up.parent_id
        ), asked (\(EnqueueClause.columns)) AS MATERIALIZED (
            SELECT d.tenant_id, $3, d.id, d.version, v.body, 'call', $5, fence.priority, NULL::timestamptz, NULL, p.id, p.depth + 1,
                NULL::uuid, NULL
            FROM fence
            JOIN executions p ON p.id = $1 AND p.depth < \(EnqueueClause.depthLimit)
            JOIN definitions d ON d.id = $4 AND d.kind = $6 AND d.state IN ('running', 'active')
            JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
            WHERE NOT EXISTS (SELECT FROM executions WHERE id = $3) AND NOT \(EnqueueClause.isFull)
        ), counted AS (
            INSERT INTO execution_trees AS t (tenant_id, root_id, descendants)
            SELECT a.tenant_id, up.id, 1 FROM asked a, up WHERE up.parent_id IS NULL
            ON CONFLICT (tenant_id, root_id) DO UPDATE SET descendants = t.descendants + 1
            WHERE t.descendants < \(EnqueueClause.descendantLimit)
            RETURNING root_id
        ), wanted AS (
            SELECT * FROM asked WHERE EXISTS (SELECT FROM counted)
        ), \(EnqueueClause.making("wanted"))
        SELECT EXISTS (SELECT FROM fence), EXISTS (SELECT FROM executions WHERE id = $3) OR EXISTS (SELECT FROM made),
            (SELECT depth FROM executions WHERE id = $1), (SELECT state FROM definitions WHERE id = $4 AND kind = $6 AND state <> 'deleted'),
            EXISTS (SELECT FROM asked) AND NOT EXISTS (SELECT FROM counted), \(EnqueueClause.isFull)
        """
    ) { row throws(Fault) in
        StartedChild(
            isHeld: try row.value(0), isThere: try row.value(1), parentDepth: try row.value(2), definitionState: try row.value(3),
            isTreeFull: try row.value(4), isFull: try row.value(5))
    }
}

/// What came of the wish for a child.
struct StartedChild: Sendable {
    let isHeld: Bool
    let isThere: Bool
    let parentDepth: Int?
    let definitionState: String?
    /// Whether the execution from which all this began has set off as many as one may.
    let isTreeFull: Bool
    /// Whether the tenant has as much to do as the plan holds.
    let isFull: Bool
}
