// The statements of executions as tenants use them. Those of the worker are beside the worker.

import Base
import JSON
import Postgres
import Tenancy

enum ExecutionStatements {
    static let all: [any AnyStatement] = [AgentTrigger.statement, get, list, result, exists, steps, logs]

    /// The columns of a summary, each behind `prefix`.
    static func columns(_ prefix: String = "") -> String {
        summaryNames.map { $0 == "definition_id" ? DefinitionReference.column(prefix) : prefix + $0 }.joined(separator: ", ")
    }

    private static let summaryNames = [
        "id", "definition_id", "definition_version", "state", "trigger", "attempt", "max_attempts",
        "timeout_milliseconds / 1000", "priority", "concurrency_key", "parent_id", "origin_id", "origin_step", "tokens",
        "cost_microdollars", "error_class", "created_at", "start_at", "started_at", "finished_at",
    ]
    static let summaryCount = 20
    private static let summaryColumns = columns()

    static let get = Statement<Execution, ExecutionID>(
        "execution by id",
        "SELECT \(summaryColumns), input, output, error FROM executions WHERE id = $1 AND \(DefinitionReference.isThere)",
        repeatable: true,
        decode: execution)

    static let list = Statement<
        ExecutionSummary, UUIDBits?, [String]?, String?, String?, ExecutionID?, ExecutionID?, Int, Bool
    >(
        "list executions",
        """
        SELECT \(summaryColumns) FROM executions
        WHERE ($1 IS NULL OR definition_id = $1) AND ($2 IS NULL OR state = ANY ($2)) AND ($3 IS NULL OR trigger = $3)
            AND ($4 IS NULL OR error_class = $4) AND ($5 IS NULL OR parent_id = $5) AND \(DefinitionReference.isThere)
        \(ListClause.after("id", place: "$6", ascending: "$8", limit: "$7"))
        """, repeatable: true, decode: summary)

    static let result = Statement<ExecutionResult, ExecutionID>(
        "result of an execution",
        """
        SELECT id, \(DefinitionReference.column()), state, output, error, finished_at FROM executions
        WHERE id = $1 AND \(DefinitionReference.isThere)
        """,
        repeatable: true
    ) { row throws(Fault) in
        ExecutionResult(
            id: try row.value(0), definition: try row.definition(1), state: try row.state(2), result: try row.json(3),
            error: try row.json(4),
            finishedAt: try row.value(5))
    }

    static let exists = Statement<Bool, ExecutionID>(
        "whether an execution exists", "SELECT true FROM executions WHERE id = $1 AND \(DefinitionReference.isThere)",
        repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    /// Steps behind `$2` and `$3`, at most `$4` and as many as fit into a part, each with how many there were without the latter bound.
    static let steps = Statement<(step: ExecutionStep, count: Int), ExecutionID, Timestamp?, String?, Int>(
        "steps of an execution",
        """
        SELECT step_key, tool, effect, status, attempt, input, output, error, started_at, finished_at, tokens,
            cost_microdollars, found
        FROM (
            SELECT page.*, count(*) OVER () AS found, row_number() OVER place AS number,
                sum(octet_length(input::text) + coalesce(octet_length(output::text), 0)
                    + coalesce(octet_length(error::text), 0)) OVER place AS bytes
            FROM (
                SELECT s.* FROM execution_steps s
                WHERE s.execution_id = $1 AND ($2 IS NULL OR (s.started_at, s.step_key) > ($2, $3))
                ORDER BY s.started_at, s.step_key LIMIT $4
            ) page
            WINDOW place AS (ORDER BY started_at, step_key)
        ) sized
        WHERE number = 1 OR bytes <= \(Executions.stepPageBytes)
        ORDER BY started_at, step_key
        """, repeatable: true
    ) { row throws(Fault) in
        let step = ExecutionStep(
            key: try row.value(0), tool: try row.value(1), effect: try row.state(2), status: try row.state(3),
            attempt: try row.value(4), input: try row.json(5) ?? .emptyObject, result: try row.json(6), error: try row.json(7),
            tokens: try row.value(10), costMicrodollars: try row.value(11), startedAt: try row.value(8),
            finishedAt: try row.value(9))
        return (step, try row.value(12))
    }

    static let logs = Statement<ExecutionLogLine, ExecutionID, Int, [String], Int>(
        "log of an execution",
        """
        SELECT seq, at, level, message, metadata FROM execution_logs
        WHERE execution_id = $1 AND seq > $2 AND level = ANY ($3) ORDER BY seq LIMIT $4
        """, repeatable: true
    ) { row throws(Fault) in
        ExecutionLogLine(
            seq: try row.value(0), at: try row.value(1), level: try row.state(2), message: try row.value(3),
            metadata: try row.json(4) ?? .emptyObject)
    }

    private static func summary(_ row: borrowing RowReader) throws(Fault) -> ExecutionSummary {
        ExecutionSummary(
            id: try row.value(0), definition: try row.definition(1), version: try row.value(2), state: try row.state(3),
            trigger: try row.state(4), attempt: try row.value(5), maxAttempts: try row.value(6),
            timeoutSeconds: try row.value(7), priority: try row.value(8), concurrencyKey: try row.value(9),
            parent: try row.value(10), origin: try row.value(11), originStep: try row.value(12), tokens: try row.value(13),
            costMicrodollars: try row.value(14), errorClass: row.isNull(15) ? nil : try row.state(15),
            createdAt: try row.value(16), startAt: try row.value(17), startedAt: try row.value(18),
            finishedAt: try row.value(19))
    }

    static func execution(_ row: borrowing RowReader) throws(Fault) -> Execution {
        Execution(
            summary: try summary(row), input: try row.json(summaryCount) ?? .emptyObject,
            result: try row.json(summaryCount + 1), error: try row.json(summaryCount + 2))
    }
}
