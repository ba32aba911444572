// The statements of the scheduler: in the worker's role, which sees of schedules only when they are due, and then in the scope of the tenant whose
// schedule it is. A fire is a row with the planned time in its key, written by the statement that makes the run: whoever comes second writes nothing.

import Base
import JSON
import Postgres
import Tenancy

enum SchedulerStatements {
    /// What runs in the scope of a tenant.
    static let tenant: [any AnyStatement] = [
        pass, lockDefinition, lock, look, plan, events, eventsByNumber, fire, record, settle,
    ]

    /// How long a node has for what it claimed before another looks too.
    static let claimMilliseconds = 10_000
    /// How soon a schedule is looked at again whose fire waits for a run to end.
    static let bufferMilliseconds = 2_000
    /// Fires that are forgotten by one look, which makes fewer.
    static let firesForgotten = 1_000
    /// Events that a cursor is moved past at once.
    static let eventsPerPass = 10_000

    /// A schedule that is to be looked at.
    struct Due: Sendable {
        let tenant: TenantID
        let schedule: ScheduleID
    }

    private static func claiming(_ condition: String, join: String = "", by order: String) -> String {
        """
        WITH due AS (
            SELECT s.tenant_id, s.id FROM schedules s \(join)
            WHERE \(condition) AND (s.claimed_until IS NULL OR s.claimed_until < statement_timestamp())
            ORDER BY \(order) LIMIT $1
            FOR UPDATE OF s SKIP LOCKED
        )
        UPDATE schedules s SET claimed_until = clock_timestamp() + \(claimMilliseconds) * interval '1 millisecond'
        FROM due WHERE (s.tenant_id, s.id) = (due.tenant_id, due.id)
        RETURNING s.tenant_id, s.id
        """
    }

    /// Takes what the clock has made due.
    static let claimDue = Statement<Due, Int>(
        "claim due schedules", claiming("s.due_at <= statement_timestamp()", by: "s.due_at")
    ) { row throws(Fault) in Due(tenant: try row.value(0), schedule: try row.value(1)) }

    /// Takes what waits for events of tenants that have new ones.
    static let claimAwaiting = Statement<Due, Int>(
        "claim schedules with new events",
        claiming(
            "s.event_seq IS NOT NULL AND s.state = 'active' AND q.last_seq > s.event_seq",
            join: "JOIN event_sequences q ON q.tenant_id = s.tenant_id", by: "s.claimed_until NULLS FIRST")
    ) { row throws(Fault) in Due(tenant: try row.value(0), schedule: try row.value(1)) }

