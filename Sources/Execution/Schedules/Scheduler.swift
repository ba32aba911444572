// Lets schedules fire. Every node has one: it claims what is due in batches, past what others look at, and sees to each schedule in one transaction of
// its tenant, in which the fire is written, the run enqueued and the next time planned. That transaction alone decides; a claim only keeps nodes
// from doing the same work twice. Looking every second or so is the truth; nothing is kept in memory.
// Bounds: `batch` schedules a claim, `atOnce` transactions, `eventsAtOnce` events of a schedule.

import Base
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy

/// Lets the schedules of all tenants fire.
public final class Scheduler: Sendable {
    static let batch = 64
    static let atOnce = 4
    static let eventsAtOnce = 100
    /// Events that one look goes over.
    static let eventsPerLook = 1_000
    static let pauseMilliseconds = 1_000

    private struct State {
        var isStopped = false
        var sleeper: Sleeper?
        var task: Task<Void, Never>?
    }

    private let database: Database
    private let loop: EventLoop
    private let signal: QueueSignal
    private let state = Mutex(State())
    private let started = Counter()
    private let skipped = Counter()
    private let buffered = Counter()
    private let failures = Counter()

    /// - Parameters:
    ///   - loop: where it lives.
    ///   - signal: told of what it enqueues.
    public init(database: Database, loop: EventLoop, signal: QueueSignal) {
        self.database = database
        self.loop = loop
        self.signal = signal
    }

    // MARK: Start and stop

    /// Begins to look.
    public func start() async {
        await loop.call { [self] in
            let sleeper = Sleeper(loop: loop)
            let task = loop.spawn { [self] in await keepLooking(sleeper) }
            state.withLock { state in
                state.sleeper = sleeper
                state.task = task
            }
        }
    }

