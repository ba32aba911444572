// What a frame is (RFC 6455, section 5.2): the numbers that are defined, and no others.

/// The kind of a frame.
public enum WebSocketOpcode: UInt8, Sendable, CaseIterable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Whether it is about the connection, and not a part of a message. Such frames are short and whole, and may stand between the
    /// parts of a message (section 5.5).
    public var isControl: Bool { rawValue & 0x8 != 0 }
}
