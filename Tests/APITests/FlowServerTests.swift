// Flows on a whole server: they call each other and agents, rest, and end where calling would never end.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct FlowServerTests {
    /// A flow of one call between input and output.
    private func flow(_ visit: Visit, _ node: JSONValue, _ value: String = "{{nodes.call}}") async throws -> String {
        var call = node.object ?? JSONObject()
        call["id"] = "call"
        let nodes: JSONValue = [
            ["id": "in", "type": "input"], .object(call), ["id": "out", "type": "output", "config": ["value": .string(value)]],
        ]
        let edges: JSONValue = [["from": "in", "to": "call"], ["from": "call", "to": "out"]]
        let body: JSONValue = ["name": "Flow", "nodes": nodes, "edges": edges, "limits": ["max_attempts": 1]]
        return try visit.id(of: try await visit.call(201, "POST", "/v1/flows", body))
    }

    private func run(_ visit: Visit, _ flow: String, _ input: JSONValue = [:]) async throws -> JSONValue {
        let made = try await visit.call(202, "POST", "/v1/flows/\(flow)/run", ["input": input])
        return try await visit.ended(try visit.id(of: made))
    }

    @Test func `a flow waits for a flow that waits for an agent`() async throws {
        let visit = try await Visit()
        let agent = try await visit.runningAgent()
        let inner = try await flow(
            visit,
            [
                "type": "tool",
                "config": ["tool": "call_agent", "input": ["agent_id": .string(agent), "input": ["message": "{{input.word}}"]]],
            ],
            "{{nodes.call.output.ping.message}}")
        let outer = try await flow(
            visit, ["type": "subflow", "config": ["flow_id": .string(inner), "input": ["word": "{{input.word}}"]]])
        let ended = try await run(visit, outer, ["word": "hello"])
        #expect(ended["state"] == "succeeded" && ended["output"]?["output"] == "hello", "\(ended)")
        let child = try #require(ended["output"]?["execution_id"]?.string)
        let inside = try await visit.call(200, "GET", "/v1/executions/\(child)").json
        #expect(inside["parent_id"] == ended["id"] && inside["flow_id"]?.string == inner && inside["trigger"] == "call")
    }

    @Test func `a child that fails fails its parent, which says of what`() async throws {
        let visit = try await Visit()
        let inner = try await flow(
            visit, ["type": "tool", "config": ["tool": "template", "input": ["template": ["$literal": "{{ gone }}"]]]])
        let ended = try await run(visit, try await flow(visit, ["type": "subflow", "config": ["flow_id": .string(inner)]]))
        #expect(ended["state"] == "failed" && ended["error"]?["message"]?.string?.contains("ended as failed") == true, "\(ended)")
        // An agent's id is no flow's, though both are the same bits.
        let agent = try #require(AgentID(try await visit.runningAgent()))
        let given = try await flow(visit, ["type": "subflow", "config": ["flow_id": "{{input.id}}"]])
        for id in [FlowID.make(), FlowID(agent.uuid)] {
            let missing = try await run(visit, given, ["id": .string("\(id)")])
            #expect(missing["error"]?["code"] == "not_found" && missing["error"]?["step"] == "node[call]", "\(missing)")
        }
    }

    @Test func `a flow that calls itself ends at the depth of eight`() async throws {
        let visit = try await Visit()
        let flow = try await flow(
            visit, ["type": "subflow", "config": ["flow_id": "{{input.self}}", "input": ["self": "{{input.self}}"]]])
        let ended = try await run(visit, flow, ["self": .string(flow)])
        #expect(
            ended["state"] == "failed" && ended["error"]?["message"]?.string?.contains("at most 8 levels") == true, "\(ended)")
        #expect(try await visit.ids("/v1/flows/\(flow)/executions").count == 9)
    }

    @Test func `a delay rests and goes on, and a task runs a flow`() async throws {
        let visit = try await Visit()
        let flow = try await flow(visit, ["type": "delay", "config": ["seconds": "{{input.seconds}}"]], "{{input.seconds}}")
        let body: JSONValue = [
            "name": "t", "type": "flow_run", "parameters": ["flow_id": .string(flow), "input": ["seconds": 1]],
        ]
        let task = try visit.id(of: try await visit.call(201, "POST", "/v1/tasks", body))
        let ended = try await visit.ended(try visit.id(of: try await visit.call(202, "POST", "/v1/tasks/\(task)/run")))
        #expect(ended["state"] == "succeeded" && ended["output"]?["call_flow"]?["output"] == 1, "\(ended)")
        expectProblem(
            try await visit.client.call("POST", "/v1/tasks", ["name": "t", "type": "flow_run", "parameters": [:]]), 422,
            "validation_failed", field: "parameters.flow_id")
    }
}
