// The statements of schedules as tenants use them, in the scope of the tenant. Those of the scheduler are beside it. A schedule that is deleted is
// marked: nobody sees it any more, it never fires, and housekeeping removes its fires in parts.

import Base
import JSON
import Postgres
import Tenancy

enum ScheduleStatements {
    static let all: [any AnyStatement] =
        [ground, inputSchema, create, get, list, lock, update, drop, delete, deleteAll, fires, lockCount, end]
        + SchedulerStatements.tenant

    private static let columns = """
        s.id, s.name, d.kind, s.definition_id, s.trigger, s.input, s.missed, s.overlap, s.state, s.next_fire_at, s.last_fired_at,
        s.last_execution_id, s.created_at, s.updated_at, s.revision
        """

    /// The condition that a schedule and its definition are not deleted.
    private static let isThere = "s.state <> 'deleted' AND d.state <> 'deleted'"

    /// What happened to the schedules in a CTE of whole rows, told to whoever watches.
    /// - Parameter type: an expression, such as `'schedule.created'`.
    static func told(_ rows: String, type: String) -> String {
        """
        told AS (
            INSERT INTO event_outbox (tenant_id, type, ref, payload)
            SELECT tenant_id, \(type), id, jsonb_build_object('name', name, 'state', state, 'kind', kind, 'definition_id', definition_id)
            FROM \(rows)
        )
        """
    }

    /// What a schedule stands on: the clock, how many there are, the last event, and the state of its definition if that is there.
    struct Ground: Sendable {
        let now: Timestamp
        let count: Int
        let lastEvent: Int
        let definitionState: String?
        /// Whether the definition is there whose runs it waits for.
        let awaitsSomething: Bool
    }

    /// Of those who make schedules one comes after the other, so that the bound holds.
    static let lockCount = Statement<Void, TenantID>(
        "lock the schedules of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 5))")

    static let ground = Statement<Ground, UUIDBits?, String, UUIDBits?>(
        "what a schedule stands on",
        """
        SELECT clock_timestamp(), (SELECT count(*) FROM schedules s JOIN definitions d ON d.id = s.definition_id WHERE \(isThere)),
            coalesce((SELECT last_seq FROM event_sequences), 0),
            (SELECT state FROM definitions WHERE id = $1 AND kind = $2 AND state <> 'deleted'),
            EXISTS (SELECT FROM definitions WHERE id = $3 AND state <> 'deleted')
        """
    ) { row throws(Fault) in
        Ground(
            now: try row.value(0), count: try row.value(1), lastEvent: try row.value(2), definitionState: try row.value(3),
            awaitsSomething: try row.value(4))
    }

    /// What the input of the runs of a definition has to be like, if that is said.
    static let inputSchema = Statement<InputSchema, UUIDBits>(
        "input schema of a definition",
        """
        SELECT * FROM (
            SELECT b.version, \(InputSchema.column("b.blueprint")) AS input_schema
            FROM (
                SELECT d.version, coalesce(v.body -> 'blueprint', v.body) AS blueprint
                FROM definitions d
                JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
                WHERE d.id = $1) b) s
        WHERE input_schema IS NOT NULL
        """
    ) { row throws(Fault) in InputSchema(version: try row.value(0), schema: try row.json(1) ?? .null) }

    static let create = Statement<
        Schedule, TenantID, ScheduleID, UUIDBits, String, String, JSONBytes, JSONBytes, JSONBytes, String, Timestamp, Timestamp?,
        Int?,
        AuditEntry
    >(
        "create schedule",
        """
        WITH s AS (
            INSERT INTO schedules (
                tenant_id, id, definition_id, name, kind, trigger, input, missed, overlap, state, anchor_at, next_fire_at, due_at,
                event_seq)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $11, $11, $12)
            RETURNING *
        ), \(told("s", type: "'schedule.created'"))
        SELECT \(columns), insula_audit($13, s.id) FROM s JOIN definitions d ON d.id = s.definition_id
        """, decode: schedule)

    static let get = Statement<Schedule, ScheduleID>(
        "schedule by id",
        """
        SELECT \(columns) FROM schedules s JOIN definitions d ON d.id = s.definition_id
        WHERE s.id = $1 AND \(isThere)
        """,
        repeatable: true, decode: schedule)

    static let list = Statement<Schedule, String?, UUIDBits?, ScheduleID?, Int, Bool>(
        "list schedules",
        """
        SELECT \(columns) FROM schedules s JOIN definitions d ON d.id = s.definition_id
        WHERE ($1 IS NULL OR s.state = $1) AND ($2 IS NULL OR s.definition_id = $2) AND \(isThere)
        \(ListClause.after("s.id", place: "$3", ascending: "$5", limit: "$4"))
        """, repeatable: true, decode: schedule)

    /// What a change of a schedule stands on.
    struct Present: Sendable {
        let trigger: JSONRaw
        let input: JSONRaw
        let state: ScheduleState
        let anchor: Timestamp
        let definition: DefinitionReference
        /// Whether the definition will never run again.
        let isOver: Bool
    }

