// Flows: nodes and edges that are carried through; checked when they are saved. The states are active ⇄ paused → archived; only
// an active one runs. Its `status` is what became of its last run.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which flows a caller wants to see.
private struct ListFlows: Sendable {
    let paging: Paging
    let state: DefinitionState?
    let status: RunStatus?

    static let query = Query<ListFlows>("ListFlows") { parameters in
        ListFlows(
            paging: .read(&parameters),
            state: parameters.optional("filter[state]", .enumeration(DefinitionState.self), "Only flows in this state."),
            status: parameters.optional(
                "filter[status]", .enumeration(RunStatus.self), "Only flows whose last run came to this."))
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "flows \(state?.rawValue ?? "") \(status?.rawValue ?? "")" }
}

extension Endpoint {
    static func flows(_ services: Services) -> [Endpoint] {
        let flows = services.core.flows
        return [
            .taking(
                .post, "/v1/flows", "Make a flow", FlowsWrite.self, CreateFlow.input, status: 201, answers: Flow.output
            ) { call, permit, input throws(Fault) in
                try await flows.create(input, permit)
            },
            .asking(
                "/v1/flows", "List the flows, without their nodes and edges", FlowsRead.self, ListFlows.query,
                answers: Flow.summary.page
            ) {
                call, permit, query throws(Fault) in
                let before: FlowID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await flows.list(
                    query.state, query.status, before: before, part: (query.paging.limit, query.paging.order), permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/flows/{flow_id}", "Read a flow", FlowsRead.self, answers: Flow.output) {
                call, permit throws(Fault) in
                try await flows.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/flows/{flow_id}", "Change a flow", FlowsWrite.self, UpdateFlow.input, answers: Flow.output
            ) { call, permit, input throws(Fault) in
                try await flows.update(try call.id(0), input, permit)
            },
            .silent(.delete, "/v1/flows/{flow_id}", "Delete a flow with its runs and its schedules", FlowsWrite.self) {
                call, permit throws(Fault) in
                try await flows.delete(try call.id(0), permit)
            },
            .plain(.post, "/v1/flows/{flow_id}/pause", "Pause a flow", FlowsWrite.self, answers: Flow.output) {
                call, permit throws(Fault) in
                try await flows.pause(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/flows/{flow_id}/resume", "Resume a paused flow", FlowsWrite.self, answers: Flow.output
            ) { call, permit throws(Fault) in
                try await flows.resume(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/flows/{flow_id}/archive", "Archive a flow for good; its schedules end", FlowsWrite.self,
                answers: Flow.output
            ) { call, permit throws(Fault) in
                try await flows.archive(try call.id(0), permit)
            },
        ] + flowRuns(services)
    }

    private static func flowRuns(_ services: Services) -> [Endpoint] {
        let flows = services.core.flows
        return [
            .taking(
                .post, "/v1/flows/{flow_id}/run", "Run a flow now", ExecutionsWrite.self, RunDefinition.input, mayBeEmpty: true,
                status: 202, answers: Execution.output
            ) { call, permit, input throws(Fault) in
                try await flows.run(try call.id(0), input, permit)
            },
            .asking(
                "/v1/flows/{flow_id}/executions", "List the runs of a flow", ExecutionsRead.self, ListRuns.query,
                answers: ExecutionSummary.output.page
            ) { call, permit, query throws(Fault) in
                let flow: FlowID = try call.id(0)
                return try await query.page(of: .flow(flow), services.core.executions, permit)
            },
            .plain(
                .get, "/v1/flows/{flow_id}/statistics", "Read how the runs of a flow went", FlowsRead.self,
                answers: RunStatistics.output
            ) { call, permit throws(Fault) in
                try await flows.statistics(of: try call.id(0), permit)
            },
        ]
    }
}
