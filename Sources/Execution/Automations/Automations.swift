// What can be done with automations. Each operation takes the permit that it needs, and is one transaction in the tenant's scope: an automation
// and its triggers come, change and go together.

import Base
import JSON
import Postgres
import Tenancy

/// The automations of all tenants, each in its tenant's scope.
public final class Automations: Sendable {
    private static let table = DefinitionStatements<AutomationKind>(
        "automation", listed: DefinitionStatements<AutomationKind>.limits)

    private let store: DefinitionStore<AutomationKind>
    private let registry: ToolRegistry
    private let schedules: Schedules

    /// - Parameters:
    ///   - schedules: hold the triggers.
    ///   - signal: told of every run that becomes ready.
    public init(database: Database, registry: ToolRegistry, schedules: Schedules, signal: QueueSignal) {
        store = DefinitionStore(statements: Automations.table, database: database, signal: signal)
        self.registry = registry
        self.schedules = schedules
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { table.all }

    /// Makes an automation, which is active.
    /// - Throws: `.invalid` naming steps, triggers and their fields, and what they refer to that is not there; `.forbidden` for who may not do
    ///   what its tools do, or not run what has triggers; `.limitReached` when the tenant has too many schedules.
    public func create(_ automation: CreateAutomation, _ permit: Permit<AutomationsWrite>) async throws(Fault) -> Automation {
        let calls = try automation.body.check(against: registry)
        try calls.checkRights(of: permit.scope, registry)
        let id = AutomationID.make()
        return try Automation(
            try await store.create(
                id, automation.name, automation.description, body: automation.body.bytes, permit.scope,
                permit.audit(.automationCreated)
            ) { session throws(Fault) in
                try await calls.checkReferences(registry, within: session)
                try await schedule(automation.body.triggers, of: id, permit, within: session)
            })
    }

    /// - Throws: `.notFound`.
    public func get(_ id: AutomationID, _ permit: Permit<AutomationsRead>) async throws(Fault) -> Automation {
        try Automation(try await store.get(id, permit.scope))
    }

    /// Automations, without their triggers and steps.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - part: how many at most, 1 to 100, and in which order.
    public func list(
        _ state: DefinitionState? = nil, _ status: RunStatus? = nil, before: AutomationID? = nil,
        part: (limit: Int, order: ListOrder) = (20, .newestFirst), _ permit: Permit<AutomationsRead>
    ) async throws(Fault) -> Listing<Automation, AutomationID> {
        let filter = DefinitionFilter(state: state, status: status)
        return try await store.list(filter, before: before, part: part, permit.scope).map { record throws(Fault) in
            try Automation(record)
        }
    }

    /// Changes what `update` names. New steps, triggers and limits make a new version; new triggers are planned anew from now.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalidState` when it is archived; as `create`.
    public func update(
        _ id: AutomationID, _ update: UpdateAutomation, _ permit: Permit<AutomationsWrite>
    ) async throws(Fault) -> Automation {
        let change = DefinitionChange(name: update.name, description: update.description)
        return try Automation(
            try await store.update(
                id, change, permit, .automationUpdated,
                body: { present, session throws(Fault) in
                    let present = try AutomationBody(stored: present)
                    guard let body = update.body(after: present) else { return nil }
                    // Who may not run it himself changes nothing that runs by itself.
                    if !present.triggers.isEmpty { _ = try permit.scope.permit(ExecutionsWrite.self) }
                    let calls = try body.check(against: registry)
                    try calls.checkRights(of: permit.scope, registry)
                    try await calls.checkReferences(registry, within: session)
                    return body.bytes
                },
                further: { session throws(Fault) in
                    guard let triggers = update.triggers else { return }
                    try await schedules.deleteAll(of: id.uuid, permit, within: session)
                    try await schedule(triggers, of: id, permit, within: session)
                }))
    }

    /// Lets an automation not run for now. Its triggers skip it; what runs goes on.
    /// - Throws: `.notFound`; `.invalidState` unless it is active.
    public func pause(_ id: AutomationID, _ permit: Permit<AutomationsWrite>) async throws(Fault) -> Automation {
        try Automation(try await store.move(id, to: .paused, told: "paused", permit, .automationPaused))
    }

    /// Lets an automation run again.
    /// - Throws: `.notFound`; `.invalidState` unless it is paused.
    public func resume(_ id: AutomationID, _ permit: Permit<AutomationsWrite>) async throws(Fault) -> Automation {
        try Automation(try await store.move(id, to: .active, told: "resumed", permit, .automationResumed))
    }

    /// Lets an automation never run again and ends its triggers. What runs goes on.
    /// - Throws: `.notFound`; `.invalidState` when it is archived.
    public func archive(_ id: AutomationID, _ permit: Permit<AutomationsWrite>) async throws(Fault) -> Automation {
        try Automation(try await store.move(id, to: .archived, told: "archived", permit, .automationArchived))
    }

    /// Removes an automation with its versions, triggers and runs.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(_ id: AutomationID, _ permit: Permit<AutomationsWrite>) async throws(Fault) {
        try await store.delete(id, permit, .automationDeleted)
    }

    /// Makes a run of an active automation and puts it in the queue: durable once this returns.
    /// - Throws: `.notFound`; `.invalidState` unless the automation is active.
    public func run(
        _ id: AutomationID, _ run: RunDefinition, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> Execution {
        try await store.run(id, run, permit, .automationRun)
    }

    /// How its latest runs went.
    /// - Throws: `.notFound`.
    public func statistics(of id: AutomationID, _ permit: Permit<AutomationsRead>) async throws(Fault) -> RunStatistics {
        try await store.statistics(of: id, permit.scope)
    }

    private func schedule(
        _ triggers: [AutomationTrigger], of id: AutomationID, _ permit: Permit<AutomationsWrite>, within session: Session
    ) async throws(Fault) {
        // Who may not run it himself has nothing run it.
        if !triggers.isEmpty { _ = try permit.scope.permit(ExecutionsWrite.self) }
        for (index, trigger) in triggers.enumerated() {
            let schedule = CreateSchedule(
                name: "trigger \(index + 1)", definition: .automation(id), trigger: trigger.trigger, input: trigger.input,
                policies: (trigger.missed, trigger.overlap))
            do throws(Fault) {
                _ = try await schedules.create(schedule, permit, within: session)
            } catch {
                throw error.below("triggers[\(index)]")
            }
        }
    }
}
