// The runs of one definition as a list: the same question for every kind.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which runs of a definition a caller wants to see.
struct ListRuns: Sendable {
    let paging: Paging
    let state: ExecutionState?

    static let query = Query<ListRuns>("ListRuns") { parameters in
        ListRuns(
            paging: .read(&parameters),
            state: parameters.optional("filter[state]", .enumeration(ExecutionState.self), "Only runs in this state."))
    }

    /// A page of them.
    func page(
        of definition: DefinitionReference, _ executions: Executions, _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Page<ExecutionSummary> {
        let name = "runs \(definition.name) \(state?.rawValue ?? "")"
        let before: ExecutionID? = try paging.place(in: name, for: permit.scope)
        let part = try await executions.list(
            of: definition, state: state, before: before, part: (paging.limit, paging.order), permit)
        return part.page(of: name, in: paging.order, for: permit.scope)
    }
}
