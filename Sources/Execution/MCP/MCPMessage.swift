// The messages of the Model Context Protocol, which are JSON-RPC 2.0: what we send, and what an incoming one is. Pure.

import Base
import JSON

/// A message of the other side.
enum MCPMessage: Equatable {
    /// The answer to our request of that number.
    case result(id: Int, JSONValue)
    case failure(id: Int?, code: Int, message: String)
    /// It wants something from us.
    case request(id: JSONValue, method: String)
    /// Progress, logs, changes: nothing that a call waits for.
    case other

    init(_ value: JSONValue) {
        if let method = value["method"]?.string {
            if let id = value["id"], !id.isNull { self = .request(id: id, method: method) } else { self = .other }
        } else if let error = value["error"], !error.isNull {
            self = .failure(
                id: value["id"]?.int, code: error["code"]?.int ?? 0, message: error["message"]?.string ?? "no reason given")
        } else if let id = value["id"]?.int, let result = value["result"] {
            self = .result(id: id, result)
        } else {
            self = .other
        }
    }

    /// The messages of a body: one, or several in an array, as an early version of the protocol has it.
    static func all(_ body: JSONValue) -> [MCPMessage] {
        (body.array ?? [body]).map { MCPMessage($0) }
    }

    // MARK: Ours

    /// A request, or without a number a notification.
    static func bytes(_ method: String, id: Int? = nil, _ parameters: JSONValue? = nil) -> [UInt8] {
        var object = JSONObject()
        object["jsonrpc"] = "2.0"
        object["id"] = id.map { .integer($0) }
        object["method"] = .string(method)
        object["params"] = parameters
        return JSONValue.object(object).bytes
    }

    /// What we answer: we are there, and have nothing else to offer.
    static func reply(to id: JSONValue, _ method: String) -> [UInt8] {
        var object = JSONObject()
        object["jsonrpc"] = "2.0"
        object["id"] = id
        if method == "ping" {
            object["result"] = [:]
        } else {
            object["error"] = ["code": -32601, "message": "This client has no such method."]
        }
        return JSONValue.object(object).bytes
    }
}
