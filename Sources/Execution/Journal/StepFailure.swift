// Why a step ended without an output, and what that means for the run: whether the same may succeed later, whether anything may have
// happened, or whether the step only waits.

import Base

/// The failure of a step, or its wish to wait.
public struct StepFailure: Error, Sendable {
    /// What it means for the run.
    public enum Kind: Sendable, Equatable {
        /// The same may succeed later.
        case transient
        /// The same fails again.
        case permanent
        /// The step may have had its effect, and must not simply be repeated.
        case outcomeUnknown
        /// The step waits, and is called again once that is over. A strategy lets it through.
        case suspended(Wait)
        /// Somebody has the run stand still before its next step. A strategy lets it through.
        case paused
    }

    public let fault: Fault
    public let kind: Kind

    public init(_ fault: Fault, _ kind: Kind) {
        self.fault = fault
        self.kind = kind
    }

    /// The kind that the fault's code stands for.
    public init(_ fault: Fault) {
        self.init(fault, StepFailure.isTransient(fault.code) ? .transient : .permanent)
    }

    /// What a tool throws to wait. It is called again with what it waited for as `context.resumption`.
    public static func suspended(_ wait: Wait) -> StepFailure {
        StepFailure(Fault(.conflict, "The step waits."), .suspended(wait))
    }

    /// The same; or, for a wait that passes a bound, that it does.
    var bounded: StepFailure {
        guard case .suspended(let wait) = kind, let problem = wait.problem else { return self }
        return StepFailure(Fault(.limitReached, problem), .permanent)
    }

    /// Whether the run is to stop without having failed.
    var isPause: Bool {
        switch kind {
        case .suspended, .paused: true
        case .transient, .permanent, .outcomeUnknown: false
        }
    }

    /// A word for what went wrong, by which executions are found and retries are spaced.
    var errorClass: ErrorClass { ErrorClass(self) }

    /// The same after an effect of that sort began: what failed in between is unknown, if it must not be repeated.
    func during(_ effect: Effect) -> StepFailure {
        effect == .unsafe && kind == .transient && !StepFailure.isHarmless(fault.code)
            ? StepFailure(fault, .outcomeUnknown) : self
    }

    /// Whether nothing can have happened: the request was never sent.
    private static func isHarmless(_ code: Fault.Code) -> Bool {
        code == .outboundUnreachable || code == .overloaded
    }

    private static func isTransient(_ code: Fault.Code) -> Bool {
        switch code {
        case .requestTimeout, .rateLimited, .internalError, .overloaded, .unavailable, .outboundFailed, .outboundUnreachable,
            .timedOut,
            .conflict:
            true
        default: false
        }
    }
}
