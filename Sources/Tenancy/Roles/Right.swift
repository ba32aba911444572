// The catalogue of rights, in the order in which they are shown. A right is called a scope in keys, custom roles and tokens. Adding one
// is a case here, a type in `Permission.swift`, and a place in the table of `Role`.
// Bounds: at most 64, since a set of them is one word.

/// What somebody may do within a tenant. The raw value is stable and goes on the wire.
public enum Right: String, Sendable, CaseIterable {
    case tenantRead = "tenant:read"
    case tenantWrite = "tenant:write"
    case tenantExport = "tenant:export"
    case tenantDelete = "tenant:delete"
    case usersRead = "users:read"
    case usersWrite = "users:write"
    case usersImpersonate = "users:impersonate"
    case rolesRead = "roles:read"
    case rolesWrite = "roles:write"
    case keysRead = "keys:read"
    case keysWrite = "keys:write"
    /// To ask what a token of the tenant opens.
    case tokensIntrospect = "tokens:introspect"
    case auditRead = "audit:read"
    case agentsRead = "agents:read"
    case agentsWrite = "agents:write"
    case tasksRead = "tasks:read"
    case tasksWrite = "tasks:write"
    case flowsRead = "flows:read"
    case flowsWrite = "flows:write"
    case automationsRead = "automations:read"
    case automationsWrite = "automations:write"
    case executionsRead = "executions:read"
    case executionsWrite = "executions:write"
    case toolsRead = "tools:read"
    /// To watch what happens: states and progress, without what went in and came out.
    case eventsRead = "events:read"
    /// To read one's own account. People alone hold it, by being logged in.
    case accountRead = "account:read"
    /// To change one's own password, second factor and sessions. People alone hold it, by being logged in.
    case accountWrite = "account:write"

    /// The rights that a role or a key can be given; the others come with being logged in.
    public static let grantable: [Right] = allCases.filter { !Rights.own.contains($0) }

    fileprivate var bit: UInt64 { 1 << UInt64(Right.positions[self] ?? 63) }

    private static let positions: [Right: Int] = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))
}

/// A set of rights.
public struct Rights: Sendable, Hashable {
    private var bits: UInt64 = 0

    public init(_ rights: some Sequence<Right>) {
        for right in rights { bits |= right.bit }
    }

    private init(bits: UInt64) {
        self.bits = bits
    }

    public static let none = Rights(bits: 0)
    /// What comes with being logged in.
    public static let own = Rights([.accountRead, .accountWrite])
    /// What changes credentials, which nobody may do while he acts as another.
    public static let overCredentials = Rights([
        .accountWrite, .keysWrite, .usersWrite, .usersImpersonate, .rolesWrite, .tenantDelete, .tenantExport,
    ])

    /// Whether all of `other` is held.
    public func contains(_ other: Rights) -> Bool { other.bits & ~bits == 0 }

    public func contains(_ right: Right) -> Bool { bits & right.bit != 0 }

    public func union(_ other: Rights) -> Rights { Rights(bits: bits | other.bits) }

    public func intersection(_ other: Rights) -> Rights { Rights(bits: bits & other.bits) }

    public func subtracting(_ other: Rights) -> Rights { Rights(bits: bits & ~other.bits) }

    /// The rights in the order of the catalogue.
    public var list: [Right] { Right.allCases.filter(contains) }

    /// The wire names in the order of the catalogue.
    public var names: [String] { list.map(\.rawValue) }
}
