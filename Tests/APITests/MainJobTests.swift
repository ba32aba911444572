// The main job, whole: a key, an agent, a trigger, a real page served and read, and what came of it. And the states on the way.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct MainJobTests {
    private static let page = """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>The tide &amp; the island</title>
        <meta name="description" content="How an island becomes one."></head>
        <body><nav><a href="/">Home</a></nav>
        <main><h1>The tide</h1><p>When the tide rises, the path is gone and the island is an island. It has been so since before there
        was anybody to call it one, and the fishermen know the hour by heart.</p>
        <p>Twice a day the sea gives it back: see <a href="tables.html?year=2026">the tables</a>.</p></main></body></html>
        """

    @Test func `an agent reads a real page for its tenant`() async throws {
        let visit = try await Visit()
        try await TestSite.run(["/tide.html": MainJobTests.page]) { site in
            let key = try #require(
                try await visit.call(201, "POST", "/v1/keys", ["name": "reader", "role": "member"]).json["secret"]?.string)
            let reader = visit.server.client(key: key)
            let made = try await reader.call("POST", "/v1/agents", Visit.agentBody("web_scraper", "ping", name: "Reader"))
            let agent = try visit.id(of: made)
            #expect(try await reader.call("POST", "/v1/agents/\(agent)/start").status == 200)
            let triggered = try await reader.call(
                "POST", "/v1/agents/\(agent)/trigger", ["input": ["url": .string(site.address + "/tide.html")]])
            let execution = try visit.id(of: triggered)
            let ended = try await visit.ended(execution)
            try #require(ended["state"] == "succeeded", "\(ended)")

            let result = try await reader.call("GET", "/v1/executions/\(execution)/output").json
            let page = try #require(result["output"]?["web_scraper"])
            #expect(page["title"] == "The tide & the island" && page["language"] == "en" && page["status"] == 200)
            #expect(page["text"]?.string?.contains("the fishermen know the hour by heart") == true)
            #expect(page["links"]?.array?.contains { $0["url"]?.string == site.address + "/tables.html?year=2026" } == true)
            #expect(page["headings"]?[0]?["text"] == "The tide")

            let steps = try #require(try await reader.call("GET", "/v1/executions/\(execution)/steps").json["data"]?.array)
            #expect(steps.compactMap { $0["tool"]?.string } == ["web_scraper", "ping"])
            #expect(steps.allSatisfy { $0["status"] == "succeeded" && $0["finished_at"]?.string != nil })
            let lines = try #require(try await reader.call("GET", "/v1/executions/\(execution)/logs").json["data"]?.array)
            #expect(lines.contains { $0["message"]?.string?.hasPrefix("read a page") == true })
            #expect(lines.compactMap { $0["seq"]?.int } == lines.compactMap { $0["seq"]?.int }.sorted())
        }
    }

    @Test func `a page outside the allow-list is not fetched, and the execution says why`() async throws {
        try await TestServer.run(["INSULA_OUTBOUND_ALLOW": ""]) { server in
            let visit = try await Visit(server)
            let agent = try visit.id(of: try await visit.call(201, "POST", "/v1/agents", Visit.agentBody("web_scraper")))
            try await visit.call(200, "POST", "/v1/agents/\(agent)/start")
            let url = "http://127.0.0.1:\(server.port)/metrics"
            let triggered = try await visit.call(
                202, "POST", "/v1/agents/\(agent)/trigger", ["input": ["url": .string(url)]])
            let ended = try await visit.ended(try visit.id(of: triggered))
            #expect(ended["state"] == "failed" && ended["error"]?["code"] == "outbound_refused")
            #expect(ended["attempt"] == 1)
        }
    }

    @Test func `the states of an agent follow each other as the table says and in no other way`() async throws {
        let visit = try await Visit()
        let ways: [String: [String]] = ["created": [], "running": ["start"], "paused": ["start", "pause"], "stopped": ["stop"]]
        let moves = ["start": "running", "pause": "paused", "stop": "stopped"]
        let allowed: [String: Set<String>] = [
            "created": ["start", "stop"], "running": ["pause", "stop"], "paused": ["start", "stop"], "stopped": [],
        ]
        for (state, way) in ways {
            for (move, target) in moves {
                let agent = try await visit.agent()
                for step in way { try await visit.call(200, "POST", "/v1/agents/\(agent)/\(step)") }
                let answer = try await visit.client.call("POST", "/v1/agents/\(agent)/\(move)")
                if allowed[state]?.contains(move) == true {
                    #expect(answer.status == 200 && answer.json["state"]?.string == target, "\(state) \(move)")
                } else {
                    expectProblem(answer, 409, "invalid_state_transition")
                    let after = try await visit.call(200, "GET", "/v1/agents/\(agent)").json
                    #expect(after["state"]?.string == state, "\(state) \(move)")
                }
            }
        }
    }

    @Test func `only a running agent can be triggered`() async throws {
        let visit = try await Visit()
        for way in [[], ["start", "pause"], ["start", "stop"]] {
            let agent = try await visit.agent()
            for step in way { try await visit.call(200, "POST", "/v1/agents/\(agent)/\(step)") }
            expectProblem(
                try await visit.client.call("POST", "/v1/agents/\(agent)/trigger"), 409, "invalid_state_transition")
        }
        #expect(try await visit.call(200, "GET", "/v1/executions").json["data"] == [])
    }

    @Test func `an execution that has ended can't be cancelled`() async throws {
        let visit = try await Visit()
        let execution = try await visit.execution()
        expectProblem(
            try await visit.client.call("POST", "/v1/executions/\(execution)/cancel"), 409, "invalid_state_transition")
    }
}
