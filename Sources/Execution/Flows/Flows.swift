// What can be done with flows. Each operation takes the permit that it needs, and is one transaction in the tenant's scope.

import Base
import JSON
import Loop
import Postgres
import Tenancy

/// The flows of all tenants, each in its tenant's scope.
public final class Flows: Sendable {
    private static let table = DefinitionStatements<FlowKind>("flow", listed: DefinitionStatements<FlowKind>.limits)

    private let store: DefinitionStore<FlowKind>
    private let registry: ToolRegistry

    /// - Parameters:
    ///   - signal: told of every run that becomes ready.
    ///   - pool: checks what runs are given; without one that is done at once.
    public init(database: Database, registry: ToolRegistry, signal: QueueSignal, pool: BlockingPool? = nil) {
        store = DefinitionStore(statements: Flows.table, database: database, signal: signal, pool: pool)
        self.registry = registry
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { table.all }

    /// Makes a flow, which is active.
    /// - Throws: `.invalid` naming every node, edge and field that is not sound, and what they refer to that is not there; `.forbidden` for who
    ///   may not do what its tools do.
    public func create(_ flow: CreateFlow, _ permit: Permit<FlowsWrite>) async throws(Fault) -> Flow {
        let graph = try flow.body.check(against: registry)
        let calls = graph.calls
        try calls.checkRights(of: permit.scope, registry)
        return try Flow(
            try await store.create(
                .make(), flow.name, flow.description, body: flow.body.bytes(graph), permit.scope, permit.audit(.flowCreated)
            ) { session throws(Fault) in
                try await calls.checkReferences(registry, within: session)
            })
    }

    /// - Throws: `.notFound`.
    public func get(_ id: FlowID, _ permit: Permit<FlowsRead>) async throws(Fault) -> Flow {
        try Flow(try await store.get(id, permit.scope))
    }

    /// Flows, without their nodes, edges and metadata.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - part: how many at most, 1 to 100, and in which order.
    public func list(
        _ state: DefinitionState? = nil, _ status: RunStatus? = nil, before: FlowID? = nil,
        part: (limit: Int, order: ListOrder) = (20, .newestFirst), _ permit: Permit<FlowsRead>
    ) async throws(Fault) -> Listing<Flow, FlowID> {
        let filter = DefinitionFilter(state: state, status: status)
        return try await store.list(filter, before: before, part: part, permit.scope).map { record throws(Fault) in
            try Flow(record)
        }
    }

    /// Changes what `update` names. New nodes, edges, metadata and limits make a new version.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalidState` when it is archived; as `create`.
    public func update(_ id: FlowID, _ update: UpdateFlow, _ permit: Permit<FlowsWrite>) async throws(Fault) -> Flow {
        let change = DefinitionChange(name: update.name, description: update.description)
        return try Flow(
            try await store.update(
                id, change, permit, .flowUpdated,
                body: { present, session throws(Fault) in
                    guard let body = update.body(after: try FlowBody(stored: present)) else { return nil }
                    let graph = try body.check(against: registry)
                    try graph.calls.checkRights(of: permit.scope, registry)
                    try await graph.calls.checkReferences(registry, within: session)
                    return body.bytes(graph)
                }))
    }

    /// Lets a flow not run for now. Schedules skip it; what runs goes on.
    /// - Throws: `.notFound`; `.invalidState` unless it is active.
    public func pause(_ id: FlowID, _ permit: Permit<FlowsWrite>) async throws(Fault) -> Flow {
        try Flow(try await store.move(id, to: .paused, told: "paused", permit, .flowPaused))
    }

    /// Lets a flow run again.
    /// - Throws: `.notFound`; `.invalidState` unless it is paused.
    public func resume(_ id: FlowID, _ permit: Permit<FlowsWrite>) async throws(Fault) -> Flow {
        try Flow(try await store.move(id, to: .active, told: "resumed", permit, .flowResumed))
    }

    /// Lets a flow never run again and ends its schedules. What runs goes on.
    /// - Throws: `.notFound`; `.invalidState` when it is archived.
    public func archive(_ id: FlowID, _ permit: Permit<FlowsWrite>) async throws(Fault) -> Flow {
        try Flow(try await store.move(id, to: .archived, told: "archived", permit, .flowArchived))
    }

    /// Removes a flow with its versions, schedules and runs.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(_ id: FlowID, _ permit: Permit<FlowsWrite>) async throws(Fault) {
        try await store.delete(id, permit, .flowDeleted)
    }

    /// Makes a run of an active flow and puts it in the queue: durable once this returns.
    /// - Throws: `.notFound`; `.invalidState` unless the flow is active; `.invalid` naming the fields of the input that its schema refuses.
    public func run(_ id: FlowID, _ run: RunDefinition, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Execution {
        try await store.run(id, run, permit, .flowRun)
    }

    /// How its latest runs went.
    /// - Throws: `.notFound`.
    public func statistics(of id: FlowID, _ permit: Permit<FlowsRead>) async throws(Fault) -> RunStatistics {
        try await store.statistics(of: id, permit.scope)
    }
}
