// The statements of the journal: a step begins, finishes, waits, and takes what it waited for. All of them under the fence of the run.

import Base
import JSON
import Postgres

enum StepStatements {
    static let all: [any AnyStatement] = [journal, begin, finish, record, wait, take, children, lockMoot, cancelMoot]

    /// A step as the journal has it.
    typealias Known = (execution: ExecutionID, key: String, entry: Result<JournalEntry, Fault>)

    /// The journals of executions. Each is looked up by itself, whatever the planner knows.
    static let journal = Statement<Known, [ExecutionID]>(
        "journals of executions",
        """
        SELECT wanted.id, s.* FROM (SELECT * FROM unnest($1::uuid[]) id LIMIT cardinality($1::uuid[])) wanted
        CROSS JOIN LATERAL (
            SELECT s.step_key, s.status, s.effect, s.input_hash, s.output, s.wait, s.waits, s.tokens, s.cost_microdollars
            FROM execution_steps s WHERE s.execution_id = wanted.id OFFSET 0
        ) s
        """
    ) { row throws(Fault) in
        // What can't be read is the matter of its run alone.
        let entry: Result<JournalEntry, Fault>
        do throws(Fault) { entry = .success(try journalEntry(row)) } catch { entry = .failure(error) }
        return (try row.value(0), try row.value(1), entry)
    }

    private static func journalEntry(_ row: borrowing RowReader) throws(Fault) -> JournalEntry {
        let hash = try row.value(4, as: [UInt8].self)
        let wait = try row.value(6, as: JSONBytes?.self)
        return JournalEntry(
            status: try row.state(2), effect: try row.state(3), inputHash: hash, output: try row.json(5),
            wait: wait == nil ? nil : Wait(stored: try JSONValue(parsing: wait!.bytes)), waits: try row.value(7),
            taken: Taken(tokens: try row.value(8), microdollars: try row.value(9)))
    }

    /// Writes down that a step begins, before it does.
    static let begin = Statement<Void, ExecutionID, Int, String, String, String, [UInt8], JSONBytes, Int>(
        "begin a step",
        """
        WITH fence AS (\(RunStatements.fence)), begun AS (
            INSERT INTO execution_steps AS s (
                tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch, started_at)
            SELECT tenant_id, execution_id, $3, $4, $5, $6, $7, 'started', $8, $2, clock_timestamp() FROM fence
            ON CONFLICT (tenant_id, execution_id, step_key) DO UPDATE
            SET status = 'started', attempt = excluded.attempt, epoch = excluded.epoch, error = NULL,
                started_at = clock_timestamp(), finished_at = NULL
            WHERE s.status <> 'succeeded'
            RETURNING *
        )
        \(EventClause.step("begun", type: "'step.started'"))
        """)

    /// Writes down what a step came to, an output or an error, and what it cost: `$6` and `$7` itself, `$8` and `$9` its children, whose
    /// executions say so themselves.
    static let finish = Statement<Void, ExecutionID, Int, String, JSONBytes?, JSONBytes?, Int, Int, Int, Int>(
        "finish a step",
        """
        WITH fence AS (\(RunStatements.fence)), finished AS (
            UPDATE execution_steps s
            SET status = CASE WHEN $4 IS NULL THEN 'failed' ELSE 'succeeded' END, output = $4, error = $5,
                tokens = s.tokens + $6 + $8, cost_microdollars = s.cost_microdollars + $7 + $9, finished_at = clock_timestamp()
            FROM fence WHERE s.execution_id = $1 AND s.step_key = $3 AND s.epoch = $2 AND s.status = 'started'
            RETURNING s.*
        ), spent AS (
            UPDATE executions e SET tokens = e.tokens + $6, cost_microdollars = e.cost_microdollars + $7
            FROM finished WHERE e.id = $1 AND $6 + $7 > 0
        ), told AS (
            \(EventClause.step("finished", type: "'step.' || status"))
        )
        -- One that was written before, when the answer was lost.
        SELECT 1 FROM finished
        UNION ALL
        SELECT 1 FROM fence JOIN execution_steps s ON s.execution_id = $1 AND s.step_key = $3
            AND s.epoch = $2 AND s.status IN ('succeeded', 'failed')
        """)

