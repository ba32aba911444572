// Who may send a session's cookie with a request that changes something: pages of this server, and those of the configured origins. A browser
// sends cookies along whoever made the request, so that it has to say who did: by `Sec-Fetch-Site` (Fetch Metadata) or else by `Origin`.

import Base
import HTTP

struct OwnOrigins: Sendable {
    private let known: [[UInt8]]
    private let isSecure: Bool

    init(_ configuration: Configuration) {
        known = ([configuration.publicURL] + configuration.corsOrigins).map { Array($0.utf8) }
        isSecure = configuration.publicURL.hasPrefix("https:") || configuration.tlsCertificateFile != nil
    }

    /// - Throws: `.forbidden` when the request changes something and can't be told to come from a page of ours.
    func check(_ head: RequestHead) throws(Fault) {
        switch head.method {
        case .get, .head, .options: return
        default: try checkPage(head)
        }
    }

    /// - Throws: `.forbidden` when the request can't be told to come from a page of ours, whatever it does.
    func checkPage(_ head: RequestHead) throws(Fault) {
        let isOurs =
            if let site = head.headers.text(named: "sec-fetch-site") {
                site == "same-origin" || site == "none"
            } else if let origin = head.headers.range(of: .origin) {
                isOwn(head.bytes[origin], host: head.headers.range(of: .host).map { head.bytes[$0] })
            } else {
                false
            }
        guard isOurs else {
            throw Fault(.forbidden, "A request with the session's cookie has to come from a page of this server.")
        }
    }

    private func isOwn(_ origin: ArraySlice<UInt8>, host: ArraySlice<UInt8>?) -> Bool {
        if known.contains(where: { $0.elementsEqual(origin) }) { return true }
        guard let host, !host.isEmpty else { return false }
        // A page that came without TLS may be anybody's who stands between.
        let schemes = isSecure ? ["https://"] : ["https://", "http://"]
        return schemes.contains { Array($0.utf8 + host).elementsEqual(origin) }
    }
}
