// The core as those who serve it see it: what can be run, what runs, and when. One value that is made once and handed on.

import Base
import Loop
import Postgres

/// The operations on definitions, schedules and executions of all tenants.
public struct ExecutionCore: Sendable {
    public let agents: Agents
    public let tasks: Tasks
    public let flows: Flows
    public let automations: Automations
    public let schedules: Schedules
    public let executions: Executions
    public let datasets: Datasets
    /// The tools and strategies that definitions can use.
    public let registry: ToolRegistry

    /// - Parameters:
    ///   - signal: told of every execution that becomes ready.
    ///   - pool: checks what runs are given.
    public init(database: Database, registry: ToolRegistry, signal: QueueSignal, pool: BlockingPool) {
        self.registry = registry
        schedules = Schedules(database: database, pool: pool)
        agents = Agents(database: database, registry: registry, events: signal.events)
        tasks = Tasks(database: database, registry: registry, signal: signal)
        flows = Flows(database: database, registry: registry, signal: signal, pool: pool)
        automations = Automations(database: database, registry: registry, schedules: schedules, signal: signal)
        executions = Executions(database: database, signal: signal, pool: pool)
        datasets = Datasets(database: database)
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] {
        Agents.statements + Tasks.statements + Flows.statements + Automations.statements + Schedules.statements
            + Executions.statements + Datasets.statements
    }
}
