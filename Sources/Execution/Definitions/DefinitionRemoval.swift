// How a definition is deleted: it is marked, which takes it out of everybody's sight, and its runs are cancelled; its history is removed by
// housekeeping, in parts. A run that is taken up in between is cancelled by its worker, so that a node that dies here leaves nothing running.
// Bounds: `batch` executions are cancelled by one transaction.

import Base
import Postgres
import Tenancy

/// What every kind of definition has in common when it is deleted.
enum DefinitionRemoval {
    static let all: [any AnyStatement] = [live, cancel]

    /// Executions that one transaction cancels, their children apart.
    static let batch = 500

    /// What has not ended and was not cancelled yet, oldest first.
    static let live = Statement<ExecutionID, UUIDBits, Int>(
        "live executions of a definition",
        """
        SELECT execution_id FROM execution_queue WHERE definition_id = $1 AND NOT cancel_requested ORDER BY execution_id LIMIT $2
        """
    ) { row throws(Fault) in try row.value(0) }

    static let cancel: Statement<Void, [ExecutionID]> = CancelClause.statement(
        "cancel executions of a deleted definition", roots: "SELECT unnest($1::uuid[])",
        error: #"'{"code": "not_found", "message": "What it runs was deleted."}'"#)

    /// Deletes.
    /// - Parameter mark: writes that it is deleted, before any lock of the queue is had; it affects nothing where there is nothing to delete.
    /// - Returns: whether it is deleted.
    static func remove(
        _ id: UUIDBits, _ scope: TenantScope, _ database: Database, mark: (Session) async throws(Fault) -> Int
    ) async throws(Fault) -> Bool {
        let first = try await database.session(scope.database) { session throws(Fault) -> Int? in
            guard try await mark(session) > 0 else { return nil }
            try await session.execute(ScheduleStatements.end, id)
            return try await cancelSome(of: id, session)
        }
        guard var count = first else { return false }
        while count == batch {
            count = try await database.session(scope.database) { session throws(Fault) in
                try await cancelSome(of: id, session)
            }
        }
        return true
    }

    /// Cancels some executions with their children, and wakes who waits for them.
    private static func cancelSome(of id: UUIDBits, _ session: Session) async throws(Fault) -> Int {
        let ids = try await session.query(live, id, batch)
        guard !ids.isEmpty else { return 0 }
        var batch = session.batch()
        batch.add(ChangeStatements.lock, ids)
        batch.add(cancel, ids)
        batch.add(RunStatements.wakeParents)
        _ = try await batch.run()
        return ids.count
    }
}
