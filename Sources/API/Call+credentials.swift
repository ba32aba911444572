// What answers say about credentials: the challenge of a 401 (RFC 6750, RFC 9470), and the cookie that carries a browser's session.

import Base
import HTTP
import Identity

extension Call {
    /// Appends `WWW-Authenticate`. Only who sent a credential hears that it is bad.
    func writeChallenge(_ code: Fault.Code, _ head: inout [UInt8]) {
        head.appendStatic("www-authenticate: Bearer realm=\"insula\"")
        if code == .stepUpRequired {
            head.appendStatic(", error=\"insufficient_user_authentication\", max_age=")
            head.appendDecimal(API.freshSeconds)
        } else if hasCredential {
            head.appendStatic(", error=\"invalid_token\"")
        }
        head.appendLineEnd()
    }

    /// Lets the answer bring the cookie of a session, if a cookie carries it.
    func bring(_ session: NewSession) {
        if let value = session.cookie { bring(SessionCookie.name, value, seconds: session.endsIn) }
    }

    /// Lets the answer bring a cookie that no script can read.
    func bring(_ name: String, _ value: Secret, seconds: Int) {
        isConfidential = true
        var cookie = Array("\(name)=".utf8)
        value.withSpan { bytes in for at in bytes.indices { cookie.append(bytes[at]) } }
        cookies.append(cookie + Array("; Max-Age=\(max(0, seconds)); \(Call.cookieAttributes)".utf8))
    }

    /// Lets the answer take the session's cookie away, if the request came with one.
    func takeCookieAway() {
        guard exchange.head.headers.contains(.cookie) else { return }
        cookies.append(Array("\(SessionCookie.name)=; Max-Age=0; \(Call.cookieAttributes)".utf8))
    }

    private static let cookieAttributes = "Path=/; HttpOnly; Secure; SameSite=Lax"
}
