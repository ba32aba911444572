// The statements of a worker in the scope of the tenant that it works for. Each write is conditional on the epoch of the queue row, in
// the same statement: once a lease is lost, everything that its holder still writes finds no row.

import Base
import JSON
import Postgres

enum RunStatements {
    static let all: [any AnyStatement] = [begin, steps, beginStep, finishStep, log, end, retry]

    /// The fence: the queue row of `$1`, if it still has the epoch `$2`, locked against whoever would take it over or cancel it.
    private static let fence = """
        SELECT tenant_id, execution_id FROM execution_queue WHERE execution_id = $1 AND epoch = $2 FOR NO KEY UPDATE
        """

    /// Begins an attempt, or goes on with one whose worker was lost.
    static let begin = Statement<RunBeginning, ExecutionID, Int, [String]>(
        "begin a run",
        """
        WITH fence AS (\(fence)), begun AS (
            UPDATE executions e
            SET state = 'running', attempt = greatest(e.attempt, 1), started_at = coalesce(e.started_at, clock_timestamp()),
                updated_at = clock_timestamp()
            FROM fence WHERE e.id = fence.execution_id AND e.state = ANY ($3)
            RETURNING e.*
        )
        SELECT b.definition_id, b.attempt, b.max_attempts, b.input, coalesce(v.body -> 'blueprint', v.body),
            CASE d.state WHEN 'stopped' THEN 'stopped' ELSE 'running' END, clock_timestamp(),
            b.timeout_milliseconds - (extract(epoch FROM clock_timestamp() - b.started_at) * 1000)::bigint
        FROM begun b
        JOIN definitions d ON (d.tenant_id, d.id) = (b.tenant_id, b.definition_id)
        JOIN definition_versions v
            ON (v.tenant_id, v.definition_id, v.version) = (b.tenant_id, b.definition_id, b.definition_version)
        """
    ) { row throws(Fault) in
        RunBeginning(
            agent: try row.value(0), attempt: try row.value(1), maxAttempts: try row.value(2),
            input: try row.json(3) ?? .emptyObject, blueprint: try row.json(4) ?? .emptyObject,
            agentState: try row.state(5), now: try row.value(6), remainingMilliseconds: try row.value(7))
    }

    /// The journal of earlier attempts.
    static let steps = Statement<(key: String, entry: JournalEntry), ExecutionID>(
        "journal of an execution",
        "SELECT step_key, status, effect, input_hash, output FROM execution_steps WHERE execution_id = $1"
    ) { row throws(Fault) in
        let hash = try row.value(3, as: [UInt8].self)
        return (
            try row.value(0),
            JournalEntry(status: try row.state(1), effect: try row.state(2), inputHash: hash, output: try row.json(4))
        )
    }

    /// Writes down that a step begins, before it does.
    static let beginStep = Statement<Void, ExecutionID, Int, String, String, String, [UInt8], JSONBytes, Int>(
        "begin a step",
        """
        WITH fence AS (\(fence))
        INSERT INTO execution_steps AS s (tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch)
        SELECT tenant_id, execution_id, $3, $4, $5, $6, $7, 'started', $8, $2 FROM fence
        ON CONFLICT (tenant_id, execution_id, step_key) DO UPDATE
        SET status = 'started', attempt = excluded.attempt, epoch = excluded.epoch, error = NULL,
            started_at = clock_timestamp(), finished_at = NULL
        WHERE s.status <> 'succeeded'
        """)

    /// Writes down what a step came to: an output, or an error.
    static let finishStep = Statement<Void, ExecutionID, Int, String, JSONBytes?, JSONBytes?>(
        "finish a step",
        """
        WITH fence AS (\(fence))
        UPDATE execution_steps s
        SET status = CASE WHEN $4 IS NULL THEN 'failed' ELSE 'succeeded' END, output = $4, error = $5,
            finished_at = clock_timestamp()
        FROM fence WHERE s.execution_id = fence.execution_id AND s.step_key = $3 AND s.epoch = $2
        """)

    static let log = Statement<Void, ExecutionID, Int, [Int], [Timestamp], [String], [String], [JSONBytes]>(
        "write the log of a run",
        """
        WITH fence AS (\(fence))
        INSERT INTO execution_logs (tenant_id, execution_id, seq, at, level, message, metadata)
        SELECT fence.tenant_id, fence.execution_id, line.*
        FROM fence, unnest($3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::jsonb[]) AS line
        ON CONFLICT DO NOTHING
        """)

    /// Ends an execution as `$3` where the state is one of `$4`, or as cancelled where a cancel was asked for first. Steps that
    /// were under way fail with the error `$7`, unless that is NULL.
    static let end = Statement<ExecutionState, ExecutionID, Int, String, [String], JSONBytes?, JSONBytes?, JSONBytes?>(
        "end a run",
        """
        WITH fence AS (
            DELETE FROM execution_queue WHERE execution_id = $1 AND epoch = $2 RETURNING execution_id
        ), abandoned AS (
            UPDATE execution_steps s SET status = 'failed', error = $7, finished_at = clock_timestamp()
            FROM fence WHERE s.execution_id = fence.execution_id AND s.status = 'started' AND $7 IS NOT NULL
        )
        UPDATE executions e
        SET state = CASE WHEN e.state = ANY ($4) THEN $3 ELSE 'cancelled' END,
            output = CASE WHEN e.state = ANY ($4) THEN $5 END, error = $6,
            finished_at = clock_timestamp(), updated_at = clock_timestamp()
        FROM fence WHERE e.id = fence.execution_id AND (e.state = ANY ($4) OR e.state = 'cancelling')
        RETURNING e.state
        """
    ) { row throws(Fault) in try row.state(0) }

    /// Hands an execution back to the queue for its next attempt, unless somebody wants it cancelled. The epoch moves on, so that
    /// the same written twice changes nothing.
    static let retry = Statement<Void, ExecutionID, Int, Int, JSONBytes>(
        "put off a run",
        """
        WITH fence AS (
            UPDATE execution_queue
            SET epoch = epoch + 1, node_id = NULL, lease_expires_at = NULL,
                -- Not beyond the end of the whole run: then it is picked up to be ended.
                ready_at = least(
                    clock_timestamp() + $3 * interval '1 millisecond',
                    (SELECT r.started_at + r.timeout_milliseconds * interval '1 millisecond' FROM executions r WHERE r.id = $1))
            WHERE execution_id = $1 AND epoch = $2 AND NOT cancel_requested
            RETURNING execution_id
        )
        UPDATE executions e SET state = 'retry_wait', attempt = e.attempt + 1, error = $4, updated_at = clock_timestamp()
        FROM fence WHERE e.id = fence.execution_id AND e.state = 'running'
        """)
}
