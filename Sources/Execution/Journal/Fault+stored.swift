// Faults as executions and steps keep them: what a caller may know, and where it happened.

import Base
import JSON

extension Fault {
    /// The same with the step that it happened in, unless it names one already.
    func inStep(_ key: String, of tool: String) -> Fault {
        guard !fields.contains(where: { $0.path.hasPrefix("tool[") }) else { return self }
        var fault = self
        fault.fields = fields.map { Field("\(key).input.\($0.path)", $0.code, $0.message) }
        return fault
    }

    /// What the store keeps. Never the cause, which is the operator's.
    var stored: JSONRaw {
        var object = JSONObject()
        object["code"] = .string(code.rawValue)
        object["message"] = .string(message)
        if !fields.isEmpty {
            object["errors"] = .array(
                fields.map { ["field": .string($0.path), "code": .string($0.code), "message": .string($0.message)] })
        }
        return JSONRaw(JSONValue.object(object).storable.bytes)
    }

    /// What a line of the log holds beside the message.
    var metadata: JSONObject {
        var object = JSONObject()
        object["code"] = .string(code.rawValue)
        return object
    }
}
