// The roles that every tenant has, each with the rights it holds. A role holds all that the one below it holds.

/// What a user or a key may do within its tenant.
public enum Role: String, Sendable, CaseIterable {
    /// Reads.
    case viewer
    /// Reads, changes and runs agents, tasks, flows and automations.
    case member
    /// Also manages people, roles, keys and settings.
    case admin
    /// Everything: also exports and deletes the tenant.
    case owner

    /// The rights it holds.
    public var rights: Rights {
        switch self {
        case .viewer: Role.viewing
        case .member: Role.working
        case .admin: Role.managing
        case .owner: Role.owning
        }
    }

    private static let viewing = Rights([
        .tenantRead, .agentsRead, .tasksRead, .flowsRead, .automationsRead, .executionsRead, .toolsRead, .eventsRead,
    ])
    private static let working = viewing.union(
        Rights([.agentsWrite, .tasksWrite, .flowsWrite, .automationsWrite, .executionsWrite]))
    private static let managing = working.union(
        Rights([
            .tenantWrite, .usersRead, .usersWrite, .usersImpersonate, .rolesRead, .rolesWrite, .keysRead, .keysWrite,
            .tokensIntrospect, .auditRead,
        ]))
    private static let owning = managing.union(Rights([.tenantExport, .tenantDelete]))
}
