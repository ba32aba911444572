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
    /// Runs a flow.
    case flowRun = "flow_run"

    /// The tool that does it.
    var tool: String {
        switch self {
        case .dataProcessing: "data_processing"
        case .httpRequest: "http_request"
        case .securityScan: "security_scan"
        case .agentRun: "call_agent"
        case .flowRun: "call_flow"
        }
    }
}
