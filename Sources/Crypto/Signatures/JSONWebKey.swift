// JSON Web Keys (RFC 7517, RFC 8037) for signatures. A key has exactly one algorithm: where its kind leaves a choice, `alg` must make
// it, so that no token ever chooses (RFC 8725, section 3.1). Refused: sizes other than the kind's, points off the curve, weak RSA keys,
// private members, keys for encryption, names given twice. Bounds: 8 KiB of text, ids of 128 bytes, shared secrets of 512.

import Base
import JSON

/// A key that verifies signatures.
public struct JSONWebKey: Sendable {
    /// The most bytes of a key as text.
    public static let byteLimit = 8 << 10
    /// The most bytes of `kid`.
    public static let keyIDByteLimit = 128
    static let sharedSecretByteLimit = 512

    enum Material: Sendable {
        case ed25519(Ed25519PublicKey)
        case ecdsa(ECDSAPublicKey)
        case rsa(RSAPublicKey)
        case shared(Secret)
    }

    /// `kid`: what tokens name the key by.
    public let keyID: String?
    /// How tokens are signed under this key, and in no other way.
    public let algorithm: SignatureAlgorithm
    let material: Material

    /// A key of our own, for a published set.
    public init(_ key: Ed25519PublicKey, keyID: String) {
        precondition((1...Self.keyIDByteLimit).contains(keyID.utf8.count), "the id of a key has 1 to 128 bytes")
        self.keyID = keyID
        algorithm = .edDSA
        material = .ed25519(key)
    }

    /// Reads a key.
    /// - Parameter acceptsSharedSecrets: whether it may be of the kind `oct`, which can also sign.
    /// - Throws: `.invalid` with a sentence that repeats nothing of the key.
    public init(parsing text: [UInt8], acceptsSharedSecrets: Bool = false) throws(Fault) {
        guard text.count <= Self.byteLimit else { throw Self.refused("it is longer than 8 KiB") }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(text)
        } catch {
            throw Self.refused("it is not JSON, or has a name twice")
        }
        try self.init(document.root, acceptsSharedSecrets: acceptsSharedSecrets)
    }

    init(_ view: JSONView, acceptsSharedSecrets: Bool) throws(Fault) {
        guard view.kind == .object else { throw Self.refused("it is not an object") }
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] where view[name] != nil {
            throw Self.refused("it holds a private part")
        }
        keyID = try Self.text("kid", of: view)
        guard keyID?.utf8.count ?? 1 <= Self.keyIDByteLimit, keyID != "" else { throw Self.refused("`kid` has 1 to 128 bytes") }
        try Self.checkUse(view)
        let kind = try Self.text("kty", of: view)
        let natural: SignatureAlgorithm?
        switch kind {
        case "OKP":
            (material, natural) = (.ed25519(try Self.ed25519(view)), .edDSA)
        case "EC":
            let key = try Self.ecdsa(view)
            (material, natural) = (.ecdsa(key), SignatureAlgorithm(key.curve))
        case "RSA":
            (material, natural) = (.rsa(try Self.rsa(view)), nil)
        case "oct" where acceptsSharedSecrets:
            (material, natural) = (.shared(Secret(try Self.bytes("k", of: view))), nil)
        default:
            throw Self.refused("`kty` is not one that is verified with here")
        }
        algorithm = try Self.algorithm(of: view, natural: natural)
        guard Self.fits(algorithm, material) else { throw Self.refused("`alg` does not fit the kind or the size of the key") }
    }

    // MARK: Members

    private static func checkUse(_ view: JSONView) throws(Fault) {
        if let use = try text("use", of: view), use != "sig" { throw refused("`use` is not `sig`") }
        guard let operations = view["key_ops"] else { return }
        guard operations.kind == .array, operations.elements.contains(where: { $0.isString("verify") }),
            operations.elements.allSatisfy({ $0.isString("verify") || $0.isString("sign") })
        else { throw refused("`key_ops` is not for verifying") }
    }

    private static func algorithm(of view: JSONView, natural: SignatureAlgorithm?) throws(Fault) -> SignatureAlgorithm {
        guard let name = try text("alg", of: view) else {
            guard let natural else { throw refused("`alg` is missing, and the kind of the key leaves a choice") }
            return natural
        }
        guard let stated = SignatureAlgorithm(rawValue: name) else { throw refused("`alg` is none that is verified with here") }
        guard natural == nil || natural == stated else { throw refused("`alg` does not fit the kind or the size of the key") }
        return stated
    }

    /// A shared secret is at least as long as the digest (RFC 7518, section 3.2).
    private static func fits(_ algorithm: SignatureAlgorithm, _ material: Material) -> Bool {
        switch material {
        case .ed25519, .ecdsa: true
        case .rsa: algorithm.rsa != nil
        case .shared(let secret):
            algorithm.hmac.map { ($0.byteCount...sharedSecretByteLimit).contains(secret.count) } ?? false
        }
    }

    private static func ed25519(_ view: JSONView) throws(Fault) -> Ed25519PublicKey {
        guard try text("crv", of: view) == "Ed25519" else { throw refused("`crv` is not `Ed25519`") }
        guard let key = Ed25519PublicKey(try bytes("x", of: view)) else { throw refused("`x` has not 32 bytes") }
        return key
    }

    private static func ecdsa(_ view: JSONView) throws(Fault) -> ECDSAPublicKey {
        guard let curve = try text("crv", of: view).flatMap(ECDSAPublicKey.Curve.init(rawValue:)) else {
            throw refused("`crv` is none of `P-256`, `P-384` and `P-521`")
        }
        guard let key = ECDSAPublicKey(curve: curve, x: try bytes("x", of: view), y: try bytes("y", of: view)) else {
            throw refused("`x` and `y` are no point of the curve")
        }
        return key
    }

    private static func rsa(_ view: JSONView) throws(Fault) -> RSAPublicKey {
        guard let key = RSAPublicKey(modulus: try bytes("n", of: view), exponent: try bytes("e", of: view)) else {
            throw refused("`n` and `e` are no key of at least 2048 bits that is safe to use")
        }
        return key
    }

    private static func text(_ name: String, of view: JSONView) throws(Fault) -> String? {
        guard let member = view[name] else { return nil }
        guard let text = member.string() else { throw refused("`\(name)` is not a string") }
        return text
    }

    private static func bytes(_ name: String, of view: JSONView) throws(Fault) -> [UInt8] {
        guard let text = try text(name, of: view), let bytes = Base64.url.decode(text) else {
            throw refused("`\(name)` is not base64url")
        }
        return bytes
    }

    static func refused(_ reason: String) -> Fault {
        Fault(.invalid, "The key is not usable: \(reason).")
    }
}
