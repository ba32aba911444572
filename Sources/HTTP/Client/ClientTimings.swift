// Where the time of an outgoing request went.

import Base

/// Durations in milliseconds. Names, connections and handshakes are sums over all redirects; they are 0 on a connection that was reused.
public struct ClientTimings: Sendable, Equatable {
    /// Resolving names.
    public internal(set) var dnsMilliseconds = 0
    /// Connecting, failed attempts included.
    public internal(set) var connectMilliseconds = 0
    /// Handshakes of TLS.
    public internal(set) var tlsMilliseconds = 0
    /// From the call to the first byte of the last answer.
    public internal(set) var firstByteMilliseconds = 0
    /// From the call to now, or to the end of the body.
    public internal(set) var totalMilliseconds = 0
    /// Whether the last answer came over a connection that had been used before.
    public internal(set) var reusedConnection = false

    public init() {}
}
