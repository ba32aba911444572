// The journal of one run: every call of a tool is written down as started before it is made and with its outcome after, both under
// the fence, so that a worker that lost its lease writes nothing. Calls that an earlier attempt made are answered from here.
// Bounds: `stepOutputBytes` a step, `outputBytes` all of them, `stepLimit` steps.

import Base
import Crypto
import JSON
import Postgres

/// The calls of one run.
final class Journal: @unchecked Sendable {
    // Touched on the loop of its run alone.

    /// The most bytes of one step's output.
    static let stepOutputBytes = 1 << 20
    /// The most bytes of all outputs of an execution, and of what it comes to.
    static let outputBytes = 4 << 20
    /// The most steps of an execution.
    static let stepLimit = 1_000
    /// The most characters of a step's key: a path through loops and maps, such as `node[3]/map/7`.
    static let keyLimit = 200

    let registry: ToolRegistry
    let log: RunLog
    let store: RunStore
    let clock: RunClock
    let deadline: Instant
    /// Steps that let the run go for now.
    private(set) var waiting: [WaitingStep] = []
    private let attempt: Int
    private let isPauseAsked: () -> Bool
    private var earlier: [String: JournalEntry]
    private var keys: Set<String> = []
    private var writtenBytes = 0

    /// - Parameter isPauseAsked: whether the run is to stand still before its next step.
    init(
        _ beginning: RunBeginning, registry: ToolRegistry, store: RunStore, log: RunLog,
        isPauseAsked: @escaping () -> Bool = { false }
    ) {
        self.registry = registry
        self.store = store
        self.log = log
        self.isPauseAsked = isPauseAsked
        clock = RunClock(showing: beginning.now)
        deadline = Instant.now.advanced(milliseconds: beginning.remainingMilliseconds)
        attempt = beginning.attempt
        earlier = beginning.steps
        writtenBytes = beginning.steps.values.reduce(0) { $0 + ($1.output?.bytes.count ?? 0) }
    }

    /// Calls a tool once, however often the run is repeated.
    func call(_ tool: any Tool, key: String, input: JSONObject) async throws(StepFailure) -> JSONValue {
        precondition(keys.insert(key).inserted, "a run comes to each of its steps once")
        precondition(key.count <= Journal.keyLimit, "the key of a step has at most \(Journal.keyLimit) characters")
        guard keys.count <= Journal.stepLimit else {
            throw StepFailure(Fault(.limitReached, "An execution has at most \(Journal.stepLimit) steps."))
        }
        let call: PreparedCall
        do throws(Fault) {
            call = try tool.prepare(input)
        } catch {
            throw StepFailure(error.inStep(key, of: tool.name))
        }
        let whole: JSONValue = ["tool": .string(tool.name), "input": .object(input)]
        let step = RunStep(
            key: key, tool: tool, call: call, hash: Journal.hash(whole), input: input, attempt: attempt)
        switch JournalDecision(earlier[key], inputHash: step.hash) {
        case .answer(let output):
            log.add(.debug, "\(key) \(tool.name) was done already")
            return try parsed(output)
        case .nondeterministic:
            throw StepFailure(
                Fault(.nondeterministicReplay, "The step \(key) has another input than when it ran first.").inStep(
                    key, of: tool.name))
        case .indeterminate:
            throw StepFailure(
                Fault(.outcomeUnknown, "The step \(key) began before its worker was lost, and must not simply be repeated.")
                    .inStep(key, of: tool.name), .outcomeUnknown)
        case .act:
            return try await act(call, step, nil, waits: earlier[key]?.waits ?? 0)
        case .resume(let wait, let number):
            guard let resumption = try await resumption(of: wait, key, number) else {
                waiting.append(WaitingStep(key: key, wait: wait, number: number, tokens: 0, microdollars: 0))
                throw StepFailure.suspended(wait)
            }
            return try await act(call, step, resumption, waits: number)
        }
    }

    /// What tells one input from another.
    static func hash(_ value: JSONValue) -> [UInt8] { SHA256.digest(value.canonicalBytes).array }

    // MARK: Acting

