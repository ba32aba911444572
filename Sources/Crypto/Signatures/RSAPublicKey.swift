// Verifying with RSA (RFC 8017): PKCS #1 v1.5 and PSS, for signatures of others; nothing here signs with RSA. Keys that are weak make
// no key: below 2048 bits, with an even exponent or 1, or of the generator whose primes can be guessed (ROCA, CVE-2017-15361).
// Bound: 8192 bits and exponents of 32, so that one verification stays below a millisecond.

import COpenSSL

/// A public key of RSA.
@safe public final class RSAPublicKey: @unchecked Sendable {
    /// How the digest stands in the signature.
    public enum Padding: Sendable {
        case pkcs1
        /// With a salt as long as the digest, and the same hash function for the mask (RFC 7518, section 3.5).
        case pss
    }

    /// The sizes of a modulus, in bits.
    public static let bitRange = 2048...8192
    /// The exponents that are taken, if odd. 3 is safe to verify with, since the padding is compared whole.
    public static let exponentRange: ClosedRange<UInt64> = 3...UInt64(UInt32.max)
    /// A key in DER has at most so many bytes.
    static let derByteLimit = 2048

    /// What OpenSSL calls the parts of a key. It keeps the pointers, so they point to literals.
    private enum Name {
        static let modulus: StaticString = "n"
        static let exponent: StaticString = "e"
    }

    // Written only in `init` and read afterwards.
    private let key: OpaquePointer

    /// The key of two numbers, highest byte first and without zeros before it; `nil` when it is weak or no key.
    public init?(modulus: [UInt8], exponent: [UInt8]) {
        guard let first = modulus.first, first != 0, exponent.count <= 8, let lowest = exponent.last, exponent.first != 0 else {
            return nil
        }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        let number = exponent.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard Self.bitRange.contains(bits), modulus.last! & 1 == 1, Self.exponentRange.contains(number), lowest & 1 == 1,
            !Self.hasGuessablePrimes(modulus)
        else { return nil }
        // OpenSSL takes numbers in the order of the machine, which is lowest byte first.
        var modulusBytes: [UInt8] = modulus.reversed()
        var exponentBytes: [UInt8] = exponent.reversed()
        let made = unsafe modulusBytes.withUnsafeMutableBufferPointer { modulus in
            unsafe exponentBytes.withUnsafeMutableBufferPointer { exponent in
                var parameters = unsafe [
                    OSSL_PARAM_construct_BN(Name.modulus.cString, modulus.baseAddress, modulus.count),
                    OSSL_PARAM_construct_BN(Name.exponent.cString, exponent.baseAddress, exponent.count),
                    OSSL_PARAM_construct_end(),
                ]
                return unsafe PublicKeySignature.key("RSA", &parameters)
            }
        }
        guard let made = unsafe made else { return nil }
        unsafe key = made
    }

    /// The key of a SubjectPublicKeyInfo in DER (RFC 3279, section 2.3.1); `nil` when it is weak or of another kind.
    public convenience init?(der: [UInt8]) {
        guard der.count <= Self.derByteLimit else { return nil }
        defer { ERR_clear_error() }
        let numbers = unsafe der.withUnsafeBufferPointer { der -> (modulus: [UInt8], exponent: [UInt8])? in
            var rest = der.baseAddress
            let key = unsafe d2i_PUBKEY(nil, &rest, der.count)
            defer { unsafe EVP_PKEY_free(key) }
            guard unsafe key != nil, unsafe rest == der.baseAddress! + der.count, unsafe EVP_PKEY_is_a(key, "RSA") == 1,
                let modulus = unsafe Self.number(Name.modulus, of: key), let exponent = unsafe Self.number(Name.exponent, of: key)
            else { return nil }
            return (modulus, exponent)
        }
        guard let numbers else { return nil }
        self.init(modulus: numbers.modulus, exponent: numbers.exponent)
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Whether `signature` is one of `message` by the owner of this key. Never with SHA-1.
    public func isValid(_ signature: Span<UInt8>, of message: Span<UInt8>, padding: Padding, digest: HashAlgorithm) -> Bool {
        guard digest != .sha1 else { return false }
        return unsafe PublicKeySignature.isValid(signature, of: message, key: key, digest: digest) { parameters in
            switch padding {
            case .pkcs1:
                return unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PADDING) == 1
            case .pss:
                return unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1
                    && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, Int32(digest.byteCount)) == 1
            }
        }
    }

    private static func number(_ name: StaticString, of key: OpaquePointer?) -> [UInt8]? {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(key, name.cString, &number) == 1 else { return nil }
        defer { unsafe BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: Int(unsafe BN_num_bits(number) + 7) / 8)
        unsafe BN_bn2bin(number, &bytes)
        return bytes
    }

    /// Whether the modulus is, modulo each of some small primes, a power of 65537. One in some 2^28 sound keys looks the same by chance;
    /// every key of the faulty generator does (Nemec et al., "The Return of Coppersmith's Attack", 2017, section 3.2).
    private static func hasGuessablePrimes(_ modulus: [UInt8]) -> Bool {
        let primes: [UInt32] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
        return primes.allSatisfy { prime in
            let rest = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
            var power: UInt32 = 1
            repeat {
                if power == rest { return true }
                power = power * (65_537 % prime) % prime
            } while power != 1
            return false
        }
    }
}
