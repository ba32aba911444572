// Faults as executions and steps keep them: what a caller may know, and where it happened.

import Base
import JSON

extension Fault {
    /// The same with its fields below a path.
    func below(_ path: String) -> Fault {
        var fault = self
        fault.fields = fields.map { field in
            let isJoined = path.isEmpty || field.path.isEmpty || field.path.hasPrefix("[")
            return Field(path + (isJoined ? "" : ".") + field.path, field.code, field.message)
        }
        return fault
    }

    /// The same with the step that it happened in, unless it names one already.
    /// - Parameter path: where the input of the step stands in the definition; `nil` where it stands nowhere.
    func inStep(_ key: String, at path: String? = nil) -> Fault {
        guard step == nil else { return self }
        var fault = below(path ?? "\(key).input")
        fault.step = key
        return fault
    }

    /// What the store keeps. Never the cause, which is the operator's.
    var stored: JSONRaw {
        var object = JSONObject()
        object["code"] = .string(code.rawValue)
        object["message"] = .string(message)
        object["step"] = step.map { .string($0) }
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
