// What can be done with agents. Each operation takes the permit that it needs, and is one statement or one Sync in the tenant's scope.

import Base
import JSON
import Postgres
import Tenancy

/// The agents of all tenants, each in its tenant's scope.
public final class Agents: Sendable {
    private let database: Database
    private let registry: ToolRegistry
    private let events: EventSignal

    /// - Parameter events: told that events were written.
    public init(database: Database, registry: ToolRegistry, events: EventSignal = EventSignal()) {
        self.database = database
        self.events = events
        self.registry = registry
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { AgentStatements.all }

    /// Makes an agent. It begins as `created`.
    /// - Throws: `.toolNotAvailable`, `.strategyNotAvailable` or `.invalid` naming the fields of the blueprint, and what they refer to that is not
    ///   there; `.forbidden` for who may not do what its tools do; `.limitReached` when the tenant has as many definitions as it may.
    public func create(_ agent: CreateAgent, _ permit: Permit<AgentsWrite>) async throws(Fault) -> Agent {
        let blueprint = agent.blueprint ?? .standard(role: agent.role, registry)
        let calls = try blueprint.check(against: registry)
        try calls.checkRights(of: permit.scope, registry)
        let made = try await database.session(permit.scope.database) { session throws(Fault) in
            try await calls.checkReferences(registry, within: session)
            try await DefinitionQuota.check(permit.scope, session)
            return try await session.first(
                AgentStatements.create, permit.scope.tenant, AgentID.make(), agent.name, agent.description,
                JSONBytes(blueprint.bytes), permit.audit(.agentCreated))
        }
        raise()
        return try found(made)
    }

    /// - Throws: `.notFound`.
    public func get(_ id: AgentID, _ permit: Permit<AgentsRead>) async throws(Fault) -> Agent {
        try found(try await database.once(permit.scope.database).first(AgentStatements.get, id))
    }

    /// Agents, without their blueprints: a hundred of those may be many megabytes.
    /// - Parameters:
    ///   - state: only those in this state.
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        state: AgentState? = nil, before: AgentID? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        _ permit: Permit<AgentsRead>
    ) async throws(Fault) -> Listing<AgentSummary, AgentID> {
        precondition(Listing<AgentSummary, AgentID>.limits.contains(limit), "the limit of a list is checked at the door")
        let agents = try await database.slow(permit.scope.database).query(
            AgentStatements.list, state?.rawValue, before, limit + 1, order.isAscending)
        return Listing(agents, limit: limit) { $0.id }
    }

    /// Changes what `update` names. A new blueprint makes a new version.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.limitReached` when it has too many versions; as `create`
    ///   for the blueprint.
    public func update(_ id: AgentID, _ update: UpdateAgent, _ permit: Permit<AgentsWrite>) async throws(Fault) -> Agent {
        let calls = try update.blueprint?.check(against: registry) ?? []
        try calls.checkRights(of: permit.scope, registry)
        let agent = try await database.session(permit.scope.database) { session throws(Fault) in
            try await calls.checkReferences(registry, within: session)
            let agent = try await session.first(
                AgentStatements.update, id, update.name, update.description, update.blueprint.map { JSONBytes($0.bytes) },
                permit.request.acceptedRevisions, permit.audit(.agentUpdated))
            if agent != nil, update.blueprint != nil {
                try await DefinitionQuota.checkVersions(of: id.uuid, "blueprint", session)
            }
            return agent
        }
        guard let agent else { throw try await missing(id, permit.scope) }
        raise()
        return agent
    }

