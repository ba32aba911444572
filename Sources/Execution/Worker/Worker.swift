// The worker of a node: claims what is ready, runs it spread over the loops, keeps the leases, takes over from dead nodes, and stops in
// order. Five tasks live on the first loop: one claims, one renews, one watches, one reaps, one counts. What they share is `state`, guarded by its mutex.
// Bounds: `concurrency` runs at once, `Lease.claimLimit` a claim. Polling is the truth; a signal only makes it come sooner.

import Base
import Loop
import Postgres
import Synchronization
import Tenancy

/// Runs the executions of all tenants on this node.
public final class Worker: Sendable {
    private struct State {
        var runs: [ExecutionID: Run] = [:]
        var isDraining = false
        var isStopped = false
        /// When the leases were last known to hold.
        var renewed = Instant.now
        /// The same for those that were passed over since.
        var late: [ExecutionID: Instant] = [:]
        var claimer: Sleeper?
        var sleepers: [Sleeper] = []
        var tasks: [Task<Void, Never>] = []
        var nextLoop = 0
        /// Where the next claim goes on.
        var place = ClaimStatement.Place()
        /// Whether something was ready that a limit held back, when this node looked last.
        var isHeldBack = false
        /// Whether something is ready and the last claim did not see all lanes.
        var hasFurtherLanes = false
        /// How many runs have ended here.
        var ended = 0
    }

    public let metrics = WorkerMetrics()
    private let database: Database
    private let group: LoopGroup
    private let registry: ToolRegistry
    private let signal: QueueSignal
    let node: NodeID
    private let concurrency: Int
    private let lease: Lease
    /// By the loop.
    private let gatherers: [Gatherer]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - node: this node. One that keeps its id over a restart takes up at once what it left; no two live nodes may share one.
    ///   - concurrency: executions that run at once; 0 for a node that only serves.
    public convenience init(
        database: Database, group: LoopGroup, registry: ToolRegistry, signal: QueueSignal, node: NodeID, concurrency: Int
    ) {
        self.init(
            database: database, group: group, registry: registry, signal: signal, node: node, concurrency: concurrency,
            lease: .standard)
    }

    /// The same with other times.
    init(
        database: Database, group: LoopGroup, registry: ToolRegistry, signal: QueueSignal, node: NodeID, concurrency: Int,
        lease: Lease
    ) {
        self.database = database
        self.group = group
        self.registry = registry
        self.signal = signal
        self.node = node
        self.concurrency = concurrency
        self.lease = lease
        gatherers = group.loops.map { Gatherer(database: database, loop: $0, events: signal.events, signal: signal) }
    }

    private var home: EventLoop { group.loops[0] }
    private var lane: Once { database.worker }

    /// Executions that this node works on now.
    public var runningCount: Int { state.withLock { $0.runs.count } }

    // MARK: Start and stop

    /// Takes up what this node left in an earlier life, and begins to work.
    public func start() async {
        guard concurrency > 0 else { return }
        await home.call { [self] in
            _ = try? await lane.query(WorkerStatements.recover, node)
            begin { [self] sleeper in await claim(sleeper) }
            begin { [self] sleeper in await renew(sleeper) }
            begin { [self] sleeper in await watch(sleeper) }
            begin { [self] sleeper in await reap(sleeper) }
            begin { [self] sleeper in await count(sleeper) }
        }
        signal.attach { [weak self] in self?.wake() }
    }

    /// One of the worker's own tasks, with what it sleeps on.
    private func begin(_ body: @escaping @Sendable (Sleeper) async -> Void) {
        let sleeper = Sleeper(loop: home)
        let task = home.spawn { await body(sleeper) }
        state.withLock { state in
            if state.claimer == nil { state.claimer = sleeper }
            state.sleepers.append(sleeper)
            state.tasks.append(task)
        }
    }

    /// Looks at the queue now. Safe from any thread.
    public func wake() {
        home.spawn { [self] in state.withLock { $0.claimer }?.wake() }
    }

    /// Lets the work of a tenant fall that was halted: its leases are taken away already.
    public func halt(_ tenant: TenantID) {
        for run in state.withLock({ Array($0.runs.values) }) where run.claim.tenant == tenant { run.abort(.lost) }
    }

    /// Claims no more, lets what runs end for at most `graceMilliseconds`, aborts the rest, and hands back what is left at once.
    public func stop(graceMilliseconds: Int) async {
        signal.attach(nil)
        guard concurrency > 0 else { return }
        await home.call { [self] in
            state.withLock { $0.isDraining = true }
            await untilIdle(milliseconds: graceMilliseconds)
            for run in state.withLock({ Array($0.runs.values) }) { run.abort(.handedBack) }
            await untilIdle(milliseconds: 2 * Run.abandonMilliseconds)
            let tasks = state.withLock { state in
                state.isStopped = true
                return state.tasks
            }
            for sleeper in state.withLock({ $0.sleepers }) { sleeper.wake() }
            for task in tasks { await task.value }
            _ = try? await lane.execute(WorkerStatements.handBack, node, [])
        }
    }

