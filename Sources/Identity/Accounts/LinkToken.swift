// What a link in a mail carries: the tenant and the row it belongs to, and 256 random bits that prove that its holder got the mail. The row
// keeps a hash alone. A link of one tenant or row says nothing in another.

import Base
import Crypto

/// The token of a link, or of an invitation.
struct LinkToken: Sendable {
    private static let secretBytes = 32
    private static let idCharacters = 26
    /// 26 + 26 + 52 characters of base32.
    static let characters = 104

    let tenant: TenantID
    let id: UUIDBits
    private let secret: Secret

    /// A new token.
    init(tenant: TenantID, id: UUIDBits) {
        self.tenant = tenant
        self.id = id
        secret = Random.secret(byteCount: LinkToken.secretBytes)
    }

    /// Reads a token; `nil` for a text of another form.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == LinkToken.characters, let tenant = UUIDBits(base32: bytes.span.extracting(0..<26)),
            let id = UUIDBits(base32: bytes.span.extracting(26..<52)),
            let secret = Base32.crockford.decode(String(decoding: bytes[52...], as: UTF8.self)),
            secret.count == LinkToken.secretBytes
        else { return nil }
        self.tenant = TenantID(tenant)
        self.id = id
        self.secret = Secret(secret)
    }

    /// What the row holds.
    var hash: [UInt8] { SHA256.digest(secret).array }

    /// The text for the mail, and for nothing else.
    var text: String {
        var text: [UInt8] = []
        text.appendBase32(tenant.uuid)
        text.appendBase32(id)
        text += secret.withSpan { bytes in Array(Base32.crockford.encode(bytes.indices.map { bytes[$0] }).utf8) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The same whatever is wrong with a link.
    static let refusal = Fault(.gone, "The link is not valid: it was used, it has expired, or it never was one.")
}
