// What callers get wrong, one thing at a time: each is refused with the status and the code that say what it was, and nothing more.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct InputTests {
    private static let json = [("content-type", "application/json")]

    /// A body that is sound but for `change`.
    private static func body(_ change: (inout JSONObject) -> Void) -> JSONValue {
        var body = Visit.agentBody("ping").object ?? JSONObject()
        change(&body)
        return .object(body)
    }

    @Test func `a body that is no JSON is malformed`() async throws {
        let visit = try await Visit()
        let texts = [
            "{", "{\"name\":}", "nil", "{\"name\":\"a\",}", "{'name':'a'}", "\u{FEFF}{}", "{}{}", "{\"a\":01}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\\ud800\"}", "[1,2", String(repeating: "[", count: 5_000), " ",
        ]
        for text in texts {
            let answer = try await visit.client.send("POST", "/v1/agents", headers: InputTests.json, body: Array(text.utf8))
            expectProblem(answer, 400, "malformed_request")
        }
        let latin: [UInt8] = Array("{\"name\":\"".utf8) + [0xE9] + Array("\"}".utf8)
        expectProblem(
            try await visit.client.send("POST", "/v1/agents", headers: InputTests.json, body: latin), 400, "malformed_request")
    }

    @Test func `a body that is missing is malformed`() async throws {
        let visit = try await Visit()
        let agent = try await visit.agent()
        for (method, path) in [("POST", "/v1/agents"), ("POST", "/v1/keys"), ("PATCH", "/v1/agents/\(agent)")] {
            expectProblem(try await visit.client.send(method, path), 400, "malformed_request")
            expectProblem(
                try await visit.client.send(method, path, headers: InputTests.json, body: []), 400, "malformed_request")
        }
    }

    @Test func `a body of another type is not read`() async throws {
        let visit = try await Visit()
        let body = Visit.agentBody("ping").bytes
        for type in ["text/plain", "application/xml", "application/jsonp", "application/x-www-form-urlencoded", "json", ""] {
            expectProblem(
                try await visit.client.send("POST", "/v1/agents", headers: [("content-type", type)], body: body), 415,
                "unsupported_media_type")
        }
        expectProblem(try await visit.client.send("POST", "/v1/agents", body: body), 415, "unsupported_media_type")
        for type in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.insula+json"] {
            let answer = try await visit.client.send("POST", "/v1/agents", headers: [("content-type", type)], body: body)
            #expect(answer.status == 201, "\(type)")
        }
    }

    @Test func `a body beyond the limit is refused before it is read`() async throws {
        let visit = try await Visit()
        let head =
            "POST /v1/agents HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \(visit.tenant.key)\r\n"
            + "content-type: application/json\r\n"
        let answer = try await visit.server.client().exchange(
            Array((head + "content-length: \(Limits.requestBodyBytes + 1)\r\n\r\n").utf8))
        expectProblem(answer, 413, "content_too_large")
        #expect(answer["connection"] == "close")
        // The largest that is read is still wrong, but for what it says.
        var most = JSONObject()
        most["name"] = .string(String(repeating: "a", count: Limits.requestBodyBytes - 11))
        #expect(JSONValue.object(most).bytes.count == Limits.requestBodyBytes)
        expectProblem(
            try await visit.client.call("POST", "/v1/agents", .object(most)), 422, "validation_failed", field: "name")
    }

    @Test func `fields of the wrong type, length or name are refused by name, all at once`() async throws {
        let visit = try await Visit()
        let cases: [(field: String, code: String, body: JSONValue)] = [
            ("name", "required", InputTests.body { $0["name"] = nil }),
            ("name", "type", InputTests.body { $0["name"] = 7 }),
            ("name", "type", InputTests.body { $0["name"] = .null }),
            ("name", "length", InputTests.body { $0["name"] = "" }),
            ("name", "length", InputTests.body { $0["name"] = .string(String(repeating: "é", count: 101)) }),
            ("name", "format", InputTests.body { $0["name"] = "two\nlines" }),
            ("name", "format", InputTests.body { $0["name"] = "nul\u{0}" }),
            ("description", "format", InputTests.body { $0["description"] = "nul\u{0}" }),
            ("description", "length", InputTests.body { $0["description"] = .string(String(repeating: "a", count: 2_001)) }),
            ("colour", "unknown", InputTests.body { $0["colour"] = "red" }),
            ("id", "unknown", InputTests.body { $0["id"] = "agent_00000000000000000000000000" }),
            ("tenant", "unknown", InputTests.body { $0["tenant"] = .string(visit.tenant.id.description) }),
            ("role", "unknown", InputTests.body { $0["role"] = "You are a poet." }),
            ("blueprint", "type", InputTests.body { $0["blueprint"] = [] }),
            ("blueprint.tools", "length", InputTests.body { $0["blueprint"] = ["tools": [], "strategy": ["name": "reactive"]] }),
            (
                "blueprint.tools[0].name", "type",
                InputTests.body { $0["blueprint"] = ["tools": [["name": 1]], "strategy": ["name": "reactive"]] }
            ),
            (
                "blueprint.limits.max_attempts", "range",
                InputTests.body {
                    $0["blueprint"] = [
                        "tools": [["name": "ping"]], "strategy": ["name": "reactive"], "limits": ["max_attempts": 21],
                    ]
                }
            ),
            (
                "blueprint.tools[0].config.nothing", "unknown",
                InputTests.body {
                    $0["blueprint"] = ["tools": [["name": "ping", "config": ["nothing": 1]]], "strategy": ["name": "reactive"]]
                }
            ),
        ]
        for (field, code, body) in cases {
            let answer = try await visit.client.call("POST", "/v1/agents", body)
            expectProblem(answer, 422, "validation_failed", field: field)
            let entry = answer.json["errors"]?.array?.first { $0["field"]?.string == field }
            #expect(entry?["code"]?.string == code, "\(answer.text)")
        }
        let several = try await visit.client.call("POST", "/v1/agents", ["name": 1, "colour": "red", "blueprint": 2])
        #expect(several.json["errors"]?.array?.count == 3, "\(several.text)")
        let twice = Array(#"{"name":"a","name":"b"}"#.utf8)
        let answer = try await visit.client.send("POST", "/v1/agents", headers: InputTests.json, body: twice)
        #expect(answer.status == 400 || answer.status == 422, "\(answer.text)")
        expectNothingInternal(answer)
        for body: JSONValue in [[], "text", 1, .null] {
            expectProblem(try await visit.client.call("POST", "/v1/agents", body), 422, "validation_failed", field: "")
        }
        #expect(try await visit.call(200, "GET", "/v1/agents").json["data"] == [])
    }

    @Test func `a tool or a strategy that there is none of is named`() async throws {
        let visit = try await Visit()
        expectProblem(
            try await visit.client.call("POST", "/v1/agents", Visit.agentBody("ping", "nothing")), 422, "tool_not_available",
            field: "blueprint.tools[1].name")
        let body: JSONValue = ["name": "a", "blueprint": ["tools": [["name": "ping"]], "strategy": ["name": "none"]]]
        expectProblem(
            try await visit.client.call("POST", "/v1/agents", body), 422, "strategy_not_available",
            field: "blueprint.strategy.name")
    }

    @Test func `what the store could not keep is refused at the door`() async throws {
        let visit = try await Visit()
        let agent = try await visit.runningAgent()
        let texts = [
            #"{"input":{"a":"\u0000"}}"#, #"{"input":{"\u0000":1}}"#, #"{"input":{"a":1e400}}"#, #"{"input":{"a":[-1e999999]}}"#,
            #"{"input":{"a":0."# + String(repeating: "0", count: 20_000) + "1}}", #"{"input":[]}"#,
            #"{"input":{"a":"# + "\"" + String(repeating: "x", count: 256 << 10) + "\"}}",
        ]
        for text in texts {
            expectProblem(
                try await visit.client.send(
                    "POST", "/v1/agents/\(agent)/trigger", headers: InputTests.json, body: Array(text.utf8)),
                422, "validation_failed", field: "input")
        }
        let deep = String(repeating: "[", count: 95) + String(repeating: "]", count: 95)
        for text in [
            #"{"input":{"a":1e-400,"b":123456789012345678901234567890,"c":"\ud83e\udd9c"}}"#, "{\"input\":{\"a\":\(deep)}}",
        ] {
            let answer = try await visit.client.send(
                "POST", "/v1/agents/\(agent)/trigger", headers: InputTests.json, body: Array(text.utf8))
            #expect(answer.status == 202 || answer.status == 422, "\(answer.text)")
        }
    }

    @Test func `an id that names nothing is not found, whatever it looks like`() async throws {
        let visit = try await Visit()
        let agent = try await visit.agent()
        let ids = [
            "1", "agent", "agent_", "agent_1", "\(AgentID.make())", "\(ExecutionID.make())", agent.uppercased(), agent + "0",
            String(agent.dropLast()), "agent_zzzzzzzzzzzzzzzzzzzzzzzzzz", "agent_0000000000000000000000000u", "null",
            "%00", "agent_%00000000000000000000000000", "%F0%9F%A6%9C", "..%2f", "'%20OR%201=1--", "-1",
            String(repeating: "a", count: 4_000),
        ]
        for id in ids {
            expectProblem(try await visit.client.call("GET", "/v1/agents/\(id)"), 404, "not_found")
            expectProblem(try await visit.client.call("POST", "/v1/agents/\(id)/start"), 404, "not_found")
            expectProblem(try await visit.client.call("DELETE", "/v1/keys/\(id)"), 404, "not_found")
            expectProblem(try await visit.client.call("GET", "/v1/executions/\(id)/logs"), 404, "not_found")
        }
        // The same id, its letters escaped, is the same id.
        #expect(try await visit.client.call("GET", "/v1/agents/%61" + agent.dropFirst()).status == 200)
    }

    @Test func `a query that is not understood is refused by name`() async throws {
        let visit = try await Visit()
        let cases = [
            ("/v1/agents?limit=0", "limit"), ("/v1/agents?limit=101", "limit"), ("/v1/agents?limit=ten", "limit"),
            ("/v1/agents?limit=", "limit"), ("/v1/agents?limit=1.5", "limit"), ("/v1/agents?limit=99999999999999999999", "limit"),
            ("/v1/agents?limit=1&limit=2", "limit"), ("/v1/agents?page=2", "page"),
            ("/v1/agents?filter[state]=asleep", "filter[state]"),
            ("/v1/agents?filter[name]=a", "filter[name]"), ("/v1/agents?state=running", "state"),
            ("/v1/executions?filter[agent_id]=agent_1", "filter[agent_id]"),
            ("/v1/executions?filter[agent_id]=\(ExecutionID.make())", "filter[agent_id]"),
            ("/v1/executions/\(ExecutionID.make())/logs?after=-1", "after"),
            ("/v1/executions/\(ExecutionID.make())/logs?level=loud", "level"),
        ]
        for (path, field) in cases {
            expectProblem(try await visit.client.call("GET", path), 422, "validation_failed", field: field)
        }
        // Where there is nothing to ask, nothing is passed over in silence either.
        for (method, path, body) in [
            ("GET", "/v1/tenant", nil), ("GET", "/v1/tools", nil), ("POST", "/v1/agents", Visit.agentBody("ping")),
            ("POST", "/v1/agents/\(AgentID.make())/start", nil), ("DELETE", "/v1/agents/\(AgentID.make())", nil),
        ] as [(String, String, JSONValue?)] {
            expectProblem(
                try await visit.client.call(method, path + "?dry_run=true", body), 422, "validation_failed", field: "dry_run")
        }
        #expect(try await visit.call(200, "GET", "/v1/agents?").json["data"] == [])
        for query in ["limit=%", "limit=%4", "%zz=1", "a=%ff"] {
            expectProblem(try await visit.client.call("GET", "/v1/agents?\(query)"), 400, "malformed_request")
        }
        let many = (0..<65).map { "a\($0)=1" }.joined(separator: "&")
        expectProblem(try await visit.client.call("GET", "/v1/agents?\(many)"), 400, "malformed_request")
    }

    @Test func `an expiry that has passed makes no key`() async throws {
        let visit = try await Visit()
        for moment in ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
            expectProblem(
                try await visit.client.call("POST", "/v1/keys", ["name": "a", "expires_at": .string(moment)]), 422,
                "validation_failed", field: "expires_at")
        }
        for moment in ["tomorrow", "2101-02-30T00:00:00Z", "2101-01-01", ""] {
            expectProblem(
                try await visit.client.call("POST", "/v1/keys", ["name": "a", "expires_at": .string(moment)]), 422,
                "validation_failed", field: "expires_at")
        }
        let last = try await visit.call(201, "POST", "/v1/keys", ["name": "a", "expires_at": "9999-12-31T23:59:59.999Z"]).json
        #expect(last["key"]?["expires_at"] == "9999-12-31T23:59:59.999Z")
        // And it works: times far away don't overflow.
        #expect(try await visit.server.client(key: last["secret"]?.string).call("GET", "/v1/tenant").status == 200)
    }
}
