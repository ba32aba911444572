// Refresh: the session counts on, and its holder is given the tokens of its new state, which is all that they depend on. So two tabs that
// ask at once get the same answer to the bit, from whichever node, and no row is written but the session's own. A token that was used before
// and comes back later is a copy in somebody's hands: the session ends, whoever of the two has it.
// Bounds: a used token is answered again for ten seconds.

import Base
import JSON
import Postgres
import Tenancy

/// A refresh token.
public struct RefreshSession: Sendable {
    public let token: Secret

    public static let input = Input<RefreshSession>("RefreshSession", "A refresh token.") { fields in
        RefreshSession(
            token: Secret(
                fields.required("refresh_token", .string(1...200, format: .line), "What the last login or refresh answered.")))
    }
}

extension Sessions {
    /// The tokens of the session's next state.
    /// - Throws: `.unauthenticated`, the same for all that is no good.
    public func refresh(_ input: RefreshSession, for request: any RequestContext) async throws(Fault) -> NewSession {
        let text = input.token.withSpan { bytes in bytes.indices.map { bytes[$0] } }
        guard let token = RefreshToken(text, key: refreshKey) else { throw Authenticator.refusal }
        var batch = database.once(.credential(token.session.uuid)).batch()
        batch.add(SessionRow.enter, token.session)
        batch.add(SessionStatements.refresh, token.session, token.counter)
        let slot = batch.add(SessionRow.read, token.session)
        guard let row = try await batch.run().first(slot), row.kind == .token, row.isAlive else { throw Authenticator.refusal }
        if row.counter == token.counter + 1, row.isJustRefreshed { return try given(row, cookie: nil) }
        if row.counter > token.counter { try await endReused(row, request) }
        throw Authenticator.refusal
    }

    private func endReused(_ row: SessionRow, _ request: any RequestContext) async throws(Fault) {
        let entry = AuditEntry(.tokenReused, .refused, actor: .user(row.user, row.id), request: request)
        var batch = database.once(.tenant(row.tenant.id)).batch()
        batch.add(SessionStatements.endOne, row.id, row.user, SessionEnd.reused.rawValue, entry)
        batch.add(Revocation.tell, .user(row.user))
        _ = try await batch.run()
        authenticator.forget(.user(row.user))
    }
}
