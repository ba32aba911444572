// The bounds of one WebSocket. The product uses the defaults; a test that meets a bound sets a small one.

/// How much a peer may send, and how long it may be silent.
public struct WebSocketLimits: Sendable {
    /// The payload of one frame.
    public var frameBytes = 64 << 10
    /// A message, all its frames together.
    public var messageBytes = 64 << 10
    /// Frames that may come within a second, on average.
    public var framesPerSecond = 100
    /// Frames that may come at once.
    public var framesAtOnce = 200
    /// Bytes that may wait for a reader who is slow; more close the connection with 1013.
    public var queuedBytes = 1 << 20
    /// Silence after which a ping is sent, and for how long its answer is waited for.
    public var pingMilliseconds = 20_000
    /// For the peer's close, after ours.
    public var closeMilliseconds = 5_000

    public init() {}
}
