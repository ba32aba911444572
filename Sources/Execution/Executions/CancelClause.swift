// How executions are cancelled, whoever wants it: what waits ends at once, what a worker holds is asked to, and all that they started
// goes with them. A worker that does not hear in time loses its lease, so that a cancel is true within seconds.

import Base
import Postgres

/// The statements that cancel families of executions.
enum CancelClause {
    /// After so long a worker that was asked to let go loses its lease.
    static let patience = "interval '3 seconds'"

    /// Takes the locks in the order in which everybody takes them, those of the parents included, which may wake by it.
    static func locking(roots: String) -> String {
        """
        WITH RECURSIVE roots (id) AS (\(roots)), tree (id) AS (
            SELECT id FROM roots
            UNION SELECT c.id FROM tree JOIN executions c ON c.parent_id = tree.id
        )
        SELECT 1 FROM execution_queue
        WHERE execution_id IN (
            SELECT id FROM tree UNION SELECT e.parent_id FROM executions e JOIN roots ON roots.id = e.id)
        ORDER BY execution_id FOR UPDATE
        """
    }

    /// Cancels, with the locks held. The CTE `changed` has the whole rows of what was cancelled, `roots` the ids of what was named.
    /// - Parameter error: the error of what was named, as a literal; without one, that of the last attempt stays.
    static func cancelling(roots: String, error: String? = nil) -> String {
        """
        WITH RECURSIVE roots (id) AS (\(roots)), tree (id) AS (
            SELECT id FROM roots
            UNION SELECT c.id FROM tree JOIN executions c ON c.parent_id = tree.id
        ), freed AS (
            DELETE FROM execution_queue q USING tree WHERE q.execution_id = tree.id AND q.node_id IS NULL
            RETURNING q.execution_id, q.epoch, true AS at_once
        ), asked AS (
            UPDATE execution_queue q
            SET cancel_requested = true, is_paused = false, expires_at = clock_timestamp(),
                lease_expires_at = least(q.lease_expires_at, clock_timestamp() + \(patience))
            FROM tree WHERE q.execution_id = tree.id AND q.node_id IS NOT NULL AND NOT q.cancel_requested
            RETURNING q.execution_id, q.epoch, false AS at_once
        ), changed AS (
            UPDATE executions e
            SET state = CASE WHEN t.at_once THEN 'cancelled' ELSE 'cancelling' END, epoch = t.epoch,
                error_class = CASE WHEN t.at_once THEN 'cancelled' END, paused_from = NULL,
                error = \(error.map { "CASE WHEN e.id IN (SELECT id FROM roots) THEN \($0)::jsonb ELSE e.error END" } ?? "e.error"),
                finished_at = CASE WHEN t.at_once THEN clock_timestamp() END, updated_at = clock_timestamp()
            FROM (SELECT * FROM freed UNION ALL SELECT * FROM asked) t
            WHERE e.id = t.execution_id AND e.state = ANY (\(ExecutionState.sql(ExecutionState.live)))
            RETURNING e.*
        ), abandoned AS (
            UPDATE execution_steps s SET status = 'abandoned', finished_at = clock_timestamp()
            FROM changed WHERE s.execution_id = changed.id AND changed.state = 'cancelled' AND s.status IN ('started', 'waiting')
        ), told AS (
            \(EventClause.execution("(SELECT * FROM changed WHERE state = 'cancelled') ended", type: "'execution.cancelled'"))
        )
        """
    }

    /// The whole as a statement that nobody reads.
    static func statement<Parameter: PostgresParameter>(
        _ name: String, roots: String, error: String? = nil
    ) -> Statement<Void, Parameter> {
        Statement(name, cancelling(roots: roots, error: error) + " SELECT 1 FROM changed")
    }
}

extension ExecutionState {
    /// States as an array in a statement.
    static func sql(_ words: [String]) -> String { "ARRAY[" + words.map { "'\($0)'" }.joined(separator: ", ") + "]" }
}
