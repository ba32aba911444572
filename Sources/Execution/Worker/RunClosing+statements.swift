// The statements of what runs have done. Each looks at the fences of all of them first, and writes for those that are still held.

import Base
import JSON
import Postgres

extension RunClosing {
    /// By which lease an execution ended, and in which state.
    typealias Ended = (lease: HeldLease, state: ExecutionState)

    static let statements: [any AnyStatement] = [complete, log, end]

    /// Writes down steps that began and succeeded since the last write: what `StepStatements.begin` and `finish` would, as one. `$3` is the
    /// number of the fence, `$11` and `$12` what a step itself has cost, `$13` and `$14` its children, whose executions say so themselves.
    static let complete = Statement<
        Void, [ExecutionID], [Int], [Int], [String], [String], [String], [[UInt8]], [JSONBytes], [Int], [JSONBytes?],
        [Int], [Int], [Int], [Int]
    >(
        "write whole steps",
        """
        WITH fence AS MATERIALIZED (\(RunStatements.fences)), done AS MATERIALIZED (
            SELECT fence.tenant_id, fence.execution_id, fence.epoch, step.*
            FROM unnest(
                $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::jsonb[], $9::bigint[], $10::jsonb[], $11::bigint[],
                $12::bigint[], $13::bigint[], $14::bigint[]
            ) WITH ORDINALITY AS step (
                lease, key, tool, effect, hash, input, attempt, output, tokens, cost, tokens_below, cost_below, number)
            JOIN fence ON fence.number = step.lease
        ), finished AS (
            INSERT INTO execution_steps AS s (
                tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch, output, tokens,
                cost_microdollars, started_at, finished_at)
            SELECT tenant_id, execution_id, key, tool, effect, hash, input, 'succeeded', attempt, epoch, output, tokens + tokens_below,
                cost + cost_below, clock_timestamp(), clock_timestamp()
            FROM done ORDER BY number
            ON CONFLICT (tenant_id, execution_id, step_key) DO UPDATE
            SET status = 'succeeded', attempt = excluded.attempt, epoch = excluded.epoch, output = excluded.output, error = NULL,
                tokens = s.tokens + excluded.tokens, cost_microdollars = s.cost_microdollars + excluded.cost_microdollars,
                started_at = excluded.started_at, finished_at = excluded.finished_at
            WHERE s.status <> 'succeeded'
            RETURNING s.*
        ), spent AS (
            UPDATE executions e SET tokens = e.tokens + owed.tokens, cost_microdollars = e.cost_microdollars + owed.cost
            FROM (
                SELECT e.place, total.tokens, total.cost FROM (
                    SELECT d.tenant_id, d.execution_id, sum(d.tokens)::bigint AS tokens, sum(d.cost)::bigint AS cost
                    FROM done d JOIN finished f ON (f.execution_id, f.step_key) = (d.execution_id, d.key)
                    WHERE d.tokens + d.cost > 0 GROUP BY d.tenant_id, d.execution_id
                ) total CROSS JOIN LATERAL \(RunStatements.execution(of: "total"))
            ) owed WHERE e.ctid = owed.place
        ), moments AS (
            SELECT f.tenant_id, f.execution_id, f.step_key, f.tool, told.status, f.attempt
            FROM (SELECT *, row_number() OVER () AS place FROM finished) f
            CROSS JOIN (VALUES (1, 'started'), (2, 'succeeded')) AS told (number, status)
            ORDER BY f.place, told.number
        )
        \(EventClause.step("moments", type: "'step.' || status"))
        """)

    /// Writes lines of logs; `$3` is the number of the fence.
    static let log = Statement<Void, [ExecutionID], [Int], [Int], [Int], [Timestamp], [String], [String], [JSONBytes]>(
        "write the logs of runs",
        """
        WITH fence AS MATERIALIZED (\(RunStatements.fences))
        INSERT INTO execution_logs (tenant_id, execution_id, seq, at, level, message, metadata)
        SELECT fence.tenant_id, fence.execution_id, line.seq, line.at, line.level, line.message, line.metadata
        FROM unnest($3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[], $8::jsonb[])
            AS line (lease, seq, at, level, message, metadata)
        JOIN fence ON fence.number = line.lease
        ON CONFLICT DO NOTHING
        """)

    /// Ends executions as `$3` where the state is one of `$4` (with commas between), or as cancelled where a cancel was asked for first.
    /// Steps that were under way are abandoned with the error `$7`; of what is indeterminate, those that may not be repeated stay unknown.
    static let end = Statement<
        Ended, [ExecutionID], [Int], [String], [String], [JSONBytes?], [JSONBytes?], [JSONBytes?], [String?]
    >(
        "end runs",
        """
        WITH fence AS MATERIALIZED (\(RunStatements.fences)), ending AS MATERIALIZED (
            SELECT fence.*, asked.state, string_to_array(asked.allowed, ',') AS allowed, asked.output, asked.error, asked.abandoned,
                asked.error_class
            FROM unnest($3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::text[])
                WITH ORDINALITY AS asked (state, allowed, output, error, abandoned, error_class, number)
            JOIN fence ON fence.number = asked.number
        ), gone AS (
            DELETE FROM execution_queue q USING ending WHERE q.ctid = ending.place
        ), abandoned AS (
            UPDATE execution_steps s
            SET status = CASE WHEN open.state = 'indeterminate' AND s.effect = 'unsafe' THEN 'indeterminate' ELSE 'abandoned' END,
                error = open.abandoned, finished_at = clock_timestamp()
            FROM (
                SELECT ending.state, ending.abandoned, s.place FROM ending CROSS JOIN LATERAL (
                    SELECT s.ctid AS place FROM execution_steps s
                    WHERE (s.tenant_id, s.execution_id) = (ending.tenant_id, ending.execution_id) AND s.status IN ('started', 'waiting')
                    FOR NO KEY UPDATE
                ) s
            ) open WHERE s.ctid = open.place
        ), found AS MATERIALIZED (
            SELECT ending.*, e.place AS row
            FROM ending CROSS JOIN LATERAL
                \(RunStatements.execution(of: "ending", where: "(e.state = ANY (ending.allowed) OR e.state = 'cancelling')"))
        ), ended AS (
            UPDATE executions e
            SET state = CASE WHEN e.state = ANY (found.allowed) THEN found.state ELSE 'cancelled' END,
                output = CASE WHEN e.state = ANY (found.allowed) THEN found.output END,
                -- Why it was cancelled, or what its last attempt failed with.
                error = CASE
                    WHEN found.state = 'cancelled' OR NOT e.state = ANY (found.allowed) THEN coalesce(found.error, e.error)
                    ELSE found.error END,
                error_class = CASE WHEN e.state = ANY (found.allowed) THEN found.error_class ELSE 'cancelled' END, epoch = found.epoch,
                finished_at = clock_timestamp(), updated_at = clock_timestamp()
            FROM found WHERE e.ctid = found.row
            RETURNING e.*
        ), told AS (
            \(EventClause.execution("ended", type: EventClause.byState))
        )
        SELECT id, epoch, state FROM ended
        """
    ) { row throws(Fault) in (HeldLease(execution: try row.value(0), epoch: try row.value(1)), try row.state(2)) }
}
