// The text of a refresh token: `insr_<26 characters of the session's id>_<7 of the counter>_<52 of a code>`. The code is an HMAC under a key
// of the root key, so that nothing is stored for it: the session's row holds the counter, and a text is the present one or an old one.

import Base
import Crypto

/// A refresh token that is ours; whether it is the present one, the session knows.
struct RefreshToken: Sendable, Equatable {
    static let prefix = "insr_"
    private static let counterCharacters = 7
    private static let bodyCharacters = 5 + 26 + 1 + counterCharacters
    private static let codeCharacters = 52
    static let characters = bodyCharacters + 1 + codeCharacters

    let session: SessionID
    let counter: Int

    init(session: SessionID, counter: Int) {
        self.session = session
        self.counter = counter
    }

    /// Reads a text; `nil` when it is of another form, or not made under `key`.
    init?(_ text: [UInt8], key: Secret) {
        guard text.count == RefreshToken.characters, text.starts(with: RefreshToken.prefix.utf8),
            let session = UUIDBits(base32: text.span.extracting(5..<31))
        else { return nil }
        let digits = [UInt8](repeating: UInt8(ascii: "0"), count: 26 - RefreshToken.counterCharacters) + text[32..<39]
        guard let counter = UUIDBits(base32: digits.span), counter.high == 0, counter.low <= UInt64(Int32.max) else { return nil }
        self.init(session: SessionID(session), counter: Int(counter.low))
        guard constantTimeEqual(text, bytes(key: key)) else { return nil }
    }

    /// The text.
    func text(key: Secret) -> Secret { Secret(bytes(key: key)) }

    private func bytes(key: Secret) -> [UInt8] {
        var text = Array(RefreshToken.prefix.utf8)
        text.appendBase32(session.uuid)
        text.append(UInt8(ascii: "_"))
        var digits: [UInt8] = []
        digits.appendBase32(UUIDBits(high: 0, low: UInt64(counter)))
        text += digits.suffix(RefreshToken.counterCharacters)
        let code = HMAC.sha256.code(text, key: key)
        text.append(UInt8(ascii: "_"))
        return text + Base32.crockford.encode(code).utf8
    }
}
