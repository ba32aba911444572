// A URL as browsers read it (WHATWG URL). There is one parser, and both the address guard and the dialler use what it answers, so that
// they can't see two hosts in one text. Cold path: values are strings. Bounded by `WebURL.bytes`.

/// A parsed URL.
public struct WebURL: Sendable, Hashable, CustomStringConvertible {
    /// A longer text is no URL here.
    public static let bytes = 64 << 10

    /// The scheme in lower case, without the colon.
    public internal(set) var scheme = ""
    /// The user's name, percent-encoded; empty when there is none.
    public internal(set) var username = ""
    /// The password, percent-encoded; empty when there is none.
    public internal(set) var password = ""
    /// The host; `nil` when the URL has none, as in `mailto:a@b`.
    public internal(set) var host: WebHost?
    /// The port, when it is given and not the scheme's own.
    public internal(set) var port: Int?
    /// The query, percent-encoded, without the question mark.
    public internal(set) var query: String?
    /// The fragment, percent-encoded, without the number sign.
    public internal(set) var fragment: String?

    /// The segments of the path, percent-encoded.
    var segments: [String] = []
    /// The path of a URL such as `mailto:a@b`, which has no segments.
    var opaquePath: String?

    init() {}

    /// Reads an absolute URL; `nil` when `text` is none.
    public init?(_ text: String) {
        guard let url = WebURLParser.parse(text, base: nil) else { return nil }
        self = url
    }

    /// The URL that `reference`, absolute or relative, means where `self` is the base; `nil` when it is malformed.
    public func resolve(_ reference: String) -> WebURL? {
        WebURLParser.parse(reference, base: self)
    }

    // MARK: Parts

    /// The host as text, an IPv6 address in brackets; empty when there is none.
    public var hostname: String { host?.description ?? "" }

    /// The host with the port when it is not the scheme's own: the value of a `Host` field.
    public var authority: String { port.map { "\(hostname):\($0)" } ?? hostname }

    /// The path, percent-encoded.
    public var path: String {
        opaquePath ?? segments.reduce(into: "") { $0 += "/" + $1 }
    }

    /// The path and the query as a request line has them.
    public var requestTarget: String {
        let path = segments.isEmpty ? "/" : path
        return query.map { "\(path)?\($0)" } ?? path
    }

    /// The port to connect to: the given one or the scheme's own.
    public var effectivePort: Int? { port ?? WebURL.defaultPort(scheme) }

    /// Whether the connection is to be encrypted.
    public var isSecure: Bool { scheme == "https" || scheme == "wss" }

    /// Whether name or password are given.
    public var hasCredentials: Bool { !username.isEmpty || !password.isEmpty }

    /// The same URL without name, password and fragment, for logs and for requests.
    public var withoutCredentials: WebURL {
        var url = self
        url.username = ""
        url.password = ""
        url.fragment = nil
        return url
    }

    /// The whole URL in its one normal spelling.
    public var description: String {
        var text = scheme + ":"
        if host != nil {
            text += "//"
            if hasCredentials { text += username + (password.isEmpty ? "" : ":" + password) + "@" }
            text += authority
        } else if opaquePath == nil, segments.count > 1, segments[0].isEmpty {
            text += "/."
        }
        text += path
        if let query { text += "?" + query }
        if let fragment { text += "#" + fragment }
        return text
    }

    // MARK: Schemes

    /// Whether the scheme is one of those whose URLs always have a host and whose backslashes are slashes.
    var isSpecial: Bool { WebURL.isSpecial(scheme) }

    static func isSpecial(_ scheme: String) -> Bool {
        switch scheme {
        case "http", "https", "ws", "wss", "ftp", "file": true
        default: false
        }
    }

    static func defaultPort(_ scheme: String) -> Int? {
        switch scheme {
        case "http", "ws": 80
        case "https", "wss": 443
        case "ftp": 21
        default: nil
        }
    }
}
