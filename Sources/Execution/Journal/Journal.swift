// The journal of one run: every call of a tool is written down as started before it is made and with its outcome after, both under
// the fence, so that a worker that lost its lease writes nothing. Calls that an earlier attempt made are answered from here.
// What a step came to is given to the strategy in the form in which it comes back from there, so that the texts that are made of it are the
// same however often the run is repeated. Bounds: `stepOutputBytes` a step, `outputBytes` all of them, `inputBytes`, `inputsBytes`,
// `stepLimit` steps,
// `keyLimit`, `outputDepth` levels.

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
    /// The most levels of a step's output and of what an execution comes to: the journal, the next step and the answer to a caller put more around
    /// it, and all of it has to stay within `Limits.jsonDepth`.
    static let outputDepth = 112
    /// The most bytes of what one step is given: all that came before, and as much again.
    static let inputBytes = 8 << 20
    /// The most bytes of what all steps of an execution are given.
    static let inputsBytes = 64 << 20
    /// The most steps of an execution.
    static let stepLimit = 1_000
    /// Calls are given the rest of the run's time in whole milliseconds, and may end by so much before it.
    private static let deadlineMilliseconds = 10
    /// The most characters of a step's key: a path through loops and maps, such as `node[3]/map/7`.
    static let keyLimit = 200

    let registry: ToolRegistry
    let log: RunLog
    let store: RunStore
    let clock: RunClock
    let deadline: Instant
    let budget: RunBudget
    /// Steps that let the run go for now.
    private(set) var waiting: [WaitingStep] = []
    private let attempt: Int
    private let isPauseAsked: () -> Bool
    private let isHeld: () -> Bool
    private var earlier: [String: JournalEntry]
    private var keys: Set<String> = []
    private var writtenBytes = 0
    private var givenBytes = 0
    private let inputsBytes: Int

    /// - Parameters:
    ///   - isPauseAsked: whether the run is to stand still before its next step.
    ///   - isHeld: whether this node still holds the lease, by its own clock.
    ///   - inputsBytes: the bound of all inputs together.
    init(
        _ beginning: RunBeginning, registry: ToolRegistry, store: RunStore, log: RunLog,
        isPauseAsked: @escaping () -> Bool = { false }, isHeld: @escaping () -> Bool = { true },
        inputsBytes: Int = Journal.inputsBytes
    ) {
        self.registry = registry
        self.store = store
        self.log = log
        self.isPauseAsked = isPauseAsked
        self.isHeld = isHeld
        self.inputsBytes = inputsBytes
        clock = RunClock(showing: beginning.now)
        deadline = Instant.now.advanced(milliseconds: beginning.remainingMilliseconds)
        attempt = beginning.attempt
        earlier = beginning.steps
        budget = RunBudget(began: .now)
    }

    /// Calls a tool once, however often the run is repeated.
    /// - Parameter path: where the input stands in the definition, for whoever is told what is wrong with it.
    func call(
        _ tool: any Tool, key: String, input: JSONObject, at path: String? = nil
    ) async throws(StepFailure) -> JSONValue {
        guard key.unicodeScalars.count <= Journal.keyLimit else {
            throw Journal.limit(
                "The key of a step has at most \(Journal.keyLimit) characters, which \(key.cut(bytes: 500)) passes.")
        }
        precondition(keys.insert(key).inserted, "a run comes to each of its steps once")
        guard keys.count <= Journal.stepLimit else {
            throw Journal.limit("An execution has at most \(Journal.stepLimit) steps.")
        }
        guard let size = JSONValue.object(input).size(atMost: Journal.inputBytes) else {
            throw Journal.limit("The input of \(key) has more than \(Journal.inputBytes) bytes.")
        }
        givenBytes += size
        guard givenBytes <= inputsBytes else {
            throw Journal.limit("With \(key) the inputs of this execution pass \(inputsBytes) bytes together.")
        }
        let call: PreparedCall
        do throws(Fault) {
            call = try tool.prepare(input)
        } catch {
            throw StepFailure(error.inStep(key, at: path))
        }
        let whole: JSONValue = ["tool": .string(tool.name), "input": .object(input)]
        var step = RunStep(
            key: key, tool: tool, call: call, hash: Journal.hash(whole), input: input, attempt: attempt)
        step.path = path
        switch JournalDecision(earlier[key], inputHash: step.hash) {
        case .answer(let output):
            log.add(.debug, "\(key) \(tool.name) was done already")
            let value = try parsed(output)
            writtenBytes += value.bytes.count
            budget.settle(earlier[key]?.taken ?? Taken(), value, isModel: step.isModel)
            return value
        case .nondeterministic:
            throw StepFailure(
                Fault(.nondeterministicReplay, "The step \(key) has another input than when it ran first.").inStep(key))
        case .indeterminate:
            throw StepFailure(
                Fault(.outcomeUnknown, "The step \(key) began before its worker was lost, and must not simply be repeated.")
                    .inStep(key), .outcomeUnknown)
        case .act:
            return try await act(call, step, nil, waits: earlier[key]?.waits ?? 0)
        case .resume(let wait, let number):
            guard let resumption = try await resumption(of: wait, key, number) else {
                waiting.append(WaitingStep(key: key, wait: wait))
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
        // A node that stood still between this beginning and its answer may have been taken for dead: another does the step by now.
        guard isHeld() else { throw RunStore.lost }
        let start = Instant.now
        let context = context(of: step, resumption)
        let output: Output
        do throws(StepFailure) {
            output = try await outcome(of: call, step, context)
        } catch {
            throw try await failure(error.bounded, of: step, call.effect, context, waits: waits)
        }
        log.add(
            .info, "\(step.key) \(step.tool) succeeded",
            Journal.metadata(Instant.now.milliseconds(since: start), output.bytes.count))
        writtenBytes += output.bytes.count
        budget.finish(step.key, output.value, isModel: step.isModel)
        switch call.way {
        case .within, .staged: break
        case .alone where call.effect == .pure:
            store.finishLater(step, StepFinish(output: output.bytes, context.spending), log)
        case .alone: try await store.finish(step, StepFinish(output: output.bytes, context.spending), log)
        }
        return output.value
    }

    private func context(of step: RunStep, _ resumption: Resumption?) -> ToolContext {
        var context = ToolContext(
            tenant: store.claim.tenant, execution: store.execution, stepKey: step.key, deadline: deadline, log: log)
        context.clock = clock
        context.resumption = resumption
        context.store = store
        context.budget = budget
        if case .children(let outcomes)? = resumption {
            context.spending.byChildren = outcomes.reduce(Taken()) { $0 + $1.taken }
        }
        budget.begin(step.key, context.spending, before: earlier[step.key]?.taken ?? Taken())
        return context
    }

    /// Writes down that a step waits or has failed.
    /// - Returns: what the strategy is told.
    private func failure(
        _ error: StepFailure, of step: RunStep, _ effect: Effect, _ context: ToolContext, waits: Int
    ) async throws(StepFailure) -> StepFailure {
        if case .suspended(let wait) = error.kind {
            log.add(.info, "\(step.key) \(step.tool) waits")
            store.waitLater(step, for: wait, waits + 1, context.spending, log)
            waiting.append(WaitingStep(key: step.key, wait: wait))
            return error
        }
        // A step that was cut off stays as it stands: how the run ends decides about it.
        if error.fault.code == .cancelled || error.fault.code == .leaseLost { return error }
        let failure = ended(error).during(effect)
        let fault = failure.fault.inStep(step.key, at: step.path)
        log.add(.error, "\(step.key) \(step.tool) failed: \(fault.message)", fault.metadata)
        if failure.kind != .outcomeUnknown {
            try await store.finish(step, StepFinish(error: fault.stored, context.spending), log)
        }
        return StepFailure(fault, failure.kind)
    }

    /// The same; or, for a call that the end of the run's time cut short, that it was this time: whoever was asked is not to blame.
    private func ended(_ error: StepFailure) -> StepFailure {
        let isOver = Instant.now.advanced(milliseconds: Journal.deadlineMilliseconds) >= deadline
        guard error.fault.code == .timedOut, isOver else { return error }
        return StepFailure(Fault(.timedOut, "The time of the run was over before the step had ended."), error.kind)
    }

    /// Makes the call; for one whose effect is in our database, in the transaction that says so.
    private func outcome(
        of call: PreparedCall, _ step: RunStep, _ context: ToolContext
    ) async throws(StepFailure) -> Output {
        switch call.way {
        case .alone(let act): return try bounded(try await act(context), step.key)
        case .within(let act):
            return try await transacted(step, context) { session throws(StepFailure) in try await act(context, session) }
        case .staged(let stage): return try await transacted(step, context, try await stage(context))
        }
    }

    private func transacted(
        _ step: RunStep, _ context: ToolContext, _ write: StagedWrite
    ) async throws(StepFailure) -> Output {
        var output: Output?
        do throws(StepFailure) {
            try await store.transact(step, context.spending) { session throws(StepFailure) in
                let made = try bounded(try await write(session), step.key)
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

    // MARK: Waits

    /// Whether a step has rested until something happened outside of the run.
    func hasRested(_ key: String) -> Bool { earlier[key]?.hasRested ?? false }

    /// Says that nothing depends any more on the steps whose key begins so. They stay as they are, so that whoever takes the run up again
    /// finds what this one found; but they wake it no more, and what they have started is cancelled when the run has succeeded.
    func pass(over prefix: String) {
        for at in waiting.indices where waiting[at].key == prefix || waiting[at].key.hasPrefix(prefix + "/") {
            waiting[at].isMoot = true
        }
    }

    /// Children that are left when the run has succeeded.
    var mootChildren: [ExecutionID] {
        waiting.flatMap { step -> [ExecutionID] in
            if case .children(let ids) = step.wait { ids } else { [] }
        }
    }

    // MARK: Outputs

    /// An output with its text.
    struct Output {
        let value: JSONValue
        let bytes: [UInt8]
    }

    /// The text of an output that is not too long to be kept. What is too long fails for good: the effect has been had.
    private func bounded(_ value: JSONValue, _ key: String) throws(StepFailure) -> Output {
        let output = try Journal.stored(
            value, atMost: Journal.stepOutputBytes, "The output of \(key)", "a step may have \(Journal.stepOutputBytes)")
        if writtenBytes + output.bytes.count > Journal.outputBytes {
            throw Journal.limit("With \(key) the outputs of this execution pass \(Journal.outputBytes) bytes together.")
        }
        return output
    }

    /// A value as it comes back from the store.
    /// - Throws: `.limitReached`, permanent, when it has more than `limit` bytes, or more levels than could be read.
    static func stored(
        _ value: JSONValue, atMost limit: Int, _ name: String, _ words: String
    ) throws(StepFailure) -> Output {
        guard value.size(atMost: limit) != nil else { throw Journal.limit("\(name) has more than \(limit) bytes; \(words).") }
        let bytes = value.bytes
        guard bytes.count <= limit else { throw Journal.limit("\(name) has \(bytes.count) bytes; \(words).") }
        let document = JSONDocument()
        do throws(JSONError) {
            try document.parse(bytes.span, depth: Journal.outputDepth)
        } catch {
            guard error.reason == .tooDeep else { throw StepFailure(error.fault, .permanent) }
            throw Journal.limit("\(name) is nested more than \(Journal.outputDepth) levels deep.")
        }
        do throws(Fault) {
            // Read back, for a number may come back as another that is written alike.
            let stored = try JSONValue(document.root).storable
            return Output(value: stored, bytes: stored.bytes)
        } catch {
            throw StepFailure(error, .permanent)
        }
    }

    private static func limit(_ message: String) -> StepFailure {
        StepFailure(Fault(.limitReached, message), .permanent)
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