    private func act(
        _ call: PreparedCall, _ step: RunStep, _ resumption: Resumption?, waits: Int
    ) async throws(StepFailure) -> JSONValue {
        if isPauseAsked() { throw StepFailure(Fault(.conflict, "The execution is paused."), .paused) }
        log.add(.info, "\(step.key) \(step.tool) \(resumption == nil ? "started" : "resumed")")
        // What may be done again need not be known before it is done.
        if call.effect == .pure { store.beginLater(step, log) } else { try await store.begin(step, log) }
        let start = Instant.now
        var context = ToolContext(
            tenant: store.claim.tenant, execution: store.execution, stepKey: step.key, deadline: deadline, log: log)
        context.clock = clock
        context.resumption = resumption
        context.store = store
        let output: Output
        do throws(StepFailure) {
            output = try await outcome(of: call, step, context)
        } catch {
            if case .suspended(let wait) = error.kind {
                log.add(.info, "\(step.key) \(step.tool) waits")
                waiting.append(
                    WaitingStep(
                        key: step.key, wait: wait, number: waits + 1, tokens: context.spending.tokens,
                        microdollars: context.spending.microdollars))
                throw error
            }
            // A step that was cut off stays as it stands: how the run ends decides about it.
            if error.fault.code == .cancelled || error.fault.code == .leaseLost { throw error }
            let failure = error.during(call.effect)
            let fault = failure.fault.inStep(step.key, of: step.tool)
            log.add(.error, "\(step.key) \(step.tool) failed: \(fault.message)", fault.metadata)
            if failure.kind != .outcomeUnknown {
                try await store.finish(step, StepFinish(error: fault.stored, context.spending), log)
            }
            throw StepFailure(fault, failure.kind)
        }
        log.add(
            .info, "\(step.key) \(step.tool) succeeded",
            Journal.metadata(Instant.now.milliseconds(since: start), output.bytes.count))
        writtenBytes += output.bytes.count
        switch call.way {
        case .within: break
        case .alone where call.effect == .pure:
            store.finishLater(step, StepFinish(output: output.bytes, context.spending), log)
        case .alone: try await store.finish(step, StepFinish(output: output.bytes, context.spending), log)
        }
        return output.value
    }

    /// Makes the call; for one whose effect is in our database, in the transaction that says so.
    private func outcome(
        of call: PreparedCall, _ step: RunStep, _ context: ToolContext
    ) async throws(StepFailure) -> Output {
        switch call.way {
        case .alone(let act): return try bounded(try await act(context), step.key)
        case .within(let act):
            var output: Output?
            do throws(StepFailure) {
                try await store.transact(step, context.spending) { session throws(StepFailure) in
                    let made = try bounded(try await act(context, session), step.key)
                    output = made
                    return made.bytes
                }
            } catch {
                // The answer to the commit may have been lost: then the journal knows.
                guard let output, error.fault.code == .unavailable, try await hasSucceeded(step) else { throw error }
                return output
            }
            guard let output else { preconditionFailure("a transaction that was committed has an output") }
            return output
        }
    }

    private func hasSucceeded(_ step: RunStep) async throws(StepFailure) -> Bool {
        do throws(Fault) {
            return try await store.entry(of: step.key)?.status == .succeeded
        } catch {
            throw StepFailure(error)
        }
    }

    /// What came of a wait; `nil` when it is not over.
    private func resumption(of wait: Wait, _ key: String, _ number: Int) async throws(StepFailure) -> Resumption? {
        do throws(Fault) {
            switch wait {
            case .until(let moment): return clock.now >= moment ? .elapsed : nil
            case .signal(let name, let deadline):
                if let taken = try await store.take(name, for: key, number) {
                    return .signal(name: name, payload: taken.payload, sender: taken.sender)
                }
                guard let deadline else { return nil }
                return clock.now >= deadline ? .deadlinePassed : nil
            case .children(let ids):
                let known = Dictionary(
                    try await store.outcomes(of: ids).map { ($0.execution, $0) }, uniquingKeysWith: { first, _ in first })
                // A child whose history was deleted has come to nothing.
                let outcomes = ids.map {
                    known[$0] ?? ChildOutcome(execution: $0, state: .cancelled, output: nil, error: nil)
                }
                return outcomes.allSatisfy { $0.state.isTerminal } ? .children(outcomes) : nil
            }
        } catch {
            throw StepFailure(error)
        }
    }

    // MARK: Outputs

    /// An output with its text.
    private struct Output {
        let value: JSONValue
        let bytes: [UInt8]
    }

    /// The text of an output that is not too long to be kept. What is too long fails for good: the effect has been had.
    private func bounded(_ value: JSONValue, _ key: String) throws(StepFailure) -> Output {
        let value = value.storable
        let bytes = value.bytes
        if bytes.count > Journal.stepOutputBytes {
            let message = "The output of \(key) has \(bytes.count) bytes; a step may have \(Journal.stepOutputBytes)."
            throw StepFailure(Fault(.limitReached, message), .permanent)
        }
        if writtenBytes + bytes.count > Journal.outputBytes {
            let message = "With \(key) the outputs of this execution pass \(Journal.outputBytes) bytes together."
            throw StepFailure(Fault(.limitReached, message), .permanent)
        }
        return Output(value: value, bytes: bytes)
    }

    private func parsed(_ raw: JSONRaw) throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            return try JSONValue(parsing: raw.bytes)
        } catch {
            throw StepFailure(error, .permanent)
        }
    }

    private static func metadata(_ milliseconds: Int, _ bytes: Int) -> JSONObject {
        var metadata = JSONObject()
        metadata["duration_ms"] = .integer(milliseconds)
        metadata["output_bytes"] = .integer(bytes)
        return metadata
    }
}
