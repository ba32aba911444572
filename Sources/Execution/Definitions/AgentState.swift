// The life of an agent. Running means that it may be triggered; a paused one refuses triggers, a stopped one for ever.

import JSON

/// Where an agent stands.
public enum AgentState: String, Sendable, CaseIterable, JSONRepresentable {
    case created, running, paused, stopped

    /// What may follow.
    public var successors: Set<AgentState> {
        switch self {
        case .created: [.running, .stopped]
        case .running: [.paused, .stopped]
        case .paused: [.running, .stopped]
        case .stopped: []
        }
    }

    /// The states that `state` may follow.
    public static func predecessors(of state: AgentState) -> [AgentState] {
        allCases.filter { $0.successors.contains(state) }
    }
}
