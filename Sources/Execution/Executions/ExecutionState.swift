// The life of an execution: scheduled → queued → running → an end, with waits, pauses and further attempts between. Every statement that
// changes a state takes its condition from here, so that the table is the only place that knows. Terminal is final; what is
// indeterminate has come to rest until somebody says what became of it.

import JSON

/// Where an execution stands.
public enum ExecutionState: String, Sendable, CaseIterable, JSONRepresentable {
    /// Waits for the time at which it is to begin. Whoever takes it up then says `running`.
    case scheduled
    /// Waits for a worker.
    case queued
    /// A worker holds it under a lease.
    case running
    /// Waits for a time, a signal or its children, and holds no worker.
    case waiting
    /// Somebody has it stand still.
    case paused
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
    /// A step that may not run twice began, and what came of it is not known. Somebody has to say.
    case indeterminate

    /// Whether nothing follows.
    public var isTerminal: Bool { successors.isEmpty }

    /// Whether it is worked on no more: it has ended, or rests until somebody resolves it.
    public var isAtRest: Bool { isTerminal || self == .indeterminate }

    /// What may follow. A worker that takes over from a lost one finds `running` and says it again.
    public var successors: Set<ExecutionState> {
        switch self {
        case .scheduled: [.running, .paused, .cancelling, .cancelled, .timedOut, .failed]
        case .queued: [.running, .paused, .cancelling, .cancelled, .timedOut, .failed]
        case .running:
            [
                .running, .queued, .waiting, .retryWait, .paused, .cancelling, .succeeded, .failed, .timedOut, .indeterminate,
                .cancelled,
            ]
        case .waiting: [.queued, .running, .paused, .cancelling, .cancelled, .timedOut, .failed]
        case .paused: [.scheduled, .queued, .waiting, .retryWait, .cancelling, .cancelled, .timedOut, .failed]
        case .retryWait: [.running, .paused, .cancelling, .cancelled, .timedOut, .failed]
        case .cancelling: [.cancelled, .indeterminate]
        case .indeterminate: [.queued, .failed]
        case .succeeded, .failed, .timedOut, .cancelled: []
        }
    }

    /// The states that `state` may follow.
    public static func predecessors(of state: ExecutionState) -> [ExecutionState] {
        allCases.filter { $0.successors.contains(state) }
    }

    /// The words of the states that have a row in the queue.
    static let live = allCases.filter { !$0.isAtRest }.map(\.rawValue)
    /// The words of the states that are final.
    static let terminal = allCases.filter(\.isTerminal).map(\.rawValue)

    /// What an execution in this state ends as when a worker wants it to end as `wanted`; `nil` when it has ended already. Whoever
    /// asked for a cancel before the end gets one: only an outcome that nobody knows weighs more.
    public func ending(as wanted: ExecutionState) -> ExecutionState? {
        if successors.contains(wanted) { return wanted }
        return self == .cancelling && wanted.isTerminal ? .cancelled : nil
    }
}
