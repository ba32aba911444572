// The statements of executions as tenants use them. Those of the worker are beside the worker.

import Base
import JSON
import Postgres
import Tenancy

enum ExecutionStatements {
    static let all: [any AnyStatement] = [trigger, get, list, result, exists, steps, logs, lock, cancel]

    /// What a trigger came to: the agent's state, and the execution if that state allows one.
    struct Triggered: Sendable {
        let agentState: AgentState
        let execution: Execution?
    }

    static let trigger = Statement<Triggered, TenantID, AgentID, ExecutionID, JSONBytes, AuditEntry>(
        "trigger agent",
        """
        WITH agent AS (
            SELECT d.id, d.state, d.version, v.body
            FROM definitions d
            JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
            -- Who halts a tenant locks its row: no work is added behind his back.
            JOIN tenants t ON t.tenant_id = d.tenant_id AND t.state = 'active'
            WHERE d.id = $2 AND d.kind = 'agent'
            FOR SHARE OF d FOR KEY SHARE OF t
        ), made AS (
            INSERT INTO executions (tenant_id, id, definition_id, definition_version, state, trigger, input,
                max_attempts, timeout_milliseconds)
            SELECT $1, $3, id, version, 'queued', 'manual', $4,
                (body #>> '{limits,max_attempts}')::int, (body #>> '{limits,timeout_seconds}')::int * 1000
            FROM agent WHERE state = 'running'
            RETURNING *, insula_audit($5, id)
        ), queued AS (
            INSERT INTO execution_queue (tenant_id, execution_id, definition_id)
            SELECT tenant_id, id, definition_id FROM made
        )
        SELECT m.id, 'agent ' || agent.id, agent.version, m.state, m.attempt, m.max_attempts, m.timeout_milliseconds / 1000,
            m.created_at, m.started_at, m.finished_at, m.input, m.output, m.error, agent.state
        FROM agent LEFT JOIN made m ON true
        """
    ) { row throws(Fault) in
        Triggered(agentState: try row.state(13), execution: row.isNull(0) ? nil : try execution(row))
    }

    private static let summaryColumns = """
        id, \(DefinitionReference.column), definition_version, state, attempt, max_attempts, timeout_milliseconds / 1000,
        created_at, started_at, finished_at
        """

    static let get = Statement<Execution, ExecutionID>(
        "execution by id", "SELECT \(summaryColumns), input, output, error FROM executions WHERE id = $1", repeatable: true,
        decode: execution)

    static let list = Statement<ExecutionSummary, AgentID?, String?, ExecutionID?, Int, Bool>(
        "list executions",
        """
        SELECT \(summaryColumns) FROM executions
        WHERE ($1 IS NULL OR definition_id = $1) AND ($2 IS NULL OR state = $2)
        \(ListClause.after("id", place: "$3", ascending: "$5", limit: "$4"))
        """, repeatable: true, decode: summary)

    static let result = Statement<ExecutionResult, ExecutionID>(
        "result of an execution",
        "SELECT id, \(DefinitionReference.column), state, output, error, finished_at FROM executions WHERE id = $1",
        repeatable: true
    ) { row throws(Fault) in
        ExecutionResult(
            id: try row.value(0), definition: try row.definition(1), state: try row.state(2), result: try row.json(3),
            error: try row.json(4),
            finishedAt: try row.value(5))
    }

    static let exists = Statement<Bool, ExecutionID>(
        "whether an execution exists", "SELECT true FROM executions WHERE id = $1", repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    static let steps = Statement<ExecutionStep, ExecutionID, Int>(
        "steps of an execution",
        """
        SELECT step_key, tool, effect, status, attempt, input, output, error, started_at, finished_at
        FROM execution_steps WHERE execution_id = $1 ORDER BY started_at, step_key LIMIT $2
        """, repeatable: true
    ) { row throws(Fault) in
        ExecutionStep(
            key: try row.value(0), tool: try row.value(1), effect: try row.state(2), status: try row.state(3),
            attempt: try row.value(4), input: try row.json(5) ?? .emptyObject, result: try row.json(6), error: try row.json(7),
            startedAt: try row.value(8), finishedAt: try row.value(9))
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

    /// The lock that a worker's every write needs too.
    static let lock = Statement<Void, ExecutionID>(
        "lock a queue row", "SELECT 1 FROM execution_queue WHERE execution_id = $1 FOR UPDATE")

    /// Ends what waits; asks for a cancel of what a worker holds. The lock is held, so that neither turns into the other.
    static let cancel = Statement<Execution, ExecutionID, [String], AuditEntry>(
        "cancel an execution",
        """
        WITH waiting AS (
            DELETE FROM execution_queue WHERE execution_id = $1 AND node_id IS NULL
            RETURNING execution_id, true AS at_once
        ), held AS (
            UPDATE execution_queue SET cancel_requested = true WHERE execution_id = $1 AND node_id IS NOT NULL
            RETURNING execution_id, false AS at_once
        )
        UPDATE executions
        SET state = CASE WHEN ended.at_once THEN 'cancelled' ELSE 'cancelling' END,
            finished_at = CASE WHEN ended.at_once THEN clock_timestamp() END, updated_at = clock_timestamp()
        FROM (SELECT * FROM waiting UNION ALL SELECT * FROM held) ended
        WHERE id = ended.execution_id AND state = ANY ($2)
        RETURNING \(summaryColumns), input, output, error, insula_audit($3, id)
        """, decode: execution)

    private static func summary(_ row: borrowing RowReader) throws(Fault) -> ExecutionSummary {
        ExecutionSummary(
            id: try row.value(0), definition: try row.definition(1), agentVersion: try row.value(2), state: try row.state(3),
            attempt: try row.value(4), maxAttempts: try row.value(5), timeoutSeconds: try row.value(6),
            createdAt: try row.value(7), startedAt: try row.value(8), finishedAt: try row.value(9))
    }

    private static func execution(_ row: borrowing RowReader) throws(Fault) -> Execution {
        Execution(
            summary: try summary(row), input: try row.json(10) ?? .emptyObject, result: try row.json(11), error: try row.json(12))
    }
}
