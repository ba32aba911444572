// Agents: make, read, change, run. The states are created → running ⇄ paused → stopped; only a running agent can be triggered.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which agents a caller wants to see.
private struct ListAgents: Sendable {
    let paging: Paging
    let state: AgentState?

    static let query = Query<ListAgents>("ListAgents") { parameters in
        ListAgents(
            paging: .read(&parameters),
            state: parameters.optional("filter[state]", .enumeration(AgentState.self), "Only agents in this state."))
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "agents \(state?.rawValue ?? "")" }
}

extension Endpoint {
    static func agents(_ services: Services) -> [Endpoint] {
        let agents = services.core.agents
        return [
            .taking(.post, "/v1/agents", "Make an agent", AgentsWrite.self, CreateAgent.input, status: 201, answers: Agent.output)
            {
                call, permit, input throws(Fault) in
                try await agents.create(input, permit)
            },
            .asking("/v1/agents", "List the agents", AgentsRead.self, ListAgents.query, answers: AgentSummary.output.page) {
                call, permit, query throws(Fault) in
                let before: AgentID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await agents.list(
                    state: query.state, before: before, limit: query.paging.limit, order: query.paging.order, permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/agents/{agent_id}", "Read an agent", AgentsRead.self, answers: Agent.output) {
                call, permit throws(Fault) in
                try await agents.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/agents/{agent_id}", "Change an agent", AgentsWrite.self, UpdateAgent.input, answers: Agent.output
            ) {
                call, permit, input throws(Fault) in
                try await agents.update(try call.id(0), input, permit)
            },
            .silent(.delete, "/v1/agents/{agent_id}", "Delete an agent with its executions", AgentsWrite.self) {
                call, permit throws(Fault) in
                try await agents.delete(try call.id(0), permit)
            },
            .plain(.post, "/v1/agents/{agent_id}/start", "Start or resume an agent", AgentsWrite.self, answers: Agent.output) {
                call, permit throws(Fault) in
                try await agents.start(try call.id(0), permit)
            },
            .plain(.post, "/v1/agents/{agent_id}/pause", "Pause an agent", AgentsWrite.self, answers: Agent.output) {
                call, permit throws(Fault) in
                try await agents.pause(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/agents/{agent_id}/stop", "Stop an agent for good; what runs is cancelled", AgentsWrite.self,
                answers: Agent.output
            ) { call, permit throws(Fault) in
                try await agents.stop(try call.id(0), permit)
            },
            .taking(
                .post, "/v1/agents/{agent_id}/trigger", "Run an agent now", ExecutionsWrite.self, TriggerAgent.input,
                mayBeEmpty: true, status: 202, answers: Execution.output
            ) { call, permit, input throws(Fault) in
                try await services.core.executions.trigger(try call.id(0), input, permit)
            },
        ]
    }
}
