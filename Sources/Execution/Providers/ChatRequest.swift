// What a model is asked, and the body that says so (chat completions of OpenAI, which many servers speak).
// Bound: `bodyBytes`.

import Base
import JSON

/// One question to a model.
public struct ChatRequest: Sendable {
    /// The most bytes of a request.
    static let bodyBytes = 4 << 20

    public var messages: [ChatMessage]
    public var tools: [ChatTool] = []
    /// 0 to 2; `nil` leaves it to the server.
    public var temperature: Double?
    /// The most tokens of the answer; `nil` leaves it to the server.
    public var maxTokens: Int?
    /// JSON Schema that the answer keeps to.
    public var responseSchema: JSONValue?

    public init(_ messages: [ChatMessage]) {
        self.messages = messages
    }

    /// The body on the wire.
    /// - Throws: `.contentTooLarge`.
    func body(model: String, isStreaming: Bool) throws(Fault) -> [UInt8] {
        var object = JSONObject()
        object["model"] = .string(model)
        object["messages"] = .array(messages.map(\.value))
        if !tools.isEmpty { object["tools"] = .array(tools.map(\.value)) }
        if let temperature { object["temperature"] = .double(temperature) }
        if let maxTokens { object["max_tokens"] = .integer(maxTokens) }
        if let responseSchema {
            object["response_format"] = ["type": "json_schema", "json_schema": ["name": "answer", "schema": responseSchema]]
        }
        object["stream"] = .bool(isStreaming)
        if isStreaming { object["stream_options"] = ["include_usage": true] }
        let bytes = JSONValue.object(object).bytes
        guard bytes.count <= ChatRequest.bodyBytes else {
            throw Fault(
                .contentTooLarge, "What the model is asked has \(bytes.count) bytes; at most \(ChatRequest.bodyBytes) are sent.")
        }
        return bytes
    }
}
