// The tools that talk to models, over real sockets, against a server that misbehaves as it is told.

import Base
import HTTP
import InsulaTesting
import JSON
import Loop
import Testing

@testable import Execution

/// Tools with a provider that a test scripts.
struct Model: Sendable {
    let fake: FakeChatServer
    let tools: [any Tool]
    let group: LoopGroup

    /// The settings for the server at `url`, at 3 dollars a million tokens asked and 15 answered.
    static func settings(_ url: String, _ more: [String: String] = [:]) throws -> ChatSettings {
        let usual = [
            "INSULA_LLM_URL": url, "INSULA_LLM_MODEL": "fake-1", "INSULA_LLM_KEY": "sk-hunter2", "INSULA_LLM_INPUT_PRICE": "3",
            "INSULA_LLM_OUTPUT_PRICE": "15",
        ]
        let configuration = try Configuration(environment: usual.merging(more) { $1 }, coreCount: 1)
        return try #require(try ChatSettings(configuration))
    }

    static func run(
        _ settings: [String: String] = [:], _ script: @escaping @Sendable (FakeChatServer.Request, Int) -> FakeChatServer.Deed,
        _ body: @escaping @Sendable (Model) async throws -> Void
    ) async throws {
        try await FakeChatServer.run(script) { fake in
            let group = LoopGroup(count: 1)
            let pool = BlockingPool(name: "models", threads: 1)
            let settings = try Model.settings(fake.url, settings)
            let provider = ChatProvider(settings, client: OutgoingClient(group: group, rule: try settings.rule(), pool: pool))
            let client = OutgoingClient(group: group, rule: AddressGuard(), pool: pool)
            let tools = ToolRegistry.outward(client: client, pool: pool, provider: provider)
            let model = Model(fake: fake, tools: tools, group: group)
            let result = await group.loops[0].call { () async -> Result<Void, any Error> in
                do {
                    return .success(try await body(model))
                } catch {
                    return .failure(error)
                }
            }
            await provider.stop()
            group.stop()
            pool.stop()
            try result.get()
        }
    }

    /// Calls a tool by itself, as a step of some run.
    func call(_ name: String, _ input: JSONValue, deadlineMilliseconds: Int = 30_000) async throws -> JSONValue {
        try await Model.call(try #require(tools.first { $0.name == name }), input, deadlineMilliseconds)
    }

    static func call(_ tool: any Tool, _ input: JSONValue, _ deadlineMilliseconds: Int = 30_000) async throws -> JSONValue {
        let context = ToolContext(
            tenant: .make(), execution: .make(), stepKey: "tool[0]",
            deadline: Instant.now.advanced(milliseconds: deadlineMilliseconds), log: RunLog(epoch: 1))
        return try await tool.prepare(input.object ?? JSONObject()).act(context)
    }

    /// What a call fails with.
    func failure(_ name: String, _ input: JSONValue, deadlineMilliseconds: Int = 30_000) async throws -> StepFailure {
        try #require(
            await #expect(throws: StepFailure.self) {
                try await call(name, input, deadlineMilliseconds: deadlineMilliseconds)
            })
    }
}

