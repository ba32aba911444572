// The statements of tasks, each in the scope of its tenant. A change tells its event in the same statement.

import Base
import JSON
import Postgres
import Tenancy

enum TaskStatements {
    static let all: [any AnyStatement] = [
        create, exists, get, list, lock, update, move, endSchedules, sweep, delete, run, statistics,
    ]

    /// What changed, told to whoever watches. `changed` is a CTE of whole rows of `definitions`.
    private static func told(_ type: String) -> String {
        """
        told AS (
            INSERT INTO event_outbox (tenant_id, type, ref, payload)
            SELECT tenant_id, \(type), id, jsonb_build_object('name', name, 'state', state, 'version', version) FROM changed
        )
        """
    }

    static let create = Statement<Void, TenantID, TaskID, String, String, JSONBytes, AuditEntry>(
        "create task",
        """
        WITH changed AS (
            INSERT INTO definitions (tenant_id, id, kind, name, description, state, version)
            VALUES ($1, $2, 'task', $3, $4, 'active', 1)
            RETURNING *
        ), body AS (
            INSERT INTO definition_versions (tenant_id, definition_id, version, body) SELECT tenant_id, id, version, $5 FROM changed
        ), \(told("'task.created'"))
        SELECT insula_audit($6, id) FROM changed
        """)

    private static let selection = """
        SELECT d.id, d.name, d.description, d.state, d.version, v.body ->> 'type', v.body -> 'parameters',
            (v.body ->> 'priority')::int, v.body -> 'limits', last.id, last.state, d.created_at, d.updated_at, d.revision
        FROM definitions d
        JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
        LEFT JOIN LATERAL (
            SELECT e.id, e.state FROM executions e
            WHERE (e.tenant_id, e.definition_id) = (d.tenant_id, d.id) ORDER BY e.id DESC LIMIT 1) last ON true
        WHERE d.kind = 'task'
        """

    static let get = Statement<TaskDefinition, TaskID>(
        "task by id", selection + " AND d.id = $1", repeatable: true, decode: task)

