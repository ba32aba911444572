// Signing with Ed25519 (RFC 8032) by OpenSSL. The key is prepared once and used for as long as the object lives.

import Base
import COpenSSL

/// A private key of Ed25519.
@safe public final class Ed25519PrivateKey: @unchecked Sendable {
    /// The length of a seed, which is what RFC 8032 calls the private key.
    public static let seedByteCount = 32

    // Written only in `init` and read afterwards; OpenSSL counts references to it and wipes it when it is freed.
    private let key: OpaquePointer
    /// What verifies the signatures of this key.
    public let publicKey: Ed25519PublicKey

    /// A new key.
    public static func generate() -> Ed25519PrivateKey {
        guard let key = Ed25519PrivateKey(seed: Random.secret(byteCount: seedByteCount)) else {
            preconditionFailure("every 32 bytes are a seed of Ed25519")
        }
        return key
    }

    /// The key of a seed; `nil` when it has not 32 bytes.
    public init?(seed: Secret) {
        guard seed.count == Self.seedByteCount else { return nil }
        let made = unsafe seed.withBytes { seed in
            unsafe EVP_PKEY_new_raw_private_key_ex(
                nil, "ED25519", nil, seed.baseAddress!.assumingMemoryBound(to: UInt8.self), seed.count)
        }
        guard let made = unsafe made else { preconditionFailure("OpenSSL lacks Ed25519; its configuration is broken") }
        var bytes = [UInt8](repeating: 0, count: Ed25519PublicKey.byteCount)
        var count = bytes.count
        let status = unsafe EVP_PKEY_get_raw_public_key(made, &bytes, &count)
        guard status == 1, let publicKey = Ed25519PublicKey(bytes) else {
            preconditionFailure("OpenSSL could not derive the public key of a private one")
        }
        unsafe key = made
        self.publicKey = publicKey
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// The seed, to be stored sealed.
    public var seed: Secret {
        Secret(byteCount: Self.seedByteCount) { output in
            let status = unsafe output.withUnsafeMutableBufferPointer { output in
                var count = output.count
                return unsafe EVP_PKEY_get_raw_private_key(key, output.baseAddress, &count)
            }
            precondition(status == 1, "OpenSSL gives back the seed that it was given")
        }
    }

    /// The signature of `message`, 64 bytes. The same message has always the same signature.
    public func sign(_ message: Span<UInt8>) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory for a signature") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: Ed25519PublicKey.signatureByteCount)
        var count = signature.count
        var status = unsafe EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key, nil)
        if status == 1 {
            status = unsafe message.withUnsafeBufferPointer { message in
                // A message of no bytes is a message, while a null pointer would be refused.
                var none: UInt8 = 0
                return unsafe message.isEmpty
                    ? EVP_DigestSign(context, &signature, &count, &none, 0)
                    : EVP_DigestSign(context, &signature, &count, message.baseAddress, message.count)
            }
        }
        precondition(status == 1 && count == signature.count, "OpenSSL failed to sign with a key that it had made")
        return signature
    }

    /// The signature of `message`, 64 bytes.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        sign(message.span)
    }
}
