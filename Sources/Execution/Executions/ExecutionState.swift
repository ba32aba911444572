// The life of an execution as a table: which state may follow which. Every statement that changes a state takes its condition from
// here, so that the table is the only place that knows. Terminal is final.

import JSON

/// Where an execution stands.
public enum ExecutionState: String, Sendable, CaseIterable, JSONRepresentable {
    /// Waits for a worker.
    case queued
    /// A worker holds it under a lease.
    case running
    /// An attempt failed; the next one begins after a while.
    case retryWait = "retry_wait"
    /// A cancel was asked for while a worker held it.
    case cancelling
    case succeeded
    /// An attempt failed that may not be repeated, or the last one did.
    case failed
    /// The time that it had is over.
    case timedOut = "timed_out"
    case cancelled
    /// A step that may not run twice began, and what came of it is not known.
    case indeterminate

    /// Whether nothing follows.
    public var isTerminal: Bool { successors.isEmpty }

    /// What may follow. A worker that takes over from a lost one finds `running` and says it again.
    public var successors: Set<ExecutionState> {
        switch self {
        case .queued: [.running, .cancelling, .cancelled, .timedOut, .failed]
        case .running: [.running, .retryWait, .cancelling, .succeeded, .failed, .timedOut, .indeterminate, .cancelled]
        case .retryWait: [.running, .cancelling, .cancelled, .timedOut, .failed]
        case .cancelling: [.cancelled, .indeterminate]
        case .succeeded, .failed, .timedOut, .cancelled, .indeterminate: []
        }
    }

    /// The states that `state` may follow.
    public static func predecessors(of state: ExecutionState) -> [ExecutionState] {
        allCases.filter { $0.successors.contains(state) }
    }

    /// The words of the states that are not terminal.
    static let live = allCases.filter { !$0.isTerminal }.map(\.rawValue)

    /// What an execution in this state ends as when a worker wants it to end as `wanted`; `nil` when it has ended already. Whoever
    /// asked for a cancel before the end gets one: only an outcome that nobody knows weighs more.
    public func ending(as wanted: ExecutionState) -> ExecutionState? {
        if successors.contains(wanted) { return wanted }
        return self == .cancelling && wanted.isTerminal ? .cancelled : nil
    }
}