    static let exists = Statement<Bool, TaskID>(
        "whether a task exists", "SELECT true FROM definitions WHERE id = $1 AND kind = 'task'", repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    static let list = Statement<TaskDefinition, String?, String?, [String]?, Bool, TaskID?, Int, Bool>(
        "list tasks",
        selection + """
             AND ($1 IS NULL OR d.state = $1) AND ($2 IS NULL OR v.body ->> 'type' = $2)
            AND ($3::text[] IS NULL OR last.state = ANY ($3) OR $4 AND last.state IS NULL)
            """ + " " + ListClause.after("d.id", place: "$5", ascending: "$7", limit: "$6"),
        repeatable: true, decode: task)

    /// A task that is about to change.
    struct Present: Sendable {
        let state: TaskState
        let body: TaskBody
    }

    static let lock = Statement<Present, TaskID>(
        "lock task",
        """
        SELECT d.state, v.body ->> 'type', v.body -> 'parameters', (v.body ->> 'priority')::int, v.body -> 'limits'
        FROM definitions d
        JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
        WHERE d.id = $1 AND d.kind = 'task' FOR NO KEY UPDATE OF d
        """
    ) { row throws(Fault) in
        let parameters = try JSONValue(parsing: (try row.json(2) ?? .emptyObject).bytes).object ?? JSONObject()
        let limits = try Blueprint.RunLimits.input.decode((try row.json(4) ?? .emptyObject).bytes)
        return Present(
            state: try row.state(0),
            body: TaskBody(try row.state(1), parameters: parameters, priority: try row.value(3), limits: limits))
    }

    static let update = Statement<Void, TaskID, String?, String?, JSONBytes?, [Int]?, AuditEntry>(
        "update task",
        """
        WITH changed AS (
            UPDATE definitions
            SET name = coalesce($2, name), description = coalesce($3, description),
                version = version + CASE WHEN $4 IS NULL THEN 0 ELSE 1 END, revision = revision + 1, updated_at = clock_timestamp()
            WHERE id = $1 AND kind = 'task' AND ($5::bigint[] IS NULL OR revision = ANY ($5))
            RETURNING *
        ), body AS (
            INSERT INTO definition_versions (tenant_id, definition_id, version, body)
            SELECT tenant_id, id, version, $4 FROM changed WHERE $4 IS NOT NULL
        ), \(told("'task.updated'"))
        SELECT insula_audit($6, id) FROM changed
        """)

    /// Changes the state when the present one allows it.
    static let move = Statement<Void, TaskID, String, [String], String, AuditEntry>(
        "move task",
        """
        WITH changed AS (
            UPDATE definitions SET state = $2, revision = revision + 1, updated_at = clock_timestamp()
            WHERE id = $1 AND kind = 'task' AND state = ANY ($3)
            RETURNING *
        ), \(told("$4"))
        SELECT insula_audit($5, id) FROM changed
        """)

    /// What will never run again is not waited for.
    static let endSchedules = Statement<Void, TaskID>(
        "end the schedules of an archived task",
        """
        UPDATE schedules s SET state = 'ended', next_fire_at = NULL, due_at = NULL, event_seq = NULL, revision = s.revision + 1,
            updated_at = clock_timestamp()
        FROM definitions d WHERE d.id = $1 AND d.state = 'archived' AND s.definition_id = d.id AND s.state <> 'ended'
        """)

    /// Takes the locks of the queue in the order in which everybody takes them.
    static let sweep = Statement<Void, TaskID>(
        "lock the queue of a task",
        "SELECT 1 FROM execution_queue WHERE definition_id = $1 ORDER BY execution_id FOR UPDATE")

    static let delete = Statement<Void, TaskID, [Int]?, AuditEntry>(
        "delete task",
        """
        WITH changed AS (
            DELETE FROM definitions WHERE id = $1 AND kind = 'task' AND ($2::bigint[] IS NULL OR revision = ANY ($2)) RETURNING *
        ), \(told("'task.deleted'"))
        SELECT insula_audit($3, id) FROM changed
        """)

    /// Makes a run of an active task; the state of the task, if there is one.
    static let run = Statement<TaskState, TaskID, ExecutionID, JSONBytes, AuditEntry>(
        "run task",
        """
        WITH task AS (
            SELECT d.tenant_id, d.id, d.state, d.version, v.body
            FROM definitions d
            JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
            -- Who halts a tenant locks its row: no work is added behind his back.
            JOIN tenants t ON t.tenant_id = d.tenant_id AND t.state = 'active'
            WHERE d.id = $1 AND d.kind = 'task'
            FOR SHARE OF d FOR KEY SHARE OF t
        ), wanted (\(EnqueueClause.columns)) AS (
            SELECT tenant_id, $2, id, version, body, 'manual', $3, (body ->> 'priority')::int, NULL::timestamptz, NULL, NULL::uuid, 0,
                NULL::uuid, NULL
            FROM task WHERE state = 'active'
        ), \(EnqueueClause.making("wanted"))
        SELECT task.state, CASE WHEN m.id IS NOT NULL THEN insula_audit($4, m.id) END FROM task LEFT JOIN made m ON true
        """
    ) { row throws(Fault) in try row.state(0) }

    static let statistics = Statement<TaskStatistics, TaskID, Int>(
        "statistics of a task",
        """
        SELECT count(*), count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'),
            count(*) FILTER (WHERE state = 'timed_out'), count(*) FILTER (WHERE state = 'cancelled'),
            count(*) FILTER (WHERE state = 'indeterminate'),
            percentile_disc(0.5) WITHIN GROUP (ORDER BY milliseconds) FILTER (WHERE state = 'succeeded'),
            percentile_disc(0.95) WITHIN GROUP (ORDER BY milliseconds) FILTER (WHERE state = 'succeeded'), max(finished_at)
        FROM (
            SELECT state, finished_at, (extract(epoch FROM finished_at - started_at) * 1000)::bigint AS milliseconds
            FROM executions WHERE definition_id = $1 ORDER BY id DESC LIMIT $2) latest
        """
    ) { row throws(Fault) in
        let (total, succeeded, failed) = (
            try row.value(0, as: Int.self), try row.value(1, as: Int.self), try row.value(2, as: Int.self)
        )
        let (timedOut, cancelled) = (try row.value(3, as: Int.self), try row.value(4, as: Int.self))
        let indeterminate = try row.value(5, as: Int.self)
        return TaskStatistics(
            total: total, live: total - succeeded - failed - timedOut - cancelled - indeterminate, succeeded: succeeded,
            failed: failed,
            timedOut: timedOut, cancelled: cancelled, indeterminate: indeterminate, medianMilliseconds: try row.value(6),
            p95Milliseconds: try row.value(7), lastFinishedAt: try row.value(8))
    }

    private static func task(_ row: borrowing RowReader) throws(Fault) -> TaskDefinition {
        TaskDefinition(
            id: try row.value(0), name: try row.value(1), description: try row.value(2), type: try row.state(5),
            parameters: try row.json(6) ?? .emptyObject, priority: try row.value(7), limits: try row.json(8) ?? .emptyObject,
            state: try row.state(3), status: TaskStatus(lastRun: row.isNull(10) ? nil : try row.state(10)),
            lastExecution: try row.value(9), version: try row.value(4), createdAt: try row.value(11),
            updatedAt: try row.value(12),
            revision: try row.value(13))
    }
}
