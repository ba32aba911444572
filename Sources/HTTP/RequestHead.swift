// The head of a request, parsed: one object a connection, reused from request to request, so that a request costs no allocation.
// Everything is an offset into its own copy of the head and stays valid until the next head is parsed into it.

/// A request's method, target and header fields, and what they say about its body (RFC 9110; RFC 9112).
public final class RequestHead {
    /// The method; `other` when it is none that routes can name.
    public internal(set) var method = Method.get
    /// Where the method's name lies in `bytes`.
    public internal(set) var methodRange = 0..<0
    /// Where the path of the target lies in `bytes`, still percent-encoded: begins with `/`, or is `*` for `OPTIONS *`.
    public internal(set) var path = 0..<0
    /// Where the authority of a target in absolute-form lies in `bytes`.
    var authority: Range<Int>?
    /// Where the query lies in `bytes`, without the question mark; `nil` when there is none.
    public internal(set) var query: Range<Int>?
    /// The minor version: 0 for HTTP/1.0, 1 for every later one.
    public internal(set) var minorVersion = 1
    /// The header fields, and the bytes that all offsets point into.
    public internal(set) var headers = HeaderFields()
    /// How long the body is; never `untilClose`.
    public internal(set) var bodyLength = BodyLength.none
    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    public internal(set) var keepAlive = true
    /// Whether the sender waits for `100 Continue` before it sends the body.
    public internal(set) var expectContinue = false
    /// Whether `Connection: upgrade` is present with an `Upgrade` field.
    public internal(set) var wantsUpgrade = false

    /// Storage for one request at a time.
    public init() {}

    /// The head as it was received.
    public var bytes: [UInt8] { headers.bytes }

    /// The path, still percent-encoded.
    public var pathText: String { String(decoding: headers.bytes[path], as: UTF8.self) }

    /// The query, still percent-encoded.
    public var queryText: String? { query.map { String(decoding: headers.bytes[$0], as: UTF8.self) } }

    /// The method's name.
    public var methodText: String { String(decoding: headers.bytes[methodRange], as: UTF8.self) }
}
