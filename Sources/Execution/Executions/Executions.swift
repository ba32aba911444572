// What a tenant can do with executions: trigger an agent, look at what runs and what ran, cancel. The work itself is the worker's.

import Base
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy

/// The executions of all tenants, each in its tenant's scope.
public final class Executions: Sendable {
    /// How many steps one call may ask for.
    public static let stepLimits = 1...1_000
    /// About how many bytes of inputs and outputs one part of the steps has at most; a single step may have more.
    public static let stepPageBytes = 8 << 20
    /// How many lines of a log one call may ask for.
    public static let logLimits = 1...1_000

    let database: Database
    private let signal: QueueSignal
    private let pool: BlockingPool?
    /// By the index of the loop, each made when its loop first needs it.
    private let gatherers = Mutex<[Int: Gatherer]>([:])

    /// - Parameter signal: told of every execution that becomes ready.
    /// - Parameter pool: checks what agents are triggered with; without one that is done at once.
    public init(database: Database, signal: QueueSignal, pool: BlockingPool? = nil) {
        self.database = database
        self.pool = pool
        self.signal = signal
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] {
        ExecutionStatements.all + ChangeStatements.all + RunStatements.all + ApprovalStatements.all
            + NotificationStatements.all + [InsightStatement.report, replace, definition]
    }

    /// Makes an execution of a running agent and puts it in the queue: durable once this returns.
    /// - Throws: `.notFound`; `.invalidState` unless the agent is running; `.invalid` naming the fields of the input that its schema refuses;
    ///   `.limitReached` when as much is to do as the plan holds.
    public func trigger(
        _ agent: AgentID, _ trigger: TriggerAgent, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> Execution {
        var wish = AgentTrigger(
            tenant: permit.scope.tenant, agent: agent, id: ExecutionID.make(), trigger: trigger,
            audit: permit.audit(.agentTriggered))
        for _ in 0...InputSchema.rounds {
            let triggered = try await write(wish)
            guard let triggered else { throw Agents.notFound }
            if let execution = triggered.execution {
                raise()
                return execution
            }
            guard triggered.agentState == .running else {
                throw Fault(
                    .invalidState, "An agent that is \(triggered.agentState.rawValue) cannot be triggered. Start it first.")
            }
            guard let schema = triggered.schema, schema.version != wish.checked else {
                throw EnqueueClause.full(permit.scope.quotas.liveExecutions)
            }
            try await schema.check(trigger.input, on: pool)
            wish.checked = schema.version
        }
        throw .changedMeanwhile
    }

    /// In the transaction that surrounds the task, or in one commit with what others do meanwhile.
    private func write(_ wish: AgentTrigger) async throws(Fault) -> AgentTrigger.Outcome? {
        guard !Database.isInTransaction, let loop = EventLoop.current else {
            var batch = database.once(.tenant(wish.tenant)).batch()
            let read = AgentTrigger.add([wish], to: &batch)
            return try read(try await batch.run())[0]
        }
        let gatherer = gatherers.withLock { gatherers in
            if let known = gatherers[loop.index] { return known }
            let made = Gatherer(database: database, loop: loop)
            gatherers[loop.index] = made
            return made
        }
        return try await gatherer.write(wish, for: wish.tenant, 1)
    }

    /// Tells the workers that something is ready or asked of them, once it is committed.
    func raise() {
        Database.afterCommit { [signal] in signal.raise() }
    }

    /// - Throws: `.notFound`.
    public func get(_ id: ExecutionID, _ permit: Permit<ExecutionsRead>) async throws(Fault) -> Execution {
        try found(try await database.once(permit.scope.database).first(ExecutionStatements.get, id))
    }

    /// Executions.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        where filter: ExecutionFilter = ExecutionFilter(), before: ExecutionID? = nil, limit: Int = 20,
        order: ListOrder = .newestFirst,
        _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Listing<ExecutionSummary, ExecutionID> {
        precondition(Listing<ExecutionSummary, ExecutionID>.limits.contains(limit), "the limit of a list is checked at the door")
        let found = try await database.slow(permit.scope.database).query(
            ExecutionStatements.list, filter.definition?.uuid, filter.words, filter.trigger?.rawValue,
            filter.errorClass?.rawValue,
            filter.parent, before, limit + 1, order.isAscending)
        return Listing(found, limit: limit) { $0.id }
    }

    /// What an execution came to.
    /// - Throws: `.notFound`.
    public func result(of id: ExecutionID, _ permit: Permit<ExecutionsRead>) async throws(Fault) -> ExecutionResult {
        try found(try await database.once(permit.scope.database).first(ExecutionStatements.result, id))
    }

    /// The journal, in the order in which steps last began.
    /// - Parameters:
    ///   - after: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 1000; fewer come where they are large.
    /// - Throws: `.notFound`.
    public func steps(
        of id: ExecutionID, after: ExecutionStep.Place? = nil, limit: Int = 100, _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Listing<ExecutionStep, ExecutionStep.Place> {
        precondition(Executions.stepLimits.contains(limit), "the limit of a list is checked at the door")
        var batch = database.slow(permit.scope.database).batch()
        let execution = batch.add(ExecutionStatements.exists, id)
        let steps = batch.add(ExecutionStatements.steps, id, after?.startedAt, after?.key, limit + 1)
        let results = try await batch.run()
        _ = try found(try results.first(execution))
        let found = try results.rows(steps)
        let shown = found.prefix(limit).map(\.step)
        let hasMore = (found.first?.count ?? 0) > shown.count
        return Listing(
            shown, next: hasMore ? shown.last.map { ExecutionStep.Place(startedAt: $0.startedAt, key: $0.key) } : nil)
    }

    /// The log in order.
    /// - Parameters:
    ///   - after: the `seq` of the last line that is known already; 0 for none.
    ///   - least: only lines that matter at least as much.
    ///   - limit: how many at most, 1 to 1000.
    /// - Throws: `.notFound`.
    public func logs(
        of id: ExecutionID, after: Int = 0, least: LogLevel = .debug, limit: Int = 100, _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Listing<ExecutionLogLine, Int> {
        precondition(Executions.logLimits.contains(limit), "the limit of a list is checked at the door")
        let levels = LogLevel.allCases.drop { $0 != least }.map(\.rawValue)
        var batch = database.slow(permit.scope.database).batch()
        let execution = batch.add(ExecutionStatements.exists, id)
        let lines = batch.add(ExecutionStatements.logs, id, after, levels, limit + 1)
        let results = try await batch.run()
        _ = try found(try results.first(execution))
        return Listing(try results.rows(lines), limit: limit) { $0.seq }
    }

    func found<Value>(_ value: Value?) throws(Fault) -> Value {
        guard let value else { throw Fault(.notFound, "There is no such execution.") }
        return value
    }
}
