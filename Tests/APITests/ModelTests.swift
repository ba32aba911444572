// A model in the main job: an agent whose strategy is a model with a tool, over HTTP, on a whole server with a provider.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct ModelTests {
    @Test func `an agent asks a model, which uses a tool, and nothing shows the provider's key`() async throws {
        try await FakeChatServer.run { _, number in
            number == 1
                ? .calls([("ping", #"{"message":"hello"}"#)], tokens: (100, 10)) : .says("It says hello.", tokens: (200, 10))
        } _: { fake in
            let settings = [
                "INSULA_LLM_URL": fake.url, "INSULA_LLM_MODEL": "fake-1", "INSULA_LLM_KEY": "sk-hunter2",
                "INSULA_OUTBOUND_ALLOW": "",
                "INSULA_LLM_INPUT_PRICE": "1", "INSULA_LLM_OUTPUT_PRICE": "10",
            ]
            try await TestServer.run(settings) { server in
                let visit = try await Visit(server)
                let blueprint: JSONValue = ["tools": [["name": "ping"]], "strategy": ["name": "tool_loop"]]
                let agent = try visit.id(
                    of: try await visit.call(201, "POST", "/v1/agents", ["name": "Asker", "blueprint": blueprint]))
                try await visit.call(200, "POST", "/v1/agents/\(agent)/start")
                let triggered = try await visit.call(
                    202, "POST", "/v1/agents/\(agent)/trigger", ["input": ["prompt": "Ping it."]])
                let execution = try visit.id(of: triggered)
                let ended = try await visit.ended(execution)
                try #require(ended["state"] == "succeeded", "\(ended)")
                let output = try await visit.call(200, "GET", "/v1/executions/\(execution)/output").json["output"]
                #expect(output?["answer"] == "It says hello." && output?["cost_microdollars"] == 500)
                let steps = try await visit.call(200, "GET", "/v1/executions/\(execution)/steps")
                let logs = try await visit.call(200, "GET", "/v1/executions/\(execution)/logs")
                #expect(steps.json["data"]?.array?.compactMap { $0["tool"]?.string } == ["llm_chat", "ping", "llm_chat"])
                #expect(!(steps.text + logs.text).contains("hunter2"))
            }
            #expect(fake.requests.count == 2 && fake.requests.allSatisfy { $0.authorization == "Bearer sk-hunter2" })
        }
    }
}
