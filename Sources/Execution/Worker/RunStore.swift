// What a run writes, each change with the lines of the log and the lesser changes that came before it, as one Sync. A database that is away
// for a moment is waited for: every write may be repeated, since the fence and its key make the second one the same as the first.
// Bounds: `patienceMilliseconds` for one write, after which the lease is as good as lost; those of `PendingChanges`.

import Base
import JSON
import Loop
import Postgres
import Tenancy

/// The writes of one run under its fence. Used by the run's own tasks, on the loop of the run.
@safe final class RunStore: @unchecked Sendable {
    // Touched on the loop of its run alone.

    static let patienceMilliseconds = Lease.standard.abandonMilliseconds
    static let firstWaitMilliseconds = 50
    static let mostWaitMilliseconds = 1_000
    /// What waits for a change that matters is written after so long without one.
    static let flushMilliseconds = 20

    let database: Database
    let claim: Claim
    let gatherer: Gatherer
    private var pending = PendingChanges()
    private var flushing: Task<Void, Never>?

    init(database: Database, claim: Claim, gatherer: Gatherer) {
        self.database = database
        self.claim = claim
        self.gatherer = gatherer
    }

    var execution: ExecutionID { claim.execution }
    var epoch: Int { claim.epoch }
    var scope: Scope { .tenant(claim.tenant) }

    // MARK: The beginning

    /// - Returns: `nil` when the lease is lost, or the execution may not begin in its state.
    func begin() async throws(Fault) -> RunBeginning? {
        let start = RunStart(lease: claim.lease)
        return try await patiently { () throws(Fault) in
            try await gatherer.write(start, for: claim.tenant, 2, locks: [execution]).get()
        }
    }

    // MARK: Steps

    /// - Throws: `.leaseLost`, permanent, when this run may write no more.
    func begin(_ step: RunStep, _ log: RunLog) async throws(StepFailure) {
        let (execution, epoch) = (execution, epoch)
        try await fenced(log) { batch in RunStore.add(step, execution, epoch, to: &batch) }
    }

    /// The same for a step that does no harm when nobody knows of it: it is written with what comes next, or soon.
    func beginLater(_ step: RunStep, _ log: RunLog) {
        let (execution, epoch) = (execution, epoch)
        pending.append(begins: step.key) { batch in _ = RunStore.add(step, execution, epoch, to: &batch) }
        flushSoon(log)
    }

    /// - Throws: `.leaseLost`, permanent, when this run may write no more.
    func finish(_ step: RunStep, _ finish: StepFinish, _ log: RunLog) async throws(StepFailure) {
        let (execution, epoch) = (execution, epoch)
        try await fenced(log) { batch in RunStore.add(finish, of: step, execution, epoch, to: &batch) }
    }

    /// Writes down with what comes next, or soon, that a step succeeded which may be done again: together with its beginning where that
    /// is not yet written.
    func finishLater(_ step: RunStep, _ finish: StepFinish, _ log: RunLog) {
        if !pending.complete(RunClosing.Step(step: step, finish: finish)) {
            let (execution, epoch) = (execution, epoch)
            pending.append { batch in _ = RunStore.add(finish, of: step, execution, epoch, to: &batch) }
        }
        flushSoon(log)
    }

    private static func add(
        _ step: RunStep, _ execution: ExecutionID, _ epoch: Int, to batch: inout Batch<Once>
    ) -> BatchSlot<Void> {
        batch.add(
            StepStatements.begin, execution, epoch, step.key, step.tool, step.effect.rawValue, step.hash,
            JSONBytes(step.input.bytes), step.attempt)
    }

    private static func add(
        _ finish: StepFinish, of step: RunStep, _ execution: ExecutionID, _ epoch: Int, to batch: inout Batch<Once>
    ) -> BatchSlot<Void> {
        batch.add(
            StepStatements.finish, execution, epoch, step.key, finish.output.map { JSONBytes($0) },
            finish.error.map { JSONBytes($0.bytes) }, finish.tokens, finish.microdollars, finish.byChildren.tokens,
            finish.byChildren.microdollars)
    }

