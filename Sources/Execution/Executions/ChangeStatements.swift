// The statements by which a tenant changes what runs: cancel, pause and resume, signals, what becomes of an unknown outcome, and new
// executions made from old ones. The lock of the queue row comes first, in a statement of its own.

import Base
import JSON
import Postgres
import Tenancy

enum ChangeStatements {
    static let all: [any AnyStatement] =
        [lock, cancel, pause, resume, signal, wake, signalState, resolve, lockOrigins, replay, standing, fork, choose]

    // MARK: Cancel

    static let lock = Statement<Void, [ExecutionID]>(
        "lock families of executions", CancelClause.locking(roots: "SELECT unnest($1::uuid[])"))

    /// The id of each that was named and is cancelled, or going to be.
    static let cancel = Statement<ExecutionID, [ExecutionID], AuditEntry>(
        "cancel executions",
        CancelClause.cancelling(roots: "SELECT unnest($1::uuid[])")
            + " SELECT id, insula_audit($2, id) FROM changed WHERE id = ANY ($1)"
    ) { row throws(Fault) in try row.value(0) }

    // MARK: Pause

    /// Stops what no worker holds, and asks the worker of what one holds.
    static let pause = Statement<Void, ExecutionID, AuditEntry>(
        "pause an execution",
        """
        WITH held AS (
            UPDATE execution_queue SET is_paused = true
            WHERE execution_id = $1 AND NOT is_paused AND NOT cancel_requested
            RETURNING execution_id, node_id IS NULL AS at_once
        ), changed AS (
            UPDATE executions e
            SET state = 'paused', paused_from = CASE e.state WHEN 'running' THEN 'queued' ELSE e.state END,
                rested_since = coalesce(e.rested_since, CASE WHEN e.started_at IS NOT NULL THEN clock_timestamp() END),
                updated_at = clock_timestamp()
            FROM held WHERE e.id = held.execution_id AND held.at_once
                AND e.state = ANY (\(ExecutionState.sql(ExecutionState.predecessors(of: .paused).map(\.rawValue))))
            RETURNING e.*
        ), told AS (
            \(EventClause.execution("changed", type: "'execution.paused'"))
        )
        SELECT insula_audit($2, execution_id) FROM held
        """)

    static let resume = Statement<Void, ExecutionID, AuditEntry>(
        "resume an execution",
        """
        WITH freed AS (
            UPDATE execution_queue SET is_paused = false WHERE execution_id = $1 AND is_paused AND NOT cancel_requested
            RETURNING execution_id, node_id IS NULL AND ready_at <= clock_timestamp() AS is_ready
        ), changed AS (
            UPDATE executions e
            SET state = CASE WHEN freed.is_ready THEN 'queued' ELSE coalesce(e.paused_from, 'queued') END, paused_from = NULL,
                updated_at = clock_timestamp()
            FROM freed WHERE e.id = freed.execution_id AND e.state = 'paused'
            RETURNING e.*
        ), told AS (
            \(EventClause.execution("changed", type: "'execution.resumed'"))
        )
        SELECT insula_audit($2, execution_id) FROM freed
        """)

    // MARK: Signals

    /// Keeps a signal, unless one with its id is there or so many wait to be taken.
    /// Keeps a signal unless `$5` of them wait already to be taken, the answers of people apart.
    static let signal = Statement<Void, ExecutionID, String, String, JSONBytes, Int, String, AuditEntry>(
        "keep a signal",
        """
        WITH kept AS (
            INSERT INTO execution_signals (tenant_id, execution_id, id, name, payload, sender)
            SELECT e.tenant_id, e.id, $2, $3, $4, $6 FROM executions e
            WHERE e.id = $1 AND e.state = ANY (\(ExecutionState.sql(ExecutionState.live)))
                AND (SELECT count(*) FROM execution_signals s WHERE s.execution_id = $1 AND s.taken_by IS NULL
                    AND NOT starts_with(s.name, '\(HumanApprovalTool.signalPrefix)')) < $5
            ON CONFLICT DO NOTHING
            RETURNING execution_id
        )
        SELECT insula_audit($7, execution_id) FROM kept
        """)

