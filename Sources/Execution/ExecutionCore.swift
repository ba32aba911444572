// The core as those who serve it see it: what can be run, what runs, and when. One value that is made once and handed on.

import Base
import Postgres

/// The operations on definitions, schedules and executions of all tenants.
public struct ExecutionCore: Sendable {
    public let agents: Agents
    public let tasks: Tasks
    public let flows: Flows
    public let automations: Automations
    public let schedules: Schedules
    public let executions: Executions
    /// The tools and strategies that definitions can use.
    public let registry: ToolRegistry

    /// - Parameter signal: told of every execution that becomes ready.
    public init(database: Database, registry: ToolRegistry, signal: QueueSignal) {
        self.registry = registry
        schedules = Schedules(database: database)
        agents = Agents(database: database, registry: registry, events: signal.events)
        tasks = Tasks(database: database, registry: registry, signal: signal)
        flows = Flows(database: database, registry: registry, signal: signal)
        automations = Automations(database: database, registry: registry, schedules: schedules, signal: signal)
        executions = Executions(database: database, signal: signal)
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] {
        Agents.statements + Tasks.statements + Flows.statements + Automations.statements + Schedules.statements
            + Executions.statements
    }
}
