// What the tests of executions share: a database with a tenant, the operations on it, workers of any number, tools that do as they are
// told, and a way to wait for what is to come.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

/// A tool that a test scripts, and that counts its calls.
final class ScriptedTool: Tool {
    struct Arguments: Sendable {
        let value: JSONValue?
        let previous: JSONValue?
    }

    /// What the tool does; it is given the number of the call, from 1.
    typealias Script = @Sendable (Int, ToolContext) async throws(StepFailure) -> JSONValue

    let name: String
    let version = "1.0.0"
    let summary = "Does as it is told."
    let category = "test"
    let effect: Effect
    let arguments = Input<Arguments>("ScriptedArguments") { fields in
        Arguments(
            value: fields.optional("value", .json(bytes: 10_000), "Anything."),
            previous: fields.optional("previous", .json(bytes: 10_000), "What came before."))
    }
    var configuration: Input<Arguments> { arguments }
    let output = SchemaNode(.any)
    let examples: [ToolExample] = []
    private let script: Script
    private let state = Mutex((calls: 0, byExecution: [ExecutionID: Int](), keys: [String](), previous: [JSONValue?]()))

    init(_ name: String = "scripted", effect: Effect = .pure, _ script: @escaping Script = { number, _ in .integer(number) }) {
        self.name = name
        self.effect = effect
        self.script = script
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        let number = state.withLock { state in
            state.calls += 1
            state.byExecution[context.execution, default: 0] += 1
            state.keys.append(context.idempotencyKey)
            state.previous.append(arguments.previous)
            return state.calls
        }
        return try await script(number, context)
    }

    var calls: Int { state.withLock { $0.calls } }
    var callsByExecution: [ExecutionID: Int] { state.withLock { $0.byExecution } }
    var idempotencyKeys: [String] { state.withLock { $0.keys } }
    var previous: [JSONValue?] { state.withLock { $0.previous } }
}

/// Waits until the calling task is cancelled, and says so.
func untilCancelled() async throws(StepFailure) -> JSONValue {
    while !Task.isCancelled { await EventLoop.current?.sleep(milliseconds: 5) }
    throw StepFailure(Fault(.cancelled, "cancelled"))
}

/// A database with one tenant and all that belongs to executions. Used on the first of its loops.
struct Workshop: Sendable {
    let url: TestDatabase
    let database: Database
    let group: LoopGroup
    let registry: ToolRegistry
    let tenant: TenantID
    let agents: Agents
    let executions: Executions
    let signal: QueueSignal
    let pool: BlockingPool

    /// Runs `body` with a workshop whose tools are `tools`.
    static func run(
        loops: Int = 1, _ tools: [any Tool], _ body: @escaping @Sendable (Workshop) async throws -> Void
    ) async throws {
        try await run(loops: loops, making: { _, _ in tools }, body)
    }

    /// The same with tools that need loops or a pool.
    static func run(
        loops: Int = 1, making tools: @escaping @Sendable (LoopGroup, BlockingPool) throws -> [any Tool],
        _ body: @escaping @Sendable (Workshop) async throws -> Void
    ) async throws {
        let database = try await TestDatabase.make()
        let tenant = try makeTenant(in: database)
        try await database.run(loops: loops) { connected, group in
            let signal = QueueSignal(database: connected, loop: group.loops[0], node: .make())
            let pool = BlockingPool(name: "tools", threads: 2)
            defer { pool.stop() }
            let registry = ToolRegistry(
                tools: try tools(group, pool),
                strategies: [
                    ReactiveStrategy(), SequenceStrategy(pool: pool), PlanAndExecuteStrategy(pool: pool), ToolLoopStrategy(),
                    FlowGraphStrategy(pool: pool),
                ])
            try await body(
                Workshop(
                    url: database, database: connected, group: group, registry: registry, tenant: tenant,
                    agents: Agents(database: connected, registry: registry),
                    executions: Executions(database: connected, signal: signal), signal: signal, pool: pool))
        }
    }

