// Schedules over whole servers: however many share a database, each fire is one run.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

@Suite struct ScheduleServerTests {
    @Test func `who may not run something can't have it run by a schedule`() async throws {
        let visit = try await Visit()
        let role = try visit.id(
            of: try await visit.call(201, "POST", "/v1/roles", ["name": "planner", "scopes": ["tasks:read", "tasks:write"]]))
        let made = try await visit.call(201, "POST", "/v1/keys", ["name": "k", "role": .string(role)]).json
        let planner = visit.server.client(key: try #require(made["secret"]?.string))
        let agent = try await visit.runningAgent()
        let body: JSONValue = [
            "name": "S", "agent_id": .string(agent), "trigger": ["type": "interval", "every_seconds": 3600],
        ]
        let refusal = try await planner.call("POST", "/v1/schedules", body)
        expectProblem(refusal, 403, "forbidden")
        #expect(refusal.json["detail"]?.string?.contains("executions:write") == true)
        let path = "/v1/schedules/\(try visit.id(of: try await visit.call(201, "POST", "/v1/schedules", body)))"
        expectProblem(try await planner.call("PATCH", path, ["input": ["word": "other"]]), 403, "forbidden")
        #expect(try await visit.call(200, "GET", path).json["input"] == [:])
        #expect(try await planner.call("POST", "\(path)/pause").status == 200)
    }

    @Test func `two servers on one database let each schedule fire once`() async throws {
        let count = 30
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                let agent = try await visit.runningAgent()
                for number in 0..<count {
                    let body: JSONValue = [
                        "name": .string("S\(number)"), "agent_id": .string(agent), "overlap": "allow",
                        "trigger": ["type": "interval", "every_seconds": 86_400],
                    ]
                    // Either server takes them.
                    let client = number % 2 == 0 ? visit.client : second.client(key: visit.tenant.key)
                    #expect(try await client.call("POST", "/v1/schedules", body).status == 201)
                }
                let superuser = try first.database.connectAsSuperuser()
                for round in 1...3 {
                    _ = try superuser.rows(
                        "UPDATE schedules SET next_fire_at = now() - interval '1 second', due_at = now() - interval '1 second'",
                        [])
                    let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
                    while try superuser.rows("SELECT 1 FROM schedules WHERE due_at <= now()", []).isEmpty == false {
                        try #require(Instant.now < deadline, "schedules stayed due")
                        _ = try await visit.call(200, "GET", "/v1/schedules?limit=1")
                    }
                    let made = try superuser.rows("SELECT count(*), count(DISTINCT execution_id) FROM schedule_fires", [])
                    #expect(made == [["\(count * round)", "\(count * round)"]])
                    #expect(try superuser.rows("SELECT count(*) FROM executions", []) == [["\(count * round)"]])
                }
            }
        }
    }
}
