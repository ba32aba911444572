// Which definition is meant, where it may be of more than one kind. On the wire each kind has a field of its own with ids of its own.

import Base
import JSON
import Postgres

/// An agent, a task, a flow or an automation.
public enum DefinitionReference: Sendable, Hashable {
    case agent(AgentID)
    case task(TaskID)
    case flow(FlowID)
    case automation(AutomationID)

    /// The body of the version that the row `d` names, as an expression: also one that was written while the statement waited for `d`.
    static func body(of d: String) -> String {
        """
        coalesce(
            (SELECT v.body FROM definition_versions v
             WHERE (v.tenant_id, v.definition_id, v.version) = (\(d).tenant_id, \(d).id, \(d).version)),
            insula_body(\(d).tenant_id, \(d).id, \(d).version))
        """
    }

    /// The id as the store has it.
    var uuid: UUIDBits {
        switch self {
        case .agent(let id): id.uuid
        case .task(let id): id.uuid
        case .flow(let id): id.uuid
        case .automation(let id): id.uuid
        }
    }

    /// The kind as the store has it.
    public var kind: String {
        switch self {
        case .agent: "agent"
        case .task: "task"
        case .flow: "flow"
        case .automation: "automation"
        }
    }

    /// The field that names it, and the id in it.
    var member: (name: String, id: String) {
        switch self {
        case .agent(let id): ("agent_id", id.description)
        case .task(let id): ("task_id", id.description)
        case .flow(let id): ("flow_id", id.description)
        case .automation(let id): ("automation_id", id.description)
        }
    }

    /// Its id on the wire.
    public var name: String { member.id }

    /// The agent, if it is one.
    public var agent: AgentID? { if case .agent(let id) = self { id } else { nil } }
    /// The task, if it is one.
    public var task: TaskID? { if case .task(let id) = self { id } else { nil } }
    /// The flow, if it is one.
    public var flow: FlowID? { if case .flow(let id) = self { id } else { nil } }
    /// The automation, if it is one.
    public var automation: AutomationID? { if case .automation(let id) = self { id } else { nil } }

    /// What the store says; `nil` for a kind that is none of these.
    init?(kind: String, uuid: UUIDBits) {
        switch kind {
        case "agent": self = .agent(AgentID(uuid))
        case "task": self = .task(TaskID(uuid))
        case "flow": self = .flow(FlowID(uuid))
        case "automation": self = .automation(AutomationID(uuid))
        default: return nil
        }
    }

    /// The one of several that is given; `nil` of none and of more than one.
    public init?(one agent: AgentID?, _ task: TaskID?, _ flow: FlowID?, _ automation: AutomationID?) {
        let given = DefinitionReference.given(agent, task, flow, automation)
        guard given.count == 1 else { return nil }
        self = given[0]
    }

    /// Those that are given.
    public static func given(_ agent: AgentID?, _ task: TaskID?, _ flow: FlowID?, _ automation: AutomationID?) -> [Self] {
        [agent.map { .agent($0) }, task.map { .task($0) }, flow.map { .flow($0) }, automation.map { .automation($0) }]
            .compactMap { $0 }
    }

    /// What is said to whoever gives more than one.
    public static let onlyOne = "Only one of agent_id, task_id, flow_id and automation_id."
}

extension Output.Field {
    /// The fields that say which definition is meant: the one of its kind holds its id.
    static func definition(_ reference: @escaping @Sendable (borrowing Value) -> DefinitionReference) -> [Self] {
        [
            .field("agent_id", "The agent, if it is one.") { reference($0).agent },
            .field("task_id", "The task, if it is one.") { reference($0).task },
            .field("flow_id", "The flow, if it is one.") { reference($0).flow },
            .field("automation_id", "The automation, if it is one.") { reference($0).automation },
        ]
    }
}

extension Fields {
    /// The definition that one of four fields names.
    mutating func definition() -> DefinitionReference? {
        let agent = optional("agent_id", .id(AgentID.self), "The agent, if it is one.")
        let task = optional("task_id", .id(TaskID.self), "The task, if it is one.")
        let flow = optional("flow_id", .id(FlowID.self), "The flow, if it is one.")
        let automation = optional("automation_id", .id(AutomationID.self), "The automation, if it is one.")
        let given = DefinitionReference.given(agent, task, flow, automation)
        refuse(given.last?.member.name ?? "", .duplicate, DefinitionReference.onlyOne, when: given.count > 1)
        return DefinitionReference(one: agent, task, flow, automation)
    }
}

extension DefinitionReference {
    /// The expression that names the definition of an execution: kind and id in one column.
    /// - Parameter prefix: what stands before the columns of the execution.
    static func column(_ prefix: String = "") -> String {
        "(SELECT d.kind || ' ' || d.id FROM definitions d WHERE d.id = \(prefix)definition_id)"
    }

    /// The condition that the definition of an execution is not deleted: what it leaves behind is nobody's any more.
    static let isThere = "(SELECT d.state FROM definitions d WHERE d.id = definition_id) <> 'deleted'"
}

extension RowReader {
    /// A column of kind and id, as `DefinitionReference.column` makes it.
    func definition(_ position: Int) throws(Fault) -> DefinitionReference {
        let text = try value(position, as: String.self)
        let parts = text.split(separator: " ")
        guard parts.count == 2, let uuid = UUIDBits(hyphenated: parts[1].utf8),
            let definition = DefinitionReference(kind: String(parts[0]), uuid: uuid)
        else { throw Fault(.internalError, "The server could not do it.", cause: "\(text) is no definition") }
        return definition
    }
}
