// Which role somebody has: one that every tenant has, by its word, or one that the tenant made, by its id.

import Base
import JSON

/// A built-in role or a custom one.
public enum RoleReference: Sendable, Hashable, CustomStringConvertible {
    case builtIn(Role)
    case custom(RoleID)

    /// Reads `member` or `role_…`; `nil` for anything else.
    public init?(_ text: String) {
        if let role = Role(rawValue: text) {
            self = .builtIn(role)
        } else if let id = RoleID(text) {
            self = .custom(id)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .builtIn(let role): role.rawValue
        case .custom(let id): id.description
        }
    }

    /// The role in its two columns.
    /// - Throws: `.internalError` when the columns hold neither or both.
    public init(role: String?, id: RoleID?) throws(Fault) {
        switch (role.flatMap(Role.init(rawValue:)), id) {
        case (.some(let role), nil): self = .builtIn(role)
        case (nil, .some(let id)): self = .custom(id)
        default: throw Fault(.internalError, "The server could not do it.", cause: "a role's columns are not well formed")
        }
    }

    /// The word, for the column `role`.
    public var builtIn: Role? {
        if case .builtIn(let role) = self { role } else { nil }
    }

    /// The id, for the column `role_id`.
    public var custom: RoleID? {
        if case .custom(let id) = self { id } else { nil }
    }
}
