// Base64 (RFC 4648, sections 4 and 5), strict: no white space, no character of the other alphabet, padding exactly where the
// spelling has it, and no bits left over. So each byte string has one spelling, and a token can't be respelt and still be valid.

/// One spelling of base64.
public struct Base64: Sendable {
    /// `+`, `/` and padding.
    public static let standard = Base64(bitText: BitText("\(alphanumeric)+/", bitsPerCharacter: 6), isPadded: true)
    /// `+` and `/` without padding, as in the PHC string of a password hash.
    public static let unpadded = Base64(bitText: BitText("\(alphanumeric)+/", bitsPerCharacter: 6), isPadded: false)
    /// `-` and `_` without padding, as in JWTs and links.
    public static let url = Base64(bitText: BitText("\(alphanumeric)-_", bitsPerCharacter: 6), isPadded: false)

    private static let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    private let bitText: BitText
    private let isPadded: Bool

    private init(bitText: BitText, isPadded: Bool) {
        self.bitText = bitText
        self.isPadded = isPadded
    }

    /// The spelling of `bytes`.
    public func encode(_ bytes: [UInt8]) -> String {
        var text = bitText.encode(bytes)
        if isPadded {
            text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: (4 - text.count % 4) % 4))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` spells; `nil` when it is not exactly what `encode` would have written for them.
    public func decode(_ text: some StringProtocol) -> [UInt8]? {
        decode(Array(text.utf8))
    }

    /// The bytes that `text` spells; `nil` when it is not exactly what `encode` would have written for them.
    public func decode(_ text: [UInt8]) -> [UInt8]? {
        guard isPadded else { return bitText.decode(text[...]) }
        guard text.count.isMultiple(of: 4) else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return bitText.decode(text.dropLast(padding))
    }
}
