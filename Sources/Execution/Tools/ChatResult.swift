// What `llm_chat` takes and gives, as it stands in blueprints and steps.

import Base
import JSON

/// An answer of a model, as a step's output.
struct ChatResult {
    let answer: ChatAnswer
    /// The content by the schema that was asked for.
    let json: JSONValue?
    let microdollars: Int?
    let durationMilliseconds: Int

    static let output = Output<ChatResult>(
        "LLMChatOutput", "An answer of a model.",
        [
            .field("content", "What it said; null when it said nothing.") { $0.answer.content },
            .sparse("json", "The content as JSON, when a schema was given.") { $0.json },
            .list("tool_calls", "The calls that it asks for. They are not made by this tool.", ChatToolCall.output) {
                $0.answer.toolCalls
            },
            .field("finish_reason", "Why it stopped.") { $0.answer.finish },
            .field("refusal", "Why it would not answer; null when it did.") { $0.answer.refusal },
            .field("model", "The model by the provider's word.") { $0.answer.model },
            .objectOrNull("usage", "Tokens; null when the provider does not count them.", ChatUsage.output) { $0.answer.usage },
            .field("cost_microdollars", "Millionths of a dollar; null when tokens or prices are not known.") { $0.microdollars },
            .field("duration_ms", "Milliseconds that it took.") { $0.durationMilliseconds },
        ])
}

extension ChatToolCall {
    static let output = Output<ChatToolCall>(
        "ToolCallRequest", "A call that a model asks for.",
        [
            .field("id", "Its id; the message that answers it names it.") { $0.id },
            .field("name", "The function.") { $0.name },
            .field("arguments", "Its arguments; null when the model wrote no JSON object.") {
                $0.arguments.map { JSONValue.object($0) }
            },
            .sparse("arguments_text", "What the model wrote in their place.") { $0.arguments == nil ? $0.argumentsText : nil },
        ])

    static let input = Input<ChatToolCall>("ToolCallMade", "A call that the model asked for.") { fields in
        let id = fields.required("id", .string(1...256), "Its id.")
        let name = fields.required("name", .string(1...128), "The function.")
        let arguments = fields.required(
            "arguments", .object(bytes: ChatAssembler.argumentBytes), "Its arguments.")
        return ChatToolCall(id: id, name: name, argumentsText: String(decoding: arguments.bytes, as: UTF8.self))
    }
}

extension ChatMessage {
    static let input = Input<ChatMessage>("ChatMessage", "One message of a conversation.") { fields in
        let message = ChatMessage(
            fields.required("role", .enumeration(ChatRole.self), "Who speaks."),
            fields.optional("content", .string(0...LLMChatTool.textCharacters), "What is said."),
            toolCalls: fields.defaulted(
                "tool_calls", .array(of: ChatToolCall.input, 0...ChatAssembler.callLimit), [],
                "What an assistant asked to have called."),
            toolCallID: fields.optional("tool_call_id", .string(1...256), "The call that a message of a tool answers."))
        fields.refuse(
            "tool_call_id", .required, "A message of a tool names the call that it answers.",
            when: message.role == .tool && message.toolCallID == nil)
        fields.refuse(
            "content", .required, "Only an assistant that asks for calls says nothing.",
            when: message.content == nil && (message.role != .assistant || message.toolCalls.isEmpty))
        return message
    }
}

extension ChatTool {
    static let input = Input<ChatTool>("ChatTool", "A function that a model may ask for.") { fields in
        ChatTool(
            name: fields.required(
                "name",
                StringShape(1...64).refined(.format, "This must be letters, digits, _ and -.") { name in
                    name.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                            || byte == 0x5F || byte == 0x2D
                    }
                }, "Its name."),
            summary: fields.defaulted("description", .string(0...4096), "", "What it does."),
            parameters: fields.defaulted(
                "parameters", .object(bytes: LLMChatTool.schemaBytes), ["type": "object", "properties": [:]],
                "JSON Schema of its arguments."))
    }
}
