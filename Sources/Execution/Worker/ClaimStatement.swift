// How a node takes work from the queue: in fair order and within all bounds, at a cost that does not grow with what waits. Whoever claims
// holds one lock, so that what is counted stays true until the claim is committed.
//
// The index leads from lane to lane (a tenant's common one, and one for each definition or key under a bound), round and round, over at
// most `laneLimit` of them a claim; to these come the lanes of the `earlyLimit` that have been ready for longest, so that what is ready is found
// at once among however many that wait for their time. Of each lane the first few that are ready are looked at. What runs already is
// counted from the leases, which are few. Then tenants come in the order of how much they were served by their weight, and within a tenant what was
// ready first, where each level of priority counts as ten seconds of waiting. Rows that somebody changes meanwhile are waited for by nobody.

import Base
import Postgres

/// The statements of a claim. They are one transaction, in this order.
enum ClaimStatement {
    /// Lanes that one claim looks at.
    static let laneLimit = 64
    /// Executions that one claim looks at wherever they are, those that have been ready for longest.
    static let earlyLimit = 64
    /// So many executions a tenant who comes back may be ahead of the others.
    static let credit = 32.0

    /// The lock of all who claim; and that the claim is planned by its indexes alone. Its plan is made once, often for an empty table, and
    /// has to hold when a million wait: so it does not go by what the planner knows of the table.
    static let lock = Statement<Void>(
        "lock the queue",
        """
        SELECT pg_advisory_xact_lock(4849512170094), set_config('plan_cache_mode', 'force_generic_plan', true),
            set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
            set_config('enable_sort', 'off', true)
        """)

    /// A claim, and where the next one goes on if this one did not see all lanes.
    struct Row: Sendable {
        let claim: Claim?
        let place: Place?
        /// Whether something that is ready must wait until others end, by a limit of its tenant, definition or key.
        let isHeldBack: Bool
        /// Whether anything is ready at all, whoever it belongs to.
        let isAnyReady: Bool
    }

    /// A lane.
    struct Place: Sendable, Equatable {
        var tenant = TenantID(UUIDBits(high: 0, low: 0))
        var lane = UUIDBits(high: 0, low: 0)
    }

    private static let open = "q.node_id IS NULL AND NOT q.is_paused"

    /// The lane behind `place`, or the first.
    private static func following(_ place: String) -> String {
        """
        (SELECT q.tenant_id, q.lane FROM execution_queue q WHERE \(open) AND (q.tenant_id, q.lane) > (\(place))
         ORDER BY q.tenant_id, q.lane LIMIT 1)
        UNION ALL
        (SELECT q.tenant_id, q.lane FROM execution_queue q WHERE \(open) ORDER BY q.tenant_id, q.lane LIMIT 1)
        LIMIT 1
        """
    }