    /// The same with more tools.
    func with(_ tools: [any Tool]) -> Workshop {
        let registry = ToolRegistry(
            tools: tools,
            strategies: [
                ReactiveStrategy(), SequenceStrategy(pool: pool), PlanAndExecuteStrategy(pool: pool), ToolLoopStrategy(),
                FlowGraphStrategy(pool: pool),
            ])
        return Workshop(
            url: url, database: database, group: group, registry: registry, tenant: tenant,
            agents: Agents(database: database, registry: registry), executions: executions, signal: signal, pool: pool)
    }

    static func makeTenant(in database: TestDatabase) throws -> TenantID {
        let tenant = TenantID.make()
        _ = try database.connect().rows(
            "INSERT INTO tenants (tenant_id, slug, name, signing_key) VALUES ($1, $2, 'Test', decode(repeat('00', 32), 'hex'))",
            [tenant.uuid.description, "t" + String(tenant.description.suffix(20))])
        return tenant
    }

    /// Leases that hold however busy the machine is: tests end them by force.
    static let lease = Lease(
        milliseconds: 3_600_000, abandonMilliseconds: 3_000_000, renewalMilliseconds: 1_000, reapMilliseconds: 200)

    // MARK: Permits

    func permit<Needed: Permission>(
        _ needed: Needed.Type = Needed.self, of other: TenantID? = nil, plan: Plan = .enterprise
    ) throws -> Permit<Needed> {
        let scope = TenantScope(
            tenant: other ?? tenant, actor: .key(.make()), rights: Role.owner.rights, signingKey: Secret("test"),
            quotas: plan.quotas)
        return try scope.permit(needed)
    }

    // MARK: Making things

    /// An agent that was never started.
    func idleAgent() async throws -> AgentID {
        let blueprint = Blueprint(tools: [], strategy: Blueprint.StrategyUse(name: "reactive"))
        return try await agents.create(CreateAgent(name: "Idle", blueprint: blueprint), try permit()).id
    }

    /// A running agent that uses the tools of these names.
    func agent(_ tools: String..., limits: Blueprint.RunLimits = .standard, value: JSONValue? = nil) async throws -> Agent {
        var configuration = JSONObject()
        configuration["value"] = value
        let blueprint = Blueprint(
            tools: tools.map { Blueprint.ToolUse(name: $0, configuration: $0 == "ping" ? JSONObject() : configuration) },
            strategy: Blueprint.StrategyUse(name: "reactive"), limits: limits)
        let agent = try await agents.create(CreateAgent(name: "Test", blueprint: blueprint), try permit())
        return try await agents.start(agent.id, try permit())
    }

    /// A schedule that triggers it every hour.
    func schedule(_ agent: Agent) async throws -> ScheduleID {
        try await Schedules(database: database).create(
            CreateSchedule(name: "S", definition: .agent(agent.id), trigger: .interval(seconds: 3_600)), try permit()
        ).id
    }

    func trigger(_ agent: Agent, _ input: JSONValue = [:]) async throws -> ExecutionID {
        try await executions.trigger(agent.id, TriggerAgent(input: JSONRaw(input.bytes)), try permit()).summary.id
    }

    func worker(_ node: NodeID = .make(), concurrency: Int = 16, lease: Lease = Workshop.lease) -> Worker {
        Worker(
            database: database, group: group, registry: registry, signal: signal, node: node, concurrency: concurrency,
            lease: lease)
    }

    /// A worker for as long as `body` runs.
    func working(_ concurrency: Int = 16, _ body: () async throws -> Void) async throws {
        try await watching(concurrency) { _ in try await body() }
    }

