// Verifying with ECDSA (FIPS 186-5) over the three NIST curves, each with the hash function that JWS pairs it with (RFC 7518,
// section 3.4). A point off its curve makes no key. Signatures are r ‖ s of fixed length, or DER, and nothing between.

import COpenSSL

/// A public key of ECDSA.
@safe public final class ECDSAPublicKey: @unchecked Sendable {
    /// A curve and its hash function.
    public enum Curve: String, Sendable, CaseIterable {
        case p256 = "P-256"
        case p384 = "P-384"
        case p521 = "P-521"

        /// The length of a coordinate, and of either half of a signature.
        public var coordinateByteCount: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }

        var digest: HashAlgorithm {
            switch self {
            case .p256: .sha256
            case .p384: .sha384
            case .p521: .sha512
            }
        }

        fileprivate var openSSLName: StaticString {
            switch self {
            case .p256: "P-256"
            case .p384: "P-384"
            case .p521: "P-521"
            }
        }

        /// How a SubjectPublicKeyInfo (RFC 5480) of this curve with an uncompressed point begins: all but the point itself.
        fileprivate var derPrefix: [UInt8] {
            switch self {
            case .p256:
                [0x30, 0x59, 0x30, 0x13] + Self.ecPublicKey + [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
                    + [0x03, 0x42, 0x00, 0x04]
            case .p384:
                [0x30, 0x76, 0x30, 0x10] + Self.ecPublicKey + [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04]
            case .p521:
                [0x30, 0x81, 0x9B, 0x30, 0x10] + Self.ecPublicKey
                    + [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04]
            }
        }

        private static let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    }

    /// What OpenSSL calls the parts of a key. It keeps the pointers, so they point to literals.
    private enum Name {
        static let group: StaticString = "group"
        static let point: StaticString = "pub"
    }

    // Written only in `init` and read afterwards.
    private let key: OpaquePointer
    public let curve: Curve

    /// The key of a point; `nil` when a coordinate has another length than the curve's, or the point is not on it.
    public init?(curve: Curve, x: [UInt8], y: [UInt8]) {
        guard x.count == curve.coordinateByteCount, y.count == curve.coordinateByteCount else { return nil }
        var point = [0x04] + x + y
        let count = point.count
        let made = unsafe point.withUnsafeMutableBytes { point in
            let group = unsafe UnsafeMutablePointer(mutating: curve.openSSLName.cString)
            var parameters = unsafe [
                OSSL_PARAM_construct_utf8_string(Name.group.cString, group, 0),
                OSSL_PARAM_construct_octet_string(Name.point.cString, point.baseAddress, count),
                OSSL_PARAM_construct_end(),
            ]
            return unsafe PublicKeySignature.key("EC", &parameters)
        }
        guard let made = unsafe made else { return nil }
        unsafe key = made
        self.curve = curve
    }

    /// The key of a SubjectPublicKeyInfo in DER with a named curve and an uncompressed point; `nil` for any other spelling.
    public convenience init?(der: [UInt8]) {
        guard let curve = Curve.allCases.first(where: { der.starts(with: $0.derPrefix) }) else { return nil }
        let point = der.dropFirst(curve.derPrefix.count)
        self.init(
            curve: curve, x: Array(point.prefix(curve.coordinateByteCount)), y: Array(point.dropFirst(curve.coordinateByteCount)))
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Whether `signature`, r ‖ s with both halves as long as a coordinate (RFC 7518, section 3.4), is one of `message`.
    public func isValid(_ signature: Span<UInt8>, of message: Span<UInt8>) -> Bool {
        let half = curve.coordinateByteCount
        guard signature.count == 2 * half else { return false }
        let numbers = Self.integer(signature.extracting(..<half)) + Self.integer(signature.extracting(half...))
        let length = numbers.count < 128 ? [UInt8(numbers.count)] : [0x81, UInt8(numbers.count)]
        let der = [0x30] + length + numbers
        return isValid(der: der.span, of: message)
    }

    /// Whether `signature`, in DER (RFC 3279, section 2.2.3) without a byte to spare, is one of `message`.
    public func isValid(der signature: Span<UInt8>, of message: Span<UInt8>) -> Bool {
        unsafe PublicKeySignature.isValid(signature, of: message, key: key, digest: curve.digest)
    }

    /// A number in DER: no zeros before it but one where the highest bit is set.
    private static func integer(_ bytes: Span<UInt8>) -> [UInt8] {
        var at = 0
        while at < bytes.count - 1, bytes[at] == 0 { at += 1 }
        let digits = (bytes[at] >= 0x80 ? [0] : []) + (at..<bytes.count).map { bytes[$0] }
        return [0x02, UInt8(digits.count)] + digits
    }
}
