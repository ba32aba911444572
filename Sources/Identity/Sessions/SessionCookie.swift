// The value of the cookie that carries a browser's session: `<26 characters of the session's id>.<52 characters of secret>`, in the base32
// of TypeID. The id finds the row, the secret proves the right; the row holds the SHA-256 of the secret.
// The name begins with `__Host-`, by which browsers promise that it came from this very host, over TLS, for all paths (RFC 6265bis).

import Base
import Crypto

/// The cookie of a session.
public struct SessionCookie: Sendable {
    public static let name = "__Host-session"
    static let secretBytes = 32
    /// 26 + 1 + 52.
    static let characters = 79

    let session: SessionID
    let secret: Secret

    /// A cookie with a new secret.
    init(for session: SessionID) {
        self.session = session
        secret = Random.secret(byteCount: SessionCookie.secretBytes)
    }

    /// Reads the value of a cookie; `nil` when it is of another form.
    init?(_ text: [UInt8]) {
        guard text.count == SessionCookie.characters, text[26] == UInt8(ascii: "."),
            let id = UUIDBits(base32: text.span.extracting(0..<26)),
            let secret = Base32.crockford.decode(String(decoding: text[27...], as: UTF8.self)),
            secret.count == SessionCookie.secretBytes
        else { return nil }
        session = SessionID(id)
        self.secret = Secret(secret)
    }

    /// What the row holds.
    var hash: SHA256.Digest { SHA256.digest(secret) }

    /// The value.
    var text: Secret {
        var text: [UInt8] = []
        text.appendBase32(session.uuid)
        text.append(UInt8(ascii: "."))
        text += secret.withSpan { bytes in Array(Base32.crockford.encode(bytes.indices.map { bytes[$0] }).utf8) }
        return Secret(text)
    }
}
