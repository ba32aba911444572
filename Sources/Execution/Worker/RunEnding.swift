// What is written when a step or a run is over, and what a run that lets go is woken by.

import Base
import JSON

/// How a run ends its execution.
struct RunEnding: Sendable {
    let state: ExecutionState
    var output: JSONRaw?
    var error: JSONRaw?
    var errorClass: ErrorClass?
    /// What steps that were under way are abandoned with.
    var abandoned: JSONRaw?
}

/// Why an attempt failed.
struct RunFailure: Sendable {
    let error: JSONRaw
    let errorClass: ErrorClass
}

/// What a step came to: an output or an error, and what it cost.
struct StepFinish: Sendable {
    var output: [UInt8]?
    var error: JSONRaw?
    let tokens: Int
    let microdollars: Int

    init(output: [UInt8]? = nil, error: JSONRaw? = nil, _ spending: Spending = Spending()) {
        self.output = output
        self.error = error
        tokens = spending.tokens
        microdollars = spending.microdollars
    }
}

/// What wakes a run all of whose steps wait: the first of what they wait for.
struct WakeUp: Equatable {
    private(set) var at: Timestamp?
    private(set) var signals: [String] = []
    private(set) var children: [ExecutionID] = []

    init(_ waits: [Wait]) {
        for wait in waits {
            switch wait {
            case .until(let moment): at = min(at ?? moment, moment)
            case .signal(let name, let deadline):
                if !signals.contains(name) { signals.append(name) }
                if let deadline { at = min(at ?? deadline, deadline) }
            case .children(let ids): children += ids
            }
        }
    }
}
