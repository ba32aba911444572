// Why a connection is closed (RFC 6455, section 7.4, and IANA's registry of close codes): which numbers may stand in a close frame, and
// those that this side uses.

/// The number in a close frame.
public struct WebSocketCloseCode: Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The work is done.
    public static let normal = WebSocketCloseCode(rawValue: 1000)
    /// This side goes away: the server stops, the page is left.
    public static let goingAway = WebSocketCloseCode(rawValue: 1001)
    /// A frame that is none.
    public static let protocolError = WebSocketCloseCode(rawValue: 1002)
    /// A kind of message that this side does not take.
    public static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
    /// A text that is no UTF-8.
    public static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    /// A rule of this side was broken, such as whose credential counts.
    public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    /// A message beyond the bound.
    public static let tooBig = WebSocketCloseCode(rawValue: 1009)
    /// This side can't go on.
    public static let internalError = WebSocketCloseCode(rawValue: 1011)
    /// Try again later: too much waits for this reader.
    public static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)

    /// Whether it may stand in a frame. 1004 to 1006 and 1015 are reserved for what is never sent, and what lies below 3000 is the registry's.
    public var isSendable: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
