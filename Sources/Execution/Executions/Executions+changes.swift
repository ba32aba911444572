// What a tenant can do to executions: cancel, pause, resume, send a signal, say what became of an unknown outcome, and run again the
// whole or from a step on; one, or many by a filter in bounded parts.

import Base
import JSON
import Postgres
import Tenancy

extension Executions {
    /// Signals of one execution that nobody has taken yet, at most.
    public static let signalLimit = 100
    /// The most bytes of what a signal brings.
    public static let signalBytes = 64 << 10
    /// Executions that one call changes at most.
    public static let manyLimits = 1...500

    // MARK: Cancel, pause, resume

    /// Cancels with all children: at once what waits, within seconds what runs.
    /// - Throws: `.notFound`; `.invalidState` when it has ended.
    public func cancel(_ id: ExecutionID, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Execution {
        var batch = database.once(permit.scope.database).batch()
        batch.add(ChangeStatements.lock, [id])
        let cancelled = batch.add(ChangeStatements.cancel, [id], permit.audit(.executionCancelled))
        batch.add(RunStatements.wakeParent, id)
        let known = batch.add(ExecutionStatements.get, id)
        let results = try await batch.run()
        let execution = try found(try results.first(known))
        if try results.first(cancelled) == nil, execution.summary.state != .cancelling {
            throw Fault(.invalidState, "An execution that is \(execution.summary.state.rawValue) has ended.")
        }
        raise()
        return execution
    }

    /// Has an execution stand still: at once when no worker holds it, else before its next step.
    /// - Throws: `.notFound`; `.invalidState` when it is paused, cancelled or ended.
    public func pause(_ id: ExecutionID, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Execution {
        try await change(id, "paused", permit) { batch in
            batch.add(ChangeStatements.pause, id, permit.audit(.executionPaused))
        }
    }

    /// Lets a paused execution go on where it stood.
    /// - Throws: `.notFound`; `.invalidState` unless it is paused.
    public func resume(_ id: ExecutionID, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Execution {
        try await change(id, "resumed", permit) { batch in
            batch.add(ChangeStatements.resume, id, permit.audit(.executionResumed))
        }
    }

    private func change(
        _ id: ExecutionID, _ wanted: String, _ permit: Permit<ExecutionsWrite>,
        _ add: (inout Batch<Once>) -> BatchSlot<Void>
    ) async throws(Fault) -> Execution {
        var batch = database.once(permit.scope.database).batch()
        batch.add(RunStatements.lockQueue, id)
        let changed = add(&batch)
        let known = batch.add(ExecutionStatements.get, id)
        let results = try await batch.run()
        let execution = try found(try results.first(known))
        guard results.affected(changed) > 0 else {
            throw Fault(.invalidState, "An execution that is \(execution.summary.state.rawValue) cannot be \(wanted).")
        }
        raise()
        return execution
    }

    // MARK: Signals

    /// Sends a signal. It is kept until a step takes it; the same id twice is one signal.
    /// - Throws: `.notFound`; `.invalidState` when the execution has ended; `.limitReached` when too many wait to be taken.
    public func signal(
        _ id: ExecutionID, _ signal: ExecutionSignal, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> KeptSignal {
        let signalID = signal.id ?? UUIDBits.version7(milliseconds: UInt64(Timestamp.now.microseconds / 1000)).description
        var batch = database.once(permit.scope.database).batch()
        batch.add(RunStatements.lockQueue, id)
        let before = batch.add(ChangeStatements.signalState, id, signalID)
        let kept = batch.add(
            ChangeStatements.signal, id, signalID, signal.name, JSONBytes(signal.payload.bytes), Executions.signalLimit,
            permit.scope.sender, permit.audit(.executionSignalled))
        batch.add(ChangeStatements.wake, id, signal.name)
        let results = try await batch.run()
        let known = try found(try results.first(before))
        if results.affected(kept) == 0 && !known.isKept {
            guard !known.state.isAtRest else {
                throw Fault(.invalidState, "An execution that is \(known.state.rawValue) takes no signals.")
            }
            throw Fault(.limitReached, "An execution keeps at most \(Executions.signalLimit) signals that nobody has taken.")
        }
        raise()
        return KeptSignal(id: signalID, name: signal.name, isNew: !known.isKept)
    }

    // MARK: Unknown outcomes

    /// Says what became of the steps of which nobody knew.
    /// - Throws: `.notFound`; `.invalidState` unless it is indeterminate.
    public func resolve(
        _ id: ExecutionID, _ resolution: ResolveExecution, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> Execution {
        var batch = database.once(permit.scope.database).batch()
        batch.add(RunStatements.lockParent, id)
        let resolved = batch.add(
            ChangeStatements.resolve, id, resolution.action.rawValue, JSONBytes(resolution.output.bytes),
            permit.audit(.executionResolved))
        batch.add(RunStatements.wakeParent, id)
        let known = batch.add(ExecutionStatements.get, id)
        let results = try await batch.run()
        let execution = try found(try results.first(known))
        guard results.affected(resolved) > 0 else {
            throw Fault(.invalidState, "The outcome of an execution that is \(execution.summary.state.rawValue) is not in doubt.")
        }
        raise()
        return execution
    }

    // MARK: Again

    /// Makes a new execution of the same version with the same input; with a step, one that takes over what the old one had done
    /// before it.
    /// - Throws: `.notFound`; `.invalid` naming `step` when there is no such step; `.invalidState` when its definition may not be run;
    ///   `.limitReached` when as much is to do as the plan holds.
    public func replay(
        _ id: ExecutionID, from step: String? = nil, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> Execution {
        let new = ExecutionID.make()
        let made = try await database.session(permit.scope.database) { session throws(Fault) -> Execution? in
            var batch = session.batch()
            let replayed = batch.add(ChangeStatements.replay, id, new, step, permit.audit(.executionReplayed), false)
            if let step { batch.add(ChangeStatements.fork, id, new, step) }
            let known = batch.add(ExecutionStatements.get, new)
            let results = try await batch.run()
            return results.affected(replayed) > 0 ? try results.first(known) : nil
        }
        guard let made else {
            throw try await refusal(id, step, permit)
        }
        raise()
        return made
    }

    /// Why an execution was not run again.
    private func refusal(_ id: ExecutionID, _ step: String?, _ permit: Permit<ExecutionsWrite>) async throws(Fault) -> Fault {
        let standing = try found(try await database.once(permit.scope.database).first(ChangeStatements.standing, id, step))
        guard [AgentState.running.rawValue, DefinitionState.active.rawValue].contains(standing.state) else {
            let kind = standing.kind == "agent" || standing.kind == "automation" ? "an \(standing.kind)" : "a \(standing.kind)"
            return Fault(.invalidState, "It is a run of \(kind) that is \(standing.state) and cannot be run.")
        }
        guard standing.hasStep else { return .invalid("step", "reference", "The execution has no such step.") }
        return EnqueueClause.full(permit.scope.quotas.liveExecutions)
    }

    // MARK: Many

    /// Cancels what the filter chooses, oldest first.
    public func cancel(
        _ many: ManyExecutions, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> ManyChanged {
        let chosen = try await choose(many, among: ExecutionState.live, permit)
        guard !chosen.isEmpty else { return ManyChanged(ids: [], hasMore: false) }
        var batch = database.once(permit.scope.database).batch()
        let ids = Array(chosen.prefix(many.limit))
        batch.add(ChangeStatements.lock, ids)
        let cancelled = batch.add(ChangeStatements.cancel, ids, permit.audit(.executionCancelled))
        batch.add(RunStatements.wakeParents)
        let done = try await batch.run().rows(cancelled)
        raise()
        return ManyChanged(ids: done.sorted(), hasMore: chosen.count > many.limit)
    }

    /// Runs again what the filter chooses of what failed, timed out or was cancelled, oldest first, each as a new execution. What
    /// was run again before is passed over, and so is what may not be triggered now.
    public func replay(
        _ many: ManyExecutions, _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> ManyChanged {
        let ended = [ExecutionState.failed, .timedOut, .cancelled].map(\.rawValue)
        let chosen = try await choose(many, among: ended, permit)
        var made: [ExecutionID] = []
        let parts = stride(from: 0, to: min(chosen.count, many.limit), by: Executions.replaysAtOnce)
        for start in parts {
            var batch = database.once(permit.scope.database).batch()
            let ids = Array(chosen[start..<min(start + Executions.replaysAtOnce, chosen.count, many.limit)])
            batch.add(ChangeStatements.lockOrigins, ids)
            let slots = ids.map { id in
                let new = ExecutionID.make()
                return (new, batch.add(ChangeStatements.replay, id, new, nil, permit.audit(.executionReplayed), true))
            }
            let results = try await batch.run()
            made += slots.filter { results.affected($0.1) > 0 }.map(\.0)
        }
        raise()
        return ManyChanged(ids: made, hasMore: chosen.count > many.limit)
    }

    /// Executions that one commit of a bulk replay makes.
    private static let replaysAtOnce = 50

    private func choose(
        _ many: ManyExecutions, among allowed: [String], _ permit: Permit<ExecutionsWrite>
    ) async throws(Fault) -> [ExecutionID] {
        let wanted = many.filter.words.map { words in words.filter { allowed.contains($0) } } ?? allowed
        return try await database.slow(permit.scope.database).query(
            ChangeStatements.choose, many.filter.definition?.uuid, wanted, many.filter.trigger?.rawValue,
            many.filter.errorClass?.rawValue, many.createdBefore, many.limit + 1)
    }
}

extension TenantScope {
    /// Who acts, as a step is told it.
    fileprivate var sender: String {
        switch actor {
        case .key(let id): id.description
        case .user(let id, _): id.description
        }
    }
}
