// One scenario an endpoint, by method and path: what a caller does with it when all goes well. A test compares this list with the
// OpenAPI document, so that an endpoint can't come without one.

import Base
import InsulaTesting
import JSON
import Tenancy
import Testing

/// What one endpoint does.
struct Scenario: Sendable, CustomTestStringConvertible {
    let method: String
    let path: String
    let run: @Sendable (Visit) async throws -> Void

    init(_ method: String, _ path: String, _ run: @escaping @Sendable (Visit) async throws -> Void) {
        self.method = method
        self.path = path
        self.run = run
    }

    var name: String { "\(method) \(path)" }
    var testDescription: String { name }

    static let all: [Scenario] =
        system + login + mfa + sessions + tokens + joining + links + account + people + tenancy + roles + keys + furtherKeys
        + audit + operators + agents + tasks + flows + automations + schedules + executions + changingExecutions + approvals
        + datasets + events

    // MARK: The server itself

    private static let system = [
        Scenario("GET", "/healthz") { visit in
            let answer = try await visit.call(200, "GET", "/healthz")
            #expect(answer.json == ["status": "ok"])
        },
        Scenario("GET", "/readyz") { visit in
            let answer = try await visit.call(200, "GET", "/readyz")
            #expect(answer.json == ["status": "ready"])
        },
        Scenario("GET", "/metrics") { visit in
            try await visit.call(200, "GET", "/v1/tenant")
            let answer = try await visit.call(200, "GET", "/metrics")
            #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let lines = answer.text.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix(#"insula_requests_total{method="GET",route="/v1/tenant",status="2xx"} "#) })
            #expect(lines.contains("insula_database_ready 1"))
            #expect(lines.contains("# TYPE insula_request_seconds histogram"))
            #expect(!answer.text.contains(visit.tenant.id.description) && !answer.text.contains(visit.tenant.slug))
        },
        Scenario("GET", "/v1/openapi.json") { visit in
            let answer = try await visit.call(200, "GET", "/v1/openapi.json")
            #expect(answer["content-type"] == "application/json")
            #expect(answer.json["openapi"] == "3.1.0" && answer.json["info"]?["title"] == "Insula")
        },
        Scenario("GET", "/docs") { visit in
            let answer = try await visit.call(200, "GET", "/docs")
            #expect(answer["content-type"] == "text/html; charset=utf-8")
            #expect(answer.text.contains("<title>Insula API</title>"))
        },
    ]

    // MARK: Tenant and keys

