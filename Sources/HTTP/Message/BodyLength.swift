// How long the body of a message is, which is decided by its head alone (RFC 9112, section 6.3).

/// The framing of a body.
public enum BodyLength: Sendable, Equatable {
    /// There is no body.
    case none
    /// So many bytes follow the head.
    case fixed(Int)
    /// The body comes in chunks and ends itself.
    case chunked
    /// The body lasts until the sender closes the connection; only a response can have one.
    case untilClose
}
