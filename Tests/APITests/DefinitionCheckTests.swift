// What is refused when a definition is saved or run, of whatever kind: what it refers to that is not there, what its maker may not do, and an
// input that its schema does not allow; and where errors say that something is wrong.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct DefinitionCheckTests {
    /// A flow of these nodes, one after the other.
    private static func flow(_ nodes: JSONValue..., schema: JSONValue = true) -> JSONValue {
        var all: [JSONValue] = [["id": "in", "type": "input", "config": ["schema": schema]]]
        all.append(contentsOf: nodes)
        all.append(["id": "out", "type": "output"])
        var edges: [JSONValue] = []
        for (node, next) in zip(all, all.dropFirst()) { edges.append(["from": node["id"] ?? "", "to": next["id"] ?? ""]) }
        return ["name": "Flow", "nodes": .array(all), "limits": ["max_attempts": 1], "edges": .array(edges)]
    }

    private static func agent(_ tools: JSONValue, _ strategy: String = "reactive", _ config: JSONValue = [:]) -> JSONValue {
        ["name": "A", "blueprint": ["tools": tools, "strategy": ["name": .string(strategy), "config": config]]]
    }

    /// A client of the tenant whose key holds these scopes.
    private func client(_ visit: Visit, _ scopes: String...) async throws -> TestClient {
        let made = try await visit.call(
            201, "POST", "/v1/keys", ["name": "k", "role": "admin", "scopes": .array(scopes.map { .string($0) })])
        return visit.server.client(key: try #require(made.json["secret"]?.string))
    }

    private func refused(
        _ visit: Visit, _ path: String, _ body: JSONValue, _ fields: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await visit.client.call("POST", path, body)
        expectProblem(answer, 422, "validation_failed", sourceLocation: sourceLocation)
        let found = answer.json["errors"]?.array?.compactMap { $0["field"]?.string }
        #expect(found == fields, "\(answer.text)", sourceLocation: sourceLocation)
    }

    @Test func `what a definition refers to has to be there, and another tenant's is not`() async throws {
        let (visit, other) = (try await Visit(), try await Visit())
        let foreign = try visit.id(of: try await other.call(201, "POST", "/v1/flows", DefinitionCheckTests.flow()))
        let agent = try await visit.agent()
        for id in [foreign, "\(FlowID.make())"] {
            let call: JSONValue = ["flow_id": .string(id)]
            let step: JSONValue = ["tool": "call_flow", "input": call]
            try await refused(
                visit, "/v1/flows", DefinitionCheckTests.flow(["id": "sub", "type": "subflow", "config": call]),
                "nodes[1].config.flow_id")
            let body: JSONValue = ["nodes": [["id": "t", "type": "tool", "config": step], ["id": "end", "type": "output"]]]
            try await refused(
                visit, "/v1/flows",
                DefinitionCheckTests.flow(["id": "each", "type": "map", "config": ["items": "input", "body": body]]),
                "nodes[1].config.body.nodes[0].config.input.flow_id")
            try await refused(
                visit, "/v1/tasks", ["name": "t", "type": "flow_run", "parameters": call], "parameters.flow_id")
            try await refused(
                visit, "/v1/automations", ["name": "a", "steps": [["tool": "ping"], step]], "steps[1].input.flow_id")
            try await refused(
                visit, "/v1/agents", DefinitionCheckTests.agent([["name": "call_flow", "config": call]]),
                "blueprint.tools[0].config.flow_id")
            try await refused(
                visit, "/v1/agents",
                DefinitionCheckTests.agent([["name": "call_flow"]], "sequence", ["steps": [step]]),
                "blueprint.strategy.config.steps[0].input.flow_id")
        }
        try await refused(
            visit, "/v1/tasks", ["name": "t", "type": "agent_run", "parameters": ["agent_id": .string("\(AgentID.make())")]],
            "parameters.agent_id")
        let sound: JSONValue = ["name": "t", "type": "agent_run", "parameters": ["agent_id": .string(agent)]]
        let task = try visit.id(of: try await visit.call(201, "POST", "/v1/tasks", sound))
        expectProblem(
            try await visit.client.call(
                "PATCH", "/v1/tasks/\(task)", ["parameters": ["agent_id": .string("\(AgentID.make())")]]), 422,
            "validation_failed", field: "parameters.agent_id")
        // A flow may run itself: it is there by then.
        let own = try visit.id(of: try await visit.call(201, "POST", "/v1/flows", DefinitionCheckTests.flow()))
        let nodes = DefinitionCheckTests.flow(["id": "sub", "type": "subflow", "config": ["flow_id": .string(own)]])
        try await visit.call(200, "PATCH", "/v1/flows/\(own)", ["nodes": nodes["nodes"] ?? [], "edges": nodes["edges"] ?? []])
        try await visit.call(204, "DELETE", "/v1/agents/\(agent)")
        expectProblem(
            try await visit.client.call("POST", "/v1/tasks", sound), 422, "validation_failed", field: "parameters.agent_id")
    }

    @Test func `who makes a definition has to hold what its tools do`() async throws {
        let visit = try await Visit()
        let maker = try await client(
            visit, "flows:write", "agents:write", "tasks:write", "automations:write", "flows:read", "tools:read")
        let query: JSONValue = ["tool": "query", "input": ["dataset": "people"]]
        func refused(_ path: String, _ body: JSONValue, _ scope: String, _ place: String, _ method: String = "POST") async throws
        {
            let answer = try await maker.call(method, path, body)
            expectProblem(answer, 403, "forbidden")
            let detail = answer.json["detail"]?.string ?? ""
            #expect(detail.contains("does not hold \(scope),") && detail.hasSuffix(" at \(place)."), "\(detail)")
        }
        let tool = DefinitionCheckTests.flow(["id": "t", "type": "tool", "config": query])
        try await refused("/v1/flows", tool, "datasets:read", "nodes[1].config.tool")
        try await refused(
            "/v1/flows", DefinitionCheckTests.flow(["id": "sub", "type": "subflow", "config": ["flow_id": "{{input.id}}"]]),
            "executions:write", "nodes[1].type")
        try await refused(
            "/v1/automations", ["name": "a", "steps": [["tool": "ping"], ["tool": "store", "input": ["dataset": "d"]]]],
            "datasets:write", "steps[1].tool")
        try await refused(
            "/v1/tasks", ["name": "t", "type": "data_processing", "parameters": ["source": ["records": []]]], "datasets:read",
            "type")
        try await refused("/v1/agents", ["name": "a"], "executions:read", "blueprint.tools[0].name")
        let ping: JSONValue = ["name": "a", "steps": [["tool": "ping"]]]
        #expect(try await maker.call("POST", "/v1/automations", ping).status == 201)
        var timed = ping.object ?? JSONObject()
        timed["triggers"] = [["trigger": ["type": "interval", "every_seconds": 60]]]
        expectProblem(try await maker.call("POST", "/v1/automations", .object(timed)), 403, "forbidden")
        // So does who changes one.
        let made = try visit.id(of: try await maker.call("POST", "/v1/flows", DefinitionCheckTests.flow()))
        try await refused(
            "/v1/flows/\(made)", ["nodes": tool["nodes"] ?? [], "edges": tool["edges"] ?? []], "datasets:read",
            "nodes[1].config.tool", "PATCH")
        #expect(try await maker.call("PATCH", "/v1/flows/\(made)", ["name": "Other"]).status == 200)
        let tools = try await maker.call("GET", "/v1/tools").json["data"]?.array ?? []
        func scopes(_ name: String) -> JSONValue? { tools.first { $0["name"]?.string == name }?["scopes"] }
        #expect(scopes("store") == ["datasets:write"])
        #expect(scopes("ping") == [])
        #expect(scopes("data_processing") == ["datasets:read", "datasets:write"])
        #expect(scopes("call_flow") == ["executions:write"])
    }

    @Test func `an input that the schema does not allow is refused before there is a run`() async throws {
        let visit = try await Visit()
        let schema: JSONValue = [
            "type": "object", "required": ["age"],
            "properties": ["age": ["type": "integer"], "list": ["items": ["properties": ["a": ["type": "string"]]]]],
        ]
        let nodes = DefinitionCheckTests.flow(schema: schema)
        let flow = try visit.id(of: try await visit.call(201, "POST", "/v1/flows", nodes))
        let agent = try visit.id(
            of: try await visit.call(
                201, "POST", "/v1/agents",
                DefinitionCheckTests.agent(
                    [["name": "ping"]], "flow_graph", ["nodes": nodes["nodes"] ?? [], "edges": nodes["edges"] ?? []])))
        try await visit.call(200, "POST", "/v1/agents/\(agent)/start")
        let wrong: JSONValue = ["age": "x", "list": [["a": "b"], ["a": 1]]]
        for (path, field, id) in [
            ("/v1/flows/\(flow)/run", "flow_id", flow), ("/v1/agents/\(agent)/trigger", "agent_id", agent),
        ] {
            try await refused(visit, path, ["input": wrong], "input.age", "input.list[1].a")
            try await refused(visit, path, [:], "input")
            var schedule = JSONObject()
            (schedule["name"], schedule[field]) = ("s", .string(id))
            schedule["trigger"] = ["type": "interval", "every_seconds": 3600]
            schedule["input"] = wrong
            try await refused(visit, "/v1/schedules", .object(schedule), "input.age", "input.list[1].a")
            schedule["input"] = ["age": 7]
            let made = try visit.id(of: try await visit.call(201, "POST", "/v1/schedules", .object(schedule)))
            let change: JSONValue = ["input": ["age": "x"]]
            expectProblem(
                try await visit.client.call("PATCH", "/v1/schedules/\(made)", change), 422, "validation_failed",
                field: "input.age")
            // What an event adds is not known before.
            let event: JSONValue = ["input": [:], "trigger": ["type": "event", "event": "task.paused"]]
            try await visit.call(200, "PATCH", "/v1/schedules/\(made)", event)
            let ended = try await visit.ended(try visit.id(of: try await visit.call(202, "POST", path, ["input": ["age": 7]])))
            #expect(ended["state"] == "succeeded", "\(ended)")
        }
        #expect(try await visit.ids("/v1/executions").count == 2)
    }

    @Test func `header fields that can't be sent are refused when they are saved, as far as they are known`() async throws {
        let visit = try await Visit()
        func step(_ headers: JSONValue) -> JSONValue {
            ["tool": "http_request", "input": ["url": "https://example.com/{{input.x}}", "headers": headers]]
        }
        for (headers, name) in [
            (["host": "a.b"], "host"), (["x-a": "1\r\nx-b: 2"], "x-a"), (["x a": "1"], "x a"), (["x-a": 1], "x-a"),
            (["x-a": "{{input.a}}", "Transfer-Encoding": "chunked"], "Transfer-Encoding"),
        ] as [(JSONValue, String)] {
            try await refused(
                visit, "/v1/automations", ["name": "a", "steps": [step(headers)]], "steps[0].input.headers.\(name)")
            try await refused(
                visit, "/v1/flows", DefinitionCheckTests.flow(["id": "t", "type": "tool", "config": step(headers)]),
                "nodes[1].config.input.headers.\(name)")
        }
        let sound: JSONValue = ["name": "a", "steps": [step(["x-a": "{{input.a}}", "x-b": "b"])]]
        try await visit.call(201, "POST", "/v1/automations", sound)
    }

    @Test func `errors of a run are told in the words of what was saved, with the step`() async throws {
        let visit = try await Visit()
        func error(_ path: String, _ body: JSONValue, _ input: JSONValue) async throws -> JSONValue {
            let made = try visit.id(of: try await visit.call(201, "POST", path, body))
            let run = try visit.id(of: try await visit.call(202, "POST", "\(path)/\(made)/run", ["input": input]))
            let ended = try await visit.ended(run)
            #expect(ended["state"] == "failed", "\(ended)")
            return ended["error"] ?? .null
        }
        func expect(_ error: JSONValue, _ step: String, _ field: String, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(
                error["step"]?.string == step && error["errors"]?[0]?["field"]?.string == field, "\(error)",
                sourceLocation: sourceLocation)
        }
        let limits: JSONValue = ["max_attempts": 1]
        let say: JSONValue = ["tool": "ping", "input": ["message": "It is {{input.gone}}."]]
        expect(
            try await error(
                "/v1/automations", ["name": "a", "limits": limits, "steps": [["tool": "ping", "name": "b"], say]], [:]),
            "step[1]", "steps[1].input.message")
        expect(
            try await error("/v1/flows", DefinitionCheckTests.flow(["id": "t", "type": "tool", "config": say]), [:]), "node[t]",
            "nodes[1].config.input.message")
        let url: JSONValue = ["tool": "http_request", "input": ["url": "{{input.url}}", "headers": ["x-a": "{{input.a}}"]]]
        let wrong: JSONValue = ["url": "https://example.com/", "a": "1\n2"]
        expect(
            try await error("/v1/automations", ["name": "a", "limits": limits, "steps": [url]], wrong), "step[0]",
            "steps[0].input.headers.x-a")
        expect(
            try await error("/v1/flows", DefinitionCheckTests.flow(["id": "t", "type": "tool", "config": url]), ["url": "no"]),
            "node[t]", "nodes[1].config.input.url")
        let body: JSONValue = ["nodes": [["id": "end", "type": "output"]]]
        let each: JSONValue = ["id": "each", "type": "map", "config": ["items": "length(input.n)", "body": body]]
        expect(
            try await error("/v1/flows", DefinitionCheckTests.flow(each), [:]), "node[each]", "nodes[1].config.items")
        expect(
            try await error("/v1/flows", DefinitionCheckTests.flow(each), ["n": [1]]), "node[each]", "nodes[1].config.items")
    }
}
