// How an execution comes into being, whoever wants it: a trigger, a schedule, a parent, a replay. The row of the history, the row of the
// queue and the event are one statement, so that an accepted execution is durable and queued, or is not there at all.

import Base

/// Clauses that make executions, for behind a CTE that says which.
public enum EnqueueClause {
    /// Levels above a child, at most.
    public static let depthLimit = 8
    /// Executions that one which nobody started sets off, at most: those it starts, those that they start, and so on.
    public static let descendantLimit = 1_000
    /// What one level of priority is worth in the order of a lane.
    static let headStart = "interval '10 seconds'"

    /// The columns of the CTE, in its order: the definition's `body` holds the limits; `start_at`, `concurrency_key`, `parent_id`,
    /// `origin_id` and `origin_step` may be NULL.
    public static let columns = """
        tenant_id, id, definition_id, definition_version, body, trigger, input, priority, start_at, concurrency_key, parent_id, depth,
        origin_id, origin_step
        """

    /// Whether the tenant has as many executions that have not ended as the plan holds. They are counted every few seconds (`CensusStatement`),
    /// so that it costs nothing here; some more may be made meanwhile.
    static let isFull = "EXISTS (SELECT FROM queue_shares s WHERE s.is_full)"

    /// What is said to who has that many.
    /// - Parameter quota: how many, if that is known.
    static func full(_ quota: Int?) -> Fault {
        let count = quota.map { "\($0)" } ?? "so many"
        return Fault(
            .limitReached,
            "The plan holds \(count) executions that have not ended (live_executions). Wait for some to end, or cancel them.")
    }

    /// The columns `lane`, `lane_limit` and `definition_limit` of the queue.
    /// - Parameters:
    ///   - row: a row of `executions` by name.
    ///   - body: the expression for the body of its version.
    static func lane(of row: String, body: String) -> String {
        """
        CASE
            WHEN \(row).concurrency_key IS NOT NULL THEN md5(\(row).definition_id::text || \(row).concurrency_key)::uuid
            WHEN \(body) #> '{limits,max_concurrent}' IS NOT NULL THEN \(row).definition_id
            ELSE '00000000-0000-0000-0000-000000000000'
        END,
        CASE WHEN \(row).concurrency_key IS NOT NULL THEN coalesce((\(body) #>> '{limits,max_concurrent_per_key}')::int, 1) END,
        (\(body) #>> '{limits,max_concurrent}')::int
        """
    }

    /// The CTEs `made` (whole rows of `executions`), `queued` and `told`.
    /// - Parameters:
    ///   - wanted: the CTE with `columns`. One whose id is there already is passed over.
    ///   - isBounded: whether nothing is made where the tenant has as many as the plan holds.
    public static func making(_ wanted: String, isBounded: Bool = true) -> String {
        """
        made AS (
            INSERT INTO executions (
                tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds,
                idle_timeout_milliseconds, deadline_at, priority, start_at, concurrency_key, parent_id, depth, origin_id, origin_step)
            SELECT tenant_id, id, definition_id, definition_version,
                CASE WHEN start_at > clock_timestamp() THEN 'scheduled' ELSE 'queued' END, trigger, input,
                coalesce((body #>> '{limits,max_attempts}')::int, 3),
                coalesce((body #>> '{limits,timeout_seconds}')::int, 300) * 1000,
                (body #>> '{limits,idle_timeout_seconds}')::int * 1000,
                greatest(start_at, clock_timestamp())
                    + (body #>> '{limits,total_timeout_seconds}')::int * interval '1 second',
                priority, start_at, concurrency_key, parent_id, depth, origin_id, origin_step
            FROM \(wanted)\(isBounded ? " WHERE NOT \(isFull)" : "")
            ON CONFLICT (tenant_id, id) DO NOTHING
            RETURNING *
        ), queued AS (
            INSERT INTO execution_queue (
                tenant_id, execution_id, definition_id, parent_id, ready_at, priority, lane, lane_limit, definition_limit,
                starts_by, expires_at)
            SELECT m.tenant_id, m.id, m.definition_id, m.parent_id,
                CASE WHEN m.state = 'scheduled' THEN m.start_at ELSE clock_timestamp() - m.priority * \(headStart) END, m.priority,
                \(lane(of: "m", body: "w.body")),
                greatest(m.start_at, clock_timestamp())
                    + (w.body #>> '{limits,queue_timeout_seconds}')::int * interval '1 second',
                m.deadline_at
            FROM made m JOIN \(wanted) w ON w.id = m.id
        ), told AS (
            \(EventClause.execution("made", type: "'execution.queued'"))
        )
        """
    }
}
