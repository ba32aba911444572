// What a worker learns when it takes an execution up and when it begins a run.

import Base
import JSON

/// An execution at the start of an attempt.
struct RunBeginning: Sendable {
    /// What is run, be it an agent or another definition: tools know it by this id.
    let agent: AgentID
    /// From 1.
    let attempt: Int
    let maxAttempts: Int
    let input: JSONRaw
    let blueprint: JSONRaw
    /// Whether the definition was stopped for good.
    let isStopped: Bool
    /// By the database's clock.
    let now: Timestamp
    /// What is left of the time of the whole run; 0 or less when it is over.
    let remainingMilliseconds: Int
    /// The longest time without a word from its work.
    let idleMilliseconds: Int?
    /// How many stand above it.
    let depth: Int
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
    let isModel: Bool
    /// Where its input stands in the definition, if it stands there.
    var path: String?

    init(key: String, tool: any Tool, call: PreparedCall, hash: [UInt8], input: JSONObject, attempt: Int) {
        self.key = key
        self.tool = tool.name
        effect = call.effect
        self.hash = hash
        self.input = JSONRaw(JSONValue.object(tool.redacted(input)).storable.bytes)
        self.attempt = attempt
        isModel = tool.isModel
    }
}

/// A step that waits.
struct WaitingStep {
    let key: String
    let wait: Wait
    /// Whether nothing depends on it any more: it wakes nobody.
    var isMoot = false
}

/// A lease by what is in its fence.
struct HeldLease: Hashable, Sendable {
    let execution: ExecutionID
    let epoch: Int
}

/// An execution under the lease of this node.
struct Claim: Sendable {
    let tenant: TenantID
    let execution: ExecutionID
    /// The fence of this lease.
    let epoch: Int
    /// Leases of this execution that were lost.
    let crashCount: Int
    /// Who may wait for its end.
    let parent: ExecutionID?
    /// Whether it was taken up only to be ended, since its time is over.
    let isOverdue: Bool

    var lease: HeldLease { HeldLease(execution: execution, epoch: epoch) }
}
