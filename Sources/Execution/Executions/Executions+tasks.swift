// What tasks and schedules want of executions.

import Base
import JSON
import Postgres
import Tenancy

extension Executions {
    /// The runs of a task.
    /// - Parameters:
    ///   - state: only those in this state.
    ///   - before: where an earlier part of the list ended.
    public func list(
        of task: TaskID, state: ExecutionState? = nil, before: ExecutionID? = nil, part: (limit: Int, order: ListOrder),
        _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Listing<ExecutionSummary, ExecutionID> {
        // A definition has one id, whatever it is called.
        try await list(
            agent: AgentID(task.uuid), state: state, before: before, limit: part.limit, order: part.order, permit)
    }

    /// Cancels a run as part of a transaction: at once what waits, within seconds what runs. One that has ended stays as it is.
    static func cancel(_ id: ExecutionID, within session: Session) async throws(Fault) {
        var batch = session.batch()
        batch.add(ExecutionStatements.lock, id)
        batch.add(replace, id, ExecutionState.live)
        _ = try await batch.run()
    }

    private static let replace = Statement<Void, ExecutionID, [String]>(
        "cancel an execution for the next one",
        """
        WITH waiting AS (
            DELETE FROM execution_queue WHERE execution_id = $1 AND node_id IS NULL
            RETURNING execution_id, true AS at_once
        ), held AS (
            UPDATE execution_queue SET cancel_requested = true WHERE execution_id = $1 AND node_id IS NOT NULL
            RETURNING execution_id, false AS at_once
        )
        UPDATE executions
        SET state = CASE WHEN ended.at_once THEN 'cancelled' ELSE 'cancelling' END,
            finished_at = CASE WHEN ended.at_once THEN clock_timestamp() END, updated_at = clock_timestamp()
        FROM (SELECT * FROM waiting UNION ALL SELECT * FROM held) ended
        WHERE id = ended.execution_id AND state = ANY ($2)
        """)
}
