// The head of a request, parsed: one object a connection, reused from request to request, so that a request costs no allocation.
// Everything is an offset into its own copy of the head and stays valid until the next head is parsed into it.

/// A request's method, target and header fields, and what they say about its body (RFC 9110; RFC 9112).
public final class RequestHead {
    /// What is no header field. One value, so that the parser takes it in one access.
    var parts = Parts()
    /// The header fields, and the bytes that all offsets point into.
    public internal(set) var headers = HeaderFields()

    /// Storage for one request at a time.
    public init() {}

    /// The method; `other` when it is none that routes can name.
    public var method: Method { parts.method }
    /// Where the method's name lies in `bytes`.
    public var methodRange: Range<Int> { parts.methodRange }
    /// Where the path of the target lies in `bytes`, still percent-encoded: begins with `/`, or is `*` for `OPTIONS *`.
    public var path: Range<Int> { parts.path }
    /// Where the query lies in `bytes`, without the question mark; `nil` when there is none.
    public var query: Range<Int>? { parts.query }
    /// The minor version: 0 for HTTP/1.0, 1 for every later one.
    public var minorVersion: Int { parts.minorVersion }
    /// How long the body is; never `untilClose`.
    public var bodyLength: BodyLength { parts.bodyLength }
    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    public var keepAlive: Bool { parts.keepAlive }
    /// Whether the sender waits for `100 Continue` before it sends the body.
    public var expectContinue: Bool { parts.expectContinue }
    /// Whether `Connection: upgrade` is present with an `Upgrade` field.
    public var wantsUpgrade: Bool { parts.wantsUpgrade }

    /// The head as it was received.
    public var bytes: [UInt8] { headers.bytes }

    /// The path, still percent-encoded.
    public var pathText: String { String(decoding: headers.bytes[path], as: UTF8.self) }

    /// The query, still percent-encoded.
    public var queryText: String? { query.map { String(decoding: headers.bytes[$0], as: UTF8.self) } }

    /// The method's name.
    public var methodText: String { String(decoding: headers.bytes[methodRange], as: UTF8.self) }

    /// The request line, and what the header fields decide.
    struct Parts {
        var method = Method.get
        var methodRange = 0..<0
        /// Where the authority of a target in absolute-form lies.
        var authority: Range<Int>?
        var path = 0..<0
        var query: Range<Int>?
        var minorVersion = 1
        var bodyLength = BodyLength.none
        var keepAlive = true
        var expectContinue = false
        var wantsUpgrade = false
    }
}
