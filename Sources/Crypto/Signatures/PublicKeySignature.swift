// What the public keys share: one verification by OpenSSL. Its queue of errors, a thread's own, is emptied afterwards, so that a
// forged signature can't be taken for a failure of TLS on the same thread.

import COpenSSL

/// Verification under a prepared key.
enum PublicKeySignature {
    /// Whether `signature` is one of `message` under `key`.
    /// - Parameters:
    ///   - digest: OpenSSL's name of the hash function; `nil` for a key that brings its own.
    ///   - prepare: sets what the algorithm needs, such as padding; `false` when OpenSSL refuses it.
    static func isValid(
        _ signature: Span<UInt8>, of message: Span<UInt8>, key: OpaquePointer, digest: StaticString?,
        prepare: (OpaquePointer?) -> Bool
    ) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory for a signature") }
        defer {
            unsafe EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var parameters: OpaquePointer?
        guard unsafe EVP_DigestVerifyInit_ex(context, &parameters, digest?.cString, nil, nil, key, nil) == 1,
            unsafe prepare(parameters)
        else { return false }
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe message.withUnsafeBufferPointer { message in
                // A message of no bytes is a message, while a null pointer would be refused.
                var none: UInt8 = 0
                return unsafe message.isEmpty
                    ? EVP_DigestVerify(context, signature.baseAddress, signature.count, &none, 0) == 1
                    : EVP_DigestVerify(context, signature.baseAddress, signature.count, message.baseAddress, message.count) == 1
            }
        }
    }
}
