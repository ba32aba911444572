// Who asks, for which tenant, with which rights. A scope is made from a credential by `Identity` and nowhere else; a request without
// one can reach nothing that belongs to a tenant. A right is a type: an operation that changes agents takes a `Permit<AgentsWrite>`,
// which only a scope that holds the right can give.

import Base
import Postgres

/// The tenant and the actor of a request, and what the actor may do.
public struct TenantScope: Sendable {
    /// Who acts.
    public enum Actor: Sendable, Hashable {
        case key(KeyID)
    }

    public let tenant: TenantID
    public let actor: Actor
    public let role: Role
    /// Signs what is handed to clients of this tenant and comes back, such as cursors.
    public let signingKey: Secret

    public init(tenant: TenantID, actor: Actor, role: Role, signingKey: Secret) {
        self.tenant = tenant
        self.actor = actor
        self.role = role
        self.signingKey = signingKey
    }

    /// The scope of the database: rows of this tenant and no others.
    public var database: Scope { .tenant(tenant) }

    /// The permit for `right`.
    /// - Throws: `.forbidden` naming the right when the role does not hold it.
    public func permit<Right: Permission>(_ right: Right.Type) throws(Fault) -> Permit<Right> {
        guard role.holds(Right.name) else {
            throw Fault(.forbidden, "The role \(role.rawValue) does not hold \(Right.name).")
        }
        return Permit(scope: self)
    }
}

/// A scope that was checked for one right.
public struct Permit<Right: Permission>: Sendable {
    public let scope: TenantScope

    fileprivate init(scope: TenantScope) {
        self.scope = scope
    }
}
