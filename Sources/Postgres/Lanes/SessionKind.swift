// What exclusive connections are for: each kind has a role and a number of its own, so that neither a long export nor the operator takes
// from requests what they need, and none of them can do more than its role may.

import Base

/// A kind of exclusive connection.
public enum SessionKind: Int, Sendable, CaseIterable {
    /// What serves a request, in the application's role.
    case request
    /// What reads everything that a tenant has: in the application's role, one snapshot from beginning to end, and no write.
    case export
    /// The acts of the installation's operators, in their role.
    case `operator`
    /// The removal of what is old, in the role that can remove that alone.
    case housekeeping

    /// Connections of this kind that a loop has at most. They are made when they are needed.
    public var perLoop: Int {
        switch self {
        case .request: Limits.sessionLanesPerLoop
        case .export: 1
        case .operator: 2
        case .housekeeping: 1
        }
    }

    /// The role that they take.
    func role(among roles: Database.Roles) -> String {
        switch self {
        case .request, .export: roles.application
        case .operator: roles.operator
        case .housekeeping: roles.housekeeper
        }
    }
}