    /// Removes an agent, ends its schedules and cancels what runs. Its executions are gone with it for whoever looks, and from the database by
    /// and by.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(_ id: AgentID, _ permit: Permit<AgentsWrite>) async throws(Fault) {
        let isGone = try await DefinitionRemoval.remove(id.uuid, permit.scope, database) { session throws(Fault) in
            try await session.execute(AgentStatements.delete, id, permit.request.acceptedRevisions, permit.audit(.agentDeleted))
        }
        guard isGone else { throw try await missing(id, permit.scope) }
        raise()
    }

    /// Lets an agent be triggered.
    /// - Throws: `.notFound`; `.invalidState` unless it is `created` or `paused`; `.limitReached` when as many run as the plan holds.
    public func start(_ id: AgentID, _ permit: Permit<AgentsWrite>) async throws(Fault) -> Agent {
        let allowed = AgentState.predecessors(of: .running).map(\.rawValue)
        let quota = permit.scope.quotas.runningAgents
        let started = try await database.session(permit.scope.database) { session throws(Fault) -> Agent? in
            var batch = session.batch()
            // Those who start wait for each other, and only then count, so that the quota holds whatever comes at once.
            batch.add(AgentStatements.lockStarts, permit.scope.tenant)
            let moved = batch.add(
                AgentStatements.move, id, AgentState.running.rawValue, allowed, permit.audit(.agentStarted))
            let count = batch.add(AgentStatements.countRunning)
            let results = try await batch.run()
            guard let agent = try results.first(moved) else { return nil }
            guard try results.first(count) ?? 0 <= quota else {
                throw Fault(.limitReached, "The plan holds \(quota) running agents. Pause or stop one first.")
            }
            return agent
        }
        guard let started else { throw try await refusal(id, .running, permit) }
        raise()
        return started
    }

    /// Lets an agent not be triggered for now. What runs goes on.
    /// - Throws: `.notFound`; `.invalidState` unless it is `running`.
    public func pause(_ id: AgentID, _ permit: Permit<AgentsWrite>) async throws(Fault) -> Agent {
        let allowed = AgentState.predecessors(of: .paused).map(\.rawValue)
        let paused = try await database.once(permit.scope.database).first(
            AgentStatements.move, id, AgentState.paused.rawValue, allowed, permit.audit(.agentPaused))
        guard let paused else { throw try await refusal(id, .paused, permit) }
        raise()
        return paused
    }

    /// Stops an agent for ever, ends its schedules and cancels what runs.
    /// - Throws: `.notFound`; `.invalidState` when it is `stopped`.
    public func stop(_ id: AgentID, _ permit: Permit<AgentsWrite>) async throws(Fault) -> Agent {
        let allowed = AgentState.predecessors(of: .stopped).map(\.rawValue)
        let agent = try await database.session(permit.scope.database) { session throws(Fault) -> Agent? in
            var batch = session.batch()
            batch.add(AgentStatements.lock, id, allowed)
            batch.add(AgentStatements.sweep, id)
            let moved = batch.add(AgentStatements.move, id, AgentState.stopped.rawValue, allowed, permit.audit(.agentStopped))
            batch.add(AgentStatements.stop, id)
            batch.add(ScheduleStatements.end, id.uuid)
            batch.add(RunStatements.wakeParents)
            return try await batch.run().first(moved)
        }
        guard let agent else { throw try await refusal(id, .stopped, permit) }
        raise()
        return agent
    }

    private func raise() {
        Database.afterCommit { [events] in events.raise() }
    }

    /// Why an agent did not change its state.
    private func refusal(_ id: AgentID, _ wanted: AgentState, _ permit: Permit<AgentsWrite>) async throws(Fault) -> Fault {
        guard let agent = try await database.once(permit.scope.database).first(AgentStatements.get, id) else {
            return Agents.notFound
        }
        return Fault(.invalidState, "An agent that is \(agent.state.rawValue) cannot become \(wanted.rawValue).")
    }

    /// Why an agent was not changed.
    private func missing(_ id: AgentID, _ scope: TenantScope) async throws(Fault) -> Fault {
        let isThere = try await database.once(scope.database).first(AgentStatements.get, id) != nil
        return isThere ? .changedMeanwhile : Agents.notFound
    }

    private func found(_ agent: Agent?) throws(Fault) -> Agent {
        guard let agent else { throw Agents.notFound }
        return agent
    }

    static let notFound = Fault(.notFound, "There is no such agent.")
}
