// What callers do with approvals: they are listed, and a person answers.

import Base
import InsulaTesting
import JSON
import Testing

extension Visit {
    /// An execution that waits for an answer.
    fileprivate func asking() async throws -> String {
        let body: JSONValue = [
            "name": "Ask",
            "blueprint": [
                "tools": [["name": "human_approval", "config": ["message": "Send it?"]]], "strategy": ["name": "reactive"],
            ],
        ]
        let agent = try id(of: try await call(201, "POST", "/v1/agents", body))
        try await call(200, "POST", "/v1/agents/\(agent)/start")
        let execution = try id(of: try await call(202, "POST", "/v1/agents/\(agent)/trigger"))
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        while try await call(200, "GET", "/v1/executions/\(execution)").json["state"] != "waiting" {
            try #require(Instant.now < deadline, "it never waited")
            await Task.yield()
        }
        return execution
    }
}

extension Scenario {
    static let approvals = [
        Scenario("GET", "/v1/approvals") { visit in
            let execution = try await visit.asking()
            let other = try await visit.asking()
            let first = try await visit.call(200, "GET", "/v1/approvals?limit=1").json
            #expect(first["data"]?[0]?["execution_id"] == .string(other) && first["data"]?[0]?["message"] == "Send it?")
            let cursor = try #require(first["pagination"]?["next_cursor"]?.string ?? first["next_cursor"]?.string)
            let rest = try await visit.call(200, "GET", "/v1/approvals?limit=1&cursor=\(cursor)").json
            #expect(rest["data"]?.array?.count == 1 && rest["data"]?[0]?["execution_id"] == .string(execution))
            expectProblem(try await visit.call(422, "GET", "/v1/approvals?cursor=abc"), 422, "validation_failed")
        },
        Scenario("POST", "/v1/executions/{execution_id}/answer") { visit in
            let execution = try await visit.asking()
            let path = "/v1/executions/\(execution)/answer"
            expectProblem(try await visit.call(403, "POST", path, ["approved": true]), 403, "forbidden")
            let person = try visit.tenant.person()
            let client = try await person.session().client()
            let answer = try await client.call("POST", path, ["approved": true, "comment": "fine"])
            #expect(answer.status == 202 && answer.json["step"] == "tool[0]", "\(answer.text)")
            let ended = try await visit.ended(execution)
            #expect(
                ended["output"]?["human_approval"] == ["approved": true, "comment": "fine", "by": .string("\(person.id)")])
            expectProblem(try await client.call("POST", path, ["approved": true]), 409, "invalid_state_transition")
        },
    ]
}
