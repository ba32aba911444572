// What can be done with tasks. Each operation takes the permit that it needs, and is one transaction in the tenant's scope.

import Base
import JSON
import Postgres
import Tenancy

/// The tasks of all tenants, each in its tenant's scope.
public final class Tasks: Sendable {
    private static let table = DefinitionStatements<TaskKind>("task")

    private let store: DefinitionStore<TaskKind>
    private let registry: ToolRegistry

    /// - Parameter signal: told of every run that becomes ready.
    public init(database: Database, registry: ToolRegistry, signal: QueueSignal) {
        store = DefinitionStore(statements: Tasks.table, database: database, signal: signal)
        self.registry = registry
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { table.all }

    /// Makes a task, which is active.
    /// - Throws: `.toolNotAvailable` naming the type; `.invalid` naming the parameters, and what they refer to that is not there; `.forbidden`
    ///   for who may not do what its tool does.
    public func create(_ task: CreateTask, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        let calls = try task.body.check(against: registry)
        try calls.checkRights(of: permit.scope, registry)
        return try TaskDefinition(
            try await store.create(
                .make(), task.name, task.description, body: task.body.bytes, permit.scope, permit.audit(.taskCreated)
            ) { session throws(Fault) in
                try await calls.checkReferences(registry, within: session)
            })
    }

    /// - Throws: `.notFound`.
    public func get(_ id: TaskID, _ permit: Permit<TasksRead>) async throws(Fault) -> TaskDefinition {
        try TaskDefinition(try await store.get(id, permit.scope))
    }

    /// Which tasks are wanted.
    public struct Filter: Sendable {
        let state: DefinitionState?
        let type: TaskType?
        let status: RunStatus?

        public init(state: DefinitionState? = nil, type: TaskType? = nil, status: RunStatus? = nil) {
            self.state = state
            self.type = type
            self.status = status
        }
    }

    /// Tasks.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        _ filter: Filter = Filter(), before: TaskID? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        _ permit: Permit<TasksRead>
    ) async throws(Fault) -> Listing<TaskDefinition, TaskID> {
        let wanted = DefinitionFilter(state: filter.state, type: filter.type?.rawValue, status: filter.status)
        return try await store.list(wanted, before: before, part: (limit, order), permit.scope).map { record throws(Fault) in
            try TaskDefinition(record)
        }
    }

    /// Changes what `update` names. New parameters, another priority and other limits make a new version.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalidState` when it is archived; as `create`.
    public func update(_ id: TaskID, _ update: UpdateTask, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        let change = DefinitionChange(name: update.name, description: update.description)
        return try TaskDefinition(
            try await store.update(
                id, change, permit, .taskUpdated,
                body: { present, session throws(Fault) in
                    guard let body = update.body(after: try TaskBody(stored: present)) else { return nil }
                    let calls = try body.check(against: registry)
                    try calls.checkRights(of: permit.scope, registry)
                    try await calls.checkReferences(registry, within: session)
                    return body.bytes
                }))
    }

    /// Lets a task not run for now. Schedules skip it; what runs goes on.
    /// - Throws: `.notFound`; `.invalidState` unless it is active.
    public func pause(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try TaskDefinition(try await store.move(id, to: .paused, told: "paused", permit, .taskPaused))
    }

    /// Lets a task run again.
    /// - Throws: `.notFound`; `.invalidState` unless it is paused.
    public func resume(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try TaskDefinition(try await store.move(id, to: .active, told: "resumed", permit, .taskResumed))
    }

    /// Lets a task never run again and ends its schedules. What runs goes on.
    /// - Throws: `.notFound`; `.invalidState` when it is archived.
    public func archive(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try TaskDefinition(try await store.move(id, to: .archived, told: "archived", permit, .taskArchived))
    }

    /// Removes a task with its versions, schedules and runs.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) {
        try await store.delete(id, permit, .taskDeleted)
    }

    /// Makes a run of an active task and puts it in the queue: durable once this returns. The members of its input go over the
    /// parameters of the task.
    /// - Throws: `.notFound`; `.invalidState` unless the task is active.
    public func run(_ id: TaskID, _ run: RunDefinition, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Execution {
        try await store.run(id, run, permit, .taskRun)
    }

    /// How its latest runs went.
    /// - Throws: `.notFound`.
    public func statistics(of id: TaskID, _ permit: Permit<TasksRead>) async throws(Fault) -> RunStatistics {
        try await store.statistics(of: id, permit.scope)
    }
}
