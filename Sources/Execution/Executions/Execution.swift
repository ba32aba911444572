// One run of a definition, as its tenant sees it. Input, output and error are carried as the text that the store holds.

import Base
import JSON

/// One run of an agent or a task.
public struct Execution: Sendable {
    public let summary: ExecutionSummary
    public let input: JSONRaw
    /// What it came to; `nil` before it succeeded.
    public let result: JSONRaw?
    /// Why the last attempt failed; `nil` when none did.
    public let error: JSONRaw?
}

/// One run of an agent or a task, without what went in and came out.
public struct ExecutionSummary: Sendable {
    public let id: ExecutionID
    public let definition: DefinitionReference
    /// The version of the definition that it runs, whatever that has become since.
    public let version: Int
    public let state: ExecutionState
    /// Why it came to be.
    public let trigger: ExecutionTrigger
    /// The number of the attempt under way, waited for or last made, from 1; 0 before the first.
    public let attempt: Int
    public let maxAttempts: Int
    public let timeoutSeconds: Int
    public let priority: Int
    public let concurrencyKey: String?
    public let parent: ExecutionID?
    /// What it repeats.
    public let origin: ExecutionID?
    /// The step from which on it does so; `nil` for the whole.
    public let originStep: String?
    public let tokens: Int
    public let costMicrodollars: Int
    public let errorClass: ErrorClass?
    public let createdAt: Timestamp
    public let startAt: Timestamp?
    public let startedAt: Timestamp?
    public let finishedAt: Timestamp?

    /// The version of the agent; `nil` when it is none.
    public var agentVersion: Int? { definition.agent == nil ? nil : version }

    /// From the first start to the end; `nil` before the end.
    public var durationMilliseconds: Int? {
        guard let startedAt, let finishedAt else { return nil }
        return Int((finishedAt.microseconds - startedAt.microseconds) / 1000)
    }
}

/// Why an execution came to be.
public enum ExecutionTrigger: String, Sendable, CaseIterable, JSONRepresentable {
    case manual, webhook, interval, cron, at, event
    case completionOf = "completion_of"
    /// Another execution started it.
    case call
}

/// What an execution came to.
public struct ExecutionResult: Sendable {
    public let id: ExecutionID
    public let definition: DefinitionReference
    public let state: ExecutionState
    public let result: JSONRaw?
    public let error: JSONRaw?
    public let finishedAt: Timestamp?
}

/// One journalled call of a tool.
public struct ExecutionStep: Sendable {
    /// How far it came.
    public enum Status: String, Sendable, CaseIterable, JSONRepresentable {
        case started, waiting, succeeded, failed
        /// It may not be repeated, and what came of it is not known.
        case indeterminate
        /// Its run ended without it.
        case abandoned
    }

    /// Its place in the run, such as `tool[0]`.
    public let key: String
    public let tool: String
    public let effect: Effect
    public let status: Status
    /// The attempt that began it last.
    public let attempt: Int
    /// What it was called with, secrets left out.
    public let input: JSONRaw
    public let result: JSONRaw?
    public let error: JSONRaw?
    public let tokens: Int
    public let costMicrodollars: Int
    public let startedAt: Timestamp
    public let finishedAt: Timestamp?

    /// Where a part of the journal ended.
    public struct Place: Sendable {
        public let startedAt: Timestamp
        public let key: String

        public init(startedAt: Timestamp, key: String) {
            self.startedAt = startedAt
            self.key = key
        }
    }
}

/// One line of an execution's log.
public struct ExecutionLogLine: Sendable {
    /// Its place in the log: grows, with gaps.
    public let seq: Int
    public let at: Timestamp
    public let level: LogLevel
    public let message: String
    public let metadata: JSONRaw
}
