// Automations: steps in order, and the triggers that have them done. The states are active ⇄ paused → archived; only
// an active one runs. Its `status` is what became of its last run.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which automations a caller wants to see.
private struct ListAutomations: Sendable {
    let paging: Paging
    let state: DefinitionState?
    let status: RunStatus?

    static let query = Query<ListAutomations>("ListAutomations") { parameters in
        ListAutomations(
            paging: .read(&parameters),
            state: parameters.optional("filter[state]", .enumeration(DefinitionState.self), "Only automations in this state."),
            status: parameters.optional(
                "filter[status]", .enumeration(RunStatus.self), "Only automations whose last run came to this."))
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "automations \(state?.rawValue ?? "") \(status?.rawValue ?? "")" }
}

extension Endpoint {
    static func automations(_ services: Services) -> [Endpoint] {
        let automations = services.core.automations
        return [
            .taking(
                .post, "/v1/automations", "Make an automation", AutomationsWrite.self, CreateAutomation.input, status: 201,
                answers: Automation.output
            ) { call, permit, input throws(Fault) in
                try await automations.create(input, permit)
            },
            .asking(
                "/v1/automations", "List the automations, without their triggers and steps", AutomationsRead.self,
                ListAutomations.query,
                answers: Automation.summary.page
            ) {
                call, permit, query throws(Fault) in
                let before: AutomationID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await automations.list(
                    query.state, query.status, before: before, part: (query.paging.limit, query.paging.order), permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(
                .get, "/v1/automations/{automation_id}", "Read an automation", AutomationsRead.self, answers: Automation.output
            ) {
                call, permit throws(Fault) in
                try await automations.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/automations/{automation_id}", "Change an automation", AutomationsWrite.self, UpdateAutomation.input,
                answers: Automation.output
            ) { call, permit, input throws(Fault) in
                try await automations.update(try call.id(0), input, permit)
            },
            .silent(
                .delete, "/v1/automations/{automation_id}", "Delete an automation with its runs and its schedules",
                AutomationsWrite.self
            ) {
                call, permit throws(Fault) in
                try await automations.delete(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/automations/{automation_id}/pause", "Pause an automation", AutomationsWrite.self,
                answers: Automation.output
            ) {
                call, permit throws(Fault) in
                try await automations.pause(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/automations/{automation_id}/resume", "Resume a paused automation", AutomationsWrite.self,
                answers: Automation.output
            ) { call, permit throws(Fault) in
                try await automations.resume(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/automations/{automation_id}/archive", "Archive an automation for good; its schedules end",
                AutomationsWrite.self,
                answers: Automation.output
            ) { call, permit throws(Fault) in
                try await automations.archive(try call.id(0), permit)
            },
        ] + automationRuns(services)
    }

    private static func automationRuns(_ services: Services) -> [Endpoint] {
        let automations = services.core.automations
        return [
            .taking(
                .post, "/v1/automations/{automation_id}/run", "Run an automation now", ExecutionsWrite.self, RunDefinition.input,
                mayBeEmpty: true,
                status: 202, answers: Execution.output
            ) { call, permit, input throws(Fault) in
                try await automations.run(try call.id(0), input, permit)
            },
            .asking(
                "/v1/automations/{automation_id}/executions", "List the runs of an automation", ExecutionsRead.self,
                ListRuns.query,
                answers: ExecutionSummary.output.page
            ) { call, permit, query throws(Fault) in
                let automation: AutomationID = try call.id(0)
                return try await query.page(of: .automation(automation), services.core.executions, permit)
            },
            .plain(
                .get, "/v1/automations/{automation_id}/statistics", "Read how the runs of an automation went",
                AutomationsRead.self,
                answers: RunStatistics.output
            ) { call, permit throws(Fault) in
                try await automations.statistics(of: try call.id(0), permit)
            },
        ]
    }
}
