// What base32 and base64 share: bits in groups of five or six, most significant first, one character a group, zeros behind
// the last bit. Reading is strict, so that reading and writing are inverse to each other both ways.

/// An alphabet of 2^n characters.
struct BitText: Sendable {
    private let alphabet: [UInt8]
    /// The value of each character, or `none`.
    private let values: [UInt8]
    private let bitsPerCharacter: Int
    private static let none: UInt8 = 0xFF

    init(_ alphabet: String, bitsPerCharacter: Int) {
        self.alphabet = Array(alphabet.utf8)
        self.bitsPerCharacter = bitsPerCharacter
        precondition(self.alphabet.count == 1 << bitsPerCharacter, "an alphabet has one character for each group of bits")
        var values = [UInt8](repeating: BitText.none, count: 256)
        for (value, character) in self.alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
    }

    /// The characters for `bytes`, without padding.
    func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 8 + bitsPerCharacter - 1) / bitsPerCharacter + 3)
        let mask = UInt32(1 << bitsPerCharacter - 1)
        var pending: UInt32 = 0
        var count = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            count += 8
            while count >= bitsPerCharacter {
                count -= bitsPerCharacter
                text.append(alphabet[Int(pending >> UInt32(count) & mask)])
            }
        }
        if count > 0 { text.append(alphabet[Int(pending << UInt32(bitsPerCharacter - count) & mask)]) }
        return text
    }

    /// The bytes for `text`; `nil` for a foreign character, a length that no byte string has, or bits left over that are not zero.
    func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * bitsPerCharacter / 8)
        var pending: UInt32 = 0
        var count = 0
        for character in text {
            let value = values[Int(character)]
            guard value != BitText.none else { return nil }
            pending = pending << UInt32(bitsPerCharacter) | UInt32(value)
            count += bitsPerCharacter
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(count)))
            }
        }
        guard count < bitsPerCharacter, pending & (1 << UInt32(count) - 1) == 0 else { return nil }
        return bytes
    }
}
