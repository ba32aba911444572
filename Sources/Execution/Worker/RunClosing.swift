// What a run says of what it has done: steps that are over, lines of its log, its end. Many runs of a tenant say it at once, by one statement for
// the steps of all of them, one for the lines and one for the ends.

import Base
import JSON
import Postgres

/// Steps that began and succeeded since the last write, lines of the log, and perhaps the end of the execution.
struct RunClosing: GatheredWrite {
    /// A step that began and succeeded.
    struct Step {
        let step: RunStep
        let finish: StepFinish
    }

    let lease: HeldLease
    var steps: [Step] = []
    var lines = RunLog.Lines()
    var ending: RunEnding?

    /// - Returns: for each the state that its execution ended in; `nil` when it does not end, or its lease is lost.
    static func add(_ closings: [RunClosing], to batch: inout Batch<Once>) -> Gatherer.Reading<[ExecutionState?]> {
        StepColumns(closings).add(to: &batch)
        LineColumns(closings).add(to: &batch)
        let endings = EndingColumns(closings)
        guard let slot = endings.add(to: &batch) else { return { _ throws(Fault) in closings.map { _ in nil } } }
        return { results throws(Fault) in
            let states = Dictionary(
                try results.rows(slot).map { ($0.lease, $0.state) }, uniquingKeysWith: { first, _ in first })
            return closings.map { states[$0.lease] }
        }
    }
}

/// Whose rows a statement of many runs writes, each once: the rows say by a number which of these is theirs.
private struct LeaseColumns {
    var executions: [ExecutionID] = []
    var epochs: [Int] = []

    /// - Returns: its number, from 1.
    mutating func append(_ closing: RunClosing) -> Int {
        executions.append(closing.lease.execution)
        epochs.append(closing.lease.epoch)
        return executions.count
    }
}

/// Steps as the statement takes them: a column each.
private struct StepColumns {
    var leases = LeaseColumns()
    var numbers: [Int] = []
    var keys: [String] = []
    var tools: [String] = []
    var effects: [String] = []
    var hashes: [[UInt8]] = []
    var inputs: [JSONBytes] = []
    var attempts: [Int] = []
    var outputs: [JSONBytes?] = []
    var tokens: [Int] = []
    var microdollars: [Int] = []
    var tokensBelow: [Int] = []
    var microdollarsBelow: [Int] = []

    init(_ closings: [RunClosing]) {
        for closing in closings where !closing.steps.isEmpty {
            let number = leases.append(closing)
            for done in closing.steps { append(done.step, done.finish, number) }
        }
    }

    private mutating func append(_ step: RunStep, _ finish: StepFinish, _ number: Int) {
        numbers.append(number)
        keys.append(step.key)
        tools.append(step.tool)
        effects.append(step.effect.rawValue)
        hashes.append(step.hash)
        inputs.append(JSONBytes(step.input.bytes))
        attempts.append(step.attempt)
        outputs.append(finish.output.map { JSONBytes($0) })
        tokens.append(finish.tokens)
        microdollars.append(finish.microdollars)
        tokensBelow.append(finish.byChildren.tokens)
        microdollarsBelow.append(finish.byChildren.microdollars)
    }

    func add(to batch: inout Batch<Once>) {
        guard !keys.isEmpty else { return }
        batch.add(
            RunClosing.complete, leases.executions, leases.epochs, numbers, keys, tools, effects, hashes, inputs, attempts,
            outputs, tokens, microdollars, tokensBelow, microdollarsBelow)
    }
}

/// Lines of logs in the same form.
private struct LineColumns {
    var leases = LeaseColumns()
    var numbers: [Int] = []
    var lines = RunLog.Lines()

    init(_ closings: [RunClosing]) {
        for closing in closings where !closing.lines.isEmpty {
            let number = leases.append(closing)
            numbers += closing.lines.seqs.map { _ in number }
            lines.append(closing.lines)
        }
    }

    func add(to batch: inout Batch<Once>) {
        guard !numbers.isEmpty else { return }
        batch.add(
            RunClosing.log, leases.executions, leases.epochs, numbers, lines.seqs, lines.moments, lines.levels, lines.messages,
            lines.metadata)
    }
}

/// Ends in the same form.
private struct EndingColumns {
    var leases = LeaseColumns()
    var states: [String] = []
    var allowed: [String] = []
    var outputs: [JSONBytes?] = []
    var errors: [JSONBytes?] = []
    var abandoned: [JSONBytes?] = []
    var errorClasses: [String?] = []

    init(_ closings: [RunClosing]) {
        for closing in closings {
            guard let ending = closing.ending else { continue }
            _ = leases.append(closing)
            states.append(ending.state.rawValue)
            allowed.append(ExecutionState.predecessors(of: ending.state).map(\.rawValue).joined(separator: ","))
            outputs.append(ending.output.map { JSONBytes($0.bytes) })
            errors.append(ending.error.map { JSONBytes($0.bytes) })
            abandoned.append(ending.abandoned.map { JSONBytes($0.bytes) })
            errorClasses.append(ending.errorClass?.rawValue)
        }
    }

    func add(to batch: inout Batch<Once>) -> BatchSlot<RunClosing.Ended>? {
        guard !states.isEmpty else { return nil }
        return batch.add(
            RunClosing.end, leases.executions, leases.epochs, states, allowed, outputs, errors, abandoned, errorClasses)
    }
}