    /// Takes at most `$3` for the node `$1` with leases of `$2` milliseconds, from behind the place `$4`, `$5` on. The plans by name:
    /// how many of a tenant's may run, and its weight.
    static let claim = Statement<Row, NodeID, Int, Int, TenantID, UUIDBits, [String], [Int], [Double]>(
        "claim executions",
        """
        WITH RECURSIVE lanes (tenant_id, lane) AS (
            SELECT * FROM (\(following("$4, $5"))) beginning
            UNION
            SELECT following.* FROM lanes CROSS JOIN LATERAL (\(following("lanes.tenant_id, lanes.lane"))) following
        ), walked AS MATERIALIZED (
            SELECT lanes.tenant_id, lanes.lane, row_number() OVER () AS number FROM lanes LIMIT \(laneLimit)
        ), early AS MATERIALIZED (
            -- The priority leads to the index of moments, which answers nothing else.
            SELECT q.tenant_id, q.lane FROM execution_queue q
            WHERE \(open) AND q.priority >= 0 AND q.ready_at <= statement_timestamp()
            ORDER BY q.ready_at LIMIT \(earlyLimit)
        ), seen AS MATERIALIZED (
            SELECT * FROM (SELECT tenant_id, lane FROM walked UNION SELECT tenant_id, lane FROM early) lane
            -- By the index, lane for lane: as EXISTS it becomes a join with all that is ready.
            WHERE (
                SELECT true FROM execution_queue q
                WHERE q.tenant_id = lane.tenant_id AND q.lane = lane.lane AND \(open) AND q.ready_at <= statement_timestamp()
                ORDER BY q.ready_at LIMIT 1)
        ), subscribed AS MATERIALIZED (
            SELECT t.tenant_id, coalesce((t.quotas ->> 'running_agents')::int, plan.running) AS running_limit, plan.weight,
                coalesce(s.served, 0) AS served
            FROM (SELECT DISTINCT seen.tenant_id FROM seen) present
            JOIN tenants t ON t.tenant_id = present.tenant_id AND t.state = 'active'
            JOIN unnest($6::text[], $7::bigint[], $8::float8[]) AS plan (name, running, weight) ON plan.name = t.plan
            LEFT JOIN queue_shares s ON s.tenant_id = t.tenant_id
        ), held AS MATERIALIZED (
            SELECT q.tenant_id, q.definition_id, q.lane, count(*) AS count
            FROM (SELECT * FROM execution_queue q WHERE q.node_id IS NOT NULL ORDER BY q.lease_expires_at) q
            GROUP BY GROUPING SETS ((q.tenant_id), (q.tenant_id, q.definition_id), (q.tenant_id, q.lane))
        ), ready AS (
            SELECT q.tenant_id, q.execution_id, q.ready_at, q.lane, q.definition_id, q.lane_limit, q.definition_limit,
                row_number() OVER (PARTITION BY q.tenant_id, q.lane ORDER BY q.ready_at) AS in_lane,
                row_number() OVER (PARTITION BY q.tenant_id, q.definition_id ORDER BY q.ready_at) AS in_definition
            FROM seen JOIN subscribed USING (tenant_id) CROSS JOIN LATERAL (
                SELECT * FROM execution_queue q
                WHERE q.tenant_id = seen.tenant_id AND q.lane = seen.lane AND \(open) AND q.ready_at <= statement_timestamp()
                ORDER BY q.ready_at
                LIMIT greatest(2, 4 * $3 / (SELECT count(*) FROM seen JOIN subscribed USING (tenant_id)))
            ) q
        ), allowed AS (
            SELECT r.tenant_id, r.execution_id, r.ready_at,
                row_number() OVER (PARTITION BY r.tenant_id ORDER BY r.ready_at) AS turn
            FROM ready r
            LEFT JOIN held l ON (l.tenant_id, l.lane) = (r.tenant_id, r.lane)
            LEFT JOIN held d ON (d.tenant_id, d.definition_id) = (r.tenant_id, r.definition_id)
            WHERE (r.lane_limit IS NULL OR r.in_lane + coalesce(l.count, 0) <= r.lane_limit)
                AND (r.definition_limit IS NULL OR r.in_definition + coalesce(d.count, 0) <= r.definition_limit)
        ), chosen AS MATERIALIZED (
            SELECT a.tenant_id, a.execution_id,
                greatest(s.served, max(s.served) OVER () - \(credit)) + a.turn / s.weight AS served
            FROM allowed a
            JOIN subscribed s ON s.tenant_id = a.tenant_id
            LEFT JOIN held h ON h.tenant_id = a.tenant_id AND h.lane IS NULL AND h.definition_id IS NULL
            WHERE a.turn + coalesce(h.count, 0) <= s.running_limit
            ORDER BY 3, a.ready_at
        ), locked AS MATERIALIZED (
            -- What somebody changes just now is passed over for what comes next, however long he takes: all nodes wait for this claim.
            SELECT q.place, q.tenant_id, chosen.served
            FROM chosen CROSS JOIN LATERAL (
                -- Whether it is open is asked so that no index of what is open answers it: only that of the key.
                SELECT q.ctid AS place, q.tenant_id FROM execution_queue q
                WHERE (q.tenant_id, q.execution_id) = (chosen.tenant_id, chosen.execution_id)
                    AND num_nulls(q.node_id) = 1 AND NOT q.is_paused
                FOR UPDATE SKIP LOCKED
            ) q
            LIMIT $3
        ), taken AS (
            UPDATE execution_queue q
            SET node_id = $1, epoch = q.epoch + 1, lease_expires_at = clock_timestamp() + $2 * interval '1 millisecond',
                waits_for = NULL, awaits = NULL
            FROM locked WHERE q.ctid = locked.place
            RETURNING q.tenant_id, q.execution_id, q.epoch, q.crash_count, q.parent_id
        ), counted AS (
            INSERT INTO queue_shares AS s (tenant_id, served)
            SELECT locked.tenant_id, max(locked.served) FROM locked GROUP BY locked.tenant_id
            ON CONFLICT (tenant_id) DO UPDATE SET served = excluded.served
        )
        SELECT taken.tenant_id, taken.execution_id, taken.epoch, taken.crash_count, taken.parent_id, last.tenant_id, last.lane,
            (SELECT count(*) FROM ready) > (SELECT count(*) FROM chosen), EXISTS (SELECT FROM seen)
        FROM (SELECT) always
        LEFT JOIN walked last ON last.number = \(laneLimit)
        LEFT JOIN taken ON true
        """
    ) { row throws(Fault) in
        Row(
            claim: row.isNull(0) ? nil : try WorkerStatements.claim(row, isOverdue: false),
            place: row.isNull(5) ? nil : Place(tenant: try row.value(5), lane: try row.value(6)),
            isHeldBack: try row.value(7), isAnyReady: try row.value(8))
    }
}
