// What can be done with schedules. When one fires next is worked out here, by the database's clock, whenever it is made, changed or resumed; the
// fires themselves are the scheduler's.
// Bounds: `most` schedules a tenant; `previewLimits` times in a preview.

import Base
import JSON
import Loop
import Postgres
import Tenancy

/// The schedules of all tenants, each in its tenant's scope.
public final class Schedules: Sendable {
    /// The most that one tenant has.
    public static let most = 1_000
    /// How many times a preview may show.
    public static let previewLimits = 1...100

    private let database: Database
    private let pool: BlockingPool?

    /// - Parameter pool: checks what runs are given; without one that is done at once.
    public init(database: Database, pool: BlockingPool? = nil) {
        self.database = database
        self.pool = pool
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { ScheduleStatements.all }

    /// Makes a schedule, which is active. It fires first when it first can, later than now.
    /// - Throws: `.forbidden` for who may not run it himself; `.invalid` naming what it refers to that is not there, a trigger that never
    ///   comes, or the fields of the input that the schema of what it runs refuses; `.invalidState` for a definition that will never run again; `.limitReached`.
    public func create(_ schedule: CreateSchedule, _ permit: Permit<TasksWrite>) async throws(Fault) -> Schedule {
        _ = try permit.scope.permit(ExecutionsWrite.self)
        let made = try await database.session(permit.scope.database) { session throws(Fault) in
            try await create(schedule, permit, within: session)
        }
        return try found(made)
    }

    /// The same as part of a transaction.
    func create<Needed>(
        _ schedule: CreateSchedule, _ permit: Permit<Needed>, within session: Session
    ) async throws(Fault) -> Schedule? {
        try await session.execute(ScheduleStatements.lockCount, permit.scope.tenant)
        let definition = schedule.definition
        let ground = try await ground(definition, schedule.trigger, session)
        guard ground.count < Schedules.most else {
            throw Fault(.limitReached, "A tenant has at most \(Schedules.most) schedules. Delete one first.")
        }
        try Schedules.check(definition, ground.definitionState)
        let plan = try plan(schedule.trigger, anchor: ground.now, ground, target: definition.uuid)
        try await check(schedule.input, schedule.trigger, of: definition.uuid, session)
        return try await session.first(
            ScheduleStatements.create, permit.scope.tenant, ScheduleID.make(), definition.uuid, schedule.name,
            schedule.trigger.kind.rawValue, JSONBytes(schedule.trigger.value.bytes), JSONBytes(schedule.input.bytes),
            JSONBytes(schedule.missed.value.bytes), schedule.overlap.rawValue, ground.now, plan.next, plan.event,
            permit.audit(.scheduleCreated))
    }

    /// Removes the schedules of a definition as part of a transaction.
    func deleteAll<Needed>(of definition: UUIDBits, _ permit: Permit<Needed>, within session: Session) async throws(Fault) {
        try await session.execute(ScheduleStatements.deleteAll, definition, permit.audit(.scheduleDeleted))
    }

    /// - Throws: `.notFound`.
    public func get(_ id: ScheduleID, _ permit: Permit<TasksRead>) async throws(Fault) -> Schedule {
        try found(try await database.once(permit.scope.database).first(ScheduleStatements.get, id))
    }

    /// Schedules.
    /// - Parameters:
    ///   - definition: only those that run this one.
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        _ state: ScheduleState? = nil, of definition: DefinitionReference? = nil, before: ScheduleID? = nil,
        part: (limit: Int, order: ListOrder) = (20, .newestFirst), _ permit: Permit<TasksRead>
    ) async throws(Fault) -> Listing<Schedule, ScheduleID> {
        let found = try await database.slow(permit.scope.database).query(
            ScheduleStatements.list, state?.rawValue, definition?.uuid, before, part.limit + 1, part.order.isAscending)
        return Listing(found, limit: part.limit) { $0.id }
    }

    /// Changes what `update` names. With a new trigger it is planned anew from now, and a fire that waits is left out.
    /// - Throws: `.forbidden` as `create`; `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalid` as `create`;
    ///   `.invalidState` for a trigger of an automation, and for a new trigger of what will never run again.
    public func update(_ id: ScheduleID, _ update: UpdateSchedule, _ permit: Permit<TasksWrite>) async throws(Fault) -> Schedule {
        _ = try permit.scope.permit(ExecutionsWrite.self)
        return try await change(id, update, permit, .scheduleUpdated) { present throws(Fault) in
            try Schedules.refuseTriggers(of: present.definition)
            if update.trigger != nil, present.isOver {
                throw Fault(.invalidState, "\(present.definition.name), which it runs, will never run again.")
            }
            guard let trigger = update.trigger else { return nil }
            return Turn(state: present.state == .ended ? .active : present.state, trigger: trigger, isAnew: true)
        }
    }

