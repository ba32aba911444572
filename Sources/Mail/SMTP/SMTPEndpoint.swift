// Where mail is handed over: what an operator sets as `INSULA_SMTP_URL`. `smtps` is TLS from the first byte (RFC 8314), `smtp` is STARTTLS,
// without which nothing is sent; `?tls=none` does without TLS, and then without a password. There is no setting that tries and gives in.

import Base
import HTTP

/// A server that takes our mail, and how it is spoken to.
public struct SMTPEndpoint: Sendable {
    /// How the bytes are kept from others.
    public enum Security: Sendable, Equatable {
        /// TLS from the first byte.
        case tls
        /// TLS after the command STARTTLS, which has to succeed.
        case startTLS
        case none
    }

    /// Who logs in.
    public struct Credentials: Sendable {
        public let user: String
        public let password: Secret

        public init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    public let host: WebHost
    public let port: Int
    public let security: Security
    public let credentials: Credentials?

    public init(host: WebHost, port: Int, security: Security, credentials: Credentials? = nil) {
        precondition(credentials == nil || security != .none, "a password is never sent without TLS")
        self.host = host
        self.port = port
        self.security = security
        self.credentials = credentials
    }

    /// Reads `smtps://user:password@host:port` or `smtp://…`; the port is 465 or 587 when left out.
    /// - Throws: `.invalid` naming `INSULA_SMTP_URL` and no part of its value.
    public init(url text: Secret) throws(Fault) {
        let text = unsafe text.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
        guard let url = WebURL(text), url.scheme == "smtp" || url.scheme == "smtps" else {
            throw SMTPEndpoint.malformed("format", "is smtps://user:password@host:465 or smtp://user:password@host:587")
        }
        // Read as the host of a web address, so that names of other scripts and addresses are understood.
        guard let host = WebURL("http://\(url.hostname)/")?.host, host != .empty, url.port != 0 else {
            throw SMTPEndpoint.malformed("format", "needs the name or the address of a server")
        }
        guard url.path.isEmpty || url.path == "/", url.fragment == nil else {
            throw SMTPEndpoint.malformed("format", "has no path and no fragment")
        }
        let isPlain = url.query == "tls=none"
        guard url.query == nil || (isPlain && url.scheme == "smtp") else {
            throw SMTPEndpoint.malformed("format", "takes no query but tls=none after smtp://")
        }
        guard let user = SMTPEndpoint.decoded(url.username), let password = SMTPEndpoint.decoded(url.password) else {
            throw SMTPEndpoint.malformed("format", "has a user name or a password that is not well percent-encoded")
        }
        guard user.isEmpty == password.isEmpty else {
            throw SMTPEndpoint.malformed("format", "has a user name and a password, or neither")
        }
        guard user.isEmpty || !isPlain else {
            throw SMTPEndpoint.malformed("format", "has a password, which is never sent without TLS: leave tls=none out")
        }
        self.init(
            host: host, port: url.port ?? (url.scheme == "smtps" ? 465 : 587),
            security: url.scheme == "smtps" ? .tls : isPlain ? .none : .startTLS,
            credentials: user.isEmpty
                ? nil : Credentials(user: String(decoding: user, as: UTF8.self), password: Secret(password)))
    }

    private static func malformed(_ code: String, _ sentence: String) -> Fault {
        .invalid("INSULA_SMTP_URL", code, "INSULA_SMTP_URL \(sentence).")
    }

    /// The bytes without their percent-escapes; `nil` when they are no UTF-8, or hold a control character: a zero ends a field of AUTH PLAIN.
    private static func decoded(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "%") {
                guard at + 2 < bytes.count, let value = UInt8(String(decoding: bytes[at + 1...at + 2], as: UTF8.self), radix: 16)
                else { return nil }
                decoded.append(value)
                at += 3
            } else {
                decoded.append(bytes[at])
                at += 1
            }
        }
        let isText = String(validating: decoded, as: UTF8.self) != nil && !decoded.contains { $0 < 0x20 || $0 == 0x7F }
        return isText ? decoded : nil
    }
}
