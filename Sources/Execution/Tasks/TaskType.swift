// What a task does: each type is one tool with all its arguments given, so that what is checked when the task is saved is what runs.

import Base
import JSON

/// What a task does.
public enum TaskType: String, Sendable, CaseIterable, JSONRepresentable {
    /// Takes rows from a source, transforms them and puts them somewhere.
    case dataProcessing = "data_processing"
    /// Makes one request to another server.
    case httpRequest = "http_request"
    /// Looks at a host from outside: names, TLS, headers, cookies.
    case securityScan = "security_scan"
    /// Runs an agent.
    case agentRun = "agent_run"

    /// The tool that does it.
    var tool: String {
        switch self {
        case .dataProcessing: "data_processing"
        case .httpRequest: "http_request"
        case .securityScan: "security_scan"
        case .agentRun: "call_agent"
        }
    }
}

/// Where a task stands.
public enum TaskState: String, Sendable, CaseIterable, JSONRepresentable {
    /// It can be run.
    case active
    /// It can't be run for now.
    case paused
    /// It will never run again.
    case archived

    /// What may follow.
    public var successors: Set<TaskState> {
        switch self {
        case .active: [.paused, .archived]
        case .paused: [.active, .archived]
        case .archived: []
        }
    }

    /// The states that `state` may follow.
    static func predecessors(of state: TaskState) -> [String] {
        allCases.filter { $0.successors.contains(state) }.map(\.rawValue)
    }
}

/// What became of a task so far, by its last run.
public enum TaskStatus: String, Sendable, CaseIterable, JSONRepresentable {
    /// It never ran.
    case created
    /// Its run waits for its turn.
    case pending
    /// Its run is under way.
    case running
    case completed, failed

    /// What the state of the last run makes of it.
    init(lastRun: ExecutionState?) {
        guard let lastRun else {
            self = .created
            return
        }
        if lastRun == .succeeded {
            self = .completed
        } else if lastRun.isTerminal || lastRun == .indeterminate {
            self = .failed
        } else {
            self = ["queued", "scheduled"].contains(lastRun.rawValue) ? .pending : .running
        }
    }
}
