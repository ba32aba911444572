// The algorithms of JWS (RFC 7518, RFC 8037) that a key may have. `none` is not among them, and no name leads to it.

/// How tokens are signed under a key.
public enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case edDSA = "EdDSA"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"

    /// The only one that keys of a curve are for.
    init(_ curve: ECDSAPublicKey.Curve) {
        switch curve {
        case .p256: self = .es256
        case .p384: self = .es384
        case .p521: self = .es512
        }
    }

    /// The padding and the hash function; `nil` for what is not RSA.
    var rsa: (padding: RSAPublicKey.Padding, digest: HashAlgorithm)? {
        switch self {
        case .rs256: (.pkcs1, .sha256)
        case .rs384: (.pkcs1, .sha384)
        case .rs512: (.pkcs1, .sha512)
        case .ps256: (.pss, .sha256)
        case .ps384: (.pss, .sha384)
        case .ps512: (.pss, .sha512)
        default: nil
        }
    }

    /// The hash function of HMAC; `nil` for what is not HMAC.
    var hmac: HashAlgorithm? {
        switch self {
        case .hs256: .sha256
        case .hs384: .sha384
        case .hs512: .sha512
        default: nil
        }
    }
}
