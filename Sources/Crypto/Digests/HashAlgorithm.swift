// The digests of FIPS 180-4 that the product needs, by OpenSSL. Each is fetched from the provider once (a fetch costs more
// than hashing a kilobyte), and each thread keeps one context, so that a digest of a short token allocates nothing.

import COpenSSL
import Glibc

/// A hash function. SHA-1 is here for protocols that name it (TOTP, the WebSocket handshake) and for nothing new.
public enum HashAlgorithm: String, Sendable, CaseIterable {
    case sha1
    case sha256
    case sha384
    case sha512

    /// The length of a digest.
    public var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// The digest of `bytes`, `byteCount` long.
    public func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        unsafe digest.withUnsafeMutableBufferPointer { output in
            unsafe write(digestOf: bytes, to: output.baseAddress!)
        }
        return digest
    }

    /// The digest of `bytes`, `byteCount` long.
    public func digest(_ bytes: [UInt8]) -> [UInt8] {
        digest(bytes.span)
    }

    /// Writes `byteCount` bytes to `output`.
    func write(digestOf bytes: Span<UInt8>, to output: UnsafeMutablePointer<UInt8>) {
        let context = unsafe ThreadContext.current
        let status = unsafe bytes.withUnsafeBufferPointer { input in
            guard unsafe EVP_DigestInit_ex2(context, method.pointer, nil) == 1,
                unsafe EVP_DigestUpdate(context, input.baseAddress, input.count) == 1
            else { return Int32(0) }
            return unsafe EVP_DigestFinal_ex(context, output, nil)
        }
        precondition(status == 1, "OpenSSL refused a digest that it had fetched")
    }

    /// What OpenSSL calls it.
    var openSSLName: StaticString {
        switch self {
        case .sha1: "SHA1"
        case .sha256: "SHA2-256"
        case .sha384: "SHA2-384"
        case .sha512: "SHA2-512"
        }
    }

    private var method: Method {
        switch self {
        case .sha1: Method.sha1
        case .sha256: Method.sha256
        case .sha384: Method.sha384
        case .sha512: Method.sha512
        }
    }
}

/// A digest as fetched; read-only and alive as long as the process, which makes it safe to share.
@safe private struct Method: @unchecked Sendable {
    let pointer: OpaquePointer

    static let sha1 = Method(.sha1)
    static let sha256 = Method(.sha256)
    static let sha384 = Method(.sha384)
    static let sha512 = Method(.sha512)

    private init(_ algorithm: HashAlgorithm) {
        guard let fetched = unsafe EVP_MD_fetch(nil, algorithm.openSSLName.cString, nil) else {
            preconditionFailure("OpenSSL lacks a digest that every provider has; its configuration is broken")
        }
        unsafe pointer = fetched
    }
}

/// One digest context a thread, freed when the thread ends. A digest never suspends, so no two users can meet.
private enum ThreadContext {
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(&key) { context in unsafe EVP_MD_CTX_free(OpaquePointer(context)) }
        precondition(status == 0, "the process has used up its thread-specific keys")
        return key
    }()

    static var current: OpaquePointer {
        if let context = unsafe pthread_getspecific(key) { return OpaquePointer(context) }
        guard let made = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory for a digest context") }
        unsafe pthread_setspecific(key, UnsafeRawPointer(made))
        return unsafe made
    }
}

extension StaticString {
    /// The text as C reads it. Literals end with a zero byte and are never freed.
    var cString: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
