// What an outgoing client is asked for. Bounds: `timeoutMilliseconds` over everything, redirects and names included;
// `responseLimitBytes` for the body; `ClientRequest.headerBytes` for the head.

import Base

/// A request to another server.
public struct ClientRequest: Sendable {
    /// The bound of all headers together, in bytes.
    public static let headerBytes = 32 << 10

    /// Any method but CONNECT, TRACE and `other`.
    public var method: Method
    /// Where to: `http` or `https`, without user name and password.
    public var url: WebURL
    /// Fields beside those that the client writes itself: the framing, `host`, `connection` and `accept-encoding: identity`.
    public var headers: [ClientHeader]
    /// The body; empty for none.
    public var body: [UInt8]
    /// The deadline of the whole, from the call to the last byte of the body.
    public var timeoutMilliseconds = Limits.outboundDeadlineMilliseconds
    /// The most bytes of a body that are taken.
    public var responseLimitBytes = Limits.responseBodyBytes
    /// Whether a body beyond the limit is cut there instead of being an error.
    public var truncatesAtLimit = false
    /// How many redirects are followed; with 0 a redirect is an answer like any other.
    public var maxRedirects = Limits.outboundRedirects

    public init(_ method: Method = .get, _ url: WebURL, headers: [ClientHeader] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// The same for a URL as text.
    /// - Throws: `.invalid` naming `url` when it is none.
    public init(_ method: Method = .get, _ url: String, headers: [ClientHeader] = [], body: [UInt8] = []) throws(Fault) {
        guard let parsed = WebURL(url) else { throw .invalid("url", "format", "This is no absolute URL.") }
        self.init(method, parsed, headers: headers, body: body)
    }
}
