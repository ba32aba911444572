// The statements of tasks, flows and automations, each in the scope of its tenant: the same for every kind, under the names of that kind. A change
// tells its event in the same statement.

import Base
import JSON
import Postgres
import Tenancy

/// The statements of one kind of definition.
struct DefinitionStatements<Kind: IdentifiedKind>: Sendable {
    /// A definition that is about to change.
    struct Present: Sendable {
        let state: DefinitionState
        let body: JSONRaw
        let version: Int
    }

    /// What the kind is called in the store, in events and in messages.
    let kind: String
    let create: Statement<Void, TenantID, ID<Kind>, String, String, JSONBytes, AuditEntry>
    let get: Statement<DefinitionRecord<Kind>, ID<Kind>>
    let list: Statement<DefinitionRecord<Kind>, String?, String?, [String]?, Bool, ID<Kind>?, Int, Bool>
    let lock: Statement<Present, ID<Kind>>
    let update: Statement<Void, ID<Kind>, String?, String?, JSONBytes?, [Int]?, AuditEntry>
    /// Changes the state when the present one allows it.
    let move: Statement<Void, ID<Kind>, String, [String], String, AuditEntry>
    /// Takes a definition out of sight.
    let delete: Statement<Void, ID<Kind>, [Int]?, AuditEntry>
    /// What stands in the way of a run, or does not.
    struct Standing: Sendable {
        let state: DefinitionState
        /// What the input has to be like, where the version says so.
        let schema: InputSchema?
    }

    /// Makes a run of an active definition, if its input was checked against the version `$5` or need not be; where it stands, if it is there.
    let run: Statement<Standing, ID<Kind>, ExecutionID, JSONBytes, AuditEntry, Int?>
    let statistics: Statement<RunStatistics, ID<Kind>, Int>

    /// Of a body, the limits alone.
    static var limits: String { "jsonb_build_object('limits', v.body -> 'limits')" }

    var all: [any AnyStatement] {
        [create, get, list, lock, update, move, delete, run, statistics]
    }

    /// - Parameter listed: what lists read of the body, as an expression: bodies that may be long are left out there.
    init(_ kind: String, listed: String = "v.body") {
        self.kind = kind
        func selection(_ body: String) -> String {
            """
            SELECT d.id, d.name, d.description, d.state, d.version, \(body), last.id, last.state, d.created_at, d.updated_at,
                d.revision
            FROM definitions d
            JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
            LEFT JOIN LATERAL (
                SELECT e.id, e.state FROM executions e
                WHERE (e.tenant_id, e.definition_id) = (d.tenant_id, d.id) ORDER BY e.id DESC LIMIT 1) last ON true
            WHERE d.kind = '\(kind)' AND d.state <> 'deleted'
            """
        }
        get = Statement(
            "\(kind) by id", selection("v.body") + " AND d.id = $1", repeatable: true, decode: DefinitionStatements.record)
        list = Statement(
            "list \(kind)s",
            selection(listed) + """
                 AND ($1 IS NULL OR d.state = $1) AND ($2 IS NULL OR v.body ->> 'type' = $2)
                AND ($3::text[] IS NULL OR last.state = ANY ($3) OR $4 AND last.state IS NULL)
                """ + " " + ListClause.after("d.id", place: "$5", ascending: "$7", limit: "$6"),
            repeatable: true, decode: DefinitionStatements.record)
        lock = Statement(
            "lock \(kind)",
            """
            WITH locked AS MATERIALIZED (
                SELECT d.* FROM definitions d
                WHERE d.id = $1 AND d.kind = '\(kind)' AND d.state <> 'deleted' FOR NO KEY UPDATE OF d
            )
            SELECT state, \(DefinitionReference.body(of: "locked")), version FROM locked
            """
        ) { row throws(Fault) in
            Present(state: try row.state(0), body: try row.json(1) ?? .emptyObject, version: try row.value(2))
        }
        create = DefinitionStatements.create(kind)
        update = DefinitionStatements.update(kind)
        move = Statement(
            "move \(kind)",
            """
            WITH changed AS (
                UPDATE definitions SET state = $2, revision = revision + 1, updated_at = clock_timestamp()
                WHERE id = $1 AND kind = '\(kind)' AND state = ANY ($3)
                RETURNING *
            ), \(DefinitionStatements.told("$4"))
            SELECT insula_audit($5, id) FROM changed
            """)
        delete = Statement(
            "delete \(kind)",
            """
            WITH changed AS (
                UPDATE definitions SET state = 'deleted', revision = revision + 1, updated_at = clock_timestamp()
                WHERE id = $1 AND kind = '\(kind)' AND state <> 'deleted' AND ($2::bigint[] IS NULL OR revision = ANY ($2))
                RETURNING *
            ), \(DefinitionStatements.told("'\(kind).deleted'"))
            SELECT insula_audit($3, id) FROM changed
            """)
        run = DefinitionStatements.run(kind)
        statistics = DefinitionStatements.statistics(kind)
    }

    /// What changed, told to whoever watches. `changed` is a CTE of whole rows of `definitions`.
    private static func told(_ type: String) -> String {
        """
        told AS (
            \(EventClause.definition("changed", type: type))
        )
        """
    }

