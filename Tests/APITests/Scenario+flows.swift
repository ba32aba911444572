// What a caller does with flows and automations when all goes well, and what is refused when they are saved.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

extension Visit {
    /// The body of a flow that greets whoever is old enough.
    func flowBody(_ name: String = "Greet") -> JSONValue {
        [
            "name": .string(name), "metadata": ["zoom": 2],
            "nodes": [
                ["id": "in", "type": "input", "config": ["schema": ["type": "object", "required": ["age"]]]],
                ["id": "old", "type": "condition", "config": ["expression": "input.age >= `18`"]],
                [
                    "id": "greet", "type": "tool",
                    "config": [
                        "tool": "template",
                        "input": ["template": ["$literal": "Dear {{ name }}"], "data": ["name": "{{ input.name || 'friend' }}"]],
                    ],
                ],
                ["id": "out", "type": "output", "config": ["value": "{{ nodes.greet.text || 'later' }}"]],
            ],
            "edges": [
                ["from": "in", "to": "old"], ["from": "old", "to": "greet", "when": "true"],
                ["from": "old", "to": "out", "when": "false"], ["from": "greet", "to": "out"],
            ],
        ]
    }

    /// The body of an automation that sorts what it is given, every day and after failures.
    func automationBody(_ name: String = "Sort") -> JSONValue {
        [
            "name": .string(name),
            "triggers": [
                ["trigger": ["type": "cron", "cron": "0 6 * * *", "time_zone": "Europe/Berlin"], "input": ["age": 7]],
                ["trigger": ["type": "event", "event": "task.paused"], "overlap": "allow"],
            ],
            "steps": [
                ["name": "double", "tool": "json_transform", "input": ["expression": "[@, @]", "data": "{{input.age}}"]],
                [
                    "name": "say", "tool": "template",
                    "input": ["template": ["$literal": "{{ [0] }} years"], "data": "{{steps.double}}"],
                ],
            ],
        ]
    }
}

