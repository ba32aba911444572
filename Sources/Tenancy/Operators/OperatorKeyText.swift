// The text of an operator's key: `ins_op_<26 characters of id>_<52 characters of secret><7 characters of checksum>`, in the manner of API
// keys, whose prefix it does not share, so that neither can be taken for the other. It is only ever stored as its SHA-256.

import Base
import Crypto

/// The text of operators' keys.
public enum OperatorKeyText {
    public static let prefix = "ins_op_"
    static let idCharacters = 26
    static let checksumCharacters = 7
    /// 7 + 26 + 1 + 52 + 7.
    static let characters = 93

    /// Whether a text claims to be one.
    public static func isMeant(by text: [UInt8]) -> Bool { text.starts(with: prefix.utf8) }

    /// A new key for `id`: 256 random bits.
    static func make(for id: OperatorID) -> Secret {
        var text = Array(prefix.utf8)
        text.appendBase32(id.uuid)
        text.append(UInt8(ascii: "_"))
        text += Array(Base32.crockford.encode(Random.bytes(32)).utf8)
        text += checksum(of: text[...])
        return Secret(text)
    }

    /// Reads the id out of a key's text; `nil` when its form or its checksum is wrong.
    static func id(in bytes: [UInt8]) -> OperatorID? {
        let body = characters - checksumCharacters
        let start = prefix.utf8.count
        guard bytes.count == characters, isMeant(by: bytes), bytes[start + idCharacters] == UInt8(ascii: "_"),
            bytes[body...].elementsEqual(checksum(of: bytes[..<body])),
            let uuid = UUIDBits(base32: bytes.span.extracting(start..<start + idCharacters))
        else { return nil }
        return OperatorID(uuid)
    }

    /// The CRC-32 in 7 characters of base32.
    private static func checksum(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var spelled: [UInt8] = []
        spelled.appendBase32(UUIDBits(high: 0, low: UInt64(CRC32.checksum(Array(bytes)))))
        return spelled.suffix(checksumCharacters)
    }
}