    /// The same with the worker at hand.
    func watching(_ concurrency: Int = 16, _ body: (Worker) async throws -> Void) async throws {
        let worker = worker(concurrency: concurrency)
        await worker.start()
        do {
            try await body(worker)
        } catch {
            await worker.stop(graceMilliseconds: 0)
            throw error
        }
        await worker.stop(graceMilliseconds: 0)
    }

    // MARK: Looking

    func get(_ id: ExecutionID) async throws -> Execution { try await executions.get(id, try permit()) }

    func steps(_ id: ExecutionID) async throws -> [ExecutionStep] {
        try await executions.steps(of: id, limit: Executions.stepLimits.upperBound, try permit()).elements
    }

    /// Waits until the execution is in one of `states`.
    func until(_ id: ExecutionID, _ states: ExecutionState...) async throws -> Execution {
        var execution = try await get(id)
        try await until("\(id) is in \(states)") {
            execution = try await get(id)
            return states.contains(execution.summary.state)
        }
        return execution
    }

    /// Waits until the execution has ended.
    func ended(_ id: ExecutionID) async throws -> Execution {
        try await until(id, .succeeded, .failed, .timedOut, .cancelled, .indeterminate)
    }

    /// Waits for what is to come, and fails when it never does.
    func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = Instant.now.advanced(milliseconds: 120_000)
        while !(try await condition()) {
            try #require(Instant.now < deadline, "never: \(what)")
            await group.loops[0].sleep(milliseconds: 10)
        }
    }

    // MARK: Making trouble, as somebody whom no policy holds

    @discardableResult
    func force(_ sql: String, _ parameters: [String] = []) throws -> [[String?]] {
        try url.connectAsSuperuser().rows(sql, parameters)
    }

    /// Lets the lease of an execution end now, as if its node were dead.
    func expire(_ id: ExecutionID) throws {
        try force(
            "UPDATE execution_queue SET lease_expires_at = now() - interval '1 second' WHERE execution_id = $1",
            [id.uuid.description])
    }

    /// Claims one execution as a node that no worker stands behind.
    func claim(as node: NodeID = .make()) async throws -> Claim {
        try #require(try await claims(1, as: node).first)
    }

    /// Claims as `claim` does, at most so many.
    func claims(_ limit: Int, as node: NodeID) async throws -> [Claim] {
        try await claimRows(limit, as: node).compactMap(\.claim)
    }

    /// What a claim from a place on gives.
    func claimRows(
        _ limit: Int, as node: NodeID, from place: ClaimStatement.Place = ClaimStatement.Place()
    ) async throws -> [ClaimStatement.Row] {
        var batch = database.worker.batch()
        batch.add(ClaimStatement.lock)
        let slot = batch.add(
            ClaimStatement.claim, node, Workshop.lease.milliseconds, limit, place.tenant, place.lane,
            Plan.allCases.map(\.rawValue), Plan.allCases.map(\.quotas.runningAgents),
            Plan.allCases.map(\.weight))
        return try await batch.run().rows(slot)
    }

    /// Gives the tenant a plan.
    func subscribe(_ plan: Plan, _ other: TenantID? = nil) throws {
        try force("UPDATE tenants SET plan = $2 WHERE tenant_id = $1", [(other ?? tenant).uuid.description, plan.rawValue])
    }

    /// A run's store for a claim.
    func store(_ claim: Claim) -> RunStore {
        RunStore(database: database, claim: claim, gatherer: Gatherer(database: database, loop: group.loops[0], signal: signal))
    }

    /// A step of the tool, as the journal would begin it.
    func step(_ tool: any Tool, key: String = "tool[0]", input: JSONObject = JSONObject()) throws -> RunStep {
        let whole: JSONValue = ["tool": .string(tool.name), "input": .object(input)]
        return RunStep(
            key: key, tool: tool, call: try tool.prepare(input), hash: Journal.hash(whole), input: input, attempt: 1)
    }

    func queueCount() throws -> Int { Int(try force("SELECT count(*) FROM execution_queue")[0][0] ?? "") ?? -1 }
}
