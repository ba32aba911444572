// Verifying with Ed25519 (RFC 8032) by OpenSSL. The key is prepared once and used for as long as the object lives.

import COpenSSL

/// A public key of Ed25519.
@safe public final class Ed25519PublicKey: @unchecked Sendable {
    public static let byteCount = 32
    public static let signatureByteCount = 64

    // Written only in `init` and read afterwards.
    private let key: OpaquePointer
    /// The 32 bytes of the key.
    public let bytes: [UInt8]

    /// The key that `bytes` spell; `nil` when they are not 32. Bytes that are no point of the curve make a key that verifies nothing.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        guard let made = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count) else {
            preconditionFailure("OpenSSL lacks Ed25519; its configuration is broken")
        }
        unsafe key = made
        self.bytes = bytes
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Whether `signature` is one of `message` by the owner of this key.
    public func isValid(_ signature: Span<UInt8>, of message: Span<UInt8>) -> Bool {
        guard signature.count == Self.signatureByteCount else { return false }
        return unsafe PublicKeySignature.isValid(signature, of: message, key: key, digest: nil)
    }

    /// Whether `signature` is one of `message` by the owner of this key.
    public func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        isValid(signature.span, of: message.span)
    }
}
