// A right as a type: what an endpoint asks for, and what an operation can only be called with.

/// A right that a `Permit` can be for.
public protocol Permission: Sendable {
    static var right: Right { get }
}

public enum TenantRead: Permission { public static let right = Right.tenantRead }
public enum TenantWrite: Permission { public static let right = Right.tenantWrite }
public enum TenantExport: Permission { public static let right = Right.tenantExport }
public enum TenantDelete: Permission { public static let right = Right.tenantDelete }
public enum UsersRead: Permission { public static let right = Right.usersRead }
public enum UsersWrite: Permission { public static let right = Right.usersWrite }
public enum UsersImpersonate: Permission { public static let right = Right.usersImpersonate }
public enum RolesRead: Permission { public static let right = Right.rolesRead }
public enum RolesWrite: Permission { public static let right = Right.rolesWrite }
public enum KeysRead: Permission { public static let right = Right.keysRead }
public enum KeysWrite: Permission { public static let right = Right.keysWrite }
public enum TokensIntrospect: Permission { public static let right = Right.tokensIntrospect }
public enum AuditRead: Permission { public static let right = Right.auditRead }
public enum AgentsRead: Permission { public static let right = Right.agentsRead }
public enum AgentsWrite: Permission { public static let right = Right.agentsWrite }
public enum TasksRead: Permission { public static let right = Right.tasksRead }
public enum TasksWrite: Permission { public static let right = Right.tasksWrite }
public enum FlowsRead: Permission { public static let right = Right.flowsRead }
public enum FlowsWrite: Permission { public static let right = Right.flowsWrite }
public enum AutomationsRead: Permission { public static let right = Right.automationsRead }
public enum AutomationsWrite: Permission { public static let right = Right.automationsWrite }
public enum ExecutionsRead: Permission { public static let right = Right.executionsRead }
public enum ExecutionsWrite: Permission { public static let right = Right.executionsWrite }
public enum ToolsRead: Permission { public static let right = Right.toolsRead }
public enum EventsRead: Permission { public static let right = Right.eventsRead }
public enum AccountRead: Permission { public static let right = Right.accountRead }
public enum AccountWrite: Permission { public static let right = Right.accountWrite }
