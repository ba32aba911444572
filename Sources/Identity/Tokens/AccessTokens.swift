// Access tokens: JWTs of the type `at+jwt` (RFC 9068), signed with Ed25519 under the key of the moment, good for half an hour. They are
// verified as RFC 8725 says: the algorithm is the key's, the key is one of ours, and type, issuer, audience and times are looked at.
// Bounds: those of `JSONWebSignature`; `lifetimeSeconds`, and `impersonationSeconds` for whoever acts as another.

import Base
import Crypto
import JSON
import Tenancy

/// Signs access tokens, and checks them.
public struct AccessTokens: Sendable {
    public static let lifetimeSeconds = 1_800
    static let impersonationSeconds = 3_600
    static let type = "at+jwt"
    /// Who the tokens are given to: clients of ours are not told apart.
    static let client = "insula"
    /// How far the clock of the node that signed may be ahead.
    private static let leewayMicroseconds: Int64 = 30_000_000

    /// What `iss` and `aud` say: the address of this installation.
    public let issuer: String
    let keys: SigningKeys

    public init(issuer: String, keys: SigningKeys) {
        self.issuer = issuer
        self.keys = keys
    }

    /// A token of the session as it is, and for how many seconds it is good. The same state of the session has the same token.
    /// - Throws: `.unavailable` while no key is known.
    func token(for row: SessionRow) throws(Fault) -> (text: Secret, seconds: Int) {
        let begin = AccessClaims.seconds(row.refreshedAt)
        let longest = row.kind == .impersonation ? AccessTokens.impersonationSeconds : AccessTokens.lifetimeSeconds
        let end = min(begin + longest, AccessClaims.seconds(row.expiresAt))
        let claims = AccessClaims(
            issuer: issuer, row: row, issuedAt: Timestamp(microseconds: Int64(begin) * 1_000_000),
            expiresAt: Timestamp(microseconds: Int64(end) * 1_000_000))
        let key = try keys.active(at: row.refreshedAt)
        let text = JSONWebSignature.sign(claims.bytes, type: AccessTokens.type, keyID: key.id, key: key.privateKey)
        return (Secret(text), end - begin)
    }

    /// The claims of a token that is good as far as it can say itself; `nil` for any other text. Whether its session still is, the
    /// database knows.
    func claims(of text: [UInt8]) async throws(Fault) -> AccessClaims? {
        // What is no token at all costs nothing.
        guard text.starts(with: "ey".utf8), text.count <= JSONWebSignature.byteLimit else { return nil }
        if let payload = verified(text, with: keys.published) { return check(payload) }
        // Another node may have signed with a key that this one does not know yet.
        guard let kid = AccessTokens.keyID(of: text), keys.published.key(id: kid) == nil, try await keys.lookAgain() else {
            return nil
        }
        return verified(text, with: keys.published).flatMap(check)
    }

    private func verified(_ text: [UInt8], with keys: JSONWebKeySet) -> [UInt8]? {
        do throws(Fault) {
            let token = try JSONWebSignature(verifying: text.span, with: keys, type: AccessTokens.type)
            return token.keyID == nil ? nil : token.payload
        } catch {
            return nil
        }
    }

    private func check(_ payload: [UInt8]) -> AccessClaims? {
        guard let claims = AccessClaims(payload), claims.issuer == issuer, claims.audience == issuer else { return nil }
        let now = Timestamp.now
        let life = claims.expiresAt.microseconds - claims.issuedAt.microseconds
        guard now < claims.expiresAt, claims.issuedAt.microseconds <= now.microseconds + AccessTokens.leewayMicroseconds,
            life > 0, life <= Int64(AccessTokens.impersonationSeconds) * 1_000_000
        else { return nil }
        return claims
    }

    /// What a token names its key by. Nothing of it is believed.
    private static func keyID(of text: [UInt8]) -> String? {
        guard let dot = text.firstIndex(of: UInt8(ascii: ".")), let header = Base64.url.decode(Array(text[..<dot])),
            let document = try? JSONDocument(header), document.root.kind == .object
        else { return nil }
        return document.root.member("kid")?.string()
    }
}