    /// Hands back what this node holds by the database's books but does not run.
    private func handBackOthers() async -> Bool {
        let running = state.withLock { $0.runs.map(\.key) }
        return (try? await lane.execute(WorkerStatements.handBack, node, running)) != nil
    }

    private func untilIdle(milliseconds: Int) async {
        let deadline = Instant.now.advanced(milliseconds: milliseconds)
        while runningCount > 0 && Instant.now < deadline { await home.sleep(milliseconds: 20) }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func rest(_ sleeper: Sleeper, _ milliseconds: Int) async {
        let jittered = Lease.jittered(milliseconds, random: Double.random(in: 0..<1))
        await sleeper.wait(until: Instant.now.advanced(milliseconds: jittered))
    }

    // MARK: Claiming

    /// Claims in a row that may come to nothing before the node rests: enough for some 2,000 lanes of suspended tenants.
    private static let vainClaimLimit = 32

    private func claim(_ sleeper: Sleeper) async {
        // Whether a claim may have been made whose answer was lost.
        var isUnsure = false
        // Claims in a row that took nothing of what is ready, since those lanes may not be served.
        var vainClaims = 0
        while !isStopped {
            if isUnsure { isUnsure = !(await handBackOthers()) }
            let free = await freePlaces(sleeper)
            var taken = 0
            let ended = state.withLock { $0.ended }
            if free > 0, !isUnsure {
                let limit = min(free, Lease.claimLimit)
                do throws(Fault) {
                    taken = try await take(atMost: limit)
                } catch {
                    Log.write(.warning, "the queue could not be looked at", ["cause": .text(error.cause ?? error.message)])
                    isUnsure = true
                }
                // What was passed over for others is looked at again.
                if taken > 0 {
                    vainClaims = 0
                    continue
                }
                if !isUnsure, vainClaims < Worker.vainClaimLimit, state.withLock({ $0.hasFurtherLanes }) {
                    vainClaims += 1
                    continue
                }
                vainClaims = 0
            }
            await lookForWishes()
            // Nor does what one held back that has ended meanwhile wait.
            if state.withLock({ $0.isHeldBack && $0.ended != ended }) { continue }
            await rest(sleeper, lease.pollMilliseconds)
        }
    }

    /// Places for further runs. When they are few, it waits a moment for more.
    private func freePlaces(_ sleeper: Sleeper) async -> Int {
        let deadline = Instant.now.advanced(milliseconds: Lease.gatherMilliseconds)
        while true {
            let free = state.withLock { $0.isDraining ? 0 : concurrency - $0.runs.count }
            guard free > 0, free < enoughPlaces, !isStopped, Instant.now < deadline else { return free }
            await sleeper.wait(until: deadline)
        }
    }

    private var enoughPlaces: Int { concurrency / 4 }

    private func take(atMost limit: Int) async throws(Fault) -> Int {
        let place = state.withLock { $0.place }
        var batch = lane.batch()
        batch.add(ClaimStatement.lock)
        let slot = batch.add(
            ClaimStatement.claim, node, lease.milliseconds, limit, place.tenant, place.lane, Worker.plans.map(\.name),
            Worker.plans.map(\.running), Worker.plans.map(\.weight))
        let rows = try await batch.run().rows(slot)
        state.withLock { state in
            state.place = rows.first?.place ?? ClaimStatement.Place()
            state.isHeldBack = rows.first?.isHeldBack ?? false
            state.hasFurtherLanes = rows.first.map { $0.place != nil && $0.isAnyReady } ?? false
        }
        let claims = rows.compactMap(\.claim)
        for claim in claims { start(claim) }
        return claims.count
    }

    /// What the plans hold of the queue.
    private static let plans = Plan.allCases.map { plan in
        (name: plan.rawValue, running: plan.quotas.runningAgents, weight: plan.weight)
    }

    private func start(_ claim: Claim) {
        metrics.claimed.add()
        metrics.running.add(1)
        let at = state.withLock { state in
            state.nextLoop = (state.nextLoop + 1) % group.loops.count
            return state.nextLoop
        }
        let loop = group.loops[at]
        let run = Run(
            claim, on: loop, database: database, registry: registry, gatherer: gatherers[at],
            isHeld: { [self] execution in !isEndangered(execution, now: .now) })
        // An earlier lease of the same execution may still be ending here; it has lost its say.
        let earlier = state.withLock { $0.runs.updateValue(run, forKey: claim.execution) }
        earlier?.abort(.lost)
        let start = Instant.now
        loop.spawn { [self] in
            let outcome = await run.perform()
            metrics.count(outcome)
            metrics.running.add(-1)
            metrics.duration.record(microseconds: Int((Instant.now.nanoseconds - start.nanoseconds) / 1000))
            finished(run)
        }
    }

    private func finished(_ run: Run) {
        let (free, isHeldBack) = state.withLock { state in
            if state.runs[run.claim.execution] === run {
                state.runs[run.claim.execution] = nil
                state.late[run.claim.execution] = nil
            }
            state.ended += 1
            return (concurrency - state.runs.count, state.isHeldBack)
        }
        // What waits because this node was full, or because this run was in its way, should not wait for the next poll.
        if free == 1 || free == enoughPlaces || isHeldBack { wake() }
    }

    /// Tells its runs what somebody wants of them.
    func lookForWishes() async {
        guard runningCount > 0, let wishes = try? await lane.query(WorkerStatements.asked, node) else { return }
        for wish in wishes {
            let run = state.withLock { $0.runs[wish.execution] }
            if wish.isCancelRequested { run?.abort(.cancelled) } else { run?.pause() }
        }
    }

    // MARK: Keeping leases

    private func renew(_ sleeper: Sleeper) async {
        while !isStopped {
            await rest(sleeper, lease.renewalMilliseconds)
            var runs = state.withLock { Array($0.runs.values) }
            if runs.isEmpty { state.withLock { $0.renewed = .now } }
            for attempt in 0..<Lease.renewalAttempts where !runs.isEmpty && !isStopped {
                if attempt > 0 { await rest(sleeper, Lease.passedOverMilliseconds) }
                runs = await renew(runs, isWhole: attempt == 0)
            }
        }
    }

    /// Renews leases.
    /// - Parameter isWhole: whether these are all that this node holds.
    /// - Returns: those that were passed over, since somebody else changes their rows.
    private func renew(_ runs: [Run], isWhole: Bool) async -> [Run] {
        let before = Instant.now
        do throws(Fault) {
            let renewals = try await lane.query(
                WorkerStatements.renew, node, lease.milliseconds, runs.map(\.claim.tenant), runs.map(\.claim.execution),
                runs.map(\.claim.epoch))
            let late = Set(renewals.filter { !$0.isRenewed }.map(\.execution))
            state.withLock { state in
                for run in runs {
                    let id = run.claim.execution
                    state.late[id] = late.contains(id) ? state.late[id] ?? state.renewed : nil
                }
                if isWhole { state.renewed = before }
            }
            settle(runs, renewals)
            return runs.filter { late.contains($0.claim.execution) }
        } catch {
            Log.write(.warning, "leases could not be renewed", ["cause": .text(error.cause ?? error.message)])
            return []
        }
    }

    /// Aborts what could not be renewed for too long. A task of its own: a renewal may hang.
    private func watch(_ sleeper: Sleeper) async {
        while !isStopped {
            await rest(sleeper, lease.pollMilliseconds)
            let now = Instant.now
            let runs = state.withLock { Array($0.runs.values) }
            for run in runs where isEndangered(run.claim.execution, now: now) { run.abort(.lost) }
        }
    }

    /// Whether the lease was renewed too long ago to be sure of it.
    private func isEndangered(_ execution: ExecutionID, now: Instant) -> Bool {
        let renewed = state.withLock { $0.late[execution] ?? $0.renewed }
        return lease.isEndangered(renewed: renewed, now: now)
    }

    private func settle(_ runs: [Run], _ renewals: [WorkerStatements.Renewal]) {
        let held = Dictionary(uniqueKeysWithValues: renewals.map { ($0.execution, $0.isCancelRequested) })
        for run in runs {
            switch held[run.claim.execution] {
            case nil: run.abort(.lost)
            case true?: run.abort(.cancelled)
            case false?: break
            }
        }
    }

    // MARK: Counting

    /// Counts what each tenant has to do.
    private func count(_ sleeper: Sleeper) async {
        while !isStopped {
            await rest(sleeper, lease.censusMilliseconds)
            _ = try? await lane.execute(CensusStatement.count, Worker.census.names, Worker.census.live)
        }
    }

    private static let census = (names: Plan.allCases.map(\.rawValue), live: Plan.allCases.map(\.quotas.liveExecutions))

    // MARK: Taking over

    private func reap(_ sleeper: Sleeper) async {
        while !isStopped {
            await rest(sleeper, lease.reapMilliseconds)
            let reaped = (try? await lane.query(WorkerStatements.reap, Lease.reapLimit)) ?? []
            if !reaped.isEmpty {
                metrics.reaped.add(reaped.count)
                Log.write(.warning, "leases of dead nodes were put back", ["count": .number(reaped.count)])
                wake()
            }
            guard !state.withLock({ $0.isDraining }) else { continue }
            let overdue = (try? await lane.query(WorkerStatements.overdue, node, lease.milliseconds, Lease.claimLimit)) ?? []
            for claim in overdue { start(claim) }
        }
    }
}
