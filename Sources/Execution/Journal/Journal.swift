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

    let registry: ToolRegistry
    let log: RunLog
    private let store: RunStore
    private let clock: RunClock
    private let deadline: Instant
    private let attempt: Int
    private var earlier: [String: JournalEntry]
    private var keys: Set<String> = []
    private var writtenBytes = 0

    init(_ beginning: RunBeginning, registry: ToolRegistry, store: RunStore, log: RunLog) {
        self.registry = registry
        self.store = store
        self.log = log
        clock = RunClock(showing: beginning.now)
        deadline = Instant.now.advanced(milliseconds: beginning.remainingMilliseconds)
        attempt = beginning.attempt
        earlier = beginning.steps
        writtenBytes = beginning.steps.values.reduce(0) { $0 + ($1.output?.bytes.count ?? 0) }
    }

    /// Calls a tool once, however often the run is repeated.
    func call(_ tool: any Tool, key: String, input: JSONObject) async throws(StepFailure) -> JSONValue {
        precondition(keys.insert(key).inserted, "a run comes to each of its steps once")
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
        let hash = Journal.hash(whole)
        switch JournalDecision(earlier[key], inputHash: hash) {
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
            return try await act(
                tool, call, RunStep(key: key, tool: tool, call: call, hash: hash, input: input, attempt: attempt))
        }
    }

    /// What tells one input from another.
    static func hash(_ value: JSONValue) -> [UInt8] { SHA256.digest(value.canonicalBytes).array }

    private func act(_ tool: any Tool, _ call: PreparedCall, _ step: RunStep) async throws(StepFailure) -> JSONValue {
        log.add(.info, "\(step.key) \(tool.name) started")
        try await store.begin(step, log)
        let start = Instant.now
        var context = ToolContext(
            tenant: store.claim.tenant, execution: store.execution, stepKey: step.key, deadline: deadline, log: log)
        context.clock = clock
        let output: Output
        do throws(StepFailure) {
            output = try bounded(try await call.act(context), step.key)
        } catch {
            // A step that was cut off stays as it stands: how the run ends decides about it.
            if error.fault.code == .cancelled { throw error }
            let failure = error.during(call.effect)
            let fault = failure.fault.inStep(step.key, of: tool.name)
            log.add(.error, "\(step.key) \(tool.name) failed: \(fault.message)", fault.metadata)
            if failure.kind != .outcomeUnknown { try await store.finish(step, output: nil, error: fault.stored, log) }
            throw StepFailure(fault, failure.kind)
        }
        log.add(
            .info, "\(step.key) \(tool.name) succeeded",
            Journal.metadata(Instant.now.milliseconds(since: start), output.bytes.count))
        try await store.finish(step, output: output.bytes, error: nil, log)
        writtenBytes += output.bytes.count
        return output.value
    }

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