    private static let keys = [
        Scenario("GET", "/v1/tenant") { visit in
            let tenant = try await visit.call(200, "GET", "/v1/tenant").json
            #expect(tenant["id"]?.string == visit.tenant.id.description && tenant["slug"]?.string == visit.tenant.slug)
            #expect(tenant["plan"] == "free" && tenant["state"] == "active")
            #expect(Timestamp(rfc3339: tenant["created_at"]?.string ?? "") != nil)
        },
        Scenario("POST", "/v1/keys") { visit in
            let made = try await visit.call(201, "POST", "/v1/keys", ["name": "robot", "role": "viewer"]).json
            let secret = try #require(made["secret"]?.string)
            #expect(secret.hasPrefix("ins_live_") && secret.count == 95)
            #expect(made["key"]?["role"] == "viewer" && made["key"]?["name"] == "robot")
            #expect(made["key"]?["expires_at"] == .null && made["key"]?["revoked_at"] == .null)
            #expect(try await visit.server.client(key: secret).call("GET", "/v1/tenant").status == 200)
            // A role that nobody names is the one that works, not the one that manages.
            #expect(try await visit.call(201, "POST", "/v1/keys", ["name": "robot"]).json["key"]?["role"] == "member")
        },
        Scenario("GET", "/v1/keys") { visit in
            let made = try await visit.call(201, "POST", "/v1/keys", ["name": "second"]).json
            let page = try await visit.call(200, "GET", "/v1/keys")
            let keys = try #require(page.json["data"]?.array)
            #expect(keys.count == 2 && keys[0] == made["key"] && keys[1]["name"] == "first key")
            #expect(page.json["has_more"] == false && page.json["next_cursor"] == .null)
            #expect(!page.text.contains("ins_live_") && !page.text.contains("hash"))
            // What a person made is the organisation's: it is found by his name, and works on without him.
            let admin = try visit.tenant.person(.admin)
            let theirs = try await admin.session().client().call("POST", "/v1/keys", ["name": "theirs"]).json
            try await visit.call(204, "DELETE", "/v1/users/\(admin.id)")
            #expect(try await visit.ids("/v1/keys?filter[created_by]=\(admin.id)") == [theirs["key"]?["id"]?.string ?? ""])
            #expect(try await visit.ids("/v1/keys?filter[created_by]=\(UserID.make())") == [])
            #expect(try await visit.server.client(key: theirs["secret"]?.string).call("GET", "/v1/tenant").status == 200)
        },
        Scenario("DELETE", "/v1/keys/{key_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/keys", ["name": "robot"]).json
            let id = try #require(made["key"]?["id"]?.string)
            let robot = visit.server.client(key: made["secret"]?.string)
            #expect(try await robot.call("GET", "/v1/tenant").status == 200)
            let revoked = try await visit.call(200, "DELETE", "/v1/keys/\(id)").json
            #expect(Timestamp(rfc3339: revoked["revoked_at"]?.string ?? "") != nil)
            expectProblem(try await robot.call("GET", "/v1/tenant"), 401, "unauthenticated")
            // It stays revoked, since the moment it first was.
            #expect(try await visit.call(200, "DELETE", "/v1/keys/\(id)").json["revoked_at"] == revoked["revoked_at"])
        },
    ]

    // MARK: Agents

    private static let agents = [
        Scenario("POST", "/v1/agents") { visit in
            var body = Visit.agentBody("ping", name: "Écho 🦜").object ?? JSONObject()
            body["description"] = "Says what\nit was told."
            let answer = try await visit.call(201, "POST", "/v1/agents", .object(body))
            let agent = answer.json
            #expect(AgentID(try visit.id(of: answer)) != nil)
            #expect(agent["name"] == "Écho 🦜" && agent["description"] == "Says what\nit was told.")
            #expect(agent["state"] == "created" && agent["version"] == 1)
            #expect(agent["blueprint"]?["tools"]?[0]?["name"] == "ping")
            #expect(agent["blueprint"]?["limits"] == ["timeout_seconds": 300, "max_attempts": 3])
            let moment = try #require(agent["created_at"]?.string)
            #expect(moment == agent["updated_at"]?.string && moment.count == 24 && moment.hasSuffix("Z"))
        },
        Scenario("GET", "/v1/agents") { visit in
            var ids: [String] = []
            for _ in 0..<3 { ids.append(try await visit.agent()) }
            try await visit.call(200, "POST", "/v1/agents/\(ids[1])/start")
            let all = try await visit.call(200, "GET", "/v1/agents").json
            #expect(all["data"]?.array?.compactMap { $0["id"]?.string } == ids.sorted(by: >))
            #expect(all["has_more"] == false)
            let first = try #require(all["data"]?[0]?.object)
            #expect(first["blueprint"] == nil && first["version"] == 1 && first["state"] == "created")
            #expect(try await visit.call(200, "GET", "/v1/agents/\(ids[0])").json["blueprint"]?["tools"] != nil)
            let running = try await visit.call(200, "GET", "/v1/agents?filter[state]=running").json
            #expect(running["data"]?.array?.compactMap { $0["id"]?.string } == [ids[1]])
            let encoded = try await visit.call(200, "GET", "/v1/agents?filter%5Bstate%5D=paused").json
            #expect(encoded["data"] == [])
        },
        Scenario("GET", "/v1/agents/{agent_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/agents", Visit.agentBody("ping")).json
            #expect(try await visit.call(200, "GET", "/v1/agents/\(made["id"]?.string ?? "")").json == made)
        },
        Scenario("PATCH", "/v1/agents/{agent_id}") { visit in
            let id = try await visit.agent()
            let renamed = try await visit.call(200, "PATCH", "/v1/agents/\(id)", ["name": "Other"]).json
            #expect(renamed["name"] == "Other" && renamed["version"] == 1 && renamed["description"] == "")
            let blueprint = try #require(Visit.agentBody("ping", "web_scraper")["blueprint"])
            let rebuilt = try await visit.call(200, "PATCH", "/v1/agents/\(id)", ["blueprint": blueprint]).json
            #expect(rebuilt["version"] == 2 && rebuilt["name"] == "Other")
            #expect(rebuilt["blueprint"]?["tools"]?.array?.count == 2)
            #expect(try await visit.call(200, "GET", "/v1/agents/\(id)").json == rebuilt)
        },
        Scenario("DELETE", "/v1/agents/{agent_id}") { visit in
            let execution = try await visit.execution()
            let run = try await visit.call(200, "GET", "/v1/executions/\(execution)").json
            let agent = try #require(run["agent_id"]?.string)
            let gone = try await visit.call(204, "DELETE", "/v1/agents/\(agent)")
            #expect(gone.body.isEmpty && gone["content-type"] == nil && gone["content-length"] == nil)
            expectProblem(try await visit.call(404, "GET", "/v1/agents/\(agent)"), 404, "not_found")
            expectProblem(try await visit.call(404, "DELETE", "/v1/agents/\(agent)"), 404, "not_found")
            expectProblem(try await visit.call(404, "GET", "/v1/executions/\(execution)/logs"), 404, "not_found")
        },
        Scenario("POST", "/v1/agents/{agent_id}/start") { visit in
            let id = try await visit.agent()
            #expect(try await visit.call(200, "POST", "/v1/agents/\(id)/start").json["state"] == "running")
        },
        Scenario("POST", "/v1/agents/{agent_id}/pause") { visit in
            let id = try await visit.runningAgent()
            #expect(try await visit.call(200, "POST", "/v1/agents/\(id)/pause").json["state"] == "paused")
            #expect(try await visit.call(200, "POST", "/v1/agents/\(id)/start").json["state"] == "running")
        },
        Scenario("POST", "/v1/agents/{agent_id}/stop") { visit in
            let id = try await visit.runningAgent()
            #expect(try await visit.call(200, "POST", "/v1/agents/\(id)/stop").json["state"] == "stopped")
        },
        Scenario("POST", "/v1/agents/{agent_id}/trigger") { visit in
            let agent = try await visit.runningAgent()
            let made = try await visit.call(202, "POST", "/v1/agents/\(agent)/trigger", ["input": ["message": "hello"]])
            #expect(made.json["agent_id"]?.string == agent && made.json["agent_version"] == 1 && made.json["version"] == 1)
            #expect(made.json["state"] == "queued" && made.json["input"] == ["message": "hello"])
            let ended = try await visit.ended(try visit.id(of: made))
            #expect(ended["state"] == "succeeded" && ended["output"]?["ping"]?["message"] == "hello")
            // Neither a body nor its type is needed for an input that is empty.
            let bare = try await visit.call(202, "POST", "/v1/agents/\(agent)/trigger")
            #expect(bare.json["input"] == [:])
        },
    ]

    // MARK: Executions, and what agents are made of

    private static let executions = [
        Scenario("GET", "/v1/executions") { visit in
            let first = try await visit.execution()
            let second = try await visit.execution()
            let all = try await visit.call(200, "GET", "/v1/executions").json
            #expect(all["data"]?.array?.compactMap { $0["id"]?.string } == [first, second].sorted(by: >))
            let summary = all["data"]?.array?.first { $0["id"]?.string == first }
            let agent = try #require(summary?["agent_id"]?.string)
            let ofOne = try await visit.call(200, "GET", "/v1/executions?filter[agent_id]=\(agent)&filter[state]=succeeded").json
            #expect(ofOne["data"]?.array?.compactMap { $0["id"]?.string } == [first])
            #expect(try await visit.call(200, "GET", "/v1/executions?filter[state]=failed").json["data"] == [])
        },
        Scenario("GET", "/v1/executions/{execution_id}") { visit in
            let id = try await visit.execution()
            let execution = try await visit.call(200, "GET", "/v1/executions/\(id)").json
            #expect(execution["id"]?.string == id && execution["state"] == "succeeded" && execution["attempt"] == 1)
            #expect(execution["error"] == .null && execution["input"] == ["word": "hello"])
            #expect(execution["duration_ms"]?.int ?? -1 >= 0 && execution["started_at"]?.string?.count == 24)
        },
        Scenario("GET", "/v1/executions/{execution_id}/output") { visit in
            let id = try await visit.execution()
            let result = try await visit.call(200, "GET", "/v1/executions/\(id)/output").json
            #expect(result["execution_id"]?.string == id && result["state"] == "succeeded")
            #expect(result["output"]?["ping"]?["pong"] == true && result["error"] == .null)
        },
        Scenario("GET", "/v1/executions/{execution_id}/steps") { visit in
            let id = try await visit.execution()
            let page = try await visit.call(200, "GET", "/v1/executions/\(id)/steps").json
            let steps = try #require(page["data"]?.array)
            #expect(steps.count == 1 && page["has_more"] == false)
            for query in ["limit=0", "limit=1001", "cursor=abc"] {
                expectProblem(
                    try await visit.call(422, "GET", "/v1/executions/\(id)/steps?\(query)"), 422, "validation_failed")
            }
            #expect(steps.first?["tool"] == "ping" && steps.first?["status"] == "succeeded" && steps.first?["effect"] == "pure")
        },
        Scenario("GET", "/v1/executions/{execution_id}/logs") { visit in
            let id = try await visit.execution()
            let path = "/v1/executions/\(id)/logs"
            let all = try #require(try await visit.call(200, "GET", path).json["data"]?.array)
            #expect(all.count >= 2)
            #expect(all.contains { $0["level"] == "warn" && $0["metadata"] == ["names": ["word"]] })
            let warnings = try await visit.call(200, "GET", "\(path)?level=warn").json["data"]?.array
            #expect(warnings == all.filter { $0["level"] == "warn" || $0["level"] == "error" })
            // Following: what was read already is not given again.
            let seq = try #require(all[0]["seq"]?.int)
            #expect(try await visit.call(200, "GET", "\(path)?after=\(seq)").json["data"]?.array == Array(all.dropFirst()))
        },
        Scenario("POST", "/v1/executions/{execution_id}/cancel") { visit in
            try await TestServer.run(["INSULA_WORKERS": "0"]) { server in
                let idle = try await Visit(server)
                let agent = try await idle.runningAgent()
                let waiting = try idle.id(of: try await idle.call(202, "POST", "/v1/agents/\(agent)/trigger"))
                let cancelled = try await idle.call(200, "POST", "/v1/executions/\(waiting)/cancel").json
                #expect(cancelled["state"] == "cancelled" && cancelled["finished_at"]?.string != nil)
                expectProblem(
                    try await idle.call(409, "POST", "/v1/executions/\(waiting)/cancel"), 409, "invalid_state_transition")
            }
        },
        Scenario("GET", "/v1/tools") { visit in
            let tools = try #require(try await visit.call(200, "GET", "/v1/tools").json["data"]?.array)
            let names = Set(tools.compactMap { $0["name"]?.string })
            #expect(
                names.isSuperset(of: ["ping", "http_request", "web_scraper", "extract", "transform", "query", "data_processing"]))
        },
        Scenario("GET", "/v1/strategies") { visit in
            let strategies = try #require(try await visit.call(200, "GET", "/v1/strategies").json["data"]?.array)
            #expect(
                strategies.compactMap { $0["name"]?.string } == [
                    "reactive", "sequence", "plan_and_execute", "tool_loop", "flow_graph",
                ])
        },
    ]
}

@Suite struct ScenarioTests {
    @Test(arguments: Scenario.all) func `an endpoint does what it is for`(_ scenario: Scenario) async throws {
        try await scenario.run(try await Visit())
    }

    @Test func `every endpoint of the document has a scenario, and no scenario is of another`() async throws {
        let offered = try await TestServer.shared().paths.members.flatMap { path in
            (path.value.object?.members ?? []).map { "\($0.name.uppercased()) \(path.name)" }
        }
        let known = Scenario.all.map(\.name)
        #expect(Set(offered) == Set(known))
        #expect(Set(known).count == known.count && offered.count == known.count)
    }
}
