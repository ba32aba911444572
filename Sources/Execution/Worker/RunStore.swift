// What a run writes, each change with the lines of the log that belong to it, as one Sync. A database that is away for a moment is
// waited for: every write may be repeated, since the fence and its key make the second one the same as the first.
// Bounds: `patienceMilliseconds` for one write, after which the lease is as good as lost.

import Base
import JSON
import Loop
import Postgres

/// The writes of one run under its fence. Used by the run's own tasks, on the loop of the run.
struct RunStore {
    static let patienceMilliseconds = Lease.standard.abandonMilliseconds
    static let firstWaitMilliseconds = 50
    static let mostWaitMilliseconds = 1_000

    let database: Database
    let claim: Claim

    var execution: ExecutionID { claim.execution }
    private var epoch: Int { claim.epoch }
    private var scope: Scope { .tenant(claim.tenant) }

    /// - Returns: `nil` when the lease is lost, or the execution may not begin in its state.
    func begin() async throws(Fault) -> RunBeginning? {
        try await patiently { () throws(Fault) in
            var batch = database.once(scope).batch()
            let begun = batch.add(RunStatements.begin, execution, epoch, RunStore.beginnable)
            let steps = batch.add(RunStatements.steps, execution)
            let results = try await batch.run()
            guard var beginning = try results.first(begun) else { return nil }
            for (key, entry) in try results.rows(steps) { beginning.steps[key] = entry }
            return beginning
        }
    }

    private static let beginnable = ExecutionState.predecessors(of: .running).map(\.rawValue)

    /// - Throws: `.leaseLost`, permanent, when this run may write no more.
    func begin(_ step: RunStep, _ log: RunLog) async throws(StepFailure) {
        try await write(log) { (batch: inout Batch<Once>) in
            let effect = step.effect.rawValue
            return batch.add(
                RunStatements.beginStep, execution, epoch, step.key, step.tool, effect, step.hash, JSONBytes(step.input.bytes),
                step.attempt)
        }
    }

    /// - Throws: `.leaseLost`, permanent, when this run may write no more.
    func finish(_ step: RunStep, output: [UInt8]?, error: JSONRaw?, _ log: RunLog) async throws(StepFailure) {
        try await write(log) { (batch: inout Batch<Once>) in
            batch.add(
                RunStatements.finishStep, execution, epoch, step.key, output.map { JSONBytes($0) },
                error.map { JSONBytes($0.bytes) })
        }
    }

    /// Ends the execution.
    /// - Returns: the state that it ended in; `nil` when the lease is lost.
    func end(_ ending: RunEnding, _ log: RunLog) async throws(Fault) -> ExecutionState? {
        let lines = log.take()
        let allowed = ExecutionState.predecessors(of: ending.state).map(\.rawValue)
        return try await patiently { () throws(Fault) in
            var batch = database.once(scope).batch()
            add(lines, to: &batch)
            let ended = batch.add(
                RunStatements.end, execution, epoch, ending.state.rawValue, allowed, ending.output.map { JSONBytes($0.bytes) },
                ending.error.map { JSONBytes($0.bytes) }, ending.abandoned.map { JSONBytes($0.bytes) })
            return try await batch.run().first(ended)
        }
    }

    /// Puts the execution back for its next attempt.
    /// - Returns: `false` when the lease is lost or a cancel was asked for.
    func retry(afterMilliseconds delay: Int, error: JSONRaw, _ log: RunLog) async throws(Fault) -> Bool {
        let lines = log.take()
        return try await patiently { () throws(Fault) in
            var batch = database.once(scope).batch()
            add(lines, to: &batch)
            let put = batch.add(RunStatements.retry, execution, epoch, delay, JSONBytes(error.bytes))
            return try await batch.run().affected(put) > 0
        }
    }

    /// Writes the lines of a run that ends no execution. What can't be written is left out.
    func flush(_ log: RunLog) async {
        let lines = log.take()
        guard !lines.isEmpty else { return }
        var batch = database.once(scope).batch()
        add(lines, to: &batch)
        _ = try? await batch.run()
    }

    // MARK: Inside

    private func write(
        _ log: RunLog, _ change: (inout Batch<Once>) -> BatchSlot<Void>
    ) async throws(StepFailure) {
        let lines = log.take()
        let count: Int
        do throws(Fault) {
            count = try await patiently { () throws(Fault) in
                var batch = database.once(scope).batch()
                add(lines, to: &batch)
                let slot = change(&batch)
                return try await batch.run().affected(slot)
            }
        } catch {
            throw StepFailure(error)
        }
        if count == 0 {
            throw StepFailure(Fault(.leaseLost, "Another worker took the execution over."), .permanent)
        }
    }

    private func add(_ lines: RunLog.Lines, to batch: inout Batch<Once>) {
        guard !lines.isEmpty else { return }
        batch.add(
            RunStatements.log, execution, epoch, lines.seqs, lines.moments, lines.levels, lines.messages, lines.metadata)
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

/// How a run ends its execution.
struct RunEnding: Sendable {
    let state: ExecutionState
    var output: JSONRaw?
    var error: JSONRaw?
    /// What steps that were under way fail with; `nil` leaves them as they stand.
    var abandoned: JSONRaw?
}
