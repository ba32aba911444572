// What a caller does with tasks and schedules when all goes well.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

extension Visit {
    /// The body that makes a task which asks this very server how it is.
    func taskBody(_ name: String = "Ask") -> JSONValue {
        [
            "name": .string(name), "type": "http_request",
            "parameters": ["url": .string("http://127.0.0.1:\(server.port)/healthz")],
        ]
    }

    /// The id of a new task.
    func task() async throws -> String { try id(of: try await call(201, "POST", "/v1/tasks", taskBody())) }

    /// The id of a new schedule of a new task, once a day at noon.
    func schedule(_ task: String? = nil) async throws -> String {
        let target: String
        if let task { target = task } else { target = try await self.task() }
        let body: JSONValue = [
            "name": "Noon", "task_id": .string(target),
            "trigger": ["type": "cron", "cron": "0 12 * * *", "time_zone": "Europe/Berlin"],
        ]
        return try id(of: try await call(201, "POST", "/v1/schedules", body))
    }
}

extension Scenario {
    static let tasks = [
        Scenario("POST", "/v1/tasks") { visit in
            let made = try await visit.call(201, "POST", "/v1/tasks", visit.taskBody("Écho"))
            let id = try visit.id(of: made)
            #expect(made["etag"] != nil && TaskID(id) != nil)
            #expect(made.json["state"] == "active" && made.json["status"] == "created" && made.json["type"] == "http_request")
            #expect(made.json["version"] == 1 && made.json["priority"] == 0 && made.json["last_execution_id"] == .null)
            #expect(made.json["limits"] == ["timeout_seconds": 300, "max_attempts": 3])
            // What the type's tool does not take is refused by name, as is a type that there is not.
            var wrong: JSONValue = ["name": "n", "type": "http_request", "parameters": ["url": 1]]
            expectProblem(
                try await visit.client.call("POST", "/v1/tasks", wrong), 422, "validation_failed", field: "parameters.url")
            wrong = ["name": "n", "type": "http_request", "parameters": [:]]
            expectProblem(
                try await visit.client.call("POST", "/v1/tasks", wrong), 422, "validation_failed", field: "parameters.url")
            for type in ["data_mining", "shell"] {
                wrong = ["name": "n", "type": .string(type), "parameters": [:]]
                expectProblem(try await visit.client.call("POST", "/v1/tasks", wrong), 422, "validation_failed", field: "type")
            }
            let key = [("idempotency-key", "once")]
            let first = try await visit.call(201, "POST", "/v1/tasks", visit.taskBody(), headers: key)
            #expect(try await visit.call(201, "POST", "/v1/tasks", visit.taskBody(), headers: key).json == first.json)
        },
        Scenario("GET", "/v1/tasks") { visit in
            let ids = [try await visit.task(), try await visit.task(), try await visit.task()]
            try await visit.call(200, "POST", "/v1/tasks/\(ids[1])/pause")
            let newest = Array(ids.sorted().reversed())
            let path = "/v1/tasks?"
            #expect(try await visit.ids(String(path.dropLast())) == newest)
            #expect(try await visit.ids("\(path)filter[state]=paused") == [ids[1]])
            #expect(try await visit.ids("\(path)filter[status]=created").count == 3)
            #expect(try await visit.ids("\(path)filter[status]=completed").isEmpty)
            #expect(try await visit.ids("\(path)filter[type]=http_request&sort=created_at:asc") == ids.sorted())
            #expect(try await visit.ids("\(path)filter[type]=security_scan").isEmpty)
            let part = try await visit.call(200, "GET", "/v1/tasks?limit=2").json
            let cursor = try #require(part["next_cursor"]?.string)
            #expect(try await visit.ids("\(path)limit=2&cursor=\(cursor)") == [ids.sorted()[0]])
        },
        Scenario("GET", "/v1/tasks/{task_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/tasks", visit.taskBody())
            #expect(try await visit.call(200, "GET", "/v1/tasks/\(visit.id(of: made))").json == made.json)
        },
        Scenario("PATCH", "/v1/tasks/{task_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/tasks", visit.taskBody())
            let path = "/v1/tasks/\(try visit.id(of: made))"
            let tag = [("if-match", try #require(made["etag"]))]
            let renamed = try await visit.call(200, "PATCH", path, ["name": "Other"], headers: tag)
            #expect(renamed.json["name"] == "Other" && renamed.json["version"] == 1)
            expectProblem(
                try await visit.client.call("PATCH", path, ["name": "Lost"], headers: tag), 412, "precondition_failed")
            let changed = try await visit.call(200, "PATCH", path, ["priority": 5, "limits": ["max_attempts": 1]]).json
            #expect(changed["version"] == 2 && changed["priority"] == 5 && changed["limits"]?["max_attempts"] == 1)
            #expect(changed["parameters"] == made.json["parameters"])
            expectProblem(
                try await visit.client.call("PATCH", path, ["parameters": ["nothing": 1]]), 422, "validation_failed",
                field: "parameters.nothing")
        },
        Scenario("DELETE", "/v1/tasks/{task_id}") { visit in
            let task = try await visit.task()
            let schedule = try await visit.schedule(task)
            try await visit.call(204, "DELETE", "/v1/tasks/\(task)")
            expectProblem(try await visit.client.call("GET", "/v1/tasks/\(task)"), 404, "not_found")
            expectProblem(try await visit.client.call("DELETE", "/v1/tasks/\(task)"), 404, "not_found")
            expectProblem(try await visit.client.call("GET", "/v1/schedules/\(schedule)"), 404, "not_found")
        },
        Scenario("POST", "/v1/tasks/{task_id}/pause") { visit in
            let task = try await visit.task()
            #expect(try await visit.call(200, "POST", "/v1/tasks/\(task)/pause").json["state"] == "paused")
            expectProblem(
                try await visit.client.call("POST", "/v1/tasks/\(task)/pause"), 409, "invalid_state_transition")
            expectProblem(try await visit.client.call("POST", "/v1/tasks/\(task)/run"), 409, "invalid_state_transition")
        },
        Scenario("POST", "/v1/tasks/{task_id}/resume") { visit in
            let task = try await visit.task()
            expectProblem(
                try await visit.client.call("POST", "/v1/tasks/\(task)/resume"), 409, "invalid_state_transition")
            try await visit.call(200, "POST", "/v1/tasks/\(task)/pause")
            #expect(try await visit.call(200, "POST", "/v1/tasks/\(task)/resume").json["state"] == "active")
        },
        Scenario("POST", "/v1/tasks/{task_id}/archive") { visit in
            let task = try await visit.task()
            let schedule = try await visit.schedule(task)
            #expect(try await visit.call(200, "POST", "/v1/tasks/\(task)/archive").json["state"] == "archived")
            #expect(try await visit.call(200, "GET", "/v1/schedules/\(schedule)").json["state"] == "ended")
            for act in ["archive", "pause", "resume", "run"] {
                expectProblem(
                    try await visit.client.call("POST", "/v1/tasks/\(task)/\(act)"), 409, "invalid_state_transition")
            }
            expectProblem(
                try await visit.client.call("PATCH", "/v1/tasks/\(task)", ["name": "n"]), 409, "invalid_state_transition")
        },
        Scenario("POST", "/v1/tasks/{task_id}/run") { visit in
            let task = try await visit.task()
            let made = try await visit.call(202, "POST", "/v1/tasks/\(task)/run")
            #expect(made.json["task_id"]?.string == task && made.json["agent_id"] == .null)
            #expect(made.json["version"] == 1 && made.json["agent_version"] == .null)
            let ended = try await visit.ended(try visit.id(of: made))
            #expect(ended["state"] == "succeeded" && ended["output"]?["http_request"]?["status"] == 200, "\(ended)")
            let after = try await visit.call(200, "GET", "/v1/tasks/\(task)").json
            #expect(after["status"] == "completed" && after["last_execution_id"] == made.json["id"])
        },
        Scenario("GET", "/v1/tasks/{task_id}/executions") { visit in
            let task = try await visit.task()
            _ = try await visit.execution()
            let run = try visit.id(of: try await visit.call(202, "POST", "/v1/tasks/\(task)/run"))
            _ = try await visit.ended(run)
            let page = try await visit.call(200, "GET", "/v1/tasks/\(task)/executions?filter[state]=succeeded").json
            #expect(page["data"]?.array?.compactMap { $0["id"]?.string } == [run])
            #expect(try await visit.call(200, "GET", "/v1/tasks/\(task)/executions?filter[state]=failed").json["data"] == [])
        },
        Scenario("GET", "/v1/tasks/{task_id}/statistics") { visit in
            var body = visit.taskBody().object ?? JSONObject()
            body["limits"] = ["max_attempts": 1]
            let task = try visit.id(of: try await visit.call(201, "POST", "/v1/tasks", .object(body)))
            let none = try await visit.call(200, "GET", "/v1/tasks/\(task)/statistics").json
            #expect(none["total"] == 0 && none["success_rate"] == .null && none["p50_duration_ms"] == .null)
            // The last one finds nobody at home.
            for input: JSONValue in [[:], [:], [:], ["input": ["url": "http://127.0.0.1:1/"]]] {
                let run = try visit.id(of: try await visit.call(202, "POST", "/v1/tasks/\(task)/run", input))
                _ = try await visit.ended(run)
            }
            let some = try await visit.call(200, "GET", "/v1/tasks/\(task)/statistics").json
            #expect(some["total"] == 4 && some["succeeded"] == 3 && some["failed"] == 1, "\(some)")
            #expect(some["success_rate"]?.double == 0.75 && some["live"] == 0)
            let (half, most) = (try #require(some["p50_duration_ms"]?.int), try #require(some["p95_duration_ms"]?.int))
            #expect(half >= 0 && half <= most && some["last_finished_at"]?.string?.count == 24)
            let average = try #require(some["average_duration_ms"]?.int)
            #expect(average <= most && none["average_duration_ms"] == .null)
            #expect(try await visit.call(200, "GET", "/v1/tasks/\(task)").json["status"] == "failed")
        },
    ]

    static let schedules = [
        Scenario("POST", "/v1/schedules") { visit in
            let task = try await visit.task()
            let body: JSONValue = [
                "name": "Often", "task_id": .string(task), "trigger": ["type": "interval", "every_seconds": 3600],
            ]
            let made = try await visit.call(201, "POST", "/v1/schedules", body)
            #expect(made["etag"] != nil && made.json["state"] == "active" && made.json["overlap"] == "skip")
            #expect(made.json["task_id"]?.string == task && made.json["agent_id"] == .null)
            #expect(made.json["missed"]?["policy"] == "skip")
            let next = try #require(Timestamp(rfc3339: made.json["next_fire_at"]?.string ?? ""))
            let born = try #require(Timestamp(rfc3339: made.json["created_at"]?.string ?? ""))
            #expect(abs(next.microseconds - born.microseconds - 3_600_000_000) < 5_000_000)
            func refused(_ trigger: JSONValue, _ field: String, _ task: String, sourceLocation: SourceLocation = #_sourceLocation)
                async throws
            {
                let body: JSONValue = ["name": "n", "task_id": .string(task), "trigger": trigger]
                expectProblem(
                    try await visit.client.call("POST", "/v1/schedules", body), 422, "validation_failed", field: field,
                    sourceLocation: sourceLocation)
            }
            try await refused(["type": "cron", "cron": "0 0 30 2 *"], "trigger.cron", task)
            try await refused(["type": "cron", "cron": "61 * * * *"], "trigger.cron", task)
            try await refused(["type": "cron", "cron": "0 0 * * *", "time_zone": "Mars/Olympus"], "trigger.time_zone", task)
            try await refused(["type": "interval", "every_seconds": 9], "trigger.every_seconds", task)
            try await refused(["type": "interval", "cron": "0 0 * * *"], "trigger.every_seconds", task)
            try await refused(["type": "interval", "every_seconds": 60, "cron": "0 0 * * *"], "trigger.cron", task)
            try await refused(["type": "at", "at": "2020-01-01T00:00:00Z"], "trigger.at", task)
            try await refused(["type": "completion_of"], "trigger.agent_id", task)
            try await refused(["type": "completion_of", "task_id": .string(task)], "trigger.task_id", task)
            try await refused(["type": "interval", "every_seconds": 60], "task_id", "\(TaskID.make())")
        },
        Scenario("GET", "/v1/schedules") { visit in
            let task = try await visit.task()
            let ids = [try await visit.schedule(task), try await visit.schedule(), try await visit.schedule(task)]
            try await visit.call(200, "POST", "/v1/schedules/\(ids[0])/pause")
            let newest = Array(ids.sorted().reversed())
            let path = "/v1/schedules?"
            #expect(try await visit.ids(String(path.dropLast())) == newest)
            #expect(try await visit.ids("\(path)filter[task_id]=\(task)") == newest.filter { $0 != ids[1] })
            #expect(try await visit.ids("\(path)filter[task_id]=\(task)&filter[state]=paused") == [ids[0]])
            #expect(try await visit.ids("\(path)filter[agent_id]=\(AgentID.make())").isEmpty)
        },
        Scenario("GET", "/v1/schedules/{schedule_id}") { visit in
            let schedule = try await visit.call(200, "GET", "/v1/schedules/\(visit.schedule())").json
            #expect(schedule["trigger"] == ["type": "cron", "cron": "0 12 * * *", "time_zone": "Europe/Berlin"])
        },
        Scenario("PATCH", "/v1/schedules/{schedule_id}") { visit in
            let path = "/v1/schedules/\(try await visit.schedule())"
            let before = try await visit.call(200, "GET", path)
            let tag = [("if-match", try #require(before["etag"]))]
            let change: JSONValue = ["trigger": ["type": "interval", "every_seconds": 60], "overlap": "buffer_one"]
            let after = try await visit.call(200, "PATCH", path, change, headers: tag).json
            #expect(after["trigger"]?["every_seconds"] == 60 && after["overlap"] == "buffer_one" && after["name"] == "Noon")
            #expect(after["next_fire_at"] != before.json["next_fire_at"])
            expectProblem(try await visit.client.call("PATCH", path, change, headers: tag), 412, "precondition_failed")
        },
        Scenario("DELETE", "/v1/schedules/{schedule_id}") { visit in
            let path = "/v1/schedules/\(try await visit.schedule())"
            try await visit.call(204, "DELETE", path)
            expectProblem(try await visit.client.call("DELETE", path), 404, "not_found")
        },
        Scenario("POST", "/v1/schedules/{schedule_id}/pause") { visit in
            let path = "/v1/schedules/\(try await visit.schedule())"
            let paused = try await visit.call(200, "POST", "\(path)/pause").json
            #expect(paused["state"] == "paused" && paused["next_fire_at"] == .null)
            expectProblem(try await visit.client.call("POST", "\(path)/pause"), 409, "invalid_state_transition")
        },
        Scenario("POST", "/v1/schedules/{schedule_id}/resume") { visit in
            let path = "/v1/schedules/\(try await visit.schedule())"
            let before = try await visit.call(200, "GET", path).json
            try await visit.call(200, "POST", "\(path)/pause")
            let resumed = try await visit.call(200, "POST", "\(path)/resume").json
            #expect(resumed["state"] == "active" && resumed["next_fire_at"] == before["next_fire_at"])
        },
        Scenario("GET", "/v1/schedules/{schedule_id}/preview") { visit in
            let path = "/v1/schedules/\(try await visit.schedule())/preview"
            let times = try #require(try await visit.call(200, "GET", "\(path)?count=3").json["times"]?.array)
            #expect(
                times.count == 3
                    && times.allSatisfy { $0.string?.contains("T1") == true && $0.string?.hasSuffix(":00:00.000Z") == true })
            #expect(try await visit.call(200, "GET", path).json["times"]?.array?.count == 10)
        },
        Scenario("GET", "/v1/schedules/{schedule_id}/fires") { visit in
            let schedule = try await visit.schedule()
            let path = "/v1/schedules/\(schedule)"
            let uuid = try #require(ScheduleID(schedule)).uuid
            #expect(try await visit.call(200, "GET", "\(path)/fires").json["data"] == [])
            let sql = "UPDATE schedules SET next_fire_at = now() - interval '1 second', due_at = now() WHERE id = $1"
            var seen: [JSONValue] = []
            for count in 1...2 {
                _ = try visit.server.database.connectAsSuperuser().rows(sql, ["\(uuid)"])
                let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
                while seen.count < count {
                    seen = try await visit.call(200, "GET", "\(path)/fires").json["data"]?.array ?? []
                    try #require(Instant.now < deadline, "the schedule never fired")
                }
                let run = try #require(seen[0]["execution_id"]?.string)
                #expect(seen[0]["outcome"] == "started" && seen[0]["reason"] == .null)
                let ended = try await visit.ended(run)
                #expect(ended["state"] == "succeeded")
            }
            let page = try await visit.call(200, "GET", "\(path)/fires?limit=1").json
            let cursor = try #require(page["next_cursor"]?.string)
            #expect(try await visit.call(200, "GET", "\(path)/fires?limit=1&cursor=\(cursor)").json["data"]?.array == [seen[1]])
        },
    ]
}
