// Which definition is meant, where it may be of more than one kind. On the wire each kind has a field of its own with ids of its own.

import Base
import Postgres

/// An agent or a task.
public enum DefinitionReference: Sendable, Hashable {
    case agent(AgentID)
    case task(TaskID)

    /// The id as the store has it.
    var uuid: UUIDBits {
        switch self {
        case .agent(let id): id.uuid
        case .task(let id): id.uuid
        }
    }

    /// The kind as the store has it.
    var kind: String {
        switch self {
        case .agent: "agent"
        case .task: "task"
        }
    }

    /// The agent, if it is one.
    public var agent: AgentID? { if case .agent(let id) = self { id } else { nil } }
    /// The task, if it is one.
    public var task: TaskID? { if case .task(let id) = self { id } else { nil } }

    /// What the store says; `nil` for a kind that is none of these.
    init?(kind: String, uuid: UUIDBits) {
        switch kind {
        case "agent": self = .agent(AgentID(uuid))
        case "task": self = .task(TaskID(uuid))
        default: return nil
        }
    }
}

extension DefinitionReference {
    /// The expression that names the definition of an execution: kind and id in one column.
    /// - Parameter prefix: what stands before the columns of the execution.
    static func column(_ prefix: String = "") -> String {
        "(SELECT d.kind || ' ' || d.id FROM definitions d WHERE d.id = \(prefix)definition_id)"
    }
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
