// Schedules over whole servers: however many share a database, each fire is one run.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

@Suite struct ScheduleServerTests {
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
