// What the database may hold of a secret. A sealed value is `version (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, AES-256-GCM with
// a random nonce. It is bound to the row it belongs to: the binding is authenticated, so a value that was moved to another row,
// or to another column under the same key, does not open. Bound: 2^32 values under one key keep nonces apart (NIST SP 800-38D).

import Base

/// A key that seals values for storage and opens them again.
public struct SealingKey: Sendable {
    /// The format that this version writes, and the only one it reads.
    public static let version: UInt8 = 1
    /// How much longer a sealed value is than its plaintext.
    public static let overheadByteCount = 1 + AESGCM.nonceByteCount + AESGCM.tagByteCount

    private let cipher: AESGCM

    /// - Parameter key: 32 bytes, such as `RootKey` derives.
    public init(key: Secret) {
        cipher = AESGCM(key: key)
    }

    /// `plaintext`, sealed for the place that `binding` names.
    /// - Parameter binding: what tells this place from every other under this key: the kind of value, the tenant, the row. Parts of
    ///   varying length carry their lengths, so that no two places have one binding.
    public func seal(_ plaintext: Secret, binding: [UInt8]) -> [UInt8] {
        let nonce = Random.bytes(AESGCM.nonceByteCount)
        let authenticated = [Self.version] + binding
        let ciphertext = plaintext.withSpan { plaintext in
            cipher.seal(plaintext, nonce: nonce.span, additionalData: authenticated.span)
        }
        return [Self.version] + nonce + ciphertext
    }

    /// `plaintext`, sealed for the place that `binding` names. The caller wipes its own copy where it can.
    public func seal(_ plaintext: [UInt8], binding: [UInt8]) -> [UInt8] {
        seal(Secret(plaintext), binding: binding)
    }

    /// What was sealed for the place that `binding` names.
    /// - Throws: `.internalError` when the format is another one, or when key, place or any bit are not those of the sealing. The
    ///   caller learns no more than that it failed.
    public func open(_ sealed: [UInt8], binding: [UInt8]) throws(Fault) -> Secret {
        guard sealed.count >= Self.overheadByteCount else {
            throw Self.failure("a sealed value of \(sealed.count) bytes is too short")
        }
        guard sealed[0] == Self.version else {
            throw Self.failure("a sealed value has the unknown version \(sealed[0])")
        }
        let authenticated = [Self.version] + binding
        let whole = sealed.span
        let nonce = whole.extracting(1..<1 + AESGCM.nonceByteCount)
        let ciphertext = whole.extracting((1 + AESGCM.nonceByteCount)...)
        guard let plaintext = cipher.open(ciphertext, nonce: nonce, additionalData: authenticated.span) else {
            throw Self.failure("a sealed value is not authentic: it was changed, moved, or sealed under another root key")
        }
        return plaintext
    }

    private static func failure(_ cause: String) -> Fault {
        Fault(.internalError, "A stored value could not be opened.", cause: cause)
    }
}
