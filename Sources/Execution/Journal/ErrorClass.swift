// The sorts of what goes wrong, coarse enough to count and to filter by.

import Base
import JSON

/// Why an execution failed or waits for its next attempt.
public enum ErrorClass: String, Sendable, CaseIterable, JSONRepresentable {
    /// Somebody else was away or did not answer properly.
    case unavailable
    /// Somebody else asked for fewer calls.
    case rateLimited = "rate_limited"
    /// It took too long.
    case timeout
    /// No worker took it up in time.
    case queueTimeout = "queue_timeout"
    /// The input is not what the tool takes, or what it names is not there.
    case invalid
    /// A bound was met.
    case limit
    /// The run took another way than before.
    case nondeterministic
    /// What came of a step is not known.
    case outcomeUnknown = "outcome_unknown"
    /// Its workers were lost.
    case workerLost = "worker_lost"
    case cancelled
    /// The server's own mistake.
    case `internal`
    /// Anything else that fails the same way again.
    case permanent

    init(_ failure: StepFailure) {
        if failure.kind == .outcomeUnknown {
            self = .outcomeUnknown
            return
        }
        switch failure.fault.code {
        case .unavailable, .overloaded, .outboundFailed, .outboundUnreachable, .conflict: self = .unavailable
        case .rateLimited: self = .rateLimited
        case .timedOut, .requestTimeout: self = .timeout
        case .invalid, .malformed, .notFound, .toolNotAvailable, .strategyNotAvailable, .outboundRefused: self = .invalid
        case .limitReached, .contentTooLarge: self = .limit
        case .nondeterministicReplay: self = .nondeterministic
        case .workerLost: self = .workerLost
        case .cancelled: self = .cancelled
        case .internalError: self = .internal
        default: self = .permanent
        }
    }
}
