// News that what was verified of somebody may hold no longer: he logged out, lost a role, was suspended, a key was revoked. Whatever was
// kept of him is looked up again. It travels to all nodes with the commit of the change itself, as a notification.

import Base
import Postgres
import Tenancy

/// Whose credentials are to be verified anew.
public enum Revocation: Sendable, Hashable {
    case tenant(TenantID)
    case user(UserID)
    case session(SessionID)
    case key(KeyID)
    /// Those of whoever an operator acts as.
    case `operator`(OperatorID)
    /// Everybody's: news may have been missed.
    case everything

    /// What nodes listen on.
    public static let channel = "insula_credentials"

    /// Tells all nodes, once the transaction that it is part of is committed. `authenticator.forget` tells this one at once.
    public static let tell = Statement<Void, Revocation>("tell of a revocation", "SELECT pg_notify('\(channel)', $1)")

    /// Reads the payload of a notification. What nobody understands may concern anybody.
    init(payload: String) {
        if let id = SessionID(payload) {
            self = .session(id)
        } else if let id = UserID(payload) {
            self = .user(id)
        } else if let id = KeyID(payload) {
            self = .key(id)
        } else if let id = TenantID(payload) {
            self = .tenant(id)
        } else if let id = OperatorID(payload) {
            self = .operator(id)
        } else {
            self = .everything
        }
    }

    var payload: String {
        switch self {
        case .tenant(let id): id.description
        case .user(let id): id.description
        case .session(let id): id.description
        case .key(let id): id.description
        case .operator(let id): id.description
        case .everything: "everything"
        }
    }

    /// Whether it concerns who acts in `scope`, or who stands behind him.
    func concerns(_ scope: TenantScope) -> Bool {
        switch (self, scope.actor) {
        case (.everything, _): return true
        case (.operator(let id), _): return scope.impersonator == .operator(id)
        case (.tenant(let id), _): return scope.tenant == id
        case (.session(let id), .user(_, let session)): return session == id
        case (.key(let id), .key(let key)): return key == id
        case (.user(let id), .user(let user, _)):
            if user == id { return true }
            if case .user(id) = scope.impersonator { return true }
            return false
        default: return false
        }
    }
}

extension Revocation: PostgresParameter {
    public static var postgresType: PostgresType { String.postgresType }

    public func write(into buffer: ParameterBuffer) { payload.write(into: buffer) }
}
