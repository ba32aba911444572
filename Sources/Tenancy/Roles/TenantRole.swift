// A role as the people of a tenant see it: one of those that every tenant has, or one that they made.

import Base
import JSON

/// A role with what it holds.
public struct TenantRole: Sendable {
    public let reference: RoleReference
    public let name: String
    public let description: String
    public let rights: Rights
    /// How often it was changed; 0 for those that nobody can change.
    public let revision: Int
    public let createdAt: Timestamp?
    public let updatedAt: Timestamp?

    init(
        id: RoleID, name: String, description: String, rights: Rights, revision: Int, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        reference = .custom(id)
        self.name = name
        self.description = description
        self.rights = rights
        self.revision = revision
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// One that every tenant has.
    public init(_ role: Role) {
        reference = .builtIn(role)
        name = role.rawValue
        description = role.summary
        rights = role.rights
        revision = 0
        createdAt = nil
        updatedAt = nil
    }

    /// Its place in the list: those that every tenant has stand before all others, the mightiest first.
    var place: RoleID {
        switch reference {
        case .custom(let id): id
        case .builtIn(let role): RoleID(UUIDBits(high: .max, low: UInt64(Role.allCases.firstIndex(of: role) ?? 0)))
        }
    }

    public static let output = Output<TenantRole>(
        "Role", "What somebody may do within a tenant.",
        [
            .field("id", "Its id; of those that every tenant has, a word.") { $0.reference.description },
            .field("name", "What people call it.") { $0.name },
            .field("description", "What it is for.") { $0.description },
            .field("scopes", "What it holds.") { $0.rights.names },
            .field("built_in", "Whether every tenant has it, and nobody can change it.") { $0.reference.builtIn != nil },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("updated_at", "When it was last changed.") { $0.updatedAt },
        ]
    ).revised { $0.revision }
}

extension Role {
    /// What it is for, in a sentence.
    var summary: String {
        switch self {
        case .viewer: "Reads."
        case .member: "Reads, changes and runs agents."
        case .admin: "Also manages people, roles, keys and settings."
        case .owner: "Everything: also exports and deletes the tenant."
        }
    }
}
