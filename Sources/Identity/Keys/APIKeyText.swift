// The text of an API key: `ins_<environment>_<26 characters of id>_<52 characters of secret><7 characters of checksum>`, all but the two
// words in the base32 of TypeID. The id finds the row, the secret proves the right, and the checksum lets a mistyped or invented key be
// refused without a question to the database. Keys are only ever stored as the SHA-256 of this text.

import Base
import Crypto

/// The text of keys.
enum APIKeyText {
    static let prefix = "ins_"
    static let environmentCharacters = 1...8
    static let idCharacters = 26
    static let secretCharacters = 52
    static let checksumCharacters = 7
    /// What follows the environment and its underscore: 26 + 1 + 52 + 7.
    static let restCharacters = 86

    /// A new key for `id`: 256 random bits.
    static func make(for id: KeyID, environment: String) -> Secret {
        var text = Array("\(prefix)\(environment)_".utf8)
        text.appendBase32(id.uuid)
        text.append(UInt8(ascii: "_"))
        text += Array(Base32.crockford.encode(Random.bytes(32)).utf8)
        text += checksum(of: text[...])
        return Secret(text)
    }

    /// Reads the id out of a key's text; `nil` when its form or its checksum is wrong.
    static func id(in bytes: [UInt8]) -> KeyID? {
        let head = bytes.count - restCharacters - 1
        guard bytes.starts(with: prefix.utf8), environmentCharacters.contains(head - prefix.utf8.count),
            bytes[head] == UInt8(ascii: "_"), bytes[head + 1 + idCharacters] == UInt8(ascii: "_")
        else { return nil }
        let body = bytes.count - checksumCharacters
        guard bytes[body...].elementsEqual(checksum(of: bytes[..<body])),
            let uuid = UUIDBits(base32: bytes.span.extracting(head + 1..<head + 1 + idCharacters))
        else { return nil }
        return KeyID(uuid)
    }

    /// The CRC-32 in 7 characters of base32.
    private static func checksum(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let sum = CRC32.checksum(Array(bytes))
        var spelled: [UInt8] = []
        spelled.appendBase32(UUIDBits(high: 0, low: UInt64(sum)))
        return spelled.suffix(checksumCharacters)
    }
}
