// HMAC (RFC 2104) by OpenSSL. The contexts that hold a digest but no key are made once and copied for each use; a copy, which
// holds the key, is wiped by OpenSSL when it is freed.

import Base
import COpenSSL

/// A message authentication code over one hash function.
public struct HMAC: Sendable {
    /// The hash function below.
    public let algorithm: HashAlgorithm

    public static let sha1 = HMAC(.sha1)
    public static let sha256 = HMAC(.sha256)
    public static let sha384 = HMAC(.sha384)
    public static let sha512 = HMAC(.sha512)

    public init(_ algorithm: HashAlgorithm) {
        self.algorithm = algorithm
    }

    /// The code of `message` under `key`: as long as a digest. Any length of key is allowed, as in the RFC.
    public func code(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: algorithm.byteCount)
        var span = code.mutableSpan
        write(message, key: key, to: &span)
        return code
    }

    /// The code of `message` under `key`: as long as a digest.
    public func code(_ message: [UInt8], key: Secret) -> [UInt8] {
        key.withSpan { key in code(message.span, key: key) }
    }

    /// Whether `code` is the whole code of `message`; takes the same time wherever they differ. A shortened code is not valid.
    public func isValid(_ code: [UInt8], of message: [UInt8], key: Secret) -> Bool {
        constantTimeEqual(code, self.code(message, key: key))
    }

    /// Writes the code to `output`, whose length is that of a digest.
    func write(_ message: Span<UInt8>, key: Span<UInt8>, to output: inout MutableSpan<UInt8>) {
        let context = unsafe EVP_MAC_CTX_dup(template.pointer)
        precondition(unsafe context != nil, "out of memory for a message authentication code")
        defer { unsafe EVP_MAC_CTX_free(context) }
        var none: UInt8 = 0
        // An empty key is a key (of zeros, by the RFC), while a null pointer would mean "the key of before".
        var status =
            key.isEmpty
            ? unsafe EVP_MAC_init(context, &none, 0, nil)
            : unsafe key.withUnsafeBufferPointer { unsafe EVP_MAC_init(context, $0.baseAddress, $0.count, nil) }
        precondition(status == 1, "OpenSSL refused a key for a message authentication code")
        status = unsafe message.withUnsafeBufferPointer { unsafe EVP_MAC_update(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "OpenSSL refused a message to authenticate")
        status = unsafe output.withUnsafeMutableBufferPointer { unsafe EVP_MAC_final(context, $0.baseAddress, nil, $0.count) }
        precondition(status == 1, "OpenSSL refused a message authentication code that it had set up")
    }

    private var template: Template {
        switch algorithm {
        case .sha1: Template.sha1
        case .sha256: Template.sha256
        case .sha384: Template.sha384
        case .sha512: Template.sha512
        }
    }
}

/// A context with a digest and no key; only ever copied, which makes it safe to share.
@safe private struct Template: @unchecked Sendable {
    let pointer: OpaquePointer

    static let sha1 = Template(.sha1)
    static let sha256 = Template(.sha256)
    static let sha384 = Template(.sha384)
    static let sha512 = Template(.sha512)

    private init(_ algorithm: HashAlgorithm) {
        let method = unsafe EVP_MAC_fetch(nil, "HMAC", nil)
        let context = unsafe EVP_MAC_CTX_new(method)
        unsafe EVP_MAC_free(method)
        // OpenSSL keeps both pointers, so both point to literals.
        let parameter: StaticString = "digest"
        let name = unsafe UnsafeMutablePointer(mutating: algorithm.openSSLName.cString)
        var parameters = unsafe [
            OSSL_PARAM_construct_utf8_string(parameter.cString, name, 0), OSSL_PARAM_construct_end(),
        ]
        let status = unsafe context == nil ? 0 : EVP_MAC_CTX_set_params(context, &parameters)
        precondition(status == 1, "OpenSSL lacks HMAC; its configuration is broken")
        unsafe pointer = context!
    }
}