    /// Moves the cursors of schedules past events none of which is of a type that they wait for; which ones those were. A tenant's
    /// schedules are seen to at once by it, whatever happens that concerns few of them.
    static let pass = Statement<ScheduleID, [ScheduleID]>(
        "pass over events",
        """
        WITH waiting AS (
            SELECT s.id, least(q.last_seq, s.event_seq + \(eventsPerPass)) AS seq, CASE s.kind
                    WHEN 'event' THEN ARRAY[s.trigger ->> 'event']
                    ELSE ARRAY(SELECT 'execution.' || jsonb_array_elements_text(s.trigger -> 'states')) END AS types
            FROM schedules s, event_sequences q
            WHERE s.id = ANY ($1) AND s.state = 'active' AND s.event_seq < q.last_seq
            ORDER BY s.id FOR UPDATE OF s SKIP LOCKED
        )
        UPDATE schedules s SET event_seq = w.seq, claimed_until = clock_timestamp()
        FROM waiting w
        WHERE s.id = w.id AND NOT EXISTS (
            SELECT FROM events e WHERE e.seq > s.event_seq AND e.seq <= w.seq AND e.type = ANY (w.types))
        RETURNING s.id
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Keeps the definition as it is, first of all: whoever removes it takes its lock before those of its schedules.
    static let lockDefinition = Statement<Void, ScheduleID>(
        "lock the definition of a schedule",
        "SELECT 1 FROM definitions WHERE id = (SELECT definition_id FROM schedules WHERE id = $1) FOR SHARE")

    static let lock = Statement<Void, ScheduleID>("lock a due schedule", "SELECT 1 FROM schedules WHERE id = $1 FOR UPDATE")

    /// A schedule as the scheduler sees it.
    struct Row: Sendable {
        let definition: UUIDBits
        let trigger: JSONRaw
        let missed: JSONRaw
        let overlap: OverlapPolicy
        let anchor: Timestamp
        let next: Timestamp?
        let input: JSONRaw
        let buffered: PlannedFire?
        let running: ExecutionID?
        let isReady: Bool
        let now: Timestamp
        /// Up to which event it has looked, and which is the last one.
        let seen: Int?
        let lastEvent: Int
    }

    static let look = Statement<Row, ScheduleID>(
        "look at a schedule",
        """
        SELECT s.definition_id, s.trigger, s.missed, s.overlap, s.anchor_at, s.next_fire_at, s.input, b.planned_at, b.event_seq, b.depth,
            (SELECT e.id FROM executions e
             WHERE e.id = s.last_execution_id AND e.finished_at IS NULL AND e.state <> 'indeterminate'),
            d.state IN ('running', 'active') AND NOT \(EnqueueClause.isFull) AND EXISTS (
                SELECT FROM tenants t WHERE t.tenant_id = s.tenant_id AND t.state = 'active'),
            clock_timestamp(), s.event_seq, coalesce((SELECT last_seq FROM event_sequences), 0)
        FROM schedules s
        JOIN definitions d ON d.id = s.definition_id
        LEFT JOIN schedule_fires b ON b.schedule_id = s.id AND b.outcome = 'buffered'
        WHERE s.id = $1 AND s.state = 'active'
        """
    ) { row throws(Fault) in
        let planned = try row.value(7, as: Timestamp?.self)
        let event = try row.value(8, as: Int?.self) ?? 0
        let depth = try row.value(9, as: Int?.self) ?? 0
        return Row(
            definition: try row.value(0), trigger: try row.json(1) ?? .emptyObject, missed: try row.json(2) ?? .emptyObject,
            overlap: try row.state(3), anchor: try row.value(4), next: try row.value(5), input: try row.json(6) ?? .emptyObject,
            buffered: planned.map { PlannedFire(planned: $0, event: event, depth: depth) }, running: try row.value(10),
            isReady: try row.value(11), now: try row.value(12), seen: try row.value(13), lastEvent: try row.value(14))
    }

    /// What a preview needs, whatever the state.
    struct Plan: Sendable {
        let trigger: JSONRaw
        let anchor: Timestamp
        let now: Timestamp
    }

    static let plan = Statement<Plan, ScheduleID>(
        "plan of a schedule", "SELECT trigger, anchor_at, clock_timestamp() FROM schedules WHERE id = $1"
    ) { row throws(Fault) in
        Plan(trigger: try row.json(0) ?? .emptyObject, anchor: try row.value(1), now: try row.value(2))
    }

    /// The run that an event `e` comes from: what a run says of something else names it.
    private static let origin = """
        CASE e.type WHEN 'notification.created' THEN (e.payload ->> 'execution_id')::uuid ELSE e.ref END
        """

    /// Events behind `$2`, up to `$3`, of the types `$4`, whose payload holds `$5`; where `$6` is a definition, those of its runs. What came of
    /// the runs that the schedule itself began makes it fire no more; of what came of other fires it is told how many lie behind.
    static let events = Statement<PlannedFire, ScheduleID, Int, Int, [String], JSONBytes, UUIDBits?, Int>(
        "events that a schedule waits for",
        """
        SELECT e.at, e.seq, cause.depth + 1
        FROM events e CROSS JOIN LATERAL (
            -- The run that the event comes from, and those that started it.
            WITH RECURSIVE up (id, parent_id) AS (
                SELECT x.id, x.parent_id FROM executions x WHERE x.id = \(origin)
                UNION SELECT p.id, p.parent_id FROM up JOIN executions p ON p.id = up.parent_id
            )
            SELECT coalesce(max(f.depth), 0) AS depth, coalesce(bool_or(f.schedule_id = $1), false) AS is_own
            FROM up JOIN schedule_fires f ON f.execution_id = up.id
        ) cause
        WHERE e.seq > $2 AND e.seq <= $3 AND e.type = ANY ($4) AND e.payload @> $5
            AND ($6 IS NULL OR EXISTS (SELECT FROM executions x WHERE x.id = e.ref AND x.definition_id = $6))
            AND NOT cause.is_own
        ORDER BY e.seq LIMIT $7
        """
    ) { row throws(Fault) in
        PlannedFire(planned: try row.value(0), event: try row.value(1), depth: try row.value(2))
    }

    static let eventsByNumber = Statement<Event, [Int]>(
        "events by their numbers", "SELECT \(Event.columns) FROM events WHERE seq = ANY ($1)", decode: Event.init)

    /// Makes the run of a fire, unless that fire was written before; one that waited is taken up.
    static let fire = Statement<ExecutionID, ScheduleID, Timestamp, Int, ExecutionID, JSONBytes, Int>(
        "fire a schedule",
        """
        WITH fire AS (
            INSERT INTO schedule_fires AS f (tenant_id, schedule_id, planned_at, event_seq, outcome, execution_id, depth)
            SELECT tenant_id, id, $2, $3, 'started', $4, $6::int FROM schedules WHERE id = $1
            ON CONFLICT (tenant_id, schedule_id, planned_at, event_seq) DO UPDATE
            SET outcome = 'started', execution_id = excluded.execution_id, fired_at = clock_timestamp()
            WHERE f.outcome = 'buffered'
            RETURNING schedule_id
        ), wanted (\(EnqueueClause.columns)) AS (
            SELECT d.tenant_id, $4, d.id, d.version, v.body, s.kind, $5, coalesce((v.body ->> 'priority')::int, 0), NULL::timestamptz,
                NULL, NULL::uuid, 0, NULL::uuid, NULL
            FROM fire
            JOIN schedules s ON s.id = fire.schedule_id
            JOIN definitions d ON d.id = s.definition_id
            JOIN definition_versions v ON (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
        ), \(EnqueueClause.making("wanted", isBounded: false))
        SELECT id FROM made
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Writes down what became of fires that began no run.
    static let record = Statement<Void, ScheduleID, [Timestamp], [Int], [String], [String?], [Timestamp?], [Int]>(
        "record the fires of a schedule",
        """
        INSERT INTO schedule_fires (tenant_id, schedule_id, planned_at, event_seq, outcome, reason, until, depth)
        SELECT s.tenant_id, s.id, fire.*
        FROM schedules s,
            unnest($2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[]) AS fire
        WHERE s.id = $1
        ON CONFLICT DO NOTHING
        """)

    /// Puts a schedule to when it is due next: `$3`, its next fire being `$2`. Fires of more than thirty days ago are forgotten, the
    /// oldest first.
    static let settle = Statement<Void, ScheduleID, Timestamp?, Timestamp?, Int?, ExecutionID?>(
        "settle a schedule",
        """
        WITH old AS (
            DELETE FROM schedule_fires WHERE ctid = ANY (ARRAY(
                SELECT f.ctid FROM schedule_fires f
                WHERE f.schedule_id = $1 AND f.planned_at < statement_timestamp() - interval '30 days' AND f.outcome <> 'buffered'
                ORDER BY f.planned_at LIMIT \(firesForgotten)))
        ), settled AS (
        UPDATE schedules
        SET next_fire_at = $2, due_at = $3, event_seq = coalesce($4, event_seq), claimed_until = clock_timestamp(),
            last_execution_id = coalesce($5, last_execution_id),
            last_fired_at = CASE WHEN $5 IS NULL THEN last_fired_at ELSE clock_timestamp() END,
            state = CASE WHEN $3 IS NULL AND event_seq IS NULL THEN 'ended' ELSE state END
        WHERE id = $1
        RETURNING *
        ), \(ScheduleStatements.told("(SELECT * FROM settled WHERE state = 'ended') ended", type: "'schedule.ended'"))
        SELECT 1 FROM settled
        """)
}