    /// Lets a schedule not fire for now. What was planned meanwhile is not made up for.
    /// - Throws: `.notFound`; `.invalidState` unless it is active.
    public func pause(_ id: ScheduleID, _ permit: Permit<TasksWrite>) async throws(Fault) -> Schedule {
        try await change(id, UpdateSchedule(), permit, .schedulePaused) { present throws(Fault) in
            guard present.state == .active else { throw Schedules.refusal(present.state, "paused") }
            return Turn(state: .paused)
        }
    }

    /// Lets a schedule fire again, first later than now.
    /// - Throws: `.notFound`; `.invalidState` unless it is paused.
    public func resume(_ id: ScheduleID, _ permit: Permit<TasksWrite>) async throws(Fault) -> Schedule {
        try await change(id, UpdateSchedule(), permit, .scheduleResumed) { present throws(Fault) in
            guard present.state == .paused else { throw Schedules.refusal(present.state, "resumed") }
            return Turn(state: .active, trigger: try ScheduleTrigger.input.decode(present.trigger.bytes))
        }
    }

    /// Removes a schedule. Its fires are gone with it for whoever looks, and from the database by and by. What it began goes on.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalidState` for a trigger of an automation.
    public func delete(_ id: ScheduleID, _ permit: Permit<TasksWrite>) async throws(Fault) {
        let count = try await database.session(permit.scope.database) { session throws(Fault) in
            guard let present = try await session.first(ScheduleStatements.lock, id) else { throw Schedules.notFound }
            try Schedules.refuseTriggers(of: present.definition)
            return try await session.execute(
                ScheduleStatements.delete, id, permit.request.acceptedRevisions, permit.audit(.scheduleDeleted))
        }
        guard count > 0 else { throw .changedMeanwhile }
    }

    /// The triggers of an automation are what the automation says.
    private static func refuseTriggers(of definition: DefinitionReference) throws(Fault) {
        guard definition.automation != nil else { return }
        throw Fault(.invalidState, "It is a trigger of the automation \(definition.name): change the triggers of that.")
    }

    /// The next planned times of the clock, whatever the state; none for a trigger that waits for events.
    /// - Parameter count: in `previewLimits`.
    /// - Throws: `.notFound`.
    public func preview(_ id: ScheduleID, count: Int, _ permit: Permit<TasksRead>) async throws(Fault) -> [Timestamp] {
        let present = try await database.session(permit.scope.database) { session throws(Fault) in
            var batch = session.batch()
            let schedule = batch.add(ScheduleStatements.get, id)
            let row = batch.add(SchedulerStatements.plan, id)
            let results = try await batch.run()
            _ = try found(try results.first(schedule))
            return try results.first(row)
        }
        guard let present else { throw Schedules.notFound }
        let trigger = try ScheduleTrigger.input.decode(present.trigger.bytes)
        var times: [Timestamp] = []
        while times.count < count, let next = trigger.next(after: times.last ?? present.now, anchor: present.anchor) {
            times.append(next)
        }
        return times
    }

    /// What became of the fires, the latest first.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    /// - Throws: `.notFound`.
    public func fires(
        of id: ScheduleID, before: (planned: Timestamp, event: Int)? = nil, limit: Int = 20, _ permit: Permit<TasksRead>
    ) async throws(Fault) -> (fires: [ScheduleFire], hasMore: Bool) {
        var batch = database.slow(permit.scope.database).batch()
        let schedule = batch.add(ScheduleStatements.get, id)
        let fires = batch.add(ScheduleStatements.fires, id, before?.planned, before?.event ?? 0, limit + 1)
        let results = try await batch.run()
        _ = try found(try results.first(schedule))
        let rows = try results.rows(fires)
        return (Array(rows.prefix(limit)), rows.count > limit)
    }

    // MARK: Inside

    /// What a change means for when it fires.
    private struct Turn: Sendable {
        let state: ScheduleState
        var trigger: ScheduleTrigger?
        /// Whether it is another trigger than before.
        var isAnew = false
    }

