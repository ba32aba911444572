// Who takes a connection over when HTTP has said its last word on it: a WebSocket, or a stream of events that lasts as long as its reader.
// What he holds is no request under way any more: it counts among connections and nowhere else.

/// What a connection is given to. All calls come on the loop of the connection.
public protocol ConnectionGuest: AnyObject, Sendable {
    /// Uses the connection; it is closed when this returns.
    func serve(_ stream: ConnectionStream) async

    /// The server stops: `serve` is to return soon.
    func drain()
}