    /// Writes down a step that succeeded together with what it did. Its beginning stands there already.
    static let record = Statement<Void, ExecutionID, Int, String, JSONBytes, Int, Int>(
        "record a step",
        """
        WITH fence AS (\(RunStatements.fence)), finished AS (
            UPDATE execution_steps s
            SET status = 'succeeded', output = $4, tokens = s.tokens + $5, cost_microdollars = s.cost_microdollars + $6,
                finished_at = clock_timestamp()
            FROM fence WHERE s.execution_id = $1 AND s.step_key = $3 AND s.epoch = $2 AND s.status = 'started'
            RETURNING s.*
        ), spent AS (
            UPDATE executions e SET tokens = e.tokens + $5, cost_microdollars = e.cost_microdollars + $6
            FROM finished WHERE e.id = $1 AND $5 + $6 > 0
        )
        \(EventClause.step("finished", type: "'step.succeeded'"))
        """)

    /// Writes down what a step waits for, for the time of number `$5`, and what it has cost by then. The same twice costs nothing more.
    static let wait = Statement<Void, ExecutionID, Int, String, JSONBytes, Int, Int, Int>(
        "let a step wait",
        """
        WITH fence AS (\(RunStatements.fence)), before AS (
            SELECT s.waits < $5 AS is_new FROM fence JOIN execution_steps s ON s.execution_id = $1 AND s.step_key = $3
            WHERE s.status = 'started'
        ), waiting AS (
            UPDATE execution_steps s
            SET status = 'waiting', wait = $4, waits = $5,
                tokens = s.tokens + CASE WHEN before.is_new THEN $6 ELSE 0 END,
                cost_microdollars = s.cost_microdollars + CASE WHEN before.is_new THEN $7 ELSE 0 END
            FROM before WHERE s.execution_id = $1 AND s.step_key = $3
            RETURNING before.is_new
        )
        UPDATE executions e SET tokens = e.tokens + $6, cost_microdollars = e.cost_microdollars + $7
        FROM waiting WHERE e.id = $1 AND waiting.is_new AND $6 + $7 > 0
        """)

    /// Takes the first signal of the name `$3` for the wait of number `$5` of the step `$4`, or again the one that this wait took before.
    static let take = Statement<TakenSignal, ExecutionID, Int, String, String, Int>(
        "take a signal",
        """
        WITH fence AS (\(RunStatements.fence)), found AS (
            SELECT s.id FROM execution_signals s
            WHERE s.execution_id = $1 AND s.name = $3
                AND (s.taken_by IS NULL OR (s.taken_by, s.taken_wait) = ($4, $5))
            ORDER BY s.taken_by NULLS LAST, s.seq LIMIT 1
        )
        UPDATE execution_signals s SET taken_by = $4, taken_wait = $5
        FROM fence, found
        WHERE s.execution_id = $1 AND s.id = found.id
            -- Again, for another step of the run may have taken it meanwhile.
            AND (s.taken_by IS NULL OR (s.taken_by, s.taken_wait) = ($4, $5))
        RETURNING s.payload, s.sender
        """
    ) { row throws(Fault) in TakenSignal(payload: try row.json(0) ?? .null, sender: try row.value(1)) }

    /// What children came to, and what they have taken with all below them.
    static let children = Statement<ChildOutcome, [ExecutionID]>(
        "outcomes of children",
        """
        SELECT c.id, c.state, c.output, c.error, below.tokens, below.cost
        FROM executions c CROSS JOIN LATERAL (
            WITH RECURSIVE tree (id, tokens, cost) AS (
                SELECT c.id, c.tokens, c.cost_microdollars
                UNION ALL
                SELECT e.id, e.tokens, e.cost_microdollars FROM tree JOIN executions e ON e.parent_id = tree.id
            )
            SELECT sum(tokens)::bigint AS tokens, sum(cost)::bigint AS cost FROM tree
        ) below
        WHERE c.id = ANY ($1)
        """
    ) { row throws(Fault) in
        ChildOutcome(
            execution: try row.value(0), state: try row.state(1), output: try row.json(2), error: try row.json(3),
            taken: Taken(tokens: try row.value(4), microdollars: try row.value(5)))
    }

    /// Those of the children `$3` that still belong to the run.
    private static let moot = """
        SELECT c.id FROM execution_queue q JOIN executions c ON c.parent_id = q.execution_id
        WHERE q.execution_id = $1 AND q.epoch = $2 AND c.id = ANY ($3)
        """
    static let lockMoot = Statement<Void, ExecutionID, Int, [ExecutionID]>(
        "lock children that nobody waits for", CancelClause.locking(roots: moot))
    /// Cancels children for which a run waits no more.
    static let cancelMoot = Statement<Void, ExecutionID, Int, [ExecutionID]>(
        "cancel children that nobody waits for", CancelClause.cancelling(roots: moot) + " SELECT 1 FROM changed")
}

/// A signal that a step has taken.
struct TakenSignal: Sendable {
    let payload: JSONRaw
    /// The user or key that sent it.
    let sender: String?
}