    /// Ends after the batch that is under way.
    public func stop() async {
        await loop.call { [self] in
            let (sleeper, task) = state.withLock { state in
                state.isStopped = true
                return (state.sleeper, state.task)
            }
            sleeper?.wake()
            await task?.value
        }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func keepLooking(_ sleeper: Sleeper) async {
        while !isStopped {
            var isMore = false
            do throws(Fault) {
                isMore = try await round() >= Scheduler.batch
            } catch {
                failures.add()
                Log.write(.warning, "schedules could not be looked at", ["cause": .text(error.cause ?? error.message)])
            }
            if isMore { continue }
            let pause = Scheduler.pauseMilliseconds
            await sleeper.wait(until: Instant.now.advanced(milliseconds: Int.random(in: pause / 2...pause)))
        }
    }

    // MARK: A round

    /// Sees to what is due, as much as one claim takes of each kind.
    /// - Returns: how many schedules the fuller claim had.
    func round() async throws(Fault) -> Int {
        let due = try await database.worker.query(SchedulerStatements.claimDue, Scheduler.batch)
        let awaiting = try await database.worker.query(SchedulerStatements.claimAwaiting, Scheduler.batch)
        let all = due + (await pass(awaiting))
        await withTaskGroup(of: Void.self) { group in
            for (index, one) in all.enumerated() {
                if index >= Scheduler.atOnce { await group.next() }
                group.addTask(executorPreference: loop) { [self] in await see(to: one) }
            }
        }
        return max(due.count, awaiting.count)
    }

    /// Moves the cursors of those that no new event concerns, tenant by tenant.
    /// - Returns: the others.
    private func pass(_ awaiting: [SchedulerStatements.Due]) async -> [SchedulerStatements.Due] {
        var passed: Set<ScheduleID> = []
        for (tenant, schedules) in Dictionary(grouping: awaiting, by: \.tenant) {
            do throws(Fault) {
                let ids = schedules.map(\.schedule)
                passed.formUnion(
                    try await database.session(.tenant(tenant)) { session throws(Fault) in
                        try await session.query(SchedulerStatements.pass, ids)
                    })
            } catch {
                // They are looked at one by one.
                failures.add()
            }
        }
        return awaiting.filter { !passed.contains($0.schedule) }
    }

    /// Looks at one schedule. What fails is looked at again when the claim is over.
    private func see(to due: SchedulerStatements.Due) async {
        do throws(Fault) {
            let count = try await database.session(.tenant(due.tenant)) { session throws(Fault) in
                try await look(at: due.schedule, session)
            }
            if count > 0 { signal.raise() }
        } catch {
            failures.add()
            Log.write(
                .warning, "a schedule could not be looked at",
                ["schedule": .text("\(due.schedule)"), "cause": .text(error.cause ?? error.message)])
        }
    }

    /// Decides and writes, in one transaction.
    /// - Returns: how many runs were made.
    func look(at schedule: ScheduleID, _ session: Session) async throws(Fault) -> Int {
        var first = session.batch()
        first.add(SchedulerStatements.lockDefinition, schedule)
        first.add(SchedulerStatements.lock, schedule)
        let slot = first.add(SchedulerStatements.look, schedule)
        guard let row = try await first.run().first(slot) else { return 0 }
        let trigger = try ScheduleTrigger.input.decode(row.trigger.bytes)
        let arrived = try await arrivals(trigger, row, schedule, session)
        let decision = ScheduleDecision(
            ScheduleLook(
                trigger: trigger, missed: try MissedPolicy.input.decode(row.missed.bytes), overlap: row.overlap,
                anchor: row.anchor,
                next: row.next, buffered: row.buffered, isRunning: row.running != nil, isReady: row.isReady, now: row.now,
                arrived: arrived.fires))
        return try await write(decision, row, schedule, seen: arrived.seen, session)
    }

    /// What events made since the last look, and up to which event that is.
    private func arrivals(
        _ trigger: ScheduleTrigger, _ row: SchedulerStatements.Row, _ schedule: ScheduleID, _ session: Session
    ) async throws(Fault) -> (fires: [PlannedFire], seen: Int?) {
        guard let seen = row.seen else { return ([], nil) }
        let last = min(row.lastEvent, seen + Scheduler.eventsPerLook)
        var filter = JSONObject()
        var definition: UUIDBits?
        if case .event(_, let wanted) = trigger { filter = EventPayload.stored(wanted) }
        if case .completionOf(let other, _) = trigger { definition = other.uuid }
        let fires = try await session.query(
            SchedulerStatements.events, schedule, seen, last, trigger.eventTypes, JSONBytes(JSONValue.object(filter).bytes),
            definition, Scheduler.eventsAtOnce)
        return (fires, fires.count == Scheduler.eventsAtOnce ? fires[fires.count - 1].event : last)
    }

    private func write(
        _ decision: ScheduleDecision, _ row: SchedulerStatements.Row, _ schedule: ScheduleID, seen: Int?, _ session: Session
    ) async throws(Fault) -> Int {
        var fires = decision.records.filter { $0.outcome == .started }.map(\.fire)
        if decision.ofBuffered == .started, let waited = row.buffered { fires.insert(waited, at: 0) }
        let inputs = try await inputs(of: fires, row, session)
        if decision.cancelsRunning, let running = row.running { try await Executions.cancel(running, within: session) }
        var batch = session.batch()
        if case .skipped(let reason) = decision.ofBuffered { batch.add(ScheduleStatements.drop, schedule, reason.rawValue) }
        var last: ExecutionID?
        for (fire, input) in zip(fires, inputs) {
            let execution = ExecutionID.make()
            batch.add(SchedulerStatements.fire, schedule, fire.planned, fire.event, execution, JSONBytes(input.bytes), fire.depth)
            last = execution
        }
        let others = decision.records.filter { $0.outcome != .started }
        if !others.isEmpty {
            batch.add(
                SchedulerStatements.record, schedule, others.map(\.fire.planned), others.map(\.fire.event),
                others.map(\.outcome.name),
                others.map { $0.outcome.reason?.rawValue }, others.map(\.until), others.map(\.fire.depth))
        }
        var due = decision.next
        if decision.isBuffering {
            let again = Timestamp(microseconds: row.now.microseconds + Int64(SchedulerStatements.bufferMilliseconds) * 1_000)
            due = min(due ?? again, again)
        }
        batch.add(SchedulerStatements.settle, schedule, decision.next, due, seen, last)
        _ = try await batch.run()
        started.add(fires.count)
        buffered.add(others.count { $0.outcome == .buffered })
        skipped.add(others.count { $0.outcome != .buffered })
        return fires.count
    }

    /// What each run is given: the schedule's input and, where an event made the fire, that event.
    private func inputs(
        of fires: [PlannedFire], _ row: SchedulerStatements.Row, _ session: Session
    ) async throws(Fault) -> [JSONRaw] {
        let numbers = fires.map(\.event).filter { $0 > 0 }
        guard !numbers.isEmpty else { return fires.map { _ in row.input } }
        let events = try await session.query(SchedulerStatements.eventsByNumber, numbers)
        let byNumber = Dictionary(events.map { ($0.seq, $0) }, uniquingKeysWith: { $1 })
        let input = try JSONValue(parsing: row.input.bytes).object ?? JSONObject()
        return try fires.map { fire throws(Fault) in
            guard let event = byNumber[fire.event] else { return row.input }
            var whole = input
            whole["event"] = try event.value
            return JSONRaw(JSONValue.object(whole).bytes)
        }
    }

    /// Appends the figures.
    public func write(to text: inout MetricsText) {
        text.family("insula_schedule_fires_total", "counter", "Fires of schedules by what became of them on this node.")
        text.sample("insula_schedule_fires_total", "outcome=\"started\"", started.current)
        text.sample("insula_schedule_fires_total", "outcome=\"buffered\"", buffered.current)
        text.sample("insula_schedule_fires_total", "outcome=\"skipped\"", skipped.current)
        text.family("insula_schedule_failures_total", "counter", "Looks at schedules that failed.")
        text.sample("insula_schedule_failures_total", "", failures.current)
    }
}

extension ScheduleDecision.Outcome {
    /// As the store calls it.
    var name: String {
        switch self {
        case .started: "started"
        case .buffered: "buffered"
        case .skipped: "skipped"
        }
    }

    var reason: ScheduleDecision.Reason? {
        if case .skipped(let reason) = self { reason } else { nil }
    }
}

extension Event {
    /// The member `event` of a run's input.
    fileprivate var value: JSONValue {
        get throws(Fault) {
            [
                "seq": .integer(seq), "type": .string(type), "ref": .string(refText), "at": .string(at.rfc3339),
                "payload": try JSONValue(parsing: payload.bytes),
            ]
        }
    }
}