    /// Writes down what a step waits for, with what comes next, or soon: so that a run whose other branches go on for long does not lose it.
    /// - Parameter number: the number of this wait among those of the step, from 1.
    func waitLater(_ step: RunStep, for wait: Wait, _ number: Int, _ spending: Spending, _ log: RunLog) {
        let (execution, epoch, tokens, microdollars) = (execution, epoch, spending.tokens, spending.microdollars)
        pending.append { batch in
            batch.add(
                StepStatements.wait, execution, epoch, step.key, JSONBytes(wait.stored.bytes), number, tokens, microdollars)
        }
        flushSoon(log)
    }

    /// Does `body` and writes down what it came to, as one transaction.
    /// - Throws: what `body` throws; `.leaseLost` when this run may write no more. Nothing has happened then.
    func transact(
        _ step: RunStep, _ spending: Spending, _ body: (Session) async throws(StepFailure) -> [UInt8]
    ) async throws(StepFailure) {
        var failure: StepFailure?
        do throws(Fault) {
            try await database.session(scope) { session throws(Fault) in
                let output: [UInt8]
                do throws(StepFailure) {
                    output = try await body(session)
                } catch {
                    failure = error
                    throw error.fault
                }
                let count = try await session.execute(
                    StepStatements.record, execution, epoch, step.key, JSONBytes(output), spending.tokens, spending.microdollars)
                guard count > 0 else { throw RunStore.lost.fault }
            }
            gatherer.events.raise()
        } catch {
            throw failure ?? (error.code == .leaseLost ? RunStore.lost : StepFailure(error))
        }
    }

    /// What the journal says of a step by now.
    func entry(of key: String) async throws(Fault) -> JournalEntry? {
        try await patiently { () throws(Fault) in
            try await database.once(scope).query(StepStatements.journal, [execution]).first { $0.key == key }?.entry.get()
        }
    }

    // MARK: What was waited for

    /// Takes the signal that a wait of a step is for; `nil` when there is none.
    func take(_ name: String, for key: String, _ number: Int) async throws(Fault) -> TakenSignal? {
        try await patiently { () throws(Fault) in
            try await database.once(scope).first(StepStatements.take, execution, epoch, name, key, number)
        }
    }

    func outcomes(of children: [ExecutionID]) async throws(Fault) -> [ChildOutcome] {
        try await patiently { () throws(Fault) in
            try await database.once(scope).query(StepStatements.children, children)
        }
    }

    /// Makes a child of this execution, once however often it is asked for.
    func startChild(_ id: ExecutionID, of definition: DefinitionReference, input: JSONRaw) async throws(Fault) -> StartedChild {
        try await patiently { () throws(Fault) in
            let started = try await database.once(scope).first(
                RunStatements.startChild, execution, epoch, id, definition.uuid, JSONBytes(input.bytes), definition.kind)
            guard let started else { throw RunStore.lost.fault }
            gatherer.signal?.raise()
            return started
        }
    }

    // MARK: Money

    /// Puts aside what a question to a model may cost.
    /// - Returns: whether the tenant has a bound.
    /// - Throws: `.limitReached`, permanent, when the month's budget does not hold that.
    func reserve(_ question: String, microdollars: Int) async throws(StepFailure) -> Bool {
        let execution = execution
        let reservation: SpendingStatements.Reservation?
        do throws(Fault) {
            reservation = try await patiently { () throws(Fault) in
                try await database.once(scope).first(SpendingStatements.reserve, execution, question, microdollars)
            }
        } catch {
            throw StepFailure(error)
        }
        guard let budget = reservation?.budget else { return false }
        guard reservation?.isGranted == true else {
            throw StepFailure(
                Fault(
                    .limitReached,
                    "The tenant's budget for models, \(budget) millionths of a dollar a month, does not hold another question."),
                .permanent)
        }
        return true
    }

    /// Counts what a question did cost; `nil` when nobody knows. What can't be written stays put aside, which counts as spent.
    func settle(_ question: String, microdollars: Int?) async {
        let execution = execution
        _ = try? await patiently { () throws(Fault) in
            try await database.once(scope).execute(SpendingStatements.settle, execution, question, microdollars)
        }
    }

    // MARK: The end

