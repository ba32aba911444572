// An agent as its tenant sees it: a definition that can be run, in immutable versions. Its blueprint is carried as the text that the
// store holds, since most readers only pass it on.

import Base
import JSON

/// An agent without its blueprint, which may be long: as it stands in lists.
public struct AgentSummary: Sendable {
    public let id: AgentID
    public let name: String
    public let description: String
    public let state: AgentState
    /// The number of the blueprint's version, from 1.
    public let version: Int
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// How often it has changed, from 1.
    public let revision: Int
}

/// A definition that can be triggered. What its summary says it says itself.
@dynamicMemberLookup
public struct Agent: Sendable {
    public let summary: AgentSummary
    public let blueprint: JSONRaw

    public subscript<Value>(dynamicMember path: KeyPath<AgentSummary, Value>) -> Value { summary[keyPath: path] }
}

/// What it takes to make an agent.
public struct CreateAgent: Sendable {
    public let name: String
    public let description: String
    /// `nil` for the one that every tenant has.
    public let blueprint: Blueprint?
    /// What the model of that one is told to be.
    public let role: String?

    public init(name: String, description: String = "", blueprint: Blueprint?, role: String? = nil) {
        self.name = name
        self.description = description
        self.blueprint = blueprint
        self.role = role
    }
}

/// What changes of an agent; what is `nil` stays.
public struct UpdateAgent: Sendable {
    public let name: String?
    public let description: String?
    /// A new one makes a new version; executions that exist finish on theirs.
    public let blueprint: Blueprint?

    public init(name: String? = nil, description: String? = nil, blueprint: Blueprint? = nil) {
        self.name = name
        self.description = description
        self.blueprint = blueprint
    }
}

/// What an agent is triggered with.
public struct TriggerAgent: Sendable {
    /// The most bytes of an input.
    public static let inputBytes = 256 << 10

    /// An object: what it names goes over the configuration of the tools that take it.
    public let input: JSONRaw
    /// 0 to 9; each level is worth ten seconds of waiting.
    public let priority: Int
    /// When it is to begin; `nil` for now.
    public let startAt: Timestamp?
    /// Of the executions of one agent with one key one is worked on at a time, or as many as its limits say. One that waits, is paused or is
    /// between attempts holds up nobody: it takes its turn again when it is ready.
    public let concurrencyKey: String?

    public init(
        input: JSONRaw = .emptyObject, priority: Int = 0, startAt: Timestamp? = nil, concurrencyKey: String? = nil
    ) {
        self.input = input
        self.priority = priority
        self.startAt = startAt
        self.concurrencyKey = concurrencyKey
    }
}
