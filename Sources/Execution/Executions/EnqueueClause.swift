// How an execution comes into being, whoever wants it: a trigger, a schedule, a parent, a replay. The row of the history, the row of the
// queue and the event are one statement, so that an accepted execution is durable and queued, or is not there at all.

/// Clauses that make executions, for behind a CTE that says which.
public enum EnqueueClause {
    /// Levels above a child, at most.
    public static let depthLimit = 8
    /// What one level of priority is worth in the order of a lane.
    static let headStart = "interval '10 seconds'"

    /// The columns of the CTE, in its order: the definition's `body` holds the limits; `start_at`, `concurrency_key`, `parent_id`,
    /// `origin_id` and `origin_step` may be NULL.
    public static let columns = """
        tenant_id, id, definition_id, definition_version, body, trigger, input, priority, start_at, concurrency_key, parent_id, depth,
        origin_id, origin_step
        """

    /// The CTEs `made` (whole rows of `executions`), `queued` and `told`.
    /// - Parameter wanted: the CTE with `columns`. One whose id is there already is passed over.
    public static func making(_ wanted: String) -> String {
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
            FROM \(wanted)
            ON CONFLICT (tenant_id, id) DO NOTHING
            RETURNING *
        ), queued AS (
            INSERT INTO execution_queue (
                tenant_id, execution_id, definition_id, parent_id, ready_at, priority, lane, lane_limit, definition_limit,
                starts_by, expires_at)
            SELECT m.tenant_id, m.id, m.definition_id, m.parent_id,
                CASE WHEN m.state = 'scheduled' THEN m.start_at ELSE clock_timestamp() - m.priority * \(headStart) END, m.priority,
                CASE
                    WHEN m.concurrency_key IS NOT NULL THEN md5(m.definition_id::text || m.concurrency_key)::uuid
                    WHEN w.body #> '{limits,max_concurrent}' IS NOT NULL THEN m.definition_id
                    ELSE '00000000-0000-0000-0000-000000000000'
                END,
                CASE WHEN m.concurrency_key IS NOT NULL
                    THEN coalesce((w.body #>> '{limits,max_concurrent_per_key}')::int, 1) END,
                (w.body #>> '{limits,max_concurrent}')::int,
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
