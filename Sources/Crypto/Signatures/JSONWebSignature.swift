// JSON Web Signatures (RFC 7515) in compact form, as RFC 8725 asks for them: the algorithm is that of the key, and a token that names
// another is refused, `none` with it. Refused on sight: `crit`, `b64`, and every member that brings a key or an address of one (`jku`,
// `x5u`, `jwk`, `x5c`); names given twice; base64url in any but its one spelling. Bound: a token has at most 8 KiB.

import Base
import JSON

/// A token whose signature was found valid.
public struct JSONWebSignature: Sendable {
    /// The most bytes of a token.
    public static let byteLimit = 8 << 10
    static let refusedMembers: [StaticString] = ["crit", "b64", "jku", "x5u", "jwk", "x5c"]

    /// `kid` of the header.
    public let keyID: String?
    /// `typ` of the header, in lower case and without `application/`.
    public let type: String?
    /// What was signed.
    public let payload: [UInt8]

    // MARK: Verifying

    /// Verifies a token with one key.
    /// - Parameter type: what `typ` must be, such as `at+jwt`, so that a token of one kind is never taken for another (RFC 8725,
    ///   section 3.11); `nil` when the caller looks at it.
    /// - Throws: `.unauthenticated`, whatever is wrong; what it is goes to the log alone.
    public init(verifying token: Span<UInt8>, with key: JSONWebKey, type: String? = nil) throws(Fault) {
        try self.init(token, type: type) { id in id == nil || key.keyID == nil || id == key.keyID ? key : nil }
    }

    /// Verifies a token with the key of the set that its `kid` names.
    /// - Throws: `.unauthenticated`, whatever is wrong; what it is goes to the log alone.
    public init(verifying token: Span<UInt8>, with keys: JSONWebKeySet, type: String? = nil) throws(Fault) {
        try self.init(token, type: type) { id in keys.key(id: id) }
    }

    private init(_ token: Span<UInt8>, type wanted: String?, _ key: (String?) -> JSONWebKey?) throws(Fault) {
        let parts = try Self.parts(of: token)
        guard let header = Self.decoded(token.extracting(..<parts.header)),
            let payload = Self.decoded(token.extracting(parts.header + 1..<parts.payload)),
            let signature = Self.decoded(token.extracting((parts.payload + 1)...))
        else { throw Self.refused("a part is not base64url") }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(header)
        } catch {
            throw Self.refused("the header is not JSON, or has a name twice")
        }
        let members = document.root
        guard members.kind == .object else { throw Self.refused("the header is not an object") }
        for name in Self.refusedMembers where members.member(name) != nil { throw Self.refused("the header has `\(name)`") }
        keyID = try Self.text("kid", of: members)
        let rawType = try Self.text("typ", of: members)?.lowercased()
        type = rawType.map { $0.hasPrefix("application/") ? String($0.dropFirst("application/".count)) : $0 }
        guard wanted == nil || wanted == type else { throw Self.refused("its type is not the one that was asked for") }
        guard let key = key(keyID) else { throw Self.refused("no key has its `kid`") }
        guard try Self.text("alg", of: members) == key.algorithm.rawValue else {
            throw Self.refused("its `alg` is not that of the key")
        }
        guard Self.isValid(signature.span, of: token.extracting(..<parts.payload), key: key) else {
            throw Self.refused("its signature is not valid")
        }
        self.payload = payload
    }

    private static func isValid(_ signature: Span<UInt8>, of message: Span<UInt8>, key: JSONWebKey) -> Bool {
        switch key.material {
        case .ed25519(let key): return key.isValid(signature, of: message)
        case .ecdsa(let key): return key.isValid(signature, of: message)
        case .rsa(let material):
            guard let rsa = key.algorithm.rsa else { return false }
            return material.isValid(signature, of: message, padding: rsa.padding, digest: rsa.digest)
        case .shared(let secret):
            guard let digest = key.algorithm.hmac else { return false }
            let code = secret.withSpan { secret in HMAC(digest).code(message, key: secret) }
            return constantTimeEqual(signature, code.span)
        }
    }

    // MARK: Signing

    /// A token of `payload`.
    /// - Parameters:
    ///   - type: `typ` of the header, such as `at+jwt`.
    ///   - keyID: `kid` of the header: the id that the public key is published under.
    public static func sign(_ payload: [UInt8], type: String, keyID: String, key: Ed25519PrivateKey) -> [UInt8] {
        var header = JSONWriter()
        header.beginObject()
        header.key("alg")
        header.string(SignatureAlgorithm.edDSA.rawValue)
        header.key("typ")
        header.string(type)
        header.key("kid")
        header.string(keyID)
        header.endObject()
        let dot = UInt8(ascii: ".")
        let message = Array(Base64.url.encode(header.finish()).utf8) + [dot] + Base64.url.encode(payload).utf8
        precondition(message.count + 1 + 86 <= byteLimit, "a token is made of claims that we bound ourselves")
        return message + [dot] + Base64.url.encode(key.sign(message)).utf8
    }

    // MARK: Parts

    /// Where the two dots are; three parts and no more.
    private static func parts(of token: Span<UInt8>) throws(Fault) -> (header: Int, payload: Int) {
        guard token.count <= byteLimit else { throw refused("it is longer than 8 KiB") }
        let dots = token.indices.filter { token[$0] == UInt8(ascii: ".") }
        guard dots.count == 2 else { throw refused("it has not three parts") }
        return (dots[0], dots[1])
    }

    private static func decoded(_ part: Span<UInt8>) -> [UInt8]? {
        Base64.url.decode(part.indices.map { part[$0] })
    }

    private static func text(_ name: StaticString, of view: JSONView) throws(Fault) -> String? {
        guard let member = view.member(name) else { return nil }
        guard let text = member.string() else { throw refused("`\(name)` is not a string") }
        return text
    }

    private static func refused(_ cause: String) -> Fault {
        Fault(.unauthenticated, "The token is not valid.", cause: "a signed token was refused: \(cause)")
    }
}
