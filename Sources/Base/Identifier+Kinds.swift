// The table of prefixes: every kind of thing that has an id, and what its ids begin with on the wire.

public enum TenantKind: IdentifiedKind { public static let prefix: StaticString = "tenant" }
public enum UserKind: IdentifiedKind { public static let prefix: StaticString = "user" }
public enum KeyKind: IdentifiedKind { public static let prefix: StaticString = "key" }
public enum OperatorKind: IdentifiedKind { public static let prefix: StaticString = "operator" }
public enum SignupCodeKind: IdentifiedKind { public static let prefix: StaticString = "code" }
public enum RoleKind: IdentifiedKind { public static let prefix: StaticString = "role" }
public enum InvitationKind: IdentifiedKind { public static let prefix: StaticString = "inv" }
public enum SessionKind: IdentifiedKind { public static let prefix: StaticString = "sess" }
public enum AuditKind: IdentifiedKind { public static let prefix: StaticString = "audit" }
public enum AgentKind: IdentifiedKind { public static let prefix: StaticString = "agent" }
public enum TaskKind: IdentifiedKind { public static let prefix: StaticString = "task" }
public enum ScheduleKind: IdentifiedKind { public static let prefix: StaticString = "sched" }
public enum ExecutionKind: IdentifiedKind { public static let prefix: StaticString = "exec" }
public enum DatasetKind: IdentifiedKind { public static let prefix: StaticString = "dataset" }
public enum MailKind: IdentifiedKind { public static let prefix: StaticString = "mail" }
public enum NodeKind: IdentifiedKind { public static let prefix: StaticString = "node" }
public enum RequestKind: IdentifiedKind { public static let prefix: StaticString = "req" }

public typealias TenantID = ID<TenantKind>
public typealias UserID = ID<UserKind>
public typealias KeyID = ID<KeyKind>
public typealias OperatorID = ID<OperatorKind>
public typealias SignupCodeID = ID<SignupCodeKind>
public typealias RoleID = ID<RoleKind>
public typealias InvitationID = ID<InvitationKind>
public typealias SessionID = ID<SessionKind>
public typealias AuditID = ID<AuditKind>
public typealias AgentID = ID<AgentKind>
public typealias TaskID = ID<TaskKind>
public typealias ScheduleID = ID<ScheduleKind>
public typealias ExecutionID = ID<ExecutionKind>
public typealias DatasetID = ID<DatasetKind>
public typealias MailID = ID<MailKind>
public typealias NodeID = ID<NodeKind>
public typealias RequestID = ID<RequestKind>
