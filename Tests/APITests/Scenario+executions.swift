// What callers do to executions: pause and resume, signals, unknown outcomes, again from the start or from a step, and many at once.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

extension Scenario {
    /// A scenario on a server that works on nothing, so that what is queued stays so.
    private static func idle(
        _ path: String, _ run: @escaping @Sendable (Visit, String) async throws -> Void
    ) -> Scenario {
        Scenario("POST", path) { _ in
            try await TestServer.run(["INSULA_WORKERS": "0"]) { server in
                let visit = try await Visit(server)
                let agent = try await visit.runningAgent()
                let made = try await visit.call(202, "POST", "/v1/agents/\(agent)/trigger", ["input": ["word": "hello"]])
                try await run(visit, try visit.id(of: made))
            }
        }
    }

    static let changingExecutions = [
        idle("/v1/executions/{execution_id}/pause") { visit, id in
            #expect(try await visit.call(200, "POST", "/v1/executions/\(id)/pause").json["state"] == "paused")
            expectProblem(
                try await visit.call(409, "POST", "/v1/executions/\(id)/pause"), 409, "invalid_state_transition")
        },
        idle("/v1/executions/{execution_id}/resume") { visit, id in
            expectProblem(
                try await visit.call(409, "POST", "/v1/executions/\(id)/resume"), 409, "invalid_state_transition")
            try await visit.call(200, "POST", "/v1/executions/\(id)/pause")
            #expect(try await visit.call(200, "POST", "/v1/executions/\(id)/resume").json["state"] == "queued")
        },
        idle("/v1/executions/{execution_id}/signals") { visit, id in
            let path = "/v1/executions/\(id)/signals"
            let body: JSONValue = ["id": "a", "name": "approval", "payload": ["approved": true]]
            #expect(try await visit.call(202, "POST", path, body).json == ["id": "a", "name": "approval", "is_new": true])
            #expect(try await visit.call(202, "POST", path, body).json["is_new"] == false)
            let other = try await visit.call(202, "POST", path, ["name": "approval"]).json
            #expect(other["is_new"] == true && other["id"]?.string?.count == 36)
            expectProblem(try await visit.call(422, "POST", path, ["payload": 1]), 422, "validation_failed")
        },
        idle("/v1/executions/{execution_id}/resolve") { visit, id in
            let path = "/v1/executions/\(id)/resolve"
            expectProblem(try await visit.call(409, "POST", path, ["action": "retry"]), 409, "invalid_state_transition")
            _ = try visit.server.database.connectAsSuperuser().rows(
                """
                WITH gone AS (DELETE FROM execution_queue WHERE execution_id = (SELECT max(id::text)::uuid FROM executions
                    WHERE tenant_id = $1) RETURNING execution_id)
                UPDATE executions SET state = 'indeterminate', finished_at = now() FROM gone WHERE id = gone.execution_id
                """, [visit.tenant.id.uuid.description])
            let rests = try await visit.call(200, "GET", "/v1/executions?filter[state]=indeterminate").json
            #expect(rests["data"]?.array?.compactMap { $0["id"]?.string } == [id])
            #expect(try await visit.call(200, "POST", path, ["action": "fail"]).json["state"] == "failed")
        },
        Scenario("POST", "/v1/executions/{execution_id}/replay") { visit in
            let id = try await visit.execution()
            let again = try await visit.call(202, "POST", "/v1/executions/\(id)/replay")
            #expect(again.json["origin_id"]?.string == id && again.json["origin_step"] == .null)
            #expect(again.json["input"] == ["word": "hello"])
            let ended = try await visit.ended(try visit.id(of: again))
            #expect(ended["state"] == "succeeded" && ended["id"]?.string != id)
        },
        Scenario("POST", "/v1/executions/{execution_id}/fork") { visit in
            let id = try await visit.execution()
            let path = "/v1/executions/\(id)/fork"
            let forked = try await visit.call(202, "POST", path, ["step": "tool[0]"])
            #expect(forked.json["origin_id"]?.string == id && forked.json["origin_step"] == "tool[0]")
            #expect(try await visit.ended(try visit.id(of: forked))["state"] == "succeeded")
            let problem = try await visit.call(422, "POST", path, ["step": "tool[9]"])
            #expect(problem.json["errors"]?[0]?["field"] == "step")
        },
        idle("/v1/executions/cancel") { visit, id in
            let changed = try await visit.call(200, "POST", "/v1/executions/cancel", ["states": ["queued"]]).json
            #expect(changed == ["ids": [.string(id)], "has_more": false])
            #expect(try await visit.call(200, "GET", "/v1/executions/\(id)").json["state"] == "cancelled")
            let all = try await visit.call(422, "POST", "/v1/executions/cancel", [:])
            expectProblem(all, 422, "validation_failed", field: "states")
        },
        idle("/v1/executions/replay") { visit, id in
            try await visit.call(200, "POST", "/v1/executions/\(id)/cancel")
            let made = try await visit.call(202, "POST", "/v1/executions/replay", ["states": ["cancelled"]]).json
            let new = try #require(made["ids"]?[0]?.string)
            #expect(try await visit.call(200, "GET", "/v1/executions/\(new)").json["origin_id"]?.string == id)
            // What was run again is not run again once more.
            #expect(try await visit.call(202, "POST", "/v1/executions/replay", ["states": ["cancelled"]]).json["ids"] == [])
        },
    ]
}
