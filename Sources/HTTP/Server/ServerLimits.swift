// The deadlines and bounds of one server. The product uses the defaults; a test that meets a bound sets a small one.

import Base

/// How long a server waits, and for how many.
public struct ServerLimits: Sendable {
    /// From the first byte of a head to its last, and for the handshake of TLS.
    public var headMilliseconds = Limits.headDeadlineMilliseconds
    /// For a whole body, from the first wait for it.
    public var bodyMilliseconds = Limits.bodyDeadlineMilliseconds
    /// Between requests.
    public var idleMilliseconds = Limits.idleDeadlineMilliseconds
    /// For each step of a peer that takes its answer.
    public var writeMilliseconds = Limits.writeDeadlineMilliseconds
    /// For the peer's end, after ours.
    public var lingerMilliseconds = 2_000
    /// Open connections of a loop; one more is closed at once.
    public var connectionsPerLoop = Limits.connectionsPerLoop
    /// Requests of a loop that are being answered; one more is answered 503.
    public var requestsInFlightPerLoop = Limits.requestsInFlightPerLoop

    public init() {}
}
