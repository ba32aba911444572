// Who is spoken to: scheme, host and port (RFC 9110, section 4.3.1). Connections are pooled by it, and credentials stay within it.

import Base

struct ClientOrigin: Sendable, Hashable {
    let isSecure: Bool
    let host: WebHost
    let port: Int

    init(isSecure: Bool, host: WebHost, port: Int) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    /// - Throws: `.outboundRefused` for schemes but `http` and `https`, for URLs with credentials, and without a host.
    init(_ url: WebURL) throws(Fault) {
        guard url.scheme == "http" || url.scheme == "https" else {
            throw Fault(.outboundRefused, "Only http and https URLs can be requested.")
        }
        guard !url.hasCredentials else {
            throw Fault(.outboundRefused, "A URL with a user name or a password is not requested. Use a header instead.")
        }
        guard let host = url.host, host != .empty, let port = url.effectivePort else {
            throw Fault(.outboundRefused, "The URL has no host.")
        }
        isSecure = url.scheme == "https"
        self.host = host
        self.port = port
    }

    /// The name that the server's certificate must bear and that goes into SNI: no brackets, no final dot.
    var certificateName: String {
        switch host {
        case .address(let address): return address.description
        default:
            let name = host.description
            return name.hasSuffix(".") ? String(name.dropLast()) : name
        }
    }

    var isAddress: Bool {
        if case .address = host { return true }
        return false
    }
}
