// `llm_chat`: one question to the model that the operator has configured, and its answer: text, JSON by a schema, or the calls it asks
// for, which are not made here. A second call costs money again but changes nothing, so it may be repeated; each repetition has the same
// Idempotency-Key. Bounds: `textCharacters` a message, `messageLimit` messages, `toolLimit` functions, the timeout.

import Base
import JSON

/// Asks a model.
struct LLMChatTool: Tool {
    static let textCharacters = 512 << 10
    static let messageLimit = 256
    static let toolLimit = 64
    /// The messages of a conversation that the journal shows.
    static let shownMessages = 8
    static let schemaBytes = 64 << 10
    static let maxTokens = 1...200_000
    static let timeoutSeconds = 1...600

    struct Arguments: Sendable {
        let prompt: String?
        let system: String?
        let messages: [ChatMessage]?
        let tools: [ChatTool]
        let temperature: Double?
        let maxTokens: Int?
        let responseSchema: JSONValue?
        let sendsPrevious: Bool
        let previous: JSONValue?
        let timeoutSeconds: Int
    }

    private let provider: ChatProvider?

    init(provider: ChatProvider?) {
        self.provider = provider
    }

    /// Whether there is a model to ask.
    var isAvailable: Bool { provider != nil }

    let name = "llm_chat"
    let version = "1.0.0"
    let summary = "Asks a language model: text, JSON by a schema, or the calls that it asks for."
    let category = "language"
    let effect = Effect.idempotent
    let configuration = LLMChatTool.declaration("LLMChatConfiguration", isCall: false)
    let arguments = LLMChatTool.declaration("LLMChatArguments", isCall: true)
    var output: SchemaNode { ChatResult.output.schema }

    let examples = [
        ToolExample(
            "Ask a question", configuration: ["system": "You answer in one sentence.", "max_tokens": 200],
            input: ["prompt": "What is an island?"]),
        ToolExample(
            "Get JSON by a schema about what the tool before found",
            configuration: [
                "prompt": "Name the places in this text.", "send_previous": true, "temperature": 0,
                "response_schema": [
                    "type": "object", "properties": ["places": ["type": "array", "items": ["type": "string"]]],
                    "required": ["places"],
                ],
            ]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A question to a model.") { fields in
            let arguments = Arguments(
                prompt: fields.optional("prompt", .string(1...textCharacters), "What the user says."),
                system: fields.optional("system", .string(1...textCharacters), "How the model is to answer."),
                messages: fields.optional(
                    "messages", .array(of: ChatMessage.input, 1...messageLimit), "A whole conversation, in place of a prompt."),
                tools: fields.defaulted(
                    "tools", .array(of: ChatTool.input, 0...toolLimit), [], "Functions that the model may ask for."),
                temperature: fields.optional("temperature", .number(0...2), "How freely the model chooses its words."),
                maxTokens: fields.optional("max_tokens", .integer(maxTokens), "The most tokens of the answer."),
                responseSchema: fields.optional(
                    "response_schema",
                    FreeShape(bytes: schemaBytes, isObject: true).refined(
                        .format, "This must be a JSON Schema of draft 2020-12 without remote references."
                    ) { (try? JSONSchema($0)) != nil }, "JSON Schema of the answer, which is then JSON."),
                sendsPrevious: fields.defaulted(
                    "send_previous", .boolean, false, "Whether the output of the tool before stands behind the prompt."),
                previous: fields.optional(
                    "previous", .json(bytes: Journal.stepOutputBytes), "The output of the tool before; the strategy gives it."),
                timeoutSeconds: fields.defaulted(
                    "timeout", .integer(timeoutSeconds), 120, "Seconds that it may take; the operator's bound holds besides."))
            fields.refuse(
                "messages", .duplicate, "Only one of prompt and messages can be given.",
                when: arguments.prompt != nil && arguments.messages != nil)
            fields.refuse(
                "prompt", .required, "One of prompt and messages is required.",
                when: isCall && arguments.prompt == nil && arguments.messages == nil)
            return arguments
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var result = input
        // It stands in the journal already, as the output of the step before.
        result["previous"] = nil
        // A conversation grows with each turn, and most of it stands in the steps before.
        if let messages = input["messages"]?.array, messages.count > LLMChatTool.shownMessages {
            let left = messages.count - LLMChatTool.shownMessages
            let note: JSONValue = ["role": "system", "content": .string("[\(left) earlier messages]")]
            result["messages"] = .array([note] + messages.suffix(LLMChatTool.shownMessages))
        }
        return result
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        var session = try ModelSession(provider, context)
        let began = Instant.now
        let answer = try await session.ask(LLMChatTool.request(arguments), timeoutSeconds: arguments.timeoutSeconds)
        var json: JSONValue?
        if arguments.responseSchema != nil, answer.refusal == nil, answer.toolCalls.isEmpty {
            try answer.checkWhole()
            json = try answer.json()
            try LLMChatTool.check(json ?? .null, by: arguments.responseSchema ?? [:])
        }
        return try ChatResult.output.value(
            ChatResult(
                answer: answer, json: json, microdollars: session.microdollars,
                durationMilliseconds: Instant.now.milliseconds(since: began)))
    }

    /// - Throws: transient when the answer does not keep to the schema: another one may.
    private static func check(_ json: JSONValue, by schema: JSONValue) throws(StepFailure) {
        let violations: [SchemaViolation]
        do throws(JSONSchemaError) {
            violations = try JSONSchema(schema).violations(of: json, bounds: JSONSchema.Bounds(violations: 1))
        } catch {
            throw StepFailure(error.fault(at: "response_schema"), .permanent)
        }
        guard let first = violations.first else { return }
        throw StepFailure(
            Fault(.outboundFailed, "The model's answer does not keep to the schema: \(first.message)"), .transient)
    }

    private static func request(_ arguments: Arguments) -> ChatRequest {
        var messages = arguments.messages ?? []
        if let system = arguments.system { messages.insert(ChatMessage(.system, system), at: 0) }
        if var prompt = arguments.prompt {
            if arguments.sendsPrevious, let previous = arguments.previous { prompt += "\n\n" + previous.plainText }
            messages.append(ChatMessage(.user, prompt))
        }
        var request = ChatRequest(messages)
        request.tools = arguments.tools
        request.temperature = arguments.temperature
        request.maxTokens = arguments.maxTokens
        request.responseSchema = arguments.responseSchema
        return request
    }
}

extension JSONValue {
    /// The value as a model reads it: text as it is, the text of a page or an answer, anything else as JSON.
    var plainText: String {
        for name in ["text", "content", "summary", "markdown"] {
            if let text = self[name]?.string, !text.isEmpty { return text }
        }
        return string ?? String(decoding: bytes, as: UTF8.self)
    }
}