    /// Wakes an execution that waits for a signal of that name.
    static let wake = Statement<Void, ExecutionID, String>(
        "wake for a signal",
        """
        WITH woken AS (
            UPDATE execution_queue
            SET ready_at = clock_timestamp() - priority * \(EnqueueClause.headStart), waits_for = NULL, awaits = NULL
            WHERE execution_id = $1 AND node_id IS NULL AND waits_for @> ARRAY[$2]
            RETURNING execution_id
        ), changed AS (
            UPDATE executions e SET state = 'queued', updated_at = clock_timestamp()
            FROM woken WHERE e.id = woken.execution_id AND e.state = 'waiting'
            RETURNING e.*
        )
        \(EventClause.execution("changed", type: "'execution.queued'"))
        """)

    /// What stands in the way of a signal: the state of the execution, and whether it is there already.
    static let signalState = Statement<(state: ExecutionState, isKept: Bool), ExecutionID, String>(
        "state of a signal",
        """
        SELECT state, EXISTS (SELECT FROM execution_signals s WHERE s.execution_id = $1 AND s.id = $2) FROM executions WHERE id = $1
        """, repeatable: true
    ) { row throws(Fault) in (state: try row.state(0), isKept: try row.value(1)) }

    // MARK: Unknown outcomes

    /// Says what became of the steps of which nobody knew: `$2` is `retry`, `skip` (with the output `$3`) or `fail`. The fence goes on
    /// from where it was.
    static let resolve = Statement<Void, ExecutionID, String, JSONBytes, AuditEntry>(
        "resolve an execution",
        """
        WITH found AS (
            SELECT * FROM executions WHERE id = $1 AND state = 'indeterminate' FOR UPDATE
        ), steps AS (
            UPDATE execution_steps s
            SET status = CASE $2 WHEN 'skip' THEN 'succeeded' ELSE 'failed' END,
                output = CASE $2 WHEN 'skip' THEN $3 END, finished_at = clock_timestamp()
            FROM found WHERE s.execution_id = found.id AND s.status = 'indeterminate'
        ), changed AS (
            UPDATE executions e
            SET state = CASE $2 WHEN 'fail' THEN 'failed' ELSE 'queued' END,
                finished_at = CASE $2 WHEN 'fail' THEN clock_timestamp() END,
                rested_since = CASE $2 WHEN 'fail' THEN NULL ELSE e.finished_at END,
                deadline_at = CASE WHEN e.deadline_at IS NOT NULL THEN e.deadline_at + (clock_timestamp() - e.finished_at) END,
                updated_at = clock_timestamp()
            FROM found WHERE e.id = found.id
            RETURNING e.*
        ), queued AS (
            INSERT INTO execution_queue (
                tenant_id, execution_id, definition_id, parent_id, priority, ready_at, epoch, expires_at, lane, lane_limit,
                definition_limit)
            SELECT c.tenant_id, c.id, c.definition_id, c.parent_id, c.priority,
                clock_timestamp() - c.priority * \(EnqueueClause.headStart), c.epoch + 1, c.deadline_at,
                \(EnqueueClause.lane(of: "c", body: "v.body"))
            FROM changed c
            JOIN definition_versions v
                ON (v.tenant_id, v.definition_id, v.version) = (c.tenant_id, c.definition_id, c.definition_version)
            WHERE c.state = 'queued'
        ), told AS (
            \(EventClause.execution("changed", type: EventClause.byState))
        )
        SELECT insula_audit($4, id) FROM changed
        """)

    // MARK: Again