@Suite struct ProviderTests {
    @Test func `a question becomes a request, and a stream an answer with what it took`() async throws {
        try await Model.run { _, _ in
            .says("An island is land.", tokens: (1_000, 200))
        } _: { model in
            let output = try await model.call(
                "llm_chat", ["prompt": "What is an island?", "system": "Be short.", "temperature": 0.5, "max_tokens": 50])
            #expect(output["content"] == "An island is land." && output["finish_reason"] == "stop")
            #expect(output["usage"] == ["input_tokens": 1_000, "output_tokens": 200])
            #expect(output["cost_microdollars"] == 6_000)
            let request = try #require(model.fake.requests.first)
            #expect(request.path == "/v1/chat/completions" && request.authorization == "Bearer sk-hunter2")
            #expect(request.idempotencyKey?.hasSuffix(":tool[0]") == true)
            #expect(
                request.body["messages"] == [
                    ["role": "system", "content": "Be short."], ["role": "user", "content": "What is an island?"],
                ])
            #expect(request.body["stream"] == true && request.body["stream_options"] == ["include_usage": true])
            #expect(request.body["max_tokens"] == 50 && request.body["temperature"] == 0.5 && request.body["model"] == "fake-1")
        }
    }

    @Test func `without streaming a document is asked for, and read`() async throws {
        try await Model.run(["INSULA_LLM_STREAM": "off"]) { _, _ in
            .document("yes", tokens: nil)
        } _: { model in
            let output = try await model.call("llm_chat", ["prompt": "?"])
            #expect(output["content"] == "yes" && output["usage"] == .null && output["cost_microdollars"] == .null)
            #expect(
                model.fake.requests.first?.body["stream"] == false && model.fake.requests.first?.body["stream_options"] == nil)
        }
    }

    @Test func `calls that a model asks for are given, and answered in a conversation`() async throws {
        try await Model.run { request, number in
            number == 1 ? .calls([("add", #"{"a":1}"#), ("add", "{")]) : .says("done")
        } _: { model in
            let tools: JSONValue = [["name": "add", "description": "Adds.", "parameters": ["type": "object"]]]
            let first = try await model.call("llm_chat", ["prompt": "add", "tools": tools])
            #expect(first["finish_reason"] == "tool_calls" && first["content"] == .null)
            #expect(first["tool_calls"]?[0] == ["id": "call_of_0", "name": "add", "arguments": ["a": 1]])
            #expect(first["tool_calls"]?[1]?["arguments"] == .null && first["tool_calls"]?[1]?["arguments_text"] == "{")
            #expect(model.fake.requests[0].body["tools"]?[0]?["function"]?["name"] == "add")
            let messages: JSONValue = [
                ["role": "user", "content": "add"],
                ["role": "assistant", "tool_calls": [["id": "c1", "name": "add", "arguments": ["a": 1]]]],
                ["role": "tool", "tool_call_id": "c1", "content": "2"],
            ]
            #expect(try await model.call("llm_chat", ["messages": messages])["content"] == "done")
            let sent = model.fake.requests[1].body["messages"]
            #expect(sent?[1]?["tool_calls"]?[0]?["function"] == ["name": "add", "arguments": #"{"a":1}"#])
            #expect(sent?[2] == ["role": "tool", "content": "2", "tool_call_id": "c1"])
        }
    }

    @Test func `JSON by a schema is asked for and read, in a fence too, and what is none may be asked again`() async throws {
        let schema: JSONValue = ["type": "object", "properties": ["a": ["type": "integer"]]]
        try await Model.run { _, number in
            switch number {
            case 1: .says(#"{"a":1}"#)
            case 2: .says("```json\n{\"a\":2}\n```")
            case 3: .says("Here you are!")
            case 4: .says(#"{"a":"one"}"#)
            default: .says(#"{"a":"#, finish: "length")
            }
        } _: { model in
            for value in [1, 2] {
                let output = try await model.call("llm_chat", ["prompt": "?", "response_schema": schema])
                #expect(output["json"] == ["a": .integer(value)])
            }
            #expect(model.fake.requests[0].body["response_format"]?["json_schema"]?["schema"] == schema)
            #expect(try await model.failure("llm_chat", ["prompt": "?", "response_schema": schema]).kind == .transient)
            let other = try await model.failure("llm_chat", ["prompt": "?", "response_schema": schema])
            #expect(other.kind == .transient && other.fault.message.contains("schema"))
            let cut = try await model.failure("llm_chat", ["prompt": "?", "response_schema": schema])
            #expect(cut.kind == .permanent && cut.fault.code == .limitReached)
        }
    }

    @Test func `a stream that is cut, silent or endless ends the step and nothing else`() async throws {
        let start = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
        let whole = start + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        try await Model.run { request, _ in
            switch request.lastContent {
            case "cut": .text(start, ending: .cut)
            case "cut at the end": .text(whole, ending: .cut)
            case "silent": .text(start, ending: .silence)
            case "hang": .hang
            case "flood":
                .flood("data: {\"choices\":[{\"delta\":{\"content\":\"\(String(repeating: "a", count: 8_000))\"}}]}\n\n")
            default: .flood(String(repeating: "a", count: 8_000))
            }
        } _: { model in
            #expect(try await model.failure("llm_chat", ["prompt": "cut"]).kind == .transient)
            #expect(try await model.call("llm_chat", ["prompt": "cut at the end"])["content"] == "a")
            for way in ["silent", "hang"] {
                let failure = try await model.failure("llm_chat", ["prompt": .string(way), "timeout": 1])
                #expect(failure.fault.code == .timedOut && failure.kind == .transient, "\(way)")
            }
            for way in ["flood", "line without end"] {
                let failure = try await model.failure("llm_chat", ["prompt": .string(way)])
                #expect(failure.fault.code == .contentTooLarge && failure.kind == .permanent, "\(way)")
            }
        }
    }

    @Test func `errors with a status are told apart, and a redirect is not followed`() async throws {
        try await Model.run { request, _ in
            switch request.lastContent {
            case "busy": .error(429, "slow down", headers: [("retry-after", "9")])
            case "broken": .error(503, "overloaded")
            case "long": .error(400, "too long", code: "context_length_exceeded")
            case "moved": .answer(status: 307, headers: [("location", "http://127.0.0.1:1/")], body: "")
            default: .error(401, "Incorrect API key provided: sk-hunter2")
            }
        } _: { model in
            let busy = try await model.failure("llm_chat", ["prompt": "busy"])
            #expect(busy.fault.code == .rateLimited && busy.fault.retryAfterSeconds == 9 && busy.kind == .transient)
            #expect(try await model.failure("llm_chat", ["prompt": "broken"]).kind == .transient)
            #expect(try await model.failure("llm_chat", ["prompt": "long"]).fault.code == .contentTooLarge)
            #expect(try await model.failure("llm_chat", ["prompt": "moved"]).kind == .permanent)
            let key = try await model.failure("llm_chat", ["prompt": "key"])
            #expect(key.kind == .permanent && !"\(key)".contains("hunter2"))
            #expect(model.fake.requests.count == 5, "the redirect led nowhere")
        }
    }

    @Test func `a provider that is not there can be asked again`() async throws {
        try await Model.run { _, _ in
            .says("")
        } _: { model in
            let settings = try Model.settings("http://127.0.0.1:1/v1")
            let pool = BlockingPool(name: "nobody", threads: 1)
            defer { pool.stop() }
            let client = OutgoingClient(group: model.group, rule: try settings.rule(), pool: pool)
            let tool = LLMChatTool(provider: ChatProvider(settings, client: client))
            let failure = await #expect(throws: StepFailure.self) { try await Model.call(tool, ["prompt": "?"]) }
            #expect(failure?.fault.code == .outboundUnreachable && failure?.kind == .transient)
            await client.stop()
        }
    }

    @Test func `without a provider nothing is invented`() async throws {
        let inputs: [(any Tool, JSONValue)] = [
            (LLMChatTool(provider: nil), ["prompt": "?"]), (SummarizeTool(provider: nil), ["text": "a b c"]),
            (WriteBlogTool(provider: nil), ["topic": "islands"]),
        ]
        for (tool, input) in inputs {
            let failure = await #expect(throws: StepFailure.self) { try await Model.call(tool, input) }
            #expect(failure?.fault.code == .toolNotAvailable && failure?.kind == .permanent, "\(tool.name)")
        }
    }

    @Test func `a question needs a prompt or a conversation, and a tool's message its call`() throws {
        let tool = LLMChatTool(provider: nil)
        func paths(_ input: JSONValue) -> [String]? {
            #expect(throws: Fault.self) { try tool.prepare(input.object ?? JSONObject()) }?.fields.map(\.path)
        }
        #expect(paths([:]) == ["prompt"])
        #expect(paths(["prompt": "a", "messages": [["role": "user", "content": "b"]]]) == ["messages"])
        #expect(paths(["messages": [["role": "tool", "content": "b"]]]) == ["messages[0].tool_call_id"])
        #expect(paths(["messages": [["role": "user"]]]) == ["messages[0].content"])
        #expect(paths(["prompt": "a", "temperature": 3]) == ["temperature"])
        #expect(paths(["prompt": "a", "response_schema": ["type": "number or so"]]) == ["response_schema"])
        #expect(paths(["prompt": "a", "tools": [["name": "no spaces"]]]) == ["tools[0].name"])
    }

    // MARK: Tools that ask often

    @Test func `a long text is summarised piece by piece, and what that took is added up`() async throws {
        let text = (0..<6_000).map { "Sentence \($0) is here." }.joined(separator: " ")
        try await Model.run { request, _ in
            .says(
                request.lastContent.hasPrefix("Part ") ? String(repeating: "fact ", count: 100) : "All in all.", tokens: (100, 10)
            )
        } _: { model in
            let output = try await model.call("summarize", ["text": .string(text), "max_words": 20, "focus": "numbers"])
            let questions = model.fake.requests.count
            #expect(output["summary"] == "All in all." && output["words"] == 3)
            #expect(questions == Condensation.pieces(text).count + 1 && output["questions"] == .integer(questions))
            #expect(output["usage"]?["input_tokens"] == .integer(100 * questions))
            #expect(output["cost_microdollars"] == .integer(450 * questions))
            #expect(Set(model.fake.requests.map(\.idempotencyKey)).count == questions, "each question has a key of its own")
            let asked = model.fake.requests.compactMap { $0.body["messages"]?[0]?["content"]?.string }
            #expect(asked.allSatisfy { $0.contains("numbers") })
        }
    }

    @Test func `a model that makes nothing shorter is not asked for ever`() async throws {
        let text = (0..<3_000).map { "Sentence \($0) is here." }.joined(separator: " ")
        try await Model.run { request, _ in
            .says(request.lastContent + " and more")
        } _: { model in
            let failure = try await model.failure("summarize", ["text": .string(text)])
            #expect(failure.fault.code == .limitReached && failure.kind == .permanent)
            #expect(model.fake.requests.count == Condensation.pieces(text).count)
        }
    }

    @Test func `an article has the outline that the model made, and a text for each section`() async throws {
        let outline =
            #"{"title":"Islands","summary":"On islands.","sections":[{"heading":"Fire","points":["lava"]},{"heading":"Water","points":[]}]}"#
        try await Model.run { request, _ in
            if request.body["response_format"] != nil { return .says(outline, tokens: nil) }
            return .says(request.lastContent.contains(#"Write section 1, "Fire""#) ? "Lava flows." : "Waves roll.")
        } _: { model in
            let output = try await model.call(
                "write_blog", ["topic": "islands", "sections": 2, "tone": "calm", "keywords": ["sea"]])
            #expect(output["title"] == "Islands" && output["summary"] == "On islands.")
            #expect(
                output["sections"] == [["heading": "Fire", "text": "Lava flows."], ["heading": "Water", "text": "Waves roll."]])
            #expect(output["markdown"] == "# Islands\n\nOn islands.\n\n## Fire\n\nLava flows.\n\n## Water\n\nWaves roll.\n")
            #expect(output["usage"] == .null, "one question was not counted")
            #expect(model.fake.requests.count == 3)
        }
    }

    @Test func `an outline of another form is no article`() async throws {
        try await Model.run { _, _ in
            .says(#"{"title":"x"}"#)
        } _: { model in
            let failure = try await model.failure("write_blog", ["topic": "islands"])
            #expect(failure.kind == .transient)
        }
    }

    // MARK: Settings

    @Test func `the provider's settings are checked together`() throws {
        func paths(_ environment: [String: String]) -> [String]? {
            #expect(throws: Fault.self) {
                _ = try ChatSettings(Configuration(environment: environment, coreCount: 1))
            }?.fields.map(\.path)
        }
        #expect(paths(["INSULA_LLM_URL": "https://a.example/v1"]) == ["INSULA_LLM_MODEL"])
        let both = ["INSULA_LLM_URL": "https://a.example/v1", "INSULA_LLM_MODEL": "m"]
        for url in ["ftp://a.example", "a.example", "https://u:p@a.example", "https://a.example/?x=1"] {
            #expect(paths(both.merging(["INSULA_LLM_URL": url]) { $1 }) == ["INSULA_LLM_URL"], "\(url)")
        }
        #expect(paths(both.merging(["INSULA_LLM_KEY": "a", "INSULA_LLM_KEY_FILE": "b"]) { $1 }) == ["INSULA_LLM_KEY_FILE"])
        #expect(paths(both.merging(["INSULA_LLM_INPUT_PRICE": "1"]) { $1 }) == ["INSULA_LLM_OUTPUT_PRICE"])
        for price in ["-1", "nan", "free", "inf"] {
            let found = paths(both.merging(["INSULA_LLM_INPUT_PRICE": price]) { $1 })
            #expect(found?.contains("INSULA_LLM_INPUT_PRICE") == true, "\(price)")
        }
        let none = try ChatSettings(Configuration(environment: [:], coreCount: 1))
        #expect(none == nil)
        let settings = try Model.settings("https://a.example/v1/")
        #expect(settings.baseURL.resolve("chat/completions")?.description == "https://a.example/v1/chat/completions")
        #expect(!"\(settings)".contains("hunter2"))
        #expect(settings.microdollars(ChatUsage(inputTokens: 1, outputTokens: 0)) == 3)
    }
}
