// The rights that endpoints ask for, one type each, with the name they have in keys, roles and the API's description.

/// A right, such as `agents:read`.
public protocol Permission: Sendable {
    static var name: String { get }
}

public enum TenantRead: Permission { public static let name = "tenant:read" }
public enum KeysRead: Permission { public static let name = "keys:read" }
public enum KeysWrite: Permission { public static let name = "keys:write" }
public enum AgentsRead: Permission { public static let name = "agents:read" }
public enum AgentsWrite: Permission { public static let name = "agents:write" }
public enum ExecutionsRead: Permission { public static let name = "executions:read" }
public enum ExecutionsWrite: Permission { public static let name = "executions:write" }
public enum ToolsRead: Permission { public static let name = "tools:read" }
