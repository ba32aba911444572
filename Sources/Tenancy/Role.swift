// The roles that every tenant has, each with the rights it holds. A role holds all that the one below it holds.

/// What a user or a key may do within its tenant.
public enum Role: String, Sendable, CaseIterable, Comparable {
    /// Reads.
    case viewer
    /// Reads, changes and runs agents.
    case member
    /// Also manages keys.
    case admin
    /// Everything.
    case owner

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .member: 1
        case .admin: 2
        case .owner: 3
        }
    }

    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    /// Whether the role holds the right of that name.
    public func holds(_ right: String) -> Bool { rights.contains(right) }

    /// The names of the rights.
    public var rights: Set<String> { Role.table[rank] }

    private static let viewing: Set<String> = [TenantRead.name, AgentsRead.name, ExecutionsRead.name, ToolsRead.name]
    private static let working = viewing.union([AgentsWrite.name, ExecutionsWrite.name])
    private static let managing = working.union([KeysRead.name, KeysWrite.name])
    private static let table = [viewing, working, managing, managing]
}
