// What definitions and schedules want of executions.

import Base
import JSON
import Postgres
import Tenancy

extension Executions {
    /// The runs of a definition.
    /// - Parameters:
    ///   - state: only those in this state.
    ///   - before: where an earlier part of the list ended.
    /// - Throws: `.notFound`.
    public func list(
        of definition: DefinitionReference, state: ExecutionState? = nil, before: ExecutionID? = nil,
        part: (limit: Int, order: ListOrder),
        _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Listing<ExecutionSummary, ExecutionID> {
        let filter = ExecutionFilter(of: definition, states: state.map { [$0] } ?? [])
        guard try await database.once(permit.scope.database).first(Executions.definition, definition.uuid, definition.kind) != nil
        else {
            throw Fault(.notFound, "There is no such \(definition.kind).")
        }
        return try await list(where: filter, before: before, limit: part.limit, order: part.order, permit)
    }

    /// A definition, if it is of that kind.
    static let definition = Statement<Int, UUIDBits, String>(
        "definition of a kind", "SELECT 1 FROM definitions WHERE id = $1 AND kind = $2 AND state <> 'deleted'", repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    /// Cancels a run as part of a transaction: at once what waits, within seconds what runs. One that has ended stays as it is.
    static func cancel(_ id: ExecutionID, within session: Session) async throws(Fault) {
        var batch = session.batch()
        batch.add(ChangeStatements.lock, [id])
        batch.add(replace, id)
        batch.add(RunStatements.wakeParent, id)
        _ = try await batch.run()
    }

    static let replace: Statement<Void, ExecutionID> = CancelClause.statement(
        "cancel an execution for the next one", roots: "SELECT $1::uuid")
}
