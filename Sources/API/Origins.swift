// Which web pages may call from a browser: the configured origins and no others (the Fetch standard's CORS protocol). Credentials travel
// in headers that a page has to set itself, never in cookies, so that no preflight needs to allow them.

import HTTP

struct Origins: Sendable {
    private let allowed: [[UInt8]]

    init(_ origins: [String]) {
        allowed = origins.map { Array($0.utf8) }
    }

    /// Whether answers differ by origin, which caches have to know whoever asked (RFC 9110, section 12.5.5).
    var areConfigured: Bool { !allowed.isEmpty }

    /// Where the request's origin lies in its head, when it is one of the allowed.
    func allowed(_ head: RequestHead) -> Range<Int>? {
        guard !allowed.isEmpty, let range = head.headers.range(of: .origin) else { return nil }
        let given = head.headers.bytes[range]
        return allowed.contains { $0.elementsEqual(given) } ? range : nil
    }
}
