// Base32, strict like base64: one spelling for each byte string. RFC 4648's alphabet is what authenticator apps read;
// Crockford's, in lower case, is that of our ids and keys (no letter that reads like a digit, one word for a double click).

/// One spelling of base32, without padding.
public struct Base32: Sendable {
    /// `A` to `Z` and `2` to `7` (RFC 4648, section 6).
    public static let standard = Base32(bitText: BitText("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bitsPerCharacter: 5))
    /// Digits and lower-case letters without `i`, `l`, `o` and `u`.
    public static let crockford = Base32(bitText: BitText("0123456789abcdefghjkmnpqrstvwxyz", bitsPerCharacter: 5))

    private let bitText: BitText

    private init(bitText: BitText) {
        self.bitText = bitText
    }

    /// The spelling of `bytes`: 8 characters for 5 bytes, rounded up.
    public func encode(_ bytes: [UInt8]) -> String {
        String(decoding: bitText.encode(bytes), as: UTF8.self)
    }

    /// The bytes that `text` spells; `nil` when it is not exactly what `encode` would have written for them.
    public func decode(_ text: some StringProtocol) -> [UInt8]? {
        bitText.decode(Array(text.utf8)[...])
    }
}
