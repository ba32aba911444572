// What is said to a model and what it says, in the terms of chat completions. What a model asks to have called is checked before it gets
// here: its arguments are an object, or it is said that they are not.

import Base
import JSON

/// Who speaks.
public enum ChatRole: String, Sendable, CaseIterable, JSONRepresentable {
    case system, user, assistant, tool
}

/// One message of a conversation.
public struct ChatMessage: Sendable, Equatable {
    public var role: ChatRole
    public var content: String?
    /// What an assistant asked to have called.
    public var toolCalls: [ChatToolCall] = []
    /// The call that a message of a tool answers.
    public var toolCallID: String?

    public init(_ role: ChatRole, _ content: String?, toolCalls: [ChatToolCall] = [], toolCallID: String? = nil) {
        self.role = role
        self.content = content
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }

    /// The message on the wire.
    var value: JSONValue {
        var object = JSONObject()
        object["role"] = .string(role.rawValue)
        object["content"] = content.map { .string($0) } ?? .null
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls.map(\.wireValue)) }
        if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
        return .object(object)
    }
}

/// A call that a model asks for.
public struct ChatToolCall: Sendable, Equatable {
    public let id: String
    public let name: String
    /// What the model wrote.
    public let argumentsText: String

    public init(id: String, name: String, argumentsText: String) {
        self.id = id
        self.name = name
        self.argumentsText = argumentsText
    }

    /// The arguments; `nil` when what the model wrote is no JSON object. A call without arguments may be written as nothing.
    public var arguments: JSONObject? {
        let text = argumentsText.utf8.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard !text.isEmpty else { return JSONObject() }
        return (try? JSONValue(parsing: Array(text)))?.object
    }

    fileprivate var wireValue: JSONValue {
        ["id": .string(id), "type": "function", "function": ["name": .string(name), "arguments": .string(argumentsText)]]
    }
}

/// A function that a model may ask for.
public struct ChatTool: Sendable, Equatable {
    public let name: String
    public let summary: String
    /// JSON Schema of its arguments, an object.
    public let parameters: JSONValue

    public init(name: String, summary: String, parameters: JSONValue) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
    }

    var value: JSONValue {
        [
            "type": "function",
            "function": ["name": .string(name), "description": .string(summary), "parameters": parameters],
        ]
    }
}
