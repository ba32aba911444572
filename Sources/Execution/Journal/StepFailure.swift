// Why a step failed, and what that means for the run: whether the same may succeed later, and whether anything may have happened.

import Base

/// The failure of a step.
public struct StepFailure: Error, Sendable {
    /// What a failure means for the run.
    public enum Kind: Sendable {
        /// The same may succeed later.
        case transient
        /// The same fails again.
        case permanent
        /// The step may have had its effect, and must not simply be repeated.
        case outcomeUnknown
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
