// Somebody triggers an agent. Triggers of a tenant that come at once are one statement: each makes its execution, its row of the queue, its
// event and its line of the audit log, or nothing.

import Base
import JSON
import Postgres
import Tenancy

/// The wish for an execution of an agent.
struct AgentTrigger: GatheredWrite {
    let tenant: TenantID
    let agent: AgentID
    /// That the execution gets.
    let id: ExecutionID
    let trigger: TriggerAgent
    let audit: AuditEntry
    /// The version against whose schema the input was checked.
    var checked: Int?

    /// What a trigger came to: the agent's state, and the execution if that state allows one and the input was checked where it has to be.
    struct Outcome: Sendable {
        let agentState: AgentState
        /// What the input has to be checked against, if that is what is missing.
        let schema: InputSchema?
        let execution: Execution?
    }

    /// - Returns: for each what it came to; `nil` when there is no such agent.
    static func add(_ triggers: [AgentTrigger], to batch: inout Batch<Once>) -> Gatherer.Reading<[Outcome?]> {
        precondition(triggers.allSatisfy { $0.tenant == triggers[0].tenant }, "what is gathered belongs to one tenant")
        let slot = batch.add(
            statement, triggers[0].tenant, triggers.map(\.id), triggers.map(\.agent),
            triggers.map { JSONBytes($0.trigger.input.bytes) }, triggers.map(\.trigger.priority), triggers.map(\.trigger.startAt),
            triggers.map(\.trigger.concurrencyKey), triggers.map(\.audit), triggers.map(\.checked))
        return { results throws(Fault) in
            let outcomes = Dictionary(
                try results.rows(slot).map { ($0.id, $0.outcome) }, uniquingKeysWith: { first, _ in first })
            return triggers.map { outcomes[$0.id] }
        }
    }

    static let statement = Statement<
        (id: ExecutionID, outcome: Outcome), TenantID, [ExecutionID], [AgentID], [JSONBytes], [Int], [Timestamp?], [String?],
        [AuditEntry], [Int?]
    >(
        "trigger agents",
        """
        WITH asked AS MATERIALIZED (
            SELECT * FROM unnest(
                $2::uuid[], $3::uuid[], $4::jsonb[], $5::bigint[], $6::timestamptz[], $7::text[], $8::jsonb[], $9::bigint[]
            ) WITH ORDINALITY AS a (id, agent_id, input, priority, start_at, concurrency_key, audit, checked, number)
        ), locked AS MATERIALIZED (
            SELECT d.* FROM (SELECT DISTINCT agent_id FROM asked ORDER BY agent_id) a CROSS JOIN LATERAL (
                SELECT d.* FROM definitions d
                -- Who halts a tenant locks its row: no work is added behind his back.
                JOIN tenants t ON t.tenant_id = d.tenant_id AND t.state = 'active'
                WHERE d.id = a.agent_id AND d.kind = 'agent' AND d.state <> 'deleted'
                FOR SHARE OF d FOR KEY SHARE OF t
            ) d
        ), agent AS MATERIALIZED (
            SELECT b.*, \(InputSchema.column("body")) AS input_schema
            FROM (SELECT id, state, version, \(DefinitionReference.body(of: "locked")) AS body FROM locked OFFSET 0) b
        ), wanted (\(EnqueueClause.columns)) AS (
            SELECT $1, asked.id, agent.id, agent.version, agent.body, 'manual', asked.input, asked.priority::int, asked.start_at,
                asked.concurrency_key, NULL::uuid, 0, NULL::uuid, NULL
            FROM asked JOIN agent ON agent.id = asked.agent_id
            WHERE agent.state = 'running' AND (agent.input_schema IS NULL OR agent.version = asked.checked)
            ORDER BY asked.number
        ), \(EnqueueClause.making("wanted")), audited AS (
            \(AuditEntry.inserting("asked.audit", target: "m.id", from: "made m JOIN asked ON asked.id = m.id"))
        )
        SELECT \(ExecutionStatements.columns("m.")), m.input, m.output, m.error, asked.id, agent.state, agent.version,
            CASE WHEN m.id IS NULL THEN agent.input_schema END
        FROM asked JOIN agent ON agent.id = asked.agent_id LEFT JOIN made m ON m.id = asked.id
        """
    ) { row throws(Fault) in
        let rest = ExecutionStatements.summaryCount + 3
        let version = try row.value(rest + 2, as: Int.self)
        let outcome = Outcome(
            agentState: try row.state(rest + 1),
            schema: try row.json(rest + 3).map { InputSchema(version: version, schema: $0) },
            execution: row.isNull(0) ? nil : try ExecutionStatements.execution(row))
        return (try row.value(rest), outcome)
    }
}
