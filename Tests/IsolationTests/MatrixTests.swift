// Every route with an id, asked by every method for a thing that another tenant has, and for one that nobody has: the two answers must
// be the same to the byte, so that nobody learns what exists.

import Base
import InsulaTesting
import JSON
import Tenancy
import Testing

@Suite struct MatrixTests {
    /// What tells one answer from the next whoever asks.
    private static let varying: Set<String> = [
        "date", "server-timing", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset",
    ]

    /// A route of the table whose path has an id.
    private struct Route {
        let method: String
        let path: String
        let kind: String
    }

    private static func routes() async throws -> [Route] {
        try await TestServer.shared().paths.members.flatMap { member -> [Route] in
            // What operators reach is no tenant's.
            guard !member.name.hasPrefix("/v1/operator/") else { return [] }
            guard let name = member.name.firstMatch(of: /\{([a-z]+)_id\}/) else { return [] }
            return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].map { method in
                Route(
                    method: method, path: member.name.replacing(name.0, with: "ID").replacing("{key}", with: "key"),
                    kind: String(name.1))
            }
        }
    }

    private static func shown(_ answer: TestAnswer, _ id: String) -> [String] {
        ["\(answer.status)", answer.text.replacing(id, with: "ID")]
            + answer.headers.filter { !varying.contains($0.name) }.map { "\($0.name): \($0.value)" }
    }

    /// One definition of every kind, by kind.
    private static func definitions(_ mine: TestClient) async throws -> [String: String] {
        let task = try #require(
            try await mine.call(
                "POST", "/v1/tasks", ["name": "t", "type": "http_request", "parameters": ["url": "http://a.example/"]]
            )
            .json["id"]?.string)
        let ends: JSONValue = [["id": "in", "type": "input"], ["id": "out", "type": "output"]]
        let flow = try #require(
            try await mine.call(
                "POST", "/v1/flows", ["name": "f", "nodes": ends, "edges": [["from": "in", "to": "out"]]]
            ).json["id"]?.string)
        let automation = try #require(
            try await mine.call("POST", "/v1/automations", ["name": "a", "steps": [["tool": "ping"]]]).json["id"]?.string)
        let schedule = try #require(
            try await mine.call(
                "POST", "/v1/schedules",
                ["name": "s", "task_id": .string(task), "trigger": ["type": "interval", "every_seconds": 86_400]]
            ).json["id"]?.string)
        let dataset = try #require(try await mine.call("POST", "/v1/datasets", ["name": "d"]).json["id"]?.string)
        return ["dataset": dataset, "task": task, "flow": flow, "automation": automation, "schedule": schedule]
    }

    @Test func `what another tenant has can't be told from what nobody has`() async throws {
        let server = try await TestServer.shared()
        let (owner, stranger) = (try await server.tenant(), try await server.tenant())
        let mine = owner.client()
        let body: JSONValue = ["name": "a", "blueprint": ["tools": [["name": "ping"]], "strategy": ["name": "reactive"]]]
        let agent = try #require(try await mine.call("POST", "/v1/agents", body).json["id"]?.string)
        #expect(try await mine.call("POST", "/v1/agents/\(agent)/start").status == 200)
        let execution = try #require(try await mine.call("POST", "/v1/agents/\(agent)/trigger").json["id"]?.string)
        let key = try #require(
            try await mine.call("POST", "/v1/keys", ["name": "k"]).json["key"]?["id"]?.string)
        let person = try owner.person()
        let session = try await person.session()
        let invitation = try #require(
            try await mine.call("POST", "/v1/invitations", ["email": "guest@example.com"]).json["id"]?.string)
        let role = try #require(
            try await mine.call("POST", "/v1/roles", ["name": "r", "scopes": ["agents:read"]]).json["id"]?.string)
        let definitions = try await MatrixTests.definitions(mine)
        let there = [
            "agent": agent, "execution": execution, "key": key, "user": "\(person.id)", "session": session.id,
            "invitation": invitation, "role": role,
        ].merging(definitions) { one, _ in one }
        let nowhere = [
            "agent": "\(AgentID.make())", "execution": "\(ExecutionID.make())", "key": "\(KeyID.make())",
            "user": "\(UserID.make())", "session": "\(SessionID.make())", "invitation": "\(InvitationID.make())",
            "role": "\(RoleID.make())", "task": "\(TaskID.make())", "flow": "\(FlowID.make())",
            "automation": "\(AutomationID.make())", "schedule": "\(ScheduleID.make())", "dataset": "\(DatasetID.make())",
        ]

        let routes = try await MatrixTests.routes()
        #expect(Set(routes.map(\.kind)) == Set(there.keys))
        var refused = 0
        // A person who holds every right that there is.
        let theirs = try await stranger.person(.owner).session().client()
        let bodies: [JSONValue?] = [nil, [:], ["name": "taken"], ["input": [:]], ["reason": "taken"], ["unknown": 1]]
        for route in routes {
            for body in bodies {
                for query in ["", "?limit=1", "?limit=0", "?cursor=abc"] {
                    var answers: [[String]] = []
                    for ids in [there, nowhere] {
                        let id = try #require(ids[route.kind])
                        let answer = try await theirs.call(
                            route.method, route.path.replacing("ID", with: id) + query, body, headers: [("x-request-id", "same")])
                        #expect([400, 404, 405, 422].contains(answer.status), "\(route.method) \(route.path): \(answer.text)")
                        if answer.status == 404 { refused += 1 }
                        answers.append(MatrixTests.shown(answer, id))
                    }
                    #expect(answers[0] == answers[1], "\(route.method) \(route.path)\(query)")
                }
            }
        }
        #expect(refused > 150)
        print("\(routes.count * bodies.count * 4) cases ran of routes with another tenant's id")

        // Lists that are asked for the other's things are as empty.
        for ids in [there, nowhere] {
            let list = try await theirs.call("GET", "/v1/executions?filter[agent_id]=\(ids["agent"] ?? "")")
            #expect(list.status == 200 && list.json["data"] == [])
        }
        // And nothing happened to what is there. By a connection of its own: the first may have been idle for too long by now.
        let later = owner.client()
        #expect(try await later.call("GET", "/v1/agents/\(agent)").json["name"] == "a")
        #expect(try await later.call("GET", "/v1/agents/\(agent)").json["state"] == "running")
        #expect(try await later.call("GET", "/v1/executions/\(execution)").status == 200)
        #expect(try await session.client().call("GET", "/v1/tenant").status == 200)
        let keys = try await later.call("GET", "/v1/keys").json["data"]?.array
        #expect(keys?.allSatisfy { $0["revoked_at"] == .null } == true)
    }
}
