// The head of a response that we received as a client, parsed into storage that is reused for the next one.

/// A response's status and header fields, and what they say about its body (RFC 9110; RFC 9112).
public final class ResponseHead {
    /// The status, 100 to 599.
    public internal(set) var status = 0
    /// The minor version: 0 for HTTP/1.0, 1 for every later one.
    public internal(set) var minorVersion = 1
    /// The header fields, and the bytes that their offsets point into.
    public internal(set) var headers = HeaderFields()
    /// How long the body is.
    public internal(set) var bodyLength = BodyLength.none
    /// Whether the connection may carry another request when the body has been read.
    public internal(set) var keepAlive = false

    /// Storage for one response at a time.
    public init() {}
}
