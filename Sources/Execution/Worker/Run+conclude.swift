// The pure middle and the end of a run: what is carried through, and what is written when it is over.

import Base
import JSON

extension Run {
    /// What the work came to.
    enum Work {
        case done(Result<JSONValue, StepFailure>)
        case aborted(Abort)
    }

    /// What steps that were under way fail with when the run ends without them.
    static let abandoned = Fault(.cancelled, "The step was abandoned. What it did by then is not known.").stored

    /// Carries the strategy of the blueprint through.
    static func carry(_ beginning: RunBeginning, _ journal: Journal) async throws(StepFailure) -> JSONValue {
        let blueprint: Blueprint
        let input: JSONValue
        do throws(Fault) {
            blueprint = try Blueprint.stored.decode(beginning.blueprint.bytes)
            input = try JSONValue(parsing: beginning.input.bytes)
        } catch {
            throw StepFailure(error, .permanent)
        }
        guard let strategy = journal.registry.strategy(blueprint.strategy.name) else {
            throw StepFailure(Fault(.strategyNotAvailable, "There is no strategy named \(blueprint.strategy.name)."))
        }
        journal.budget.narrow(blueprint.limits.budget)
        let plan = RunPlan(tools: blueprint.tools, input: input.object ?? JSONObject(), journal: journal)
        return try await strategy.run(blueprint.strategy.configuration, plan: plan)
    }

    /// What counts when the work is done and was perhaps told to end as well: whoever cancels gets a cancel, whoever lost the lease
    /// has no say, but work that was done in time is done.
    static func settle(_ result: Result<JSONValue, StepFailure>, _ abort: Abort?) -> Work {
        guard let abort else { return .done(result) }
        switch abort {
        case .cancelled, .lost: return .aborted(abort)
        case .timedOut, .idle, .handedBack:
            if case .failure(let failure) = result, failure.fault.code == .cancelled { return .aborted(abort) }
            return .done(result)
        }
    }

    /// Writes down how the work ended.
    func conclude(_ work: Work, _ beginning: RunBeginning, _ store: RunStore, _ log: RunLog) async throws(Fault) -> Outcome {
        switch work {
        case .done(.success(let value)):
            let output: Journal.Output
            do throws(StepFailure) {
                output = try Journal.stored(
                    value, atMost: Journal.outputBytes, "The output", "an execution may have \(Journal.outputBytes)")
            } catch {
                return try await fail(error, beginning, store, log)
            }
            log.add(.info, "succeeded")
            let ending = RunEnding(state: .succeeded, output: JSONRaw(output.bytes))
            return outcome(try await store.end(ending, moot: journal?.mootChildren ?? [], log))
        case .done(.failure(let failure)):
            if failure.fault.code == .leaseLost { return .left }
            if failure.isPause { return try await letGo(failure, store, log) }
            return try await fail(failure, beginning, store, log)
        case .aborted(.cancelled):
            log.add(.warn, "cancelled")
            return try await cancel(store, log)
        case .aborted(.timedOut):
            return try await timeOut("The execution did not end in the time it had.", .timeout, store, log)
        case .aborted(.idle):
            let fault = Fault(.timedOut, "The execution said nothing for longer than it may.")
            return try await fail(StepFailure(fault), beginning, store, log)
        case .aborted(.handedBack):
            log.add(.info, "handed back: the node stops")
            await store.flush(log)
            return .left
        case .aborted(.lost):
            return .left
        }
    }

    func cancel(_ store: RunStore, _ log: RunLog, error: JSONRaw? = nil) async throws(Fault) -> Outcome {
        outcome(
            try await store.end(
                RunEnding(state: .cancelled, error: error, errorClass: .cancelled, abandoned: Run.abandoned), log))
    }

    func timeOut(
        _ message: String, _ errorClass: ErrorClass, _ store: RunStore, _ log: RunLog
    ) async throws(Fault) -> Outcome {
        let fault = Fault(.timedOut, message)
        log.add(.error, fault.message, fault.metadata)
        return outcome(
            try await store.end(
                RunEnding(state: .timedOut, error: fault.stored, errorClass: errorClass, abandoned: Run.abandoned), log))
    }

    /// Lets go of an execution that waits or is to stand still, unless somebody wants it cancelled.
    private func letGo(_ failure: StepFailure, _ store: RunStore, _ log: RunLog) async throws(Fault) -> Outcome {
        let isLetGo: Bool
        if failure.kind == .paused {
            log.add(.info, "paused")
            isLetGo = try await store.pause(log)
        } else {
            isLetGo = try await store.suspend((journal?.waiting ?? []).filter { !$0.isMoot }.map(\.wait), log)
        }
        return isLetGo ? .suspended : try await cancel(store, log)
    }

    private func fail(
        _ failure: StepFailure, _ beginning: RunBeginning, _ store: RunStore, _ log: RunLog
    ) async throws(Fault) -> Outcome {
        let stored = failure.fault.stored
        let decision = RetryPolicy.decide(
            failure, attempt: beginning.attempt, maxAttempts: beginning.maxAttempts, random: Double.random(in: 0..<1))
        switch decision {
        case .retry(let delay):
            var metadata = JSONObject()
            metadata["delay_ms"] = .integer(delay)
            log.add(.warn, "attempt \(beginning.attempt) of \(beginning.maxAttempts) failed, the next one follows", metadata)
            let reason = RunFailure(error: stored, errorClass: failure.errorClass)
            if try await store.retry(afterMilliseconds: delay, reason, log) { return .retried }
            return try await cancel(store, log, error: stored)
        case .fail:
            log.add(.error, "failed: \(failure.fault.message)", failure.fault.metadata)
            return outcome(
                try await store.end(
                    RunEnding(state: .failed, error: stored, errorClass: failure.errorClass, abandoned: Run.abandoned), log))
        case .indeterminate:
            log.add(.error, "the outcome of a step that may not be repeated is not known", failure.fault.metadata)
            return outcome(
                try await store.end(RunEnding(state: .indeterminate, error: stored, errorClass: .outcomeUnknown), log))
        }
    }

    /// Ends an execution of which the store does not take what it came to.
    func refuse(_ fault: Fault, _ store: RunStore, _ log: RunLog) async throws(Fault) -> Outcome {
        store.forget()
        let told = Fault(.invalid, "What the execution came to can't be stored.")
        log.add(.error, told.message, fault.metadata)
        return outcome(
            try await store.end(
                RunEnding(state: .failed, error: told.stored, errorClass: .invalid, abandoned: Run.abandoned), log))
    }

    func outcome(_ state: ExecutionState?) -> Outcome {
        state.map { .ended($0) } ?? .left
    }
}