    private static func create(_ kind: String) -> Statement<Void, TenantID, ID<Kind>, String, String, JSONBytes, AuditEntry> {
        Statement(
            "create \(kind)",
            """
            WITH changed AS (
                INSERT INTO definitions (tenant_id, id, kind, name, description, state, version)
                VALUES ($1, $2, '\(kind)', $3, $4, 'active', 1)
                RETURNING *
            ), body AS (
                INSERT INTO definition_versions (tenant_id, definition_id, version, body)
                SELECT tenant_id, id, version, $5 FROM changed
            ), \(told("'\(kind).created'"))
            SELECT insula_audit($6, id) FROM changed
            """)
    }

    private static func update(
        _ kind: String
    ) -> Statement<Void, ID<Kind>, String?, String?, JSONBytes?, [Int]?, AuditEntry> {
        Statement(
            "update \(kind)",
            """
            WITH changed AS (
                UPDATE definitions
                SET name = coalesce($2, name), description = coalesce($3, description),
                    version = version + CASE WHEN $4 IS NULL THEN 0 ELSE 1 END, revision = revision + 1,
                    updated_at = clock_timestamp()
                WHERE id = $1 AND kind = '\(kind)' AND ($5::bigint[] IS NULL OR revision = ANY ($5))
                RETURNING *
            ), body AS (
                INSERT INTO definition_versions (tenant_id, definition_id, version, body)
                SELECT tenant_id, id, version, $4 FROM changed WHERE $4 IS NOT NULL
            ), \(told("'\(kind).updated'"))
            SELECT insula_audit($6, id) FROM changed
            """)
    }

    private static func run(_ kind: String) -> Statement<Standing, ID<Kind>, ExecutionID, JSONBytes, AuditEntry, Int?> {
        Statement(
            "run \(kind)",
            """
            WITH locked AS MATERIALIZED (
                SELECT d.* FROM definitions d
                -- Who halts a tenant locks its row: no work is added behind his back.
                JOIN tenants t ON t.tenant_id = d.tenant_id AND t.state = 'active'
                WHERE d.id = $1 AND d.kind = '\(kind)' AND d.state <> 'deleted'
                FOR SHARE OF d FOR KEY SHARE OF t
            ), definition AS MATERIALIZED (
                SELECT b.*, \(InputSchema.column("body -> 'blueprint'")) AS input_schema
                FROM (SELECT tenant_id, id, state, version, \(DefinitionReference.body(of: "locked")) AS body FROM locked OFFSET 0) b
            ), wanted (\(EnqueueClause.columns)) AS (
                SELECT tenant_id, $2, id, version, body, 'manual', $3, coalesce((body ->> 'priority')::int, 0), NULL::timestamptz,
                    NULL, NULL::uuid, 0, NULL::uuid, NULL
                FROM definition WHERE state = 'active' AND (input_schema IS NULL OR version = $5)
            ), \(EnqueueClause.making("wanted"))
            SELECT d.state, d.version, d.input_schema, CASE WHEN m.id IS NOT NULL THEN insula_audit($4, m.id) END
            FROM definition d LEFT JOIN made m ON true
            """
        ) { row throws(Fault) in
            let version = try row.value(1, as: Int.self)
            return Standing(state: try row.state(0), schema: try row.json(2).map { InputSchema(version: version, schema: $0) })
        }
    }

    private static func statistics(_ kind: String) -> Statement<RunStatistics, ID<Kind>, Int> {
        Statement(
            "statistics of a \(kind)",
            """
            SELECT count(*), count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'),
                count(*) FILTER (WHERE state = 'timed_out'), count(*) FILTER (WHERE state = 'cancelled'),
                count(*) FILTER (WHERE state = 'indeterminate'),
                percentile_disc(0.5) WITHIN GROUP (ORDER BY milliseconds) FILTER (WHERE state = 'succeeded'),
                percentile_disc(0.95) WITHIN GROUP (ORDER BY milliseconds) FILTER (WHERE state = 'succeeded'), max(finished_at),
                (avg(milliseconds) FILTER (WHERE state = 'succeeded'))::bigint
            FROM (
                SELECT state, finished_at, (extract(epoch FROM finished_at - started_at) * 1000)::bigint AS milliseconds
                FROM executions WHERE definition_id = $1 ORDER BY id DESC LIMIT $2) latest
            """
        ) { row throws(Fault) in
            let counts = [
                try row.value(0, as: Int.self), try row.value(1, as: Int.self), try row.value(2, as: Int.self),
                try row.value(3, as: Int.self), try row.value(4, as: Int.self), try row.value(5, as: Int.self),
            ]
            return RunStatistics(
                total: counts[0], live: counts[0] - counts[1...].reduce(0, +), succeeded: counts[1], failed: counts[2],
                timedOut: counts[3], cancelled: counts[4], indeterminate: counts[5], medianMilliseconds: try row.value(6),
                p95Milliseconds: try row.value(7), averageMilliseconds: try row.value(9), lastFinishedAt: try row.value(8))
        }
    }

    private static func record(_ row: borrowing RowReader) throws(Fault) -> DefinitionRecord<Kind> {
        DefinitionRecord(
            id: try row.value(0), name: try row.value(1), description: try row.value(2), state: try row.state(3),
            version: try row.value(4), body: try row.json(5) ?? .emptyObject, lastExecution: try row.value(6),
            status: RunStatus(lastRun: row.isNull(7) ? nil : try row.state(7)), createdAt: try row.value(8),
            updatedAt: try row.value(9), revision: try row.value(10))
    }
}
