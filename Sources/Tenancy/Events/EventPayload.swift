// Ids in what events say. The store holds them as it holds all ids; on the wire each is spelled like everywhere else, under the name that
// says what it is of: `agent_id`, `task_id`, `flow_id` or `automation_id` for the definition that was run, `parent_id` and `execution_id`. A pure
// rule in both directions, so that what is read in an event can be asked for in a filter.

import Base
import JSON
import Postgres

/// The ids in the payloads of events.
public enum EventPayload {
    /// The kinds of definitions, with the name of the member that holds their ids, and how those begin.
    private static let definitions: [(kind: String, member: String, prefix: String)] = [
        ("agent", "agent_id", "agent"), ("task", "task_id", "task"), ("flow", "flow_id", "flow"),
        ("automation", "automation_id", "auto"),
    ]
    /// What the store calls the definition, whatever its kind.
    private static let definition = "definition_id"
    /// Members that hold ids of executions.
    private static let executions: Set<String> = ["parent_id", "execution_id"]

    /// A payload as it is shown. Of a definition that is gone, and so of no known kind, the id stays as it is stored.
    /// - Parameter kind: what the definition is.
    static func shown(_ payload: JSONBytes, kind: String?) -> JSONBytes {
        guard let object = (try? JSONValue(parsing: payload.bytes))?.object else { return payload }
        let known = definitions.first { $0.kind == kind }
        var result = JSONObject()
        for member in object.members {
            let uuid = member.value.string.flatMap { UUIDBits(hyphenated: $0.utf8) }
            if let uuid, let known, member.name == definition {
                result[known.member] = .string(uuid.typeID(known.prefix))
            } else if let uuid, executions.contains(member.name) {
                result[member.name] = .string(ExecutionID(uuid).description)
            } else {
                result[member.name] = member.value
            }
        }
        return JSONBytes(JSONValue.object(result).bytes)
    }

    /// What a payload has to hold, given as it is shown, in the form in which it is stored. What is no id stays as it is.
    public static func stored(_ wanted: JSONObject) -> JSONObject {
        var result = JSONObject()
        for member in wanted.members {
            let id = member.value.string.flatMap { AuditFilter.parts($0) }
            if let id, let known = definitions.first(where: { $0.member == member.name }), known.prefix == id.prefix,
                result[definition] == nil
            {
                result[definition] = .string(id.uuid.description)
            } else if let id, executions.contains(member.name), id.prefix == "exec" {
                result[member.name] = .string(id.uuid.description)
            } else {
                result[member.name] = member.value
            }
        }
        return result
    }
}