    private func change(
        _ id: ScheduleID, _ update: UpdateSchedule, _ permit: Permit<TasksWrite>, _ action: AuditAction,
        _ turn: (ScheduleStatements.Present) throws(Fault) -> Turn?
    ) async throws(Fault) -> Schedule {
        let changed = try await database.session(permit.scope.database) { session throws(Fault) -> Schedule? in
            guard let present = try await session.first(ScheduleStatements.lock, id) else { throw Schedules.notFound }
            let turn = try turn(present)
            var next: Timestamp?
            var event: Int?
            var anchor: Timestamp?
            if let turn, let trigger = turn.trigger {
                let ground = try await ground(nil, trigger, session)
                if turn.isAnew { anchor = ground.now }
                let plan = try plan(trigger, anchor: anchor ?? present.anchor, ground, target: present.definition.uuid)
                if turn.state == .active { (next, event) = (plan.next, plan.event) }
            }
            if update.input != nil || update.trigger != nil {
                var trigger = update.trigger
                if trigger == nil { trigger = try ScheduleTrigger.input.decode(present.trigger.bytes) }
                try await check(update.input ?? present.input, trigger, of: present.definition.uuid, session)
            }
            if turn != nil { try await session.execute(ScheduleStatements.drop, id, "not_ready") }
            return try await session.first(
                ScheduleStatements.update, id, update.name, update.trigger?.kind.rawValue,
                update.trigger.map { JSONBytes($0.value.bytes) }, update.input.map { JSONBytes($0.bytes) },
                update.missed.map { JSONBytes($0.value.bytes) }, update.overlap?.rawValue, turn?.state.rawValue, anchor, next,
                event, permit.request.acceptedRevisions, permit.audit(action), action.rawValue)
        }
        guard let changed else { throw .changedMeanwhile }
        return changed
    }

    /// Checks the input where it is all that a run is given: to that of an event its event is added.
    private func check(
        _ input: JSONRaw, _ trigger: ScheduleTrigger?, of definition: UUIDBits, _ session: Session
    ) async throws(Fault) {
        guard trigger?.isOfEvents == false, let schema = try await session.first(ScheduleStatements.inputSchema, definition)
        else {
            return
        }
        try await schema.check(input, on: pool)
    }

    private func ground(
        _ definition: DefinitionReference?, _ trigger: ScheduleTrigger, _ session: Session
    ) async throws(Fault) -> ScheduleStatements.Ground {
        var awaited: UUIDBits?
        if case .completionOf(let other, _) = trigger { awaited = other.uuid }
        let ground = try await session.first(ScheduleStatements.ground, definition?.uuid, definition?.kind ?? "", awaited)
        guard let ground else { throw Schedules.notFound }
        return ground
    }

    /// When a trigger fires first, or behind which event.
    private func plan(
        _ trigger: ScheduleTrigger, anchor: Timestamp, _ ground: ScheduleStatements.Ground, target: UUIDBits
    ) throws(Fault) -> (next: Timestamp?, event: Int?) {
        if case .completionOf(let other, _) = trigger {
            let field = "trigger.\(other.kind)_id"
            guard ground.awaitsSomething else { throw .invalid(field, "reference", "There is no such \(other.kind).") }
            guard other.uuid != target else {
                throw .invalid(field, "reference", "A run can't be made by the end of the run before it: that would never end.")
            }
        }
        if trigger.isOfEvents { return (nil, ground.lastEvent) }
        guard let next = trigger.next(after: ground.now, anchor: anchor) else {
            let field = trigger.kind == .at ? "trigger.at" : "trigger.\(trigger.kind.rawValue)"
            throw .invalid(field, "range", "This does not come any more.")
        }
        return (next, nil)
    }

    private static func check(_ definition: DefinitionReference, _ state: String?) throws(Fault) {
        guard let state else { throw .invalid("\(definition.kind)_id", "reference", "There is no such \(definition.kind).") }
        guard state != AgentState.stopped.rawValue && state != "archived" else {
            throw Fault(.invalidState, "The \(definition.kind) is \(state) and will not run again.")
        }
    }

    private static func refusal(_ state: ScheduleState, _ wanted: String) -> Fault {
        Fault(.invalidState, "A schedule that is \(state.rawValue) cannot be \(wanted).")
    }

    private func found(_ schedule: Schedule?) throws(Fault) -> Schedule {
        guard let schedule else { throw Schedules.notFound }
        return schedule
    }

    static let notFound = Fault(.notFound, "There is no such schedule.")
}