    /// Ends the execution.
    /// - Parameter moot: children that nobody waits for any more, which are cancelled.
    /// - Returns: the state that it ended in; `nil` when the lease is lost.
    func end(_ ending: RunEnding, moot: [ExecutionID] = [], _ log: RunLog) async throws(Fault) -> ExecutionState? {
        let claim = claim
        if moot.isEmpty, claim.parent == nil, ending.state == .succeeded { return try await close(ending, log) }
        let count = 1 + (moot.isEmpty ? 0 : 2) + (claim.parent == nil ? 0 : 1) + (ending.state == .succeeded ? 0 : 2)
        // Who waits for it may be ready by it.
        defer { if claim.parent != nil { gatherer.signal?.raise() } }
        return try await send(log, count, locks: claim.parent.map { [$0] } ?? []) { batch in
            if !moot.isEmpty {
                batch.add(StepStatements.lockMoot, claim.execution, claim.epoch, moot)
                batch.add(StepStatements.cancelMoot, claim.execution, claim.epoch, moot)
            }
            let closing = RunClosing(lease: claim.lease, ending: ending)
            let ended = RunClosing.add([closing], to: &batch)
            if claim.parent != nil { batch.add(RunStatements.wakeParent, claim.execution) }
            if ending.state != .succeeded {
                batch.add(RunStatements.lockChildren, claim.execution)
                batch.add(RunStatements.cancelChildren, claim.execution)
            }
            return { results throws(Fault) in try ended(results)[0] }
        }
    }

    /// Lets fall what is still to be written, since the store does not take it.
    func forget() { pending = PendingChanges() }

    /// Puts the execution back for its next attempt.
    /// - Returns: `false` when the lease is lost or a cancel was asked for.
    func retry(afterMilliseconds delay: Int, _ failure: RunFailure, _ log: RunLog) async throws(Fault) -> Bool {
        let (execution, epoch) = (execution, epoch)
        return try await send(log, 1) { batch in
            let put = batch.add(
                RunStatements.retry, execution, epoch, delay, JSONBytes(failure.error.bytes), failure.errorClass.rawValue)
            return { results throws(Fault) in results.affected(put) > 0 }
        }
    }

    /// Lets go of the execution until the first of `waits`, which the journal knows, is over.
    /// - Returns: `false` when the lease is lost or a cancel was asked for.
    func suspend(_ waits: [Wait], _ log: RunLog) async throws(Fault) -> Bool {
        let (execution, epoch) = (execution, epoch)
        let wake = WakeUp(waits)
        // What it waits for may be there already.
        defer { if !wake.children.isEmpty { gatherer.signal?.raise() } }
        return try await send(log, 1) { batch in
            let put = batch.add(RunStatements.suspend, execution, epoch, wake.at, wake.signals, wake.children)
            return { results throws(Fault) in results.affected(put) > 0 }
        }
    }

    /// Lets go of the execution since somebody has it stand still.
    /// - Returns: `false` when the lease is lost or a cancel was asked for.
    func pause(_ log: RunLog) async throws(Fault) -> Bool {
        let (execution, epoch) = (execution, epoch)
        return try await send(log, 1) { batch in
            let put = batch.add(RunStatements.pause, execution, epoch)
            return { results throws(Fault) in results.affected(put) > 0 }
        }
    }

    /// Writes what a run that ends no execution still has to say. What can't be written is left out.
    func flush(_ log: RunLog) async {
        guard !pending.isEmpty || !log.isEmpty else { return }
        _ = try? await close(nil, log)
    }

    /// Tells whoever watches how far the run is.
    func report(_ payload: [UInt8], _ log: RunLog) {
        let (execution, epoch) = (execution, epoch)
        pending.append { batch in batch.add(RunStatements.progress, execution, epoch, JSONBytes(payload)) }
        flushSoon(log)
    }

    // MARK: Inside

    static let lost = StepFailure(Fault(.leaseLost, "Another worker took the execution over."), .permanent)

    private func fenced(
        _ log: RunLog, _ change: @escaping (inout Batch<Once>) -> BatchSlot<Void>
    ) async throws(StepFailure) {
        let count: Int
        do throws(Fault) {
            count = try await send(log, 1) { batch in
                let slot = change(&batch)
                return { results throws(Fault) in results.affected(slot) }
            }
        } catch {
            throw StepFailure(error)
        }
        if count == 0 { throw RunStore.lost }
    }

