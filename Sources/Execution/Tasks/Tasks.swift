// What can be done with tasks. Each operation takes the permit that it needs, and is one transaction in the tenant's scope.

import Base
import JSON
import Postgres
import Tenancy

/// The tasks of all tenants, each in its tenant's scope.
public final class Tasks: Sendable {
    private let database: Database
    private let registry: ToolRegistry
    private let signal: QueueSignal

    /// - Parameter signal: told of every run that becomes ready.
    public init(database: Database, registry: ToolRegistry, signal: QueueSignal) {
        self.database = database
        self.registry = registry
        self.signal = signal
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { TaskStatements.all }

    /// Makes a task, which is active.
    /// - Throws: `.toolNotAvailable` naming the type, `.invalid` naming the parameters.
    public func create(_ task: CreateTask, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try task.body.check(against: registry)
        let id = TaskID.make()
        var batch = database.once(permit.scope.database).batch()
        batch.add(
            TaskStatements.create, permit.scope.tenant, id, task.name, task.description, JSONBytes(task.body.bytes),
            permit.audit(.taskCreated))
        let made = batch.add(TaskStatements.get, id)
        return try found(try await batch.run().first(made))
    }

    /// - Throws: `.notFound`.
    public func get(_ id: TaskID, _ permit: Permit<TasksRead>) async throws(Fault) -> TaskDefinition {
        try found(try await database.once(permit.scope.database).first(TaskStatements.get, id))
    }

    /// Which tasks are wanted.
    public struct Filter: Sendable {
        let state: TaskState?
        let type: TaskType?
        let status: TaskStatus?

        public init(state: TaskState? = nil, type: TaskType? = nil, status: TaskStatus? = nil) {
            self.state = state
            self.type = type
            self.status = status
        }

        /// The states of the last run that make the status.
        fileprivate var lastRuns: [String]? {
            status.map { status in ExecutionState.allCases.filter { TaskStatus(lastRun: $0) == status }.map(\.rawValue) }
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
        precondition(Listing<TaskDefinition, TaskID>.limits.contains(limit), "the limit of a list is checked at the door")
        let tasks = try await database.slow(permit.scope.database).query(
            TaskStatements.list, filter.state?.rawValue, filter.type?.rawValue, filter.lastRuns, filter.status == .created,
            before,
            limit + 1, order.isAscending)
        return Listing(tasks, limit: limit) { $0.id }
    }

    /// Changes what `update` names. New parameters, another priority and other limits make a new version.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalidState` when it is archived; as `create`.
    public func update(_ id: TaskID, _ update: UpdateTask, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        let changed = try await database.session(permit.scope.database) { session throws(Fault) -> TaskDefinition? in
            guard let present = try await session.first(TaskStatements.lock, id) else { throw Tasks.notFound }
            guard present.state != .archived else { throw Fault(.invalidState, "A task that is archived cannot be changed.") }
            let body = update.body(after: present.body)
            try body?.check(against: registry)
            let count = try await session.execute(
                TaskStatements.update, id, update.name, update.description, body.map { JSONBytes($0.bytes) },
                permit.request.acceptedRevisions, permit.audit(.taskUpdated))
            guard count > 0 else { throw Fault.changedMeanwhile }
            return try await session.first(TaskStatements.get, id)
        }
        return try found(changed)
    }

    /// Lets a task not run for now. Schedules skip it; what runs goes on.
    /// - Throws: `.notFound`; `.invalidState` unless it is active.
    public func pause(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try await move(id, to: .paused, told: "task.paused", permit, .taskPaused)
    }

    /// Lets a task run again.
    /// - Throws: `.notFound`; `.invalidState` unless it is paused.
    public func resume(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try await move(id, to: .active, told: "task.resumed", permit, .taskResumed)
    }

    /// Lets a task never run again and ends its schedules. What runs goes on.
    /// - Throws: `.notFound`; `.invalidState` when it is archived.
    public func archive(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) -> TaskDefinition {
        try await move(id, to: .archived, told: "task.archived", permit, .taskArchived)
    }

    /// Removes a task with its versions, schedules and runs.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(_ id: TaskID, _ permit: Permit<TasksWrite>) async throws(Fault) {
        // A long history takes its time: on a connection of its own, the queue locked first.
        let count = try await database.session(permit.scope.database) { session throws(Fault) in
            try await session.execute(TaskStatements.sweep, id)
            return try await session.execute(
                TaskStatements.delete, id, permit.request.acceptedRevisions, permit.audit(.taskDeleted))
        }
        guard count == 0 else { return }
        let isThere = try await database.once(permit.scope.database).first(TaskStatements.get, id) != nil
        throw isThere ? .changedMeanwhile : Tasks.notFound
    }

    /// Makes a run of an active task and puts it in the queue: durable once this returns.
    /// - Throws: `.notFound`; `.invalidState` unless the task is active.
    public func run(_ id: TaskID, _ run: RunTask, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Execution {
        let execution = ExecutionID.make()
        var batch = database.once(permit.scope.database).batch()
        let state = batch.add(TaskStatements.run, id, execution, JSONBytes(run.input.bytes), permit.audit(.taskRun))
        let made = batch.add(ExecutionStatements.get, execution)
        let results = try await batch.run()
        guard let state = try results.first(state) else { throw Tasks.notFound }
        guard let execution = try results.first(made) else {
            throw Fault(.invalidState, "A task that is \(state.rawValue) cannot be run.")
        }
        Database.afterCommit { [signal] in signal.raise() }
        return execution
    }

    /// How its latest runs went.
    /// - Throws: `.notFound`.
    public func statistics(of id: TaskID, _ permit: Permit<TasksRead>) async throws(Fault) -> TaskStatistics {
        var batch = database.slow(permit.scope.database).batch()
        let task = batch.add(TaskStatements.get, id)
        let statistics = batch.add(TaskStatements.statistics, id, TaskStatistics.most)
        let results = try await batch.run()
        _ = try found(try results.first(task))
        guard let statistics = try results.first(statistics) else { throw Tasks.notFound }
        return statistics
    }

    private func move(
        _ id: TaskID, to state: TaskState, told event: String, _ permit: Permit<TasksWrite>, _ action: AuditAction
    ) async throws(Fault) -> TaskDefinition {
        var batch = database.once(permit.scope.database).batch()
        let moved = batch.add(
            TaskStatements.move, id, state.rawValue, TaskState.predecessors(of: state), event, permit.audit(action))
        batch.add(TaskStatements.endSchedules, id)
        let task = batch.add(TaskStatements.get, id)
        let results = try await batch.run()
        let present = try found(try results.first(task))
        guard results.affected(moved) > 0 else {
            throw Fault(.invalidState, "A task that is \(present.state.rawValue) cannot become \(state.rawValue).")
        }
        return present
    }

    private func found(_ task: TaskDefinition?) throws(Fault) -> TaskDefinition {
        guard let task else { throw Tasks.notFound }
        return task
    }

    static let notFound = Fault(.notFound, "There is no such task.")
}
