// What is told of a token to somebody who has to decide about it (RFC 7662), and the request for it, which revocation (RFC 7009) shares.

import Base
import JSON

/// A token to look at or to end.
public struct NamedToken: Sendable {
    public let token: Secret

    /// - Parameter name: the name of the schema; the two requests are the same.
    public static let input = Input<NamedToken>("NamedToken", "A token, as JSON or as a form.") { fields in
        let token = fields.required("token", .string(1...8_192, format: .line), "The text of the token.")
        // Each kind has a form of its own: a hint is not needed, and a wrong one does no harm.
        _ = fields.optional("token_type_hint", .string(0...100, format: .line), "What kind the caller believes it to be.")
        return NamedToken(token: Secret(token))
    }

    var text: [UInt8] { token.withSpan { bytes in bytes.indices.map { bytes[$0] } } }
}

/// What is told of a token.
public struct TokenInspection: Sendable {
    /// Whether it is good now, and the caller's tenant's. Of any other nothing is told.
    public var isActive = false
    public var kind: String?
    public var scope: String?
    public var subject: String?
    public var tenant: TenantID?
    public var session: SessionID?
    public var client: String?
    public var issuer: String?
    public var audience: String?
    public var issuedAt: Int?
    public var expiresAt: Int?
    public var id: String?
    public var actor: String?

    public static let output = Output<TokenInspection>(
        "TokenInspection", "What is told of a token (RFC 7662).",
        [
            .field("active", "Whether it is good now. When it is not, nothing else is told.") { $0.isActive },
            .sparse("token_type", "`access_token`, `refresh_token` or `api_key`.") { $0.kind },
            .sparse("scope", "The scopes that it holds at present, separated by spaces.") { $0.scope },
            .sparse("sub", "The user or the key.") { $0.subject },
            .sparse("tid", "The tenant.") { $0.tenant },
            .sparse("sid", "The session.") { $0.session },
            .sparse("client_id", "Who it was given to.") { $0.client },
            .sparse("iss", "Who issued it.") { $0.issuer },
            .sparse("aud", "Whom it is for.") { $0.audience },
            .sparse("iat", "When it was issued, in seconds since 1970.") { $0.issuedAt },
            .sparse("exp", "When it ends, in seconds since 1970.") { $0.expiresAt },
            .sparse("jti", "Its id.") { $0.id },
            .sparse("act", "Who really acts, when it is not the user himself.") { $0.actor },
        ])
}
