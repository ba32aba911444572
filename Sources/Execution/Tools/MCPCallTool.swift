// `mcp_call`: calls a tool of an MCP server over streamable HTTP, or lists its tools, each time in a session of its own. What a tool does
// is not known here: a call is repeated only when whoever configured it says that it may be. An error of the tool is its answer.
// Header values that look like credentials are kept out of the journal. Bounds: those of `MCPSession`, the timeout.

import Base
import HTTP
import JSON

/// Calls a tool of another server.
struct MCPCallTool: Tool {
    static let argumentBytes = 256 << 10
    static let headerLimit = 16
    static let timeoutSeconds = 1...300

    /// What is wanted.
    enum Action: String, Sendable, CaseIterable {
        case call, list
    }

    struct Arguments: Sendable {
        let url: String
        let action: Action
        let tool: String?
        let arguments: JSONValue
        let headers: [String: String]
        let isDeclaredIdempotent: Bool
        let failsOnError: Bool
        let timeoutSeconds: Int
    }

    private let client: OutgoingClient

    init(client: OutgoingClient) {
        self.client = client
    }

    let name = "mcp_call"
    let version = "1.0.0"
    let summary = "Calls a tool of an MCP server over streamable HTTP, or lists its tools."
    let category = "network"
    let effect = Effect.unsafe
    let configuration = MCPCallTool.declaration("MCPCallConfiguration", isCall: false)
    let arguments = MCPCallTool.declaration("MCPCallArguments", isCall: true)
    var output: SchemaNode { Answer.output.schema }

    let examples = [
        ToolExample("List the tools of a server", configuration: ["url": "https://example.com/mcp", "action": "list"]),
        ToolExample(
            "Call a tool that may be repeated",
            configuration: ["url": "https://example.com/mcp", "tool": "add", "idempotent": true],
            input: ["arguments": ["a": 1, "b": 2]]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A call of an MCP server.") { fields in
            let arguments = Arguments(
                url: isCall
                    ? fields.required("url", .httpURL, "The server: http or https.")
                    : fields.optional("url", .httpURL, "The server: http or https.") ?? "",
                action: fields.defaulted("action", .enumeration(Action.self), .call, "What is wanted."),
                tool: fields.optional("tool", .string(1...256), "The name of the tool."),
                arguments: fields.defaulted("arguments", .object(bytes: argumentBytes), [:], "What the tool is given."),
                headers: fields.defaulted(
                    "headers", HeaderFieldsShape(0...headerLimit), [:], "Header fields by name."),
                isDeclaredIdempotent: fields.defaulted("idempotent", .boolean, false, "Whether the call may be repeated."),
                failsOnError: fields.defaulted(
                    "fail_on_error", .boolean, false, "Whether an error that the tool answers with is a failure of the step."),
                timeoutSeconds: fields.defaulted("timeout", .integer(timeoutSeconds), 60, "Seconds that all of it may take."))
            fields.refuse(
                "tool", .required, "A call names its tool.",
                when: isCall && arguments.action == .call && arguments.tool == nil)
            return arguments
        }
    }

    func effect(of arguments: Arguments) -> Effect {
        arguments.action == .list || arguments.isDeclaredIdempotent ? .idempotent : .unsafe
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        guard let headers = input["headers"]?.object else { return input }
        var result = input
        var shown = JSONObject()
        for member in headers.members {
            shown[member.name] = HTTPRequestTool.isPrivate(member.name) ? "[redacted]" : member.value
        }
        result["headers"] = .object(shown)
        return result
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let url = WebURL(arguments.url) else {
            throw StepFailure(.invalid("url", "format", "This is no absolute URL."))
        }
        let began = Instant.now
        let headers = arguments.headers.sorted { $0.key < $1.key }.map { name, value in
            HTTPRequestTool.isPrivate(name) ? ClientHeader(name, secret: Secret(value)) : ClientHeader(name, value)
        }
        let time = context.milliseconds(atMost: arguments.timeoutSeconds * 1000)
        let session = MCPSession(client, url: url, headers: headers, deadline: began.advanced(milliseconds: time))
        let result: Result<Answer, StepFailure>
        do throws(StepFailure) {
            try await session.open()
            result = .success(try await answer(session, arguments, context, began))
        } catch {
            result = .failure(error)
        }
        await session.close()
        let answer = try result.get()
        context.write(.debug, "\(arguments.action.rawValue) \(arguments.tool ?? "tools") of \(url.hostname)")
        if answer.isError, arguments.failsOnError {
            throw StepFailure(Fault(.outboundFailed, "The tool failed: \(answer.text.cut(bytes: 300))"), .permanent)
        }
        return try Answer.output.value(answer)
    }

    private func answer(
        _ session: MCPSession, _ arguments: Arguments, _ context: ToolContext, _ began: Instant
    ) async throws(StepFailure) -> Answer {
        var answer = Answer()
        switch arguments.action {
        case .list:
            answer.tools = try await session.tools()
        case .call:
            let parameters: JSONValue = ["name": .string(arguments.tool ?? ""), "arguments": arguments.arguments]
            let result = try await session.request("tools/call", parameters)
            answer.content = result["content"]?.array ?? []
            answer.structured = result["structuredContent"]
            answer.isError = result["isError"]?.bool ?? false
        }
        answer.server = session.server
        answer.durationMilliseconds = Instant.now.milliseconds(since: began)
        return answer
    }

    /// What came of it, as a step's output.
    struct Answer {
        var server: JSONValue = .null
        var tools: [JSONValue]?
        var content: [JSONValue] = []
        var structured: JSONValue?
        var isError = false
        var durationMilliseconds = 0

        /// What the tool said in words.
        var text: String { content.compactMap { $0["text"]?.string }.joined(separator: "\n") }

        static let output = Output<Answer>(
            "MCPCallOutput", "The answer of an MCP server.",
            [
                .field("server", "What the server calls itself.") { $0.server },
                .sparse("tools", "Its tools, when they were to be listed.") { $0.tools },
                .field("content", "What the tool said, in the parts that it said it in.") { $0.content },
                .field("text", "What it said in words.") { $0.text },
                .sparse("structured", "What it said as JSON.") { $0.structured },
                .field("is_error", "Whether the tool says that it failed.") { $0.isError },
                .field("duration_ms", "Milliseconds that it took.") { $0.durationMilliseconds },
            ])
    }
}