    /// Writes what is pending in a little while, if nothing that matters comes before.
    private func flushSoon(_ log: RunLog) {
        guard flushing == nil, let loop = EventLoop.current else { return }
        flushing = loop.spawn { [self] in
            await loop.sleep(milliseconds: RunStore.flushMilliseconds)
            flushing = nil
            await flush(log)
        }
    }

    private var isSending = false
    private var next: [UnsafeContinuation<Void, Never>] = unsafe []

    /// Sends a change behind all that is pending.
    /// - Parameter others: whose rows of the queue it changes too.
    private func send<Value>(
        _ log: RunLog, _ statementCount: Int, locks others: [ExecutionID] = [],
        _ change: @escaping (inout Batch<Once>) -> Gatherer.Reading<Value>
    ) async throws(Fault) -> Value {
        try await inTurn(log) { earlier, said throws(Fault) in
            try await write(earlier, said, statementCount, locks: others, change)
        }
    }

    /// Sends all that is pending, and with it the end if there is one: together with that of other runs where it is nothing but steps that are
    /// over.
    private func close(_ ending: RunEnding?, _ log: RunLog) async throws(Fault) -> ExecutionState? {
        try await inTurn(log) { earlier, said throws(Fault) in
            var closing = said
            closing.ending = ending
            guard let steps = earlier.wholeSteps else {
                return try await write(earlier, RunClosing(lease: said.lease), 3) { batch in
                    let read = RunClosing.add([closing], to: &batch)
                    return { results throws(Fault) in try read(results)[0] }
                }
            }
            closing.steps = steps
            if steps.isEmpty, closing.lines.isEmpty, ending == nil { return nil }
            return try await gatherer.write(closing, for: claim.tenant, 3, locks: [execution])
        }
    }

    private func write<Value>(
        _ earlier: PendingChanges, _ said: RunClosing, _ statementCount: Int, locks others: [ExecutionID] = [],
        _ change: @escaping (inout Batch<Once>) -> Gatherer.Reading<Value>
    ) async throws(Fault) -> Value {
        let parts = earlier.parts(of: said.lease)
        for part in parts.dropLast() {
            try await gatherer.write(for: claim.tenant, part.count, locks: [execution]) { batch in
                for add in part { add(&batch) }
                return { _ throws(Fault) in () }
            }
        }
        let last = parts[parts.count - 1]
        return try await gatherer.write(
            for: claim.tenant, last.count + 1 + statementCount, locks: [execution] + others
        ) { batch in
            for add in last { add(&batch) }
            _ = RunClosing.add([said], to: &batch)
            return change(&batch)
        }
    }

    /// Does `body` with what is pending and with the lines of the log, and again while the database is away. One at a time: what was written
    /// first comes first, however often it is repeated.
    private func inTurn<Value>(
        _ log: RunLog, _ body: (_ earlier: PendingChanges, _ said: RunClosing) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        if isSending { unsafe await withUnsafeContinuation { continuation in unsafe next.append(continuation) } }
        isSending = true
        defer {
            isSending = false
            if unsafe !next.isEmpty {
                isSending = true
                unsafe next.removeFirst().resume()
            }
        }
        let said = RunClosing(lease: claim.lease, lines: log.take())
        let earlier = pending
        pending = PendingChanges()
        do throws(Fault) {
            return try await patiently { () throws(Fault) in try await body(earlier, said) }
        } catch {
            pending.putBack(earlier)
            throw error
        }
    }

    /// Repeats `body` while the database is away.
    private func patiently<Value>(_ body: () async throws(Fault) -> Value) async throws(Fault) -> Value {
        let start = Instant.now
        var wait = RunStore.firstWaitMilliseconds
        while true {
            do throws(Fault) {
                return try await body()
            } catch {
                let isAway = error.code == .unavailable || error.code == .overloaded || error.code == .conflict
                let isLate = Instant.now.milliseconds(since: start) + wait > RunStore.patienceMilliseconds
                guard isAway && !isLate, let loop = EventLoop.current else { throw error }
                await loop.sleep(milliseconds: wait)
                wait = min(wait * 2, RunStore.mostWaitMilliseconds)
            }
        }
    }
}
