// What a worker learns when it begins a run.

import Base
import JSON

/// An execution at the start of an attempt.
struct RunBeginning: Sendable {
    let agent: AgentID
    /// From 1.
    let attempt: Int
    let maxAttempts: Int
    let input: JSONRaw
    let blueprint: JSONRaw
    let agentState: AgentState
    /// By the database's clock.
    let now: Timestamp
    /// What is left of the time of the whole run; 0 or less when it is over.
    let remainingMilliseconds: Int
    /// The journal of earlier attempts.
    var steps: [String: JournalEntry] = [:]
}

/// A step that is about to begin.
struct RunStep {
    let key: String
    let tool: String
    let effect: Effect
    let hash: [UInt8]
    let input: JSONRaw
    let attempt: Int

    init(key: String, tool: any Tool, call: PreparedCall, hash: [UInt8], input: JSONObject, attempt: Int) {
        self.key = key
        self.tool = tool.name
        effect = call.effect
        self.hash = hash
        self.input = JSONRaw(JSONValue.object(tool.redacted(input)).bytes)
        self.attempt = attempt
    }
}

/// An execution under the lease of this node.
struct Claim: Sendable {
    let tenant: TenantID
    let execution: ExecutionID
    /// The fence of this lease.
    let epoch: Int
    /// Leases of this execution that were lost.
    let crashCount: Int
}
