// One execution under one lease: begin, carry its strategy through beside a clock and a line for aborts, and write down how it ended.
// The work is a task of its own, so that a tool that does not hear a cancel is left behind and holds up nobody.
// Bounds: the timeout of the execution; `abandonMilliseconds` for work that was told to end.

import Base
import JSON
import Loop
import Postgres
import Synchronization

/// An execution that this node works on. Lives on one loop; told to abort from any thread.
final class Run: Sendable {
    /// How long work that was told to end may take for it.
    static let abandonMilliseconds = 2_000

    /// Why work is to end early.
    enum Abort: Sendable {
        case cancelled
        case timedOut
        /// It said nothing for longer than it may.
        case idle
        /// The lease is gone, or can't be kept.
        case lost
        /// The node stops; another goes on.
        case handedBack
    }

    /// What became of the lease.
    enum Outcome: Sendable, Equatable {
        case ended(ExecutionState)
        case retried
        /// It waits or is paused, and holds no worker.
        case suspended
        /// Nothing was written at the end: the lease is lost, or still to be handed back.
        case left
    }

    private struct State {
        var abort: Abort?
        var isPauseAsked = false
        var journal: Journal?
        var result: Result<JSONValue, StepFailure>?
        var work: Task<Void, Never>?
        var sleeper: Sleeper?
    }

    let claim: Claim
    let loop: EventLoop
    private let registry: ToolRegistry
    private let database: Database
    private let gatherer: Gatherer
    private let isHeld: @Sendable (ExecutionID) -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - gatherer: that of the loop.
    ///   - isHeld: whether the lease holds, by the own clock.
    init(
        _ claim: Claim, on loop: EventLoop, database: Database, registry: ToolRegistry, gatherer: Gatherer,
        isHeld: @escaping @Sendable (ExecutionID) -> Bool
    ) {
        self.claim = claim
        self.loop = loop
        self.database = database
        self.registry = registry
        self.gatherer = gatherer
        self.isHeld = isHeld
    }

    var journal: Journal? { state.withLock { $0.journal } }

    /// Lets the work stand still before its next step.
    func pause() {
        state.withLock { $0.isPauseAsked = true }
    }

    /// Ends the work early. The first reason counts.
    func abort(_ reason: Abort) {
        state.withLock { state in
            if state.abort == nil { state.abort = reason }
        }
        wake()
    }

    private func wake() {
        loop.spawn { [self] in state.withLock { $0.sleeper }?.wake() }
    }

    // MARK: The straight line of a run

    /// Works, on the loop of the run, until the execution has ended, waits for its next attempt, or the lease is lost.
    func perform() async -> Outcome {
        let store = RunStore(database: database, claim: claim, gatherer: gatherer)
        let log = RunLog(epoch: claim.epoch)
        do throws(Fault) {
            if claim.isOverdue { return try await endOverdue(store, log) }
            if claim.crashCount >= Lease.crashLimit { return try await endCrashed(store, log) }
            guard let beginning = try await store.begin(), !beginning.isStopped else { return try await cancel(store, log) }
            let work = await work(beginning, store, log)
            do throws(Fault) {
                return try await conclude(work, beginning, store, log)
            } catch {
                // The same would be refused each time.
                guard error.code == .invalid else { throw error }
                return try await refuse(error, store, log)
            }
        } catch {
            Log.write(
                .warning, "an execution was left to another worker",
                ["execution": .text("\(claim.execution)"), "cause": .text(error.cause ?? error.message)])
            return .left
        }
    }

    private func endCrashed(_ store: RunStore, _ log: RunLog) async throws(Fault) -> Outcome {
        let fault = Fault(.workerLost, "The workers of this execution were lost \(claim.crashCount) times.")
        log.add(.error, fault.message, fault.metadata)
        let state = try await store.end(
            RunEnding(state: .failed, error: fault.stored, errorClass: .workerLost, abandoned: Run.abandoned), log)
        if state != nil { return outcome(state) }
        // A cancel that was asked for meanwhile.
        return try await cancel(store, log)
    }

    /// Ends what nobody took up in time, or what was to have ended by now.
    private func endOverdue(_ store: RunStore, _ log: RunLog) async throws(Fault) -> Outcome {
        claim.epoch == 1
            ? try await timeOut("No worker took the execution up in the time it had.", .queueTimeout, store, log)
            : try await timeOut("The execution did not end in the time it had.", .timeout, store, log)
    }

    /// Runs the strategy, and returns when it is done or was told to end.
    private func work(_ beginning: RunBeginning, _ store: RunStore, _ log: RunLog) async -> Work {
        guard beginning.remainingMilliseconds > 0 else { return .aborted(.timedOut) }
        let sleeper = Sleeper(loop: loop)
        state.withLock { $0.sleeper = sleeper }
        let deadline = Instant.now.advanced(milliseconds: beginning.remainingMilliseconds)
        var given = JSONObject()
        given["attempt"] = .integer(beginning.attempt)
        log.add(.info, beginning.steps.isEmpty ? "started" : "resumed", given)
        start(beginning, store, log)
        var patience: Instant?
        while true {
            let (result, abort) = state.withLock { ($0.result, $0.abort) }
            if let result { return Run.settle(result, abort) }
            if let abort {
                guard patience == nil || Instant.now < patience! else { return .aborted(abort) }
                if patience == nil {
                    patience = Instant.now.advanced(milliseconds: Run.abandonMilliseconds)
                    state.withLock { $0.work }?.cancel()
                }
            } else if Instant.now >= deadline {
                self.abort(.timedOut)
                continue
            }
            var next = patience ?? deadline
            if patience == nil, let idle = beginning.idleMilliseconds {
                let idleDeadline = log.lastWord.advanced(milliseconds: idle)
                if Instant.now >= idleDeadline {
                    self.abort(.idle)
                    continue
                }
                next = min(next, idleDeadline)
            }
            await sleeper.wait(until: next)
        }
    }

    private func start(_ beginning: RunBeginning, _ store: RunStore, _ log: RunLog) {
        let (isHeld, execution) = (isHeld, claim.execution)
        let journal = Journal(
            beginning, registry: registry, store: store, log: log,
            isPauseAsked: { [unowned self] in state.withLock { $0.isPauseAsked } }, isHeld: { isHeld(execution) })
        state.withLock { $0.journal = journal }
        let task = loop.spawn { [self] in
            let result: Result<JSONValue, StepFailure>
            do throws(StepFailure) {
                result = .success(try await Run.carry(beginning, journal))
            } catch {
                result = .failure(error)
            }
            state.withLock { $0.result = result }
            state.withLock { $0.sleeper }?.wake()
        }
        state.withLock { $0.work = task }
    }
}
