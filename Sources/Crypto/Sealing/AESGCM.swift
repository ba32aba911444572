// AES-256-GCM (NIST SP 800-38D) by OpenSSL: keys of 256 bits, nonces of 96, tags of 128, and no other parameters, so that none can
// be chosen badly. The cipher is fetched once. A nonce is used once under one key: `SealingKey` draws them and is what callers want.

import Base
import COpenSSL

/// Authenticated encryption under one key.
public struct AESGCM: Sendable {
    public static let keyByteCount = 32
    public static let nonceByteCount = 12
    public static let tagByteCount = 16
    /// The most bytes of one message or of its additional data: what OpenSSL counts in one call.
    public static let messageByteLimit = 1 << 30

    private let key: Secret

    /// - Parameter key: 32 bytes.
    public init(key: Secret) {
        precondition(key.count == Self.keyByteCount, "a key of AES-256 has 32 bytes")
        self.key = key
    }

    /// The ciphertext of `plaintext`, as long as it, and behind it the tag.
    /// - Parameters:
    ///   - nonce: 12 bytes, never used before under this key.
    ///   - additionalData: what is authenticated with the message but not part of it.
    public func seal(_ plaintext: Span<UInt8>, nonce: Span<UInt8>, additionalData: Span<UInt8>) -> [UInt8] {
        precondition(nonce.count == Self.nonceByteCount, "a nonce of AES-GCM has 12 bytes")
        precondition(
            max(plaintext.count, additionalData.count) <= Self.messageByteLimit, "a message is bounded before it is sealed")
        let context = unsafe Self.context()
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        unsafe start(context, nonce: nonce, additionalData: additionalData, isSealing: true)
        return unsafe [UInt8](unsafeUninitializedCapacity: plaintext.count + Self.tagByteCount) { output, count in
            var written: Int32 = 0
            var status = unsafe plaintext.withUnsafeBufferPointer {
                unsafe $0.isEmpty ? 1 : EVP_EncryptUpdate(context, output.baseAddress, &written, $0.baseAddress, Int32($0.count))
            }
            let tag = unsafe output.baseAddress! + plaintext.count
            var rest: Int32 = 0
            if status == 1 { status = unsafe EVP_EncryptFinal_ex(context, tag, &rest) }
            if status == 1 {
                status = unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagByteCount), tag)
            }
            precondition(status == 1 && Int(written) == plaintext.count, "OpenSSL failed to encrypt what it had set up")
            count = plaintext.count + Self.tagByteCount
        }
    }

    /// The plaintext of what `seal` gave; `nil` when key, nonce, additional data or any bit of it are not those of the sealing.
    public func open(_ sealed: Span<UInt8>, nonce: Span<UInt8>, additionalData: Span<UInt8>) -> Secret? {
        let count = sealed.count - Self.tagByteCount
        guard count >= 0, nonce.count == Self.nonceByteCount, max(count, additionalData.count) <= Self.messageByteLimit else {
            return nil
        }
        let context = unsafe Self.context()
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        unsafe start(context, nonce: nonce, additionalData: additionalData, isSealing: false)
        var isAuthentic = false
        // What was decrypted before the tag was found wrong is wiped with the secret that holds it.
        let plaintext = Secret(byteCount: count) { output in
            isAuthentic = unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe sealed.withUnsafeBufferPointer { sealed in
                    unsafe Self.decrypt(sealed, to: output, in: context)
                }
            }
        }
        return isAuthentic ? plaintext : nil
    }

    private static func decrypt(
        _ sealed: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableBufferPointer<UInt8>, in context: OpaquePointer
    ) -> Bool {
        var written: Int32 = 0
        if !output.isEmpty {
            let status = unsafe EVP_DecryptUpdate(
                context, output.baseAddress, &written, sealed.baseAddress, Int32(output.count))
            guard status == 1 else { return false }
        }
        let tag = unsafe UnsafeMutableRawPointer(mutating: sealed.baseAddress! + output.count)
        guard unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagByteCount), tag) == 1 else { return false }
        var rest: Int32 = 0
        var nothing: UInt8 = 0
        return unsafe EVP_DecryptFinal_ex(context, &nothing, &rest) == 1
    }

    private func start(_ context: OpaquePointer, nonce: Span<UInt8>, additionalData: Span<UInt8>, isSealing: Bool) {
        var status = unsafe key.withBytes { key in
            unsafe nonce.withUnsafeBufferPointer { nonce in
                let key = unsafe key.baseAddress!.assumingMemoryBound(to: UInt8.self)
                return unsafe EVP_CipherInit_ex2(
                    context, Cipher.aes256GCM.pointer, key, nonce.baseAddress, isSealing ? 1 : 0, nil)
            }
        }
        if status == 1, !additionalData.isEmpty {
            var written: Int32 = 0
            status = unsafe additionalData.withUnsafeBufferPointer {
                unsafe EVP_CipherUpdate(context, nil, &written, $0.baseAddress, Int32($0.count))
            }
        }
        precondition(status == 1, "OpenSSL refused a key for a cipher that it had fetched")
    }

    /// OpenSSL wipes the key in it when it is freed.
    private static func context() -> OpaquePointer {
        guard let context = unsafe EVP_CIPHER_CTX_new() else { preconditionFailure("out of memory for a cipher") }
        return unsafe context
    }
}

/// A cipher as fetched; read-only and alive as long as the process, which makes it safe to share.
@safe private struct Cipher: @unchecked Sendable {
    let pointer: OpaquePointer

    static let aes256GCM = Cipher("AES-256-GCM")

    private init(_ name: StaticString) {
        guard let fetched = unsafe EVP_CIPHER_fetch(nil, name.cString, nil) else {
            preconditionFailure("OpenSSL lacks AES-256-GCM; its configuration is broken")
        }
        unsafe pointer = fetched
    }
}
