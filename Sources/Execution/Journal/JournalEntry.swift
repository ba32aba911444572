// The pure part of the journal: what is known of a step when an execution comes to it, and what to do then. A finished step never
// runs again; one that began and did not finish is handled by its effect; one that waits goes on from its wait.

import Base
import JSON

/// What the journal holds about a step of an earlier attempt.
struct JournalEntry: Sendable {
    /// How far the step came.
    typealias Status = ExecutionStep.Status

    let status: Status
    let effect: Effect
    /// SHA-256 over the canonical text of tool and input.
    let inputHash: [UInt8]
    let output: JSONRaw?
    /// What it waits for, and how often it has begun to wait.
    var wait: Wait?
    var waits = 0
    /// What it has taken so far, its children included.
    var taken = Taken()

    /// Whether it has rested until something happened outside of the run.
    var hasRested: Bool {
        switch wait {
        case .until, .signal: waits > 0
        case .children, nil: false
        }
    }
}

/// What to do with a step.
enum JournalDecision: Equatable {
    /// Run it.
    case act
    /// It has run: this is what came of it.
    case answer(JSONRaw)
    /// It waits for this, for the time of that number.
    case resume(Wait, number: Int)
    /// It began, and what came of it is not known.
    case indeterminate
    /// The run took another way than last time.
    case nondeterministic

    init(_ entry: JournalEntry?, inputHash: [UInt8]) {
        guard let entry else {
            self = .act
            return
        }
        guard entry.inputHash == inputHash else {
            self = .nondeterministic
            return
        }
        switch entry.status {
        case .succeeded: self = .answer(entry.output ?? .null)
        case .failed: self = .act
        case .waiting: self = entry.wait.map { .resume($0, number: entry.waits) } ?? .act
        case .started, .abandoned: self = entry.effect == .unsafe ? .indeterminate : .act
        case .indeterminate: self = .indeterminate
        }
    }
}
