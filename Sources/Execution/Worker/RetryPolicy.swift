// What follows a failed attempt, by the kind of the failure and the attempts that are left. Pure: chance comes in as a number.

import Base

/// The decision after a failed attempt.
enum RetryPolicy {
    /// What to do.
    enum Decision: Equatable {
        case retry(afterMilliseconds: Int)
        case fail
        case indeterminate
    }

    /// - Parameter attempt: the number of the attempt that failed, from 1.
    static func decide(_ failure: StepFailure, attempt: Int, maxAttempts: Int, random: Double) -> Decision {
        switch failure.kind {
        case .outcomeUnknown: return .indeterminate
        // What only waits has not failed: nobody asks.
        case .permanent, .suspended, .paused: return .fail
        case .transient:
            guard attempt < maxAttempts else { return .fail }
            let least = (failure.fault.retryAfterSeconds ?? 0).multipliedReportingOverflow(by: 1000)
            return .retry(
                afterMilliseconds: Backoff.milliseconds(
                    afterAttempt: attempt + failure.errorClass.doublings, random: random,
                    leastMilliseconds: least.overflow ? .max : least.partialValue))
        }
    }
}

extension ErrorClass {
    /// So many doublings longer is the first wait than that of a mere mishap.
    var doublings: Int {
        switch self {
        // Whoever asks for fewer calls, or has too much to do, is left alone for longer.
        case .rateLimited: 3
        case .timeout: 1
        default: 0
        }
    }
}