extension Scenario {
    static let flows =
        [
            Scenario("POST", "/v1/flows") { visit in
                let made = try await visit.call(201, "POST", "/v1/flows", visit.flowBody("Grüße"))
                let id = try visit.id(of: made)
                #expect(made["etag"] != nil && FlowID(id) != nil)
                #expect(made.json["state"] == "active" && made.json["status"] == "created" && made.json["version"] == 1)
                #expect(made.json["metadata"] == ["zoom": 2] && made.json["nodes"]?[1]?["id"] == "old")
                func refused(_ change: (inout JSONObject) -> Void, _ field: String) async throws {
                    var body = visit.flowBody().object ?? JSONObject()
                    change(&body)
                    expectProblem(
                        try await visit.client.call("POST", "/v1/flows", .object(body)), 422, "validation_failed", field: field)
                }
                try await refused({ $0["edges"] = [["from": "in", "to": "gone"]] }, "edges[0].to")
                try await refused(
                    {
                        $0["nodes"] = [["id": "in", "type": "input"]]
                        $0["edges"] = []
                    }, "nodes")
                try await refused({ $0["nodes"] = [["id": "in", "type": "magic"]] }, "nodes[0].type")
                let spell: JSONValue = [
                    ["id": "in", "type": "input"], ["id": "a", "type": "tool", "config": ["tool": "spell"]],
                    ["id": "out", "type": "output"],
                ]
                try await refused(
                    {
                        $0["nodes"] = spell
                        $0["edges"] = [["from": "in", "to": "a"], ["from": "a", "to": "out"]]
                    }, "nodes[1].config.tool")
            },
            Scenario("PATCH", "/v1/flows/{flow_id}") { visit in
                let made = try await visit.call(201, "POST", "/v1/flows", visit.flowBody())
                let path = "/v1/flows/\(try visit.id(of: made))"
                let tag = [("if-match", try #require(made["etag"]))]
                let change: JSONValue = ["name": "Other", "metadata": [:]]
                let changed = try await visit.call(200, "PATCH", path, change, headers: tag).json
                #expect(changed["name"] == "Other" && changed["version"] == 2 && changed["nodes"] == made.json["nodes"])
                expectProblem(try await visit.client.call("PATCH", path, change, headers: tag), 412, "precondition_failed")
                expectProblem(
                    try await visit.client.call("PATCH", path, ["edges": [["from": "out", "to": "in"]]]), 422,
                    "validation_failed", field: "edges[0].from")
                // What runs finishes on its version; a new run takes the new one.
                let run = try visit.id(
                    of: try await visit.call(202, "POST", "\(path)/run", ["input": ["age": 40, "name": "Bo"]]))
                let ended = try await visit.ended(run)
                #expect(ended["output"] == "Dear Bo" && ended["flow_id"] == made.json["id"], "\(ended)")
                expectProblem(
                    try await visit.client.call("POST", "\(path)/run"), 422, "validation_failed", field: "input")
            },
        ] + life("flow", input: ["age": 40]) { $0.flowBody() } + runs("flow", input: ["age": 40]) { $0.flowBody() }

    static let automations =
        [
            Scenario("POST", "/v1/automations") { visit in
                let made = try await visit.call(201, "POST", "/v1/automations", visit.automationBody("Ordnung"))
                let id = try visit.id(of: made)
                #expect(made["etag"] != nil && AutomationID(id) != nil && made.json["state"] == "active")
                #expect(made.json["steps"]?[1]?["name"] == "say" && made.json["triggers"]?[0]?["overlap"] == "skip")
                let schedules =
                    try await visit.call(200, "GET", "/v1/schedules?filter[automation_id]=\(id)").json["data"]?.array ?? []
                #expect(schedules.count == 2 && schedules.allSatisfy { $0["automation_id"]?.string == id })
                #expect(Set(schedules.compactMap { $0["trigger"]?["type"]?.string }) == ["cron", "event"])
                func refused(_ change: JSONValue, _ field: String) async throws {
                    let body = (visit.automationBody().object ?? JSONObject()).merging(change.object ?? JSONObject())
                    expectProblem(
                        try await visit.client.call("POST", "/v1/automations", .object(body)), 422, "validation_failed",
                        field: field)
                }
                try await refused(["steps": []], "steps")
                try await refused(["steps": [["tool": "spell"]]], "steps[0].tool")
                try await refused(["steps": [["tool": "ping"], ["tool": "ping"]]], "steps[1].name")
                try await refused(
                    ["steps": [["tool": "template", "input": ["data": "{{steps.gone.x}}"]]]], "steps[0].input.data")
                try await refused(["steps": [["tool": "template", "input": ["data": "{{input.x"]]]], "steps[0].input.data")
                try await refused(["steps": [["tool": "template", "input": ["data": "{{inputs.x}}"]]]], "steps[0].input.data")
                try await refused(
                    ["steps": [["tool": "json_transform", "input": ["expression": "["]]]], "steps[0].input.expression")
                try await refused(["steps": [["tool": "json_transform", "input": ["size": 1]]]], "steps[0].input.size")
                try await refused(
                    ["triggers": [["trigger": ["type": "cron", "cron": "0 0 30 2 *"]]]], "triggers[0].trigger.cron")
                try await refused(
                    ["triggers": [["trigger": ["type": "at", "at": "2020-01-01T00:00:00Z"]]]], "triggers[0].trigger.at")
                // Nothing was half made.
                #expect(try await visit.ids("/v1/automations") == [id])
                #expect(try await visit.ids("/v1/schedules").count == 2)
                let own: JSONValue = [
                    "name": "n", "automation_id": .string(id), "trigger": ["type": "interval", "every_seconds": 60],
                ]
                expectProblem(
                    try await visit.client.call("POST", "/v1/schedules", own), 422, "validation_failed", field: "automation_id")
            },
            Scenario("PATCH", "/v1/automations/{automation_id}") { visit in
                let made = try await visit.call(201, "POST", "/v1/automations", visit.automationBody())
                let id = try visit.id(of: made)
                let change: JSONValue = ["triggers": [["trigger": ["type": "interval", "every_seconds": 3600]]]]
                let tag = [("if-match", try #require(made["etag"]))]
                let changed = try await visit.call(200, "PATCH", "/v1/automations/\(id)", change, headers: tag).json
                #expect(changed["version"] == 2 && changed["steps"] == made.json["steps"])
                let path = "/v1/schedules?filter[automation_id]=\(id)"
                let schedules = try await visit.call(200, "GET", path).json["data"]?.array ?? []
                #expect(schedules.compactMap { $0["trigger"]?["type"]?.string } == ["interval"])
                expectProblem(
                    try await visit.client.call("PATCH", "/v1/automations/\(id)", change, headers: tag), 412,
                    "precondition_failed")
                // An event that a trigger waits for has it run.
                try await visit.call(
                    200, "PATCH", "/v1/automations/\(id)",
                    ["triggers": [["trigger": ["type": "event", "event": "task.paused"], "input": ["age": 9]]]])
                try await visit.call(200, "POST", "/v1/tasks/\(try await visit.task())/pause")
                let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
                var runs: [String] = []
                while runs.isEmpty {
                    runs = try await visit.ids("/v1/automations/\(id)/executions")
                    try #require(Instant.now < deadline, "the event had nothing run")
                }
                let ended = try await visit.ended(runs[0])
                #expect(ended["trigger"] == "event" && ended["output"]?["output"]?["text"] == "9 years", "\(ended)")
            },
        ] + life("automation", input: ["age": 40]) { $0.automationBody() }
        + runs("automation", input: ["age": 40]) { $0.automationBody() }

    /// What can be done with every kind of definition.
    /// - Parameter input: with which its runs succeed.
    private static func life(
        _ kind: String, input: JSONValue, _ body: @escaping @Sendable (Visit) -> JSONValue
    ) -> [Scenario] {
        let list = "/v1/\(kind)s"
        let one = "\(list)/{\(kind)_id}"
        @Sendable func make(_ visit: Visit) async throws -> String {
            "\(list)/\(try visit.id(of: try await visit.call(201, "POST", list, body(visit))))"
        }
        let conflict = "invalid_state_transition"
        return [
            Scenario("GET", list) { visit in
                let paths = [try await make(visit), try await make(visit), try await make(visit)]
                let ids = paths.map { String($0.dropFirst(list.count + 1)) }
                try await visit.call(200, "POST", "\(paths[1])/pause")
                let newest = Array(ids.sorted().reversed())
                #expect(try await visit.ids(list) == newest)
                // What may be long is left to whoever reads one.
                let first = try await visit.call(200, "GET", list).json["data"]?[0]
                #expect(first?["limits"]?["timeout_seconds"] != nil && first?["nodes"] == nil && first?["steps"] == nil)
                #expect(try await visit.ids("\(list)?filter[state]=paused") == [ids[1]])
                #expect(try await visit.ids("\(list)?filter[status]=created") == newest)
                #expect(try await visit.ids("\(list)?filter[status]=failed").isEmpty)
                #expect(try await visit.call(200, "GET", "\(list)?limit=2").json["has_more"] == true)
            },
            Scenario("GET", one) { visit in
                let made = try await visit.call(201, "POST", list, body(visit))
                #expect(try await visit.call(200, "GET", "\(list)/\(visit.id(of: made))").json == made.json)
            },
            Scenario("DELETE", one) { visit in
                let path = try await make(visit)
                let run = try visit.id(of: try await visit.call(202, "POST", "\(path)/run", ["input": input]))
                _ = try await visit.ended(run)
                try await visit.call(204, "DELETE", path)
                expectProblem(try await visit.client.call("GET", path), 404, "not_found")
                expectProblem(try await visit.client.call("DELETE", path), 404, "not_found")
                expectProblem(try await visit.client.call("GET", "/v1/executions/\(run)"), 404, "not_found")
                #expect(try await visit.ids("/v1/schedules").isEmpty)
            },
            Scenario("POST", "\(one)/pause") { visit in
                let path = try await make(visit)
                #expect(try await visit.call(200, "POST", "\(path)/pause").json["state"] == "paused")
                expectProblem(try await visit.client.call("POST", "\(path)/pause"), 409, conflict)
                expectProblem(try await visit.client.call("POST", "\(path)/run"), 409, conflict)
            },
            Scenario("POST", "\(one)/resume") { visit in
                let path = try await make(visit)
                expectProblem(try await visit.client.call("POST", "\(path)/resume"), 409, conflict)
                try await visit.call(200, "POST", "\(path)/pause")
                #expect(try await visit.call(200, "POST", "\(path)/resume").json["state"] == "active")
            },
            Scenario("POST", "\(one)/archive") { visit in
                let path = try await make(visit)
                #expect(try await visit.call(200, "POST", "\(path)/archive").json["state"] == "archived")
                for act in ["archive", "pause", "resume", "run"] {
                    expectProblem(try await visit.client.call("POST", "\(path)/\(act)"), 409, conflict)
                }
                expectProblem(try await visit.client.call("PATCH", path, ["name": "n"]), 409, conflict)
                for state in try await visit.call(200, "GET", "/v1/schedules").json["data"]?.array ?? [] {
                    #expect(state["state"] == "ended")
                }
            },
        ]
    }

    /// What can be done with the runs of every kind of definition.
    private static func runs(
        _ kind: String, input: JSONValue, _ body: @escaping @Sendable (Visit) -> JSONValue
    ) -> [Scenario] {
        let list = "/v1/\(kind)s"
        let one = "\(list)/{\(kind)_id}"
        @Sendable func make(_ visit: Visit) async throws -> String {
            "\(list)/\(try visit.id(of: try await visit.call(201, "POST", list, body(visit))))"
        }
        return [
            Scenario("POST", "\(one)/run") { visit in
                let path = try await make(visit)
                let made = try await visit.call(202, "POST", "\(path)/run", ["input": input])
                #expect(made.json["\(kind)_id"]?.string.map { "\(list)/\($0)" } == path && made.json["agent_id"] == .null)
                let ended = try await visit.ended(try visit.id(of: made))
                #expect(ended["state"] == "succeeded", "\(ended)")
                let after = try await visit.call(200, "GET", path).json
                #expect(after["status"] == "completed" && after["last_execution_id"] == made.json["id"])
            },
            Scenario("GET", "\(one)/executions") { visit in
                let path = try await make(visit)
                _ = try await visit.execution()
                let run = try visit.id(of: try await visit.call(202, "POST", "\(path)/run", ["input": input]))
                _ = try await visit.ended(run)
                #expect(try await visit.ids("\(path)/executions") == [run])
                #expect(try await visit.ids("\(path)/executions?filter[state]=failed").isEmpty)
                let id = String(path.dropFirst(list.count + 1))
                #expect(try await visit.ids("/v1/executions?filter[\(kind)_id]=\(id)") == [run])
                let both = "filter[\(kind)_id]=\(id)&filter[agent_id]=\(AgentID.make())"
                for list in ["executions", "schedules"] {
                    expectProblem(
                        try await visit.client.call("GET", "/v1/\(list)?\(both)"), 422, "validation_failed",
                        field: "filter[\(kind)_id]")
                }
                let none = try await visit.call(202, "POST", "/v1/executions/replay", ["\(kind)_id": .string(id)]).json
                #expect(none["ids"] == [])
            },
            Scenario("GET", "\(one)/statistics") { visit in
                let path = try await make(visit)
                #expect(try await visit.call(200, "GET", "\(path)/statistics").json["total"] == 0)
                let run = try visit.id(of: try await visit.call(202, "POST", "\(path)/run", ["input": input]))
                _ = try await visit.ended(run)
                let some = try await visit.call(200, "GET", "\(path)/statistics").json
                #expect(some["total"] == 1 && some["succeeded"] == 1 && some["success_rate"]?.double == 1)
            },
        ]
    }
}
