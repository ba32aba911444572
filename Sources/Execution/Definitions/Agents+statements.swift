// The statements of agents. Every one runs in the scope of its tenant; policies add the tenant to each condition.

import Base
import JSON
import Postgres
import Tenancy

enum AgentStatements {
    static let all: [any AnyStatement] =
        [create, get, list, update, move, delete, stop, lock, sweep, lockStarts, countRunning] + DefinitionRemoval.all
        + DefinitionQuota.all + [PlannedCall.present]

    static let create = Statement<Agent, TenantID, AgentID, String, String, JSONBytes, AuditEntry>(
        "create agent",
        """
        WITH made AS (
            INSERT INTO definitions (tenant_id, id, kind, name, description, state, version)
            VALUES ($1, $2, 'agent', $3, $4, 'created', 1)
            RETURNING *
        ), body AS (
            INSERT INTO definition_versions (tenant_id, definition_id, version, body)
            SELECT tenant_id, id, version, $5 FROM made
            RETURNING body
        ), told AS (
            \(EventClause.definition("made", type: "'agent.created'"))
        )
        SELECT id, name, description, state, version, body, created_at, updated_at, revision, insula_audit($6, id)
        FROM made, body
        """, decode: agent)

    static let get = Statement<Agent, AgentID>(
        "agent by id",
        """
        SELECT d.id, d.name, d.description, d.state, d.version, v.body, d.created_at, d.updated_at, d.revision
        FROM definitions d
        JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
        WHERE d.kind = 'agent' AND d.state <> 'deleted' AND d.id = $1
        """, repeatable: true, decode: agent)

    static let list = Statement<AgentSummary, String?, AgentID?, Int, Bool>(
        "list agents",
        """
        SELECT d.id, d.name, d.description, d.state, d.version, d.created_at, d.updated_at, d.revision
        FROM definitions d
        WHERE d.kind = 'agent' AND d.state <> 'deleted' AND ($1 IS NULL OR d.state = $1)
        \(ListClause.after("d.id", place: "$2", ascending: "$4", limit: "$3"))
        """, repeatable: true
    ) { row throws(Fault) in try summary(row, timesAt: 5) }

    static let update = Statement<Agent, AgentID, String?, String?, JSONBytes?, [Int]?, AuditEntry>(
        "update agent",
        """
        WITH changed AS (
            UPDATE definitions
            SET name = coalesce($2, name), description = coalesce($3, description),
                version = version + CASE WHEN $4 IS NULL THEN 0 ELSE 1 END, revision = revision + 1,
                updated_at = clock_timestamp()
            WHERE id = $1 AND kind = 'agent' AND state <> 'deleted' AND ($5::bigint[] IS NULL OR revision = ANY ($5))
            RETURNING *
        ), body AS (
            INSERT INTO definition_versions (tenant_id, definition_id, version, body)
            SELECT tenant_id, id, version, $4 FROM changed WHERE $4 IS NOT NULL
            RETURNING body
        ), told AS (
            \(EventClause.definition("changed", type: "'agent.updated'"))
        )
        SELECT c.id, c.name, c.description, c.state, c.version,
            coalesce((SELECT body FROM body), \(DefinitionReference.body(of: "c"))),
            c.created_at, c.updated_at, c.revision, insula_audit($6, c.id)
        FROM changed c
        """, decode: agent)

    /// Changes the state when the present one allows it.
    static let move = Statement<Agent, AgentID, String, [String], AuditEntry>(
        "move agent",
        """
        WITH moved AS (
            UPDATE definitions SET state = $2, revision = revision + 1, updated_at = clock_timestamp()
            WHERE id = $1 AND kind = 'agent' AND state = ANY ($3)
            RETURNING *
        ), told AS (
            \(EventClause.definition("moved", type: "'agent.' || CASE state WHEN 'running' THEN 'started' ELSE state END"))
        )
        SELECT m.id, m.name, m.description, m.state, m.version, \(DefinitionReference.body(of: "m")), m.created_at, m.updated_at,
            m.revision, insula_audit($4, m.id)
        FROM moved m
        """, decode: agent)

    static let lockStarts = Statement<Void, TenantID>(
        "lock the starts of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 3))")

    static let countRunning = Statement<Int>(
        "count running agents", "SELECT count(*) FROM definitions WHERE kind = 'agent' AND state = 'running'"
    ) { row throws(Fault) in try row.value(0) }

    /// Takes an agent out of sight.
    static let delete = Statement<Void, AgentID, [Int]?, AuditEntry>(
        "delete agent",
        """
        WITH gone AS (
            UPDATE definitions SET state = 'deleted', revision = revision + 1, updated_at = clock_timestamp()
            WHERE id = $1 AND kind = 'agent' AND state <> 'deleted' AND ($2::bigint[] IS NULL OR revision = ANY ($2))
            RETURNING *
        ), told AS (
            \(EventClause.definition("gone", type: "'agent.deleted'"))
        )
        SELECT insula_audit($3, id) FROM gone
        """)

    /// The lock of an agent, held to the end of the Sync.
    static let lock = Statement<Void, AgentID, [String]>(
        "lock agent", "SELECT 1 FROM definitions WHERE id = $1 AND state = ANY ($2) FOR NO KEY UPDATE")

    /// Takes the locks of what a stop will sweep, in the order in which renewals take them.
    static let sweep = Statement<Void, AgentID>("lock the queue of an agent", CancelClause.locking(roots: queued))

    /// Cancels what waits and asks for a cancel of what runs. The locks are held, so that nothing moves in between.
    static let stop: Statement<Void, AgentID> = CancelClause.statement(
        "cancel the executions of a stopped agent",
        roots: queued + " AND EXISTS (SELECT FROM definitions WHERE id = $1 AND state = 'stopped')")

    private static let queued = "SELECT execution_id FROM execution_queue WHERE definition_id = $1"

    private static func agent(_ row: borrowing RowReader) throws(Fault) -> Agent {
        Agent(summary: try summary(row, timesAt: 6), blueprint: JSONRaw(try row.value(5, as: JSONBytes.self).bytes))
    }

    /// - Parameter place: where the moments stand, behind the blueprint if there is one.
    private static func summary(_ row: borrowing RowReader, timesAt place: Int) throws(Fault) -> AgentSummary {
        AgentSummary(
            id: try row.value(0), name: try row.value(1), description: try row.value(2), state: try row.state(3),
            version: try row.value(4), createdAt: try row.value(place), updatedAt: try row.value(place + 1),
            revision: try row.value(place + 2))
    }
}

extension RowReader {
    /// A column that holds one of the words of an enumeration.
    func state<State: RawRepresentable<String>>(_ position: Int, as type: State.Type = State.self) throws(Fault) -> State {
        let text = try value(position, as: String.self)
        guard let state = State(rawValue: text) else {
            throw Fault(.internalError, "The server could not do it.", cause: "\(text) is no \(State.self)")
        }
        return state
    }

    /// A `jsonb` column that may be NULL.
    func json(_ position: Int) throws(Fault) -> JSONRaw? {
        try value(position, as: JSONBytes?.self).map { JSONRaw($0.bytes) }
    }
}
