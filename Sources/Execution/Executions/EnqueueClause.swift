// How an execution comes into being, whoever wants it: a person, a schedule. The row of the history, the row of the queue and the event are one
// statement, so that an accepted execution is durable and queued, or is not there at all.

/// Clauses that make executions, for behind a CTE that says which.
public enum EnqueueClause {
    /// The columns of the CTE, in its order: the definition's `body` holds the limits.
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
                tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds)
            SELECT tenant_id, id, definition_id, definition_version, 'queued', trigger, input,
                coalesce((body #>> '{limits,max_attempts}')::int, 3),
                coalesce((body #>> '{limits,timeout_seconds}')::int, 300) * 1000
            FROM \(wanted)
            ON CONFLICT (tenant_id, id) DO NOTHING
            RETURNING *
        ), queued AS (
            INSERT INTO execution_queue (tenant_id, execution_id, definition_id) SELECT tenant_id, id, definition_id FROM made
        ), told AS (
            INSERT INTO event_outbox (tenant_id, type, ref, payload)
            SELECT tenant_id, 'execution.queued', id, jsonb_build_object('definition_id', definition_id, 'state', state) FROM made
        )
        """
    }
}
