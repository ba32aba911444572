// The part of a statement that writes down what happened, for whoever watches: in the transaction of the change, without a lock. One
// place, so that every change says it alike.

/// Clauses `INSERT INTO event_outbox …` for the end of a `WITH`.
enum EventClause {
    /// One event an execution.
    /// - Parameters:
    ///   - rows: a CTE of whole rows of `executions`.
    ///   - type: an expression, such as `'execution.started'`.
    static func execution(_ rows: String, type: String) -> String {
        """
        INSERT INTO event_outbox (tenant_id, type, ref, payload)
        SELECT tenant_id, \(type), id, jsonb_strip_nulls(jsonb_build_object(
            'definition_id', definition_id, 'state', state, 'attempt', attempt, 'parent_id', parent_id,
            'error_code', CASE WHEN state <> 'running' THEN error ->> 'code' END))
        FROM \(rows)
        """
    }

    /// One event a step.
    /// - Parameter rows: a CTE of whole rows of `execution_steps`.
    static func step(_ rows: String, type: String) -> String {
        """
        INSERT INTO event_outbox (tenant_id, type, ref, payload)
        SELECT tenant_id, \(type), execution_id,
            jsonb_build_object('key', step_key, 'tool', tool, 'status', status, 'attempt', attempt)
        FROM \(rows)
        """
    }

    /// One event a definition.
    /// - Parameter rows: a CTE of whole rows of `definitions`.
    static func definition(_ rows: String, type: String) -> String {
        """
        INSERT INTO event_outbox (tenant_id, type, ref, payload)
        SELECT tenant_id, \(type), id, jsonb_build_object('name', name, 'state', state, 'version', version)
        FROM \(rows)
        """
    }

    /// The type of the event that says in which state an execution is now.
    static let byState = """
        'execution.' || CASE state WHEN 'retry_wait' THEN 'retrying' WHEN 'scheduled' THEN 'queued' ELSE state END
        """
}
