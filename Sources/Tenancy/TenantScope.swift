// Who asks, for which tenant, with which rights. A scope is made from a credential by `Identity` and nowhere else; a request without
// one can reach nothing that belongs to a tenant. Scopes are shared by all requests that come with the same credential.

import Base
import Postgres

/// The tenant and the actor of a request, and what the actor may do.
public final class TenantScope: Sendable {
    /// Who acts.
    public enum Actor: Sendable, Hashable {
        case key(KeyID)
        case user(UserID, SessionID)
    }

    /// Who stands behind a user that is impersonated.
    public enum Impersonator: Sendable, Hashable {
        case user(UserID)
        case `operator`(OperatorID)
    }

    public let tenant: TenantID
    public let actor: Actor
    public let rights: Rights
    /// Signs what is handed to clients of this tenant and comes back, such as cursors.
    public let signingKey: Secret
    /// What the tenant may use, by its plan and its contract.
    public let quotas: Quotas
    /// Who really acts, when it is not the actor himself.
    public let impersonator: Impersonator?
    /// When the person last proved who he is; `nil` for keys, which prove it with every request.
    public let authenticatedAt: Timestamp?
    /// A bound of the credential's own, below the tenant's.
    public let requestsPerMinute: Int?

    public init(
        tenant: TenantID, actor: Actor, rights: Rights, signingKey: Secret, quotas: Quotas = Plan.free.quotas,
        impersonator: Impersonator? = nil, authenticatedAt: Timestamp? = nil, requestsPerMinute: Int? = nil
    ) {
        self.tenant = tenant
        self.actor = actor
        self.rights = rights
        self.signingKey = signingKey
        self.quotas = quotas
        self.impersonator = impersonator
        self.authenticatedAt = authenticatedAt
        self.requestsPerMinute = requestsPerMinute
    }

    /// The scope of the database: rows of this tenant and no others.
    public var database: Scope { .tenant(tenant) }

    /// The user who acts, when it is one.
    public var user: UserID? {
        if case .user(let id, _) = actor { id } else { nil }
    }

    /// The session in which he acts.
    public var session: SessionID? {
        if case .user(_, let id) = actor { id } else { nil }
    }

    /// The permit for `right`.
    /// - Parameter request: what the permit is used for, which the audit log names.
    /// - Throws: `.forbidden` naming the right when the actor does not hold it.
    public func permit<Needed: Permission>(
        _ needed: Needed.Type, for request: any RequestContext = InternalRequest.shared
    ) throws(Fault) -> Permit<Needed> {
        guard rights.contains(Needed.right) else {
            throw Fault(.forbidden, "The credential does not hold \(Needed.right.rawValue).")
        }
        return Permit(scope: self, request: request)
    }

    /// Refuses to grant what the actor lacks.
    /// - Throws: `.forbidden` naming the first right that he lacks.
    public func mayGrant(_ granted: Rights) throws(Fault) {
        guard let lacking = granted.subtracting(rights).list.first else { return }
        throw Fault(.forbidden, "Nobody can grant what he lacks: \(lacking.rawValue).")
    }
}
