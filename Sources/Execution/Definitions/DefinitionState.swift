// The life of a task, a flow or an automation: active ⇄ paused → archived. Only what is active runs.

import JSON

/// Where a definition stands.
public enum DefinitionState: String, Sendable, CaseIterable, JSONRepresentable {
    /// It can be run.
    case active
    /// It can't be run for now.
    case paused
    /// It will never run again.
    case archived

    /// What may follow.
    public var successors: Set<DefinitionState> {
        switch self {
        case .active: [.paused, .archived]
        case .paused: [.active, .archived]
        case .archived: []
        }
    }

    /// The states that `state` may follow.
    static func predecessors(of state: DefinitionState) -> [String] {
        allCases.filter { $0.successors.contains(state) }.map(\.rawValue)
    }
}

/// What became of a definition so far, by its last run.
public enum RunStatus: String, Sendable, CaseIterable, JSONRepresentable {
    /// It never ran.
    case created
    /// Its run waits for its turn.
    case pending
    /// Its run is under way.
    case running
    case completed, failed

    /// What the state of the last run makes of it.
    init(lastRun: ExecutionState?) {
        switch lastRun {
        case nil: self = .created
        case .succeeded: self = .completed
        case .failed, .timedOut, .cancelled, .indeterminate: self = .failed
        case .queued, .scheduled: self = .pending
        case .running, .waiting, .paused, .retryWait, .cancelling: self = .running
        }
    }

    /// The states of a last run that come to this.
    var lastRuns: [String] { ExecutionState.allCases.filter { RunStatus(lastRun: $0) == self }.map(\.rawValue) }
}
