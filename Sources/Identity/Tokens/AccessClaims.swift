// What an access token says (RFC 9068, RFC 8693 for `act`). It names the session, which decides; the scopes are told for those who read
// tokens elsewhere, and open nothing here.

import Base
import Crypto
import JSON
import Tenancy

/// The claims of an access token.
struct AccessClaims: Sendable {
    let issuer: String
    let audience: String
    let user: UserID
    let tenant: TenantID
    let session: SessionID
    let scope: String
    let amr: [String]
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    /// A name of the token.
    let id: String
    /// Who really acts.
    let actor: String?

    /// The most characters of a text in a token.
    private static let textCharacters = 2_048

    /// The payload.
    var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, text) in [
            ("iss", issuer), ("aud", audience), ("sub", user.description), ("tid", tenant.description),
            ("sid", session.description),
            ("client_id", AccessTokens.client), ("scope", scope),
        ] {
            writer.key(name: name)
            writer.string(text)
        }
        writer.key("amr")
        amr.write(to: &writer)
        writer.key("iat")
        writer.int(AccessClaims.seconds(issuedAt))
        writer.key("exp")
        writer.int(AccessClaims.seconds(expiresAt))
        writer.key("jti")
        writer.string(id)
        if let actor {
            writer.key("act")
            writer.beginObject()
            writer.key("sub")
            writer.string(actor)
            writer.endObject()
        }
        writer.endObject()
        return writer.finish()
    }

    init(
        issuer: String, row: SessionRow, issuedAt: Timestamp, expiresAt: Timestamp
    ) {
        self.issuer = issuer
        audience = issuer
        user = row.user
        tenant = row.tenant.id
        session = row.id
        scope = row.rights.names.joined(separator: " ")
        amr = row.amr
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        // The same session, counter and moment make the same token: the answer to a refresh can be given again, by any node.
        let name = SHA256.digest(Array("\(row.id) \(row.counter) \(row.refreshedAt.microseconds)".utf8))
        id = Base64.url.encode(Array(name.array.prefix(16)))
        actor =
            switch row.impersonator {
            case .user(let id): id.description
            case .operator(let id): id.description
            case nil: nil
            }
    }

    /// Reads a payload; `nil` when a claim is missing or of another kind, or a name is there twice.
    init?(_ payload: [UInt8]) {
        guard let value = try? JSONDocument(payload), value.root.kind == .object else { return nil }
        let root = value.root
        func text(_ name: StaticString) -> String? {
            root.member(name)?.string().flatMap { $0.utf8.count <= AccessClaims.textCharacters ? $0 : nil }
        }
        func moment(_ name: StaticString) -> Timestamp? {
            guard let seconds = root.member(name)?.int, (0...Int(Int32.max) * 4).contains(seconds) else { return nil }
            return Timestamp(microseconds: Int64(seconds) * 1_000_000)
        }
        guard let issuer = text("iss"), let audience = text("aud"), let user = text("sub").flatMap({ UserID($0) }),
            let tenant = text("tid").flatMap({ TenantID($0) }), let session = text("sid").flatMap({ SessionID($0) }),
            let scope = text("scope"), let amr = root.member("amr"), amr.kind == .array, let issuedAt = moment("iat"),
            let expiresAt = moment("exp"), let id = text("jti")
        else { return nil }
        if root.member("nbf") != nil {
            guard let begin = moment("nbf"), begin <= .now else { return nil }
        }
        self.issuer = issuer
        self.audience = audience
        self.user = user
        self.tenant = tenant
        self.session = session
        self.scope = scope
        self.amr = amr.elements.compactMap { $0.string() }
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.id = id
        actor = root.member("act")?.member("sub")?.string()
    }

    static func seconds(_ moment: Timestamp) -> Int { Int(moment.microseconds / 1_000_000) }
}
