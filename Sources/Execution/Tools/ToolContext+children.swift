// How a tool starts further executions and tells how far it is. A child's id follows from the step that wants it, so that however often
// the step is repeated there is one child.

import Base
import Crypto
import JSON

extension ToolContext {
    /// Starts an execution of another definition of the tenant, a child of this one: a cancel of this one is a cancel of it. To wait for
    /// its end throw `StepFailure.suspended(.children([…]))`.
    /// - Parameter number: tells apart the children of one step.
    /// - Throws: `.notFound`, or `.invalidState` when the definition may not be run; `.limitReached` below `EnqueueClause.depthLimit` levels,
    ///   beyond `EnqueueClause.descendantLimit` executions set off by one, and, transient, where the tenant has as much to do as the plan holds.
    public func startChild(
        of definition: DefinitionReference, input: JSONRaw, number: Int = 0
    ) async throws(StepFailure) -> ExecutionID {
        guard let store else { preconditionFailure("children are started by a call of a run") }
        try checkBudget()
        let id = ToolContext.child(of: execution, stepKey, number)
        let started: StartedChild
        do throws(Fault) {
            started = try await store.startChild(id, of: definition, input: input)
        } catch {
            throw StepFailure(error)
        }
        guard started.isHeld else { throw RunStore.lost }
        if started.isThere { return id }
        guard started.parentDepth ?? 0 < EnqueueClause.depthLimit else {
            throw StepFailure(
                Fault(.limitReached, "Executions start each other over at most \(EnqueueClause.depthLimit) levels."))
        }
        guard !started.isTreeFull else {
            throw StepFailure(
                Fault(
                    .limitReached,
                    "An execution sets off at most \(EnqueueClause.descendantLimit) others: those it starts, those they start, and so on."
                ))
        }
        guard let state = started.definitionState else {
            throw StepFailure(Fault(.notFound, "There is no \(definition.kind) \(definition.name)."))
        }
        if started.isFull { throw StepFailure(EnqueueClause.full(nil), .transient) }
        throw StepFailure(
            Fault(.invalidState, "The \(definition.kind) \(definition.name) is \(state) and cannot be run."), .permanent)
    }

    /// Starts a child and waits for its end, if `waits`.
    /// - Returns: `execution_id`, with `output` once it was waited for.
    /// - Throws: as `startChild`; permanent when the child did not succeed, with what it failed with.
    func call(_ definition: DefinitionReference, input: JSONRaw, waits: Bool) async throws(StepFailure) -> JSONValue {
        if case .children(let outcomes)? = resumption, let outcome = outcomes.first {
            guard outcome.state == .succeeded else {
                throw StepFailure(ToolContext.fault(of: outcome), .permanent)
            }
            let output = outcome.output.flatMap { try? JSONValue(parsing: $0.bytes) } ?? .null
            return ["execution_id": .string(outcome.execution.description), "output": output]
        }
        let child = try await startChild(of: definition, input: input)
        guard waits else { return ["execution_id": .string(child.description)] }
        throw StepFailure.suspended(.children([child]))
    }

    /// What a child failed with, under its own code. Of children of children the innermost is named.
    private static func fault(of outcome: ChildOutcome) -> Fault {
        let error = outcome.error.flatMap { try? JSONValue(parsing: $0.bytes) }
        let cause = error?["message"]?.string ?? "no more is known"
        let code = error?["code"]?.string.flatMap { Fault.Code(rawValue: $0) }
        let ending = " ended as \(outcome.state.rawValue): "
        return Fault(
            // A child that was cancelled does not cancel who waits for it.
            outcome.state == .failed && code != .leaseLost && code != .cancelled ? code ?? .outboundFailed : .invalidState,
            cause.contains(ending) ? cause : "\(outcome.execution)\(ending)\(cause.cut(bytes: 500))")
    }

    /// Behind its parent in the order of ids, and the same each time.
    static func child(of parent: ExecutionID, _ key: String, _ number: Int) -> ExecutionID {
        let digest = SHA256.digest(Array("\(parent):\(key):\(number)".utf8)).array
        let words = [0, 8].map { start in digest[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        let milliseconds = parent.uuid.high >> 16 + 1
        return ExecutionID(
            UUIDBits(
                high: milliseconds << 16 | 0x7000 | words[0] & 0xFFF, low: 1 << 63 | words[1] & ~(3 << 62)))
    }

    /// Tells whoever watches how far the call is: in order, and not more often than they can follow.
    /// - Parameter fraction: from 0 to 1.
    public func report(fraction: Double, _ message: String) {
        guard let store, spending.mayReport(fraction) else { return }
        let payload: JSONValue = [
            "key": .string(stepKey), "fraction": .double(min(max(fraction, 0), 1)),
            "message": .string(message.storable.cut(bytes: RunLog.messageBytes)),
        ]
        store.report(payload.bytes, log)
    }
}
