// The one key that everything else is derived from: 32 random bytes, which live in a file or in the environment and nowhere else.
// As text it is `insula-root-v1:<base64url of the 32 bytes>:<CRC-32 of all before the second colon, 8 lower-case hexadecimal digits>`.
// A derived key is HKDF-SHA256(key, salt: none, info: "insula-root-v1/<use>/<label>"), so no use can reach another's key.

import Base
import COpenSSL

/// The root key of an installation.
public struct RootKey: Sendable {
    public static let byteCount = 32
    /// What the text form begins with; the number is that of the format.
    public static let prefix = "insula-root-v1"
    /// The length of the text form.
    public static let textByteCount = prefix.utf8.count + 1 + 43 + 1 + 8

    private let bytes: Secret
    /// Names the key without telling anything of it: four groups of four hexadecimal digits, derived one way.
    public let fingerprint: String

    /// A new key.
    public static func generate() -> RootKey {
        RootKey(bytes: Random.secret(byteCount: byteCount))
    }

    private init(bytes: Secret) {
        self.bytes = bytes
        let digits = Self.derive(bytes, use: "fingerprint", label: "", byteCount: 8).withSpan { bytes in
            Hexadecimal.encode((0..<8).map { bytes[$0] })
        }
        fingerprint = stride(from: 0, to: 16, by: 4).map { String(digits.dropFirst($0).prefix(4)) }.joined(separator: "-")
    }

    /// Reads the text form; nothing may stand around it.
    /// - Throws: `.invalid`, naming no byte of the text, when it is of another form or its checksum does not fit.
    public init(text: Secret) throws(Fault) {
        guard text.count == Self.textByteCount else {
            throw Self.malformed("it has \(text.count) characters and not \(Self.textByteCount)")
        }
        var copy = text.withSpan { text in text.indices.map { text[$0] } }
        defer { Self.wipe(&copy) }
        let colon = UInt8(ascii: ":")
        let prefixCount = Self.prefix.utf8.count
        guard copy.starts(with: Self.prefix.utf8), copy[prefixCount] == colon, copy[prefixCount + 44] == colon else {
            throw Self.malformed("it is not \(Self.prefix):<key>:<checksum>")
        }
        guard copy[(prefixCount + 45)...].elementsEqual(Self.checksum(copy.span.extracting(..<(prefixCount + 44))).utf8) else {
            throw Self.malformed("its checksum does not fit, so a part of it is missing or mistyped")
        }
        var encoded = Array(copy[(prefixCount + 1)..<(prefixCount + 44)])
        defer { Self.wipe(&encoded) }
        guard var decoded = Base64.url.decode(encoded) else { throw Self.malformed("its key is not base64url") }
        defer { Self.wipe(&decoded) }
        self.init(bytes: Secret(decoded))
    }

    /// The text form, 67 bytes without a line feed.
    public var text: Secret {
        var plain = bytes.withSpan { bytes in bytes.indices.map { bytes[$0] } }
        var text = Array("\(Self.prefix):\(Base64.url.encode(plain))".utf8)
        defer {
            Self.wipe(&plain)
            Self.wipe(&text)
        }
        return Secret(text + [UInt8(ascii: ":")] + Self.checksum(text.span).utf8)
    }

    /// The key that seals what `label` names. Another label is another key.
    public func sealingKey(_ label: String) -> SealingKey {
        SealingKey(key: Self.derive(bytes, use: "seal", label: label, byteCount: AESGCM.keyByteCount))
    }

    /// The 32 bytes that authenticate what `label` names. Another label is another key.
    public func macKey(_ label: String) -> Secret {
        Self.derive(bytes, use: "mac", label: label, byteCount: 32)
    }

    private static func derive(_ key: Secret, use: String, label: String, byteCount: Int) -> Secret {
        do throws(Fault) {
            let info = Array("\(prefix)/\(use)/\(label)".utf8)
            return try HKDF.sha256.derive(key, salt: [], info: info, byteCount: byteCount)
        } catch {
            preconditionFailure("a key of one digest can always be derived")
        }
    }

    private static func checksum(_ text: Span<UInt8>) -> String {
        let checksum = CRC32.checksum(text)
        return Hexadecimal.encode((0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * $0)) })
    }

    private static func malformed(_ reason: String) -> Fault {
        Fault(.invalid, "The root key is malformed: \(reason).")
    }

    /// Overwrites a copy that was needed for a moment.
    private static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
