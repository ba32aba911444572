// Tasks: make, read, change, run, look at how they went. The states are active ⇄ paused → archived; only an active task runs. A task's `status` is
// what became of its last run.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which tasks a caller wants to see.
private struct ListTasks: Sendable {
    let paging: Paging
    let filter: Tasks.Filter
    /// The list by name, which a cursor is bound to.
    let name: String

    static let query = Query<ListTasks>("ListTasks") { parameters in
        let paging = Paging.read(&parameters)
        let state = parameters.optional("filter[state]", .enumeration(DefinitionState.self), "Only tasks in this state.")
        let type = parameters.optional("filter[type]", .enumeration(TaskType.self), "Only tasks of this type.")
        let status = parameters.optional(
            "filter[status]", .enumeration(RunStatus.self), "Only tasks whose last run came to this.")
        return ListTasks(
            paging: paging, filter: Tasks.Filter(state: state, type: type, status: status),
            name: "tasks \(state?.rawValue ?? "") \(type?.rawValue ?? "") \(status?.rawValue ?? "")")
    }
}

extension Endpoint {
    static func tasks(_ services: Services) -> [Endpoint] {
        let tasks = services.core.tasks
        return [
            .taking(
                .post, "/v1/tasks", "Make a task", TasksWrite.self, CreateTask.input, status: 201, answers: TaskDefinition.output
            ) { call, permit, input throws(Fault) in
                try await tasks.create(input, permit)
            },
            .asking("/v1/tasks", "List the tasks", TasksRead.self, ListTasks.query, answers: TaskDefinition.output.page) {
                call, permit, query throws(Fault) in
                let before: TaskID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await tasks.list(
                    query.filter, before: before, limit: query.paging.limit, order: query.paging.order, permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/tasks/{task_id}", "Read a task", TasksRead.self, answers: TaskDefinition.output) {
                call, permit throws(Fault) in
                try await tasks.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/tasks/{task_id}", "Change a task", TasksWrite.self, UpdateTask.input, answers: TaskDefinition.output
            ) { call, permit, input throws(Fault) in
                try await tasks.update(try call.id(0), input, permit)
            },
            .silent(.delete, "/v1/tasks/{task_id}", "Delete a task with its runs and its schedules", TasksWrite.self) {
                call, permit throws(Fault) in
                try await tasks.delete(try call.id(0), permit)
            },
            .plain(.post, "/v1/tasks/{task_id}/pause", "Pause a task", TasksWrite.self, answers: TaskDefinition.output) {
                call, permit throws(Fault) in
                try await tasks.pause(try call.id(0), permit)
            },
            .plain(.post, "/v1/tasks/{task_id}/resume", "Resume a paused task", TasksWrite.self, answers: TaskDefinition.output) {
                call, permit throws(Fault) in
                try await tasks.resume(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/tasks/{task_id}/archive", "Archive a task for good; its schedules end", TasksWrite.self,
                answers: TaskDefinition.output
            ) { call, permit throws(Fault) in
                try await tasks.archive(try call.id(0), permit)
            },
            .taking(
                .post, "/v1/tasks/{task_id}/run", "Run a task now", ExecutionsWrite.self, RunDefinition.input, mayBeEmpty: true,
                status: 202, answers: Execution.output
            ) { call, permit, input throws(Fault) in
                try await tasks.run(try call.id(0), input, permit)
            },
            .asking(
                "/v1/tasks/{task_id}/executions", "List the runs of a task", ExecutionsRead.self, ListRuns.query,
                answers: ExecutionSummary.output.page
            ) { call, permit, query throws(Fault) in
                let task: TaskID = try call.id(0)
                return try await query.page(of: .task(task), services.core.executions, permit)
            },
            .plain(
                .get, "/v1/tasks/{task_id}/statistics", "Read how the runs of a task went", TasksRead.self,
                answers: RunStatistics.output
            ) { call, permit throws(Fault) in
                try await tasks.statistics(of: try call.id(0), permit)
            },
        ]
    }
}