    static let lock = Statement<Present, ScheduleID>(
        "lock schedule",
        """
        SELECT s.trigger, s.state, s.anchor_at, d.kind || ' ' || d.id, d.state IN ('stopped', 'archived'), s.input
        FROM schedules s JOIN definitions d ON d.id = s.definition_id
        WHERE s.id = $1 AND \(isThere) FOR UPDATE OF s
        """
    ) { row throws(Fault) in
        Present(
            trigger: try row.json(0) ?? .emptyObject, input: try row.json(5) ?? .emptyObject, state: try row.state(1),
            anchor: try row.value(2),
            definition: try row.definition(3), isOver: try row.value(4))
    }

    /// Changes what is not NULL; with a state, also when it fires. `$14` is the event that tells it.
    static let update = Statement<
        Schedule, ScheduleID, String?, String?, JSONBytes?, JSONBytes?, JSONBytes?, String?, String?, Timestamp?,
        Timestamp?, Int?, [Int]?, AuditEntry, String
    >(
        "update schedule",
        """
        WITH s AS (
            UPDATE schedules
            SET name = coalesce($2, name), kind = coalesce($3, kind), trigger = coalesce($4, trigger), input = coalesce($5, input),
                missed = coalesce($6, missed), overlap = coalesce($7, overlap), state = coalesce($8, state),
                anchor_at = coalesce($9, anchor_at),
                next_fire_at = CASE WHEN $8 IS NULL THEN next_fire_at ELSE $10 END,
                due_at = CASE WHEN $8 IS NULL THEN due_at ELSE $10 END,
                event_seq = CASE WHEN $8 IS NULL THEN event_seq ELSE $11 END,
                revision = revision + 1, updated_at = clock_timestamp()
            WHERE id = $1 AND ($12::bigint[] IS NULL OR revision = ANY ($12))
            RETURNING *
        ), \(told("s", type: "$14"))
        SELECT \(columns), insula_audit($13, s.id) FROM s JOIN definitions d ON d.id = s.definition_id
        """, decode: schedule)

    /// Leaves out the fire that waited.
    static let drop = Statement<Void, ScheduleID, String>(
        "drop the fire that waits",
        """
        UPDATE schedule_fires SET outcome = 'skipped', reason = $2, fired_at = clock_timestamp()
        WHERE schedule_id = $1 AND outcome = 'buffered'
        """)

    /// Ends the schedules of what will never run again.
    static let end = Statement<Void, UUIDBits>(
        "end the schedules of a definition",
        """
        WITH ended AS (
            UPDATE schedules s
            SET state = 'ended', next_fire_at = NULL, due_at = NULL, event_seq = NULL, revision = s.revision + 1,
                updated_at = clock_timestamp()
            FROM definitions d
            WHERE d.id = $1 AND d.state IN ('stopped', 'archived', 'deleted') AND s.definition_id = d.id
                AND s.state NOT IN ('ended', 'deleted')
            RETURNING s.*
        ), \(told("ended", type: "'schedule.ended'"))
        SELECT 1 FROM ended
        """)

    /// Takes what `condition` says out of sight, as a CTE `gone`.
    private static func removing(_ condition: String) -> String {
        """
        gone AS (
            UPDATE schedules
            SET state = 'deleted', next_fire_at = NULL, due_at = NULL, event_seq = NULL, revision = revision + 1,
                updated_at = clock_timestamp()
            WHERE \(condition) AND state <> 'deleted'
            RETURNING *
        )
        """
    }

    static let delete = Statement<Void, ScheduleID, [Int]?, AuditEntry>(
        "delete schedule",
        """
        WITH \(removing("id = $1 AND ($2::bigint[] IS NULL OR revision = ANY ($2))")),
        \(told("gone", type: "'schedule.deleted'"))
        SELECT insula_audit($3, id) FROM gone
        """)

    static let deleteAll = Statement<Void, UUIDBits, AuditEntry>(
        "delete the schedules of a definition",
        """
        WITH \(removing("definition_id = $1")),
        \(told("gone", type: "'schedule.deleted'"))
        SELECT insula_audit($2, id) FROM gone
        """)

    static let fires = Statement<ScheduleFire, ScheduleID, Timestamp?, Int, Int>(
        "fires of a schedule",
        """
        SELECT planned_at, nullif(event_seq, 0), outcome, reason, until, execution_id, fired_at FROM schedule_fires
        WHERE schedule_id = $1 AND ($2 IS NULL OR (planned_at, event_seq) < ($2, $3))
        ORDER BY planned_at DESC, event_seq DESC LIMIT $4
        """, repeatable: true
    ) { row throws(Fault) in
        ScheduleFire(
            plannedAt: try row.value(0), event: try row.value(1), outcome: try row.state(2),
            reason: row.isNull(3) ? nil : try row.state(3), until: try row.value(4), execution: try row.value(5),
            firedAt: try row.value(6))
    }

    private static func schedule(_ row: borrowing RowReader) throws(Fault) -> Schedule {
        let kind = try row.value(2, as: String.self)
        guard let definition = DefinitionReference(kind: kind, uuid: try row.value(3)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a schedule of a \(kind)")
        }
        return Schedule(
            id: try row.value(0), name: try row.value(1), definition: definition, trigger: try row.json(4) ?? .emptyObject,
            input: try row.json(5) ?? .emptyObject, missed: try row.json(6) ?? .emptyObject, overlap: try row.state(7),
            state: try row.state(8), nextFireAt: try row.value(9), lastFiredAt: try row.value(10),
            lastExecution: try row.value(11),
            createdAt: try row.value(12), updatedAt: try row.value(13), revision: try row.value(14))
    }
}
