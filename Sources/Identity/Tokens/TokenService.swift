// Introspection and revocation of whatever this installation gives out: access tokens, refresh tokens and API keys, told apart by their
// form. Asked is the database, never what is kept in memory.

import Base
import Crypto
import JSON
import Postgres
import Tenancy

/// Looks at tokens, and ends them.
public struct TokenService: Sendable {
    private let sessions: Sessions
    private let keys: APIKeys

    public init(sessions: Sessions, keys: APIKeys) {
        self.sessions = sessions
        self.keys = keys
    }

    /// What a token of the caller's tenant opens at present (RFC 7662). Of any other text it is said that it is not active, and no more.
    public func inspect(_ input: NamedToken, by permit: Permit<TokensIntrospect>) async throws(Fault) -> TokenInspection {
        let text = input.text
        if let token = RefreshToken(text, key: sessions.refreshKey) { return try await inspect(token, permit.scope) }
        let authenticator = sessions.authenticator
        guard let finding = try await authenticator.verify(text, in: .header), finding.scope.tenant == permit.scope.tenant else {
            return TokenInspection()
        }
        var found = TokenService.inspection(finding.scope)
        found.issuer = authenticator.tokens.issuer
        found.issuedAt = finding.issuedAt.map(AccessClaims.seconds)
        found.expiresAt = finding.expiresAt.map(AccessClaims.seconds)
        if let claims = finding.claims {
            found.kind = "access_token"
            found.client = AccessTokens.client
            found.audience = claims.audience
            found.issuedAt = AccessClaims.seconds(claims.issuedAt)
            found.expiresAt = AccessClaims.seconds(claims.expiresAt)
            found.id = claims.id
            found.actor = claims.actor
        } else {
            found.kind = "api_key"
            found.client = found.subject
        }
        return found
    }

    private func inspect(_ token: RefreshToken, _ scope: TenantScope) async throws(Fault) -> TokenInspection {
        let row = try await sessions.database.once(scope.database).first(SessionRow.read, token.session)
        guard let row, row.isAlive, row.kind == .token, row.counter == token.counter else { return TokenInspection() }
        var found = TokenService.inspection(row.finding.scope)
        found.kind = "refresh_token"
        found.client = AccessTokens.client
        found.issuer = sessions.authenticator.tokens.issuer
        found.issuedAt = AccessClaims.seconds(row.refreshedAt)
        found.expiresAt = AccessClaims.seconds(row.expiresAt)
        return found
    }

    private static func inspection(_ scope: TenantScope) -> TokenInspection {
        var found = TokenInspection()
        found.isActive = true
        found.scope = scope.rights.names.joined(separator: " ")
        found.tenant = scope.tenant
        found.session = scope.session
        found.subject =
            switch scope.actor {
            case .key(let id): id.description
            case .user(let id, _): id.description
            }
        return found
    }

    /// Ends what a token opens (RFC 7009): the session of an access or a refresh token, or the key itself. Whoever has it may end it, and
    /// whether it was any good is nobody's business.
    public func revoke(_ input: NamedToken, for request: any RequestContext) async throws(Fault) {
        let text = input.text
        if let token = RefreshToken(text, key: sessions.refreshKey) {
            return try await sessions.revoke(token, for: request)
        }
        guard let finding = try await sessions.authenticator.verify(text, in: .header) else { return }
        switch finding.scope.actor {
        case .key(let id): try await keys.revoke(id, itself: finding.scope, for: request)
        case .user: try await sessions.revoke(finding.scope, for: request)
        }
    }
}

extension Sessions {
    /// Ends the session of a refresh token, used or not.
    fileprivate func revoke(_ token: RefreshToken, for request: any RequestContext) async throws(Fault) {
        var batch = database.once(.credential(token.session.uuid)).batch()
        batch.add(SessionRow.enter, token.session)
        let slot = batch.add(SessionRow.read, token.session)
        guard let row = try await batch.run().first(slot), row.isAlive else { return }
        try await revoke(row.finding.scope, for: request)
    }

    /// Ends the session of `scope`.
    fileprivate func revoke(_ scope: TenantScope, for request: any RequestContext) async throws(Fault) {
        guard case .user(let user, let session) = scope.actor else { return }
        let entry = AuditEntry(
            .sessionEnded, actor: scope.actor, impersonator: scope.impersonator, request: request, details: .reason(.logout))
        try await end(session, of: user, reason: .logout, scope, entry)
    }
}
