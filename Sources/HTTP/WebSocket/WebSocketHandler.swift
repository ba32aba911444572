// Who makes something of a WebSocket's messages.

/// What is done with the messages of one WebSocket. All calls come on the loop of the connection.
public protocol WebSocketHandler: AnyObject, Sendable {
    /// The connection is open.
    func opened(_ socket: WebSocketConnection) async
    /// A text came.
    func received(_ text: [UInt8], on socket: WebSocketConnection) async
    /// The connection is over.
    func ended(_ socket: WebSocketConnection)
}
