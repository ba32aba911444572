// What the public keys share: making one of its numbers, and one verification by OpenSSL. Its queue of errors, a thread's own, is
// emptied afterwards, so that a forged signature can't be taken for a failure of TLS on the same thread.

import COpenSSL

/// Public keys as OpenSSL has them.
enum PublicKeySignature {
    /// A key of the algorithm that OpenSSL calls `name`; `nil` when the numbers make none. The caller frees it.
    static func key(_ name: StaticString, _ parameters: inout [OSSL_PARAM]) -> OpaquePointer? {
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, name.cString, nil)
        precondition(unsafe context != nil, "OpenSSL lacks an algorithm that every provider has; its configuration is broken")
        defer {
            unsafe EVP_PKEY_CTX_free(context)
            ERR_clear_error()
        }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_fromdata_init(context) == 1,
            unsafe insula_public_key_from_data(context, &key, &parameters) == 1
        else { return nil }
        return unsafe key
    }

    /// Whether `signature` is one of `message` under `key`.
    /// - Parameters:
    ///   - digest: the hash function; `nil` for a key that brings its own.
    ///   - prepare: sets what the algorithm needs, such as padding; `false` when OpenSSL refuses it.
    static func isValid(
        _ signature: Span<UInt8>, of message: Span<UInt8>, key: OpaquePointer, digest: HashAlgorithm?,
        prepare: (OpaquePointer?) -> Bool = { _ in true }
    ) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory for a signature") }
        defer {
            unsafe EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var parameters: OpaquePointer?
        let name = unsafe digest?.openSSLName.cString
        guard unsafe EVP_DigestVerifyInit_ex(context, &parameters, name, nil, nil, key, nil) == 1, unsafe prepare(parameters)
        else {
            return false
        }
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
