// The catalogue of faults. A new case makes every face stop compiling until it has a spelling for it.

extension Fault {
    /// What can go wrong, as callers know it. The raw value is stable and goes on the wire.
    public enum Code: String, Sendable, CaseIterable {
        case malformed = "malformed_request"
        case unauthenticated = "unauthenticated"
        case mfaRequired = "mfa_required"
        case stepUpRequired = "step_up_required"
        case forbidden = "forbidden"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case requestTimeout = "request_timeout"
        case conflict = "conflict"
        case invalidState = "invalid_state_transition"
        case requestInProgress = "request_in_progress"
        case gone = "gone"
        case preconditionFailed = "precondition_failed"
        case contentTooLarge = "content_too_large"
        case uriTooLong = "uri_too_long"
        case unsupportedMediaType = "unsupported_media_type"
        case expectationFailed = "expectation_failed"
        case invalid = "validation_failed"
        case idempotencyKeyReused = "idempotency_key_reused"
        case upgradeRequired = "upgrade_required"
        case preconditionRequired = "precondition_required"
        case headTooLarge = "head_too_large"
        case limitReached = "limit_reached"
        case rateLimited = "rate_limited"
        case internalError = "internal_error"
        case notImplemented = "not_implemented"
        case versionNotSupported = "http_version_not_supported"
        case overloaded = "overloaded"
        case unavailable = "unavailable"
        case outboundRefused = "outbound_refused"
        case outboundFailed = "outbound_failed"
        case outboundUnreachable = "outbound_unreachable"
        case timedOut = "timed_out"
        case cancelled = "cancelled"
        case toolNotAvailable = "tool_not_available"
        case strategyNotAvailable = "strategy_not_available"
        case leaseLost = "lease_lost"
        case workerLost = "worker_lost"
        case nondeterministicReplay = "nondeterministic_replay"
        case outcomeUnknown = "outcome_unknown"
    }
}

extension Fault.Code {
    /// The HTTP status of an answer with this fault (RFC 9110, section 15).
    public var status: Int {
        switch self {
        case .malformed: 400
        case .unauthenticated, .mfaRequired, .stepUpRequired: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .conflict, .invalidState, .requestInProgress, .limitReached, .leaseLost, .cancelled,
            .nondeterministicReplay, .outcomeUnknown:
            409
        case .gone: 410
        case .preconditionFailed: 412
        case .contentTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .expectationFailed: 417
        case .invalid, .idempotencyKeyReused, .toolNotAvailable, .strategyNotAvailable, .outboundRefused: 422
        case .upgradeRequired: 426
        case .preconditionRequired: 428
        case .rateLimited: 429
        case .headTooLarge: 431
        case .internalError, .workerLost: 500
        case .notImplemented: 501
        case .outboundFailed, .outboundUnreachable: 502
        case .overloaded, .unavailable: 503
        case .timedOut: 504
        case .versionNotSupported: 505
        }
    }

    /// A few words that are the same for every fault of this code.
    public var title: String {
        switch self {
        case .malformed: "Malformed request"
        case .unauthenticated: "Authentication required"
        case .mfaRequired: "Second factor required"
        case .stepUpRequired: "Fresh authentication required"
        case .forbidden: "Not permitted"
        case .notFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .requestTimeout: "Request timed out"
        case .conflict: "Conflict"
        case .invalidState: "Not possible in this state"
        case .requestInProgress: "Request in progress"
        case .gone: "Gone"
        case .preconditionFailed: "Precondition failed"
        case .contentTooLarge: "Content too large"
        case .uriTooLong: "URI too long"
        case .unsupportedMediaType: "Unsupported media type"
        case .expectationFailed: "Expectation failed"
        case .invalid: "Validation failed"
        case .idempotencyKeyReused: "Idempotency key reused"
        case .upgradeRequired: "Upgrade required"
        case .preconditionRequired: "Precondition required"
        case .headTooLarge: "Request header fields too large"
        case .limitReached: "Limit reached"
        case .rateLimited: "Too many requests"
        case .internalError: "Internal error"
        case .notImplemented: "Not implemented"
        case .versionNotSupported: "HTTP version not supported"
        case .overloaded: "Overloaded"
        case .unavailable: "Unavailable"
        case .outboundRefused: "Address refused"
        case .outboundFailed: "Remote server failed"
        case .outboundUnreachable: "No connection to the remote server"
        case .timedOut: "Timed out"
        case .cancelled: "Cancelled"
        case .toolNotAvailable: "Tool not available"
        case .strategyNotAvailable: "Strategy not available"
        case .leaseLost: "Lease lost"
        case .workerLost: "Worker lost"
        case .nondeterministicReplay: "Another run than the first"
        case .outcomeUnknown: "Outcome unknown"
        }
    }
}