    private static let again = """
        WITH wanted (\(EnqueueClause.columns)) AS (
            SELECT e.tenant_id, $2, e.definition_id, e.definition_version, v.body, 'manual', e.input, e.priority, NULL::timestamptz,
                e.concurrency_key, NULL::uuid, 0, e.id, $3
            FROM executions e
            JOIN definition_versions v
                ON (v.tenant_id, v.definition_id, v.version) = (e.tenant_id, e.definition_id, e.definition_version)
            -- What may not be triggered is not run again either.
            JOIN definitions d ON (d.tenant_id, d.id) = (e.tenant_id, e.definition_id) AND d.state IN ('running', 'active')
            JOIN tenants t ON t.tenant_id = e.tenant_id AND t.state = 'active'
            WHERE e.id = $1 AND ($3 IS NULL OR EXISTS (
                SELECT FROM execution_steps s WHERE s.execution_id = e.id AND s.step_key = $3))
                AND NOT ($5 AND EXISTS (SELECT FROM executions r WHERE r.origin_id = e.id AND r.origin_step IS NULL))
            FOR KEY SHARE OF e, t FOR SHARE OF d
        ), \(EnqueueClause.making("wanted"))
        """

    /// Keeps others from running the same again at the same moment. In a statement of its own, so that the next one sees what they made.
    static let lockOrigins = Statement<Void, [ExecutionID]>(
        "lock what is run again", "SELECT 1 FROM executions WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE")

    /// A new execution of the same version with the same input; with `$5` only if there is none yet.
    static let replay = Statement<Void, ExecutionID, ExecutionID, String?, AuditEntry, Bool>(
        "replay an execution", again + " SELECT insula_audit($4, id) FROM made")

    /// Why an execution is not run again: the kind and the state of its definition, and whether it has the step `$2`.
    static let standing = Statement<(kind: String, state: String, hasStep: Bool), ExecutionID, String?>(
        "whether an execution can be run again",
        """
        SELECT d.kind, d.state, $2 IS NULL OR EXISTS (SELECT FROM execution_steps s WHERE s.execution_id = e.id AND s.step_key = $2)
        FROM executions e JOIN definitions d ON d.id = e.definition_id WHERE e.id = $1 AND d.state <> 'deleted'
        """, repeatable: true
    ) { row throws(Fault) in (kind: try row.value(0), state: try row.value(1), hasStep: try row.value(2)) }

    /// Such a one that takes over what the old one had done before a step: `$1` the old, `$2` the new, `$3` the step.
    static let fork = Statement<Void, ExecutionID, ExecutionID, String>(
        "take over a journal",
        """
        INSERT INTO execution_steps (
            tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch, output, started_at,
            finished_at)
        SELECT s.tenant_id, made.id, s.step_key, s.tool, s.effect, s.input_hash, s.input, s.status, s.attempt, 0, s.output,
            s.started_at, s.finished_at
        FROM executions made
        JOIN execution_steps s ON s.execution_id = $1 AND s.status = 'succeeded'
        JOIN execution_steps limited ON limited.execution_id = $1 AND limited.step_key = $3
        WHERE made.id = $2 AND made.origin_id = $1 AND (s.started_at, s.step_key) < (limited.started_at, limited.step_key)
        """)

    // MARK: Many

    /// What a filter chooses, oldest first. For a replay, what was replayed before is not chosen again, nor what may not be run.
    static let choose = Statement<ExecutionID, UUIDBits?, [String], String?, String?, Timestamp?, Int>(
        "choose executions",
        """
        SELECT e.id FROM executions e
        WHERE ($1 IS NULL OR e.definition_id = $1) AND e.state = ANY ($2) AND ($3 IS NULL OR e.trigger = $3)
            AND ($4 IS NULL OR e.error_class = $4) AND ($5 IS NULL OR e.created_at < $5)
            AND NOT (e.state IN ('failed', 'timed_out', 'cancelled')
                AND (EXISTS (SELECT FROM executions r WHERE r.origin_id = e.id AND r.origin_step IS NULL)
                    OR (SELECT d.state FROM definitions d WHERE d.id = e.definition_id) NOT IN ('running', 'active')))
        ORDER BY e.id LIMIT $6
        """
    ) { row throws(Fault) in try row.value(0) }
}
