// What a flow is refused for when it is saved: each refusal names the node, the edge or the field.

import Base
import JSON
import Testing

@testable import Execution

/// A drawing of nodes `[id, type, config]` and edges `[from, to]` or `[from, to, when]`.
func drawing(_ nodes: [JSONValue], _ edges: [[String]]) -> JSONValue {
    [
        "nodes": .array(
            nodes.map { node in
                ["id": node[0] ?? .null, "type": node[1] ?? .null, "config": node[2] ?? [:]]
            }),
        "edges": .array(
            edges.map { edge in
                var object = JSONObject()
                (object["from"], object["to"]) = (.string(edge[0]), .string(edge[1]))
                if edge.count > 2 { object["when"] = .string(edge[2]) }
                return .object(object)
            }),
    ]
}

@Suite struct FlowCheckTests {
    private func problems(_ drawing: JSONValue) -> [String] {
        do throws(Fault) {
            _ = try FlowGraph(try FlowDrawing.input.decode(drawing.bytes))
            return []
        } catch {
            return error.fields.map { "\($0.path) \($0.code): \($0.message)" }
        }
    }

    @Test func `a sound flow is taken`() {
        let body = drawing(
            [["step", "tool", ["tool": "ping", "input": ["message": "{{item}} of {{nodes.in.list}}"]]], ["end", "output"]],
            [["step", "end"]])
        let flow = drawing(
            [
                ["in", "input", ["schema": ["type": "object"]]],
                ["ask", "condition", ["expression": "input.big && nodes.in.list"]],
                ["each", "map", ["items": "input.list", "body": body]], ["boss", "approval", ["message": "May I?"]],
                ["meet", "join", ["wait_for": "first"]], ["out", "output", ["value": "{{nodes.meet}}"]],
            ],
            [
                ["in", "ask"], ["ask", "each", "true"], ["ask", "boss", "false"], ["each", "meet"], ["boss", "meet", "approved"],
                ["boss", "out", "rejected"], ["meet", "out"],
            ])
        // `out` can't speak of `meet`'s sources, but of `meet`: it comes behind it on one way, and on the other it is null.
        #expect(problems(flow) == [])
    }

    @Test(arguments: [
        (drawing([["in", "input"], ["in", "output"]], []), "nodes[1].id duplicate"),
        (drawing([["in", "input"], ["2nd", "output"]], [["in", "2nd"]]), "nodes[1].id format"),
        (drawing([["in", "input"], ["out", "output"]], [["in", "aut"]]), "edges[0].to reference"),
        (drawing([["in", "input"], ["out", "output"]], [["on", "out"]]), "edges[0].from reference"),
        (drawing([["in", "input"], ["out", "output"]], [["in", "out"], ["in", "out"]]), "edges[1] duplicate"),
        (drawing([["in", "input"], ["out", "output"]], [["in", "out"], ["out", "in"]]), "edges[1].from format"),
        (drawing([["in", "input"], ["out", "output"]], [["in", "out", "true"]]), "edges[0].when enum"),
        (
            drawing(
                [["in", "input"], ["c", "condition", ["expression": "input"]], ["out", "output"]], [["in", "c"], ["c", "out"]]),
            "edges[1].when required"
        ),
        (drawing([["in", "input"]], []), "nodes required"),
        (drawing([["out", "output"]], []), "nodes required"),
        (drawing([["in", "input"], ["out", "output"], ["far", "join"]], [["in", "out"]]), "nodes[2] reference"),
        (
            drawing([["in", "input"], ["more", "input"], ["out", "output"]], [["in", "out"], ["more", "out"]]),
            "nodes[1].type duplicate"
        ),
        (drawing([["in", "input"], ["out", "exit"]], []), "nodes[1].type enum"),
        (
            drawing(
                [["in", "input"], ["a", "join"], ["b", "join"], ["out", "output"]],
                [["in", "a"], ["a", "b"], ["b", "a"], ["b", "out"]]),
            "edges[2] format: This goes in circles: a → b → a"
        ),
        (
            drawing([["in", "input"], ["a", "join"], ["out", "output"]], [["in", "a"], ["a", "a"], ["a", "out"]]),
            "edges[1].to format"
        ),
        (
            drawing(
                [["in", "input"], ["c", "condition", ["expression": "input"]], ["out", "output"]], [["in", "c"], ["in", "out"]]),
            "nodes[1] required"
        ),
        (
            drawing(
                [["in", "input"], ["c", "condition", ["expression": "input["]], ["out", "output"]],
                [["in", "c"], ["c", "out", "true"]]),
            "nodes[1].config.expression format"
        ),
        (
            drawing([["in", "input"], ["out", "output", ["value": "{{nodes.gone.x}}"]]], [["in", "out"]]),
            "nodes[1].config.value reference: There is no node gone"
        ),
        (
            drawing([["in", "input"], ["out", "output", ["value": ["a": ["{{now}}"]]]]], [["in", "out"]]),
            "nodes[1].config.value.a[0] reference: There is no now"
        ),
        (
            drawing([["in", "input"], ["out", "output", ["value": ["a": ["{{input.}}"]]]]], [["in", "out"]]),
            "nodes[1].config.value.a[0] format"
        ),
        (
            drawing(
                [
                    ["in", "input"], ["t", "tool", ["tool": "ping", "input": ["message": "{{nodes.u}}"]]], ["u", "join"],
                    ["out", "output"],
                ],
                [["in", "t"], ["in", "u"], ["t", "out"], ["u", "out"]]),
            "nodes[1].config.input.message reference: u need not have ended before this node"
        ),
        (
            drawing([["in", "input"], ["t", "tool", ["tol": "ping"]], ["out", "output"]], [["in", "t"], ["t", "out"]]),
            "nodes[1].config.tool required"
        ),
        (
            drawing(
                [
                    ["in", "input"], ["l", "loop", ["max_iterations": 3, "body": ["nodes": [["id": "x", "type": "input"]]]]],
                    ["out", "output"],
                ], [["in", "l"], ["l", "out"]]), "nodes[1].config.body.nodes[0].type format"
        ),
        (
            drawing(
                [
                    ["in", "input"],
                    ["l", "loop", ["max_iterations": 300, "body": ["nodes": [["id": "x", "type": "output"]]]]],
                    ["out", "output"],
                ], [["in", "l"], ["l", "out"]]), "nodes[1].config.max_iterations range"
        ),
    ])
    func `what is not sound is refused by node, edge and field`(flow: JSONValue, expected: String) {
        let found = problems(flow)
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }

    @Test func `one cause is told once, and what has another cause is told as well`() throws {
        // Nothing leads to `a`, and so to what comes behind it.
        let orphans = drawing(
            [["in", "input"], ["a", "join"], ["b", "join"], ["out", "output", ["value": "{{nodes.b}}"]]],
            [["a", "b"], ["b", "out"]])
        #expect(problems(orphans) == ["nodes[1] reference: Nothing leads from the input to a."])
        #expect(
            problems(drawing([["in", "input"], ["out", "output"]], [["in", "out"], ["out", "out"]])).map { $0.prefix(18) } == [
                "edges[1].to format"
            ])
        let flow = drawing(
            [
                ["in", "input"], ["c", "condition", ["expression": "now.a && now.b"]],
                [
                    "t", "tool",
                    ["tool": "spell", "input": ["a": "{{nodes.gone.x}} {{nodes.gone.y}}", "b": "{{ ( }}", "c": "{{ ) }}"]],
                ],
                ["u", "tool", ["tool": "scripted", "input": ["valve": "{{input.x}}"]]], ["out", "output"],
            ], [["in", "c"], ["c", "t", "true"], ["c", "nowhere", "false"], ["t", "u"], ["u", "out"]])
        let registry = ToolRegistry(tools: [ScriptedTool()], strategies: [])
        let fault = #expect(throws: Fault.self) {
            try FlowGraph(try FlowDrawing.input.decode(flow.bytes), registry: registry)
        }
        #expect(
            fault?.fields.map { "\($0.path) \($0.code)" } == [
                "edges[2].to reference", "nodes[1].config.expression reference", "nodes[2].config.input.b format",
                "nodes[2].config.input.c format", "nodes[2].config.input.a reference", "nodes[2].config.tool reference",
                "nodes[3].config.input.valve unknown",
            ], "\(fault?.fields ?? [])")
    }

    @Test func `what comes to nothing whatever is run is refused`() {
        let flow = drawing(
            [["in", "input"], ["out", "output", ["value": ["{{ [0] }}", "{{ @ }}", "{{ 'a' }}"]]]], [["in", "out"]])
        #expect(problems(flow).map { $0.prefix(32) } == ["nodes[1].config.value[0] referen"])
    }

    @Test func `behind a join of the first branch nobody speaks of a branch`() {
        let nodes: [JSONValue] = [
            ["in", "input"], ["a", "delay", ["seconds": 1]], ["b", "delay", ["seconds": 2]],
            ["first", "join", ["wait_for": "first"]],
            ["out", "output", ["value": "{{nodes.a}}"]],
        ]
        let found = problems(drawing(nodes, [["in", "a"], ["in", "b"], ["a", "first"], ["b", "first"], ["first", "out"]]))
        #expect(found == ["nodes[4].config.value reference: a need not have ended before this node."])
    }

    @Test func `bodies stand within each other only so deep, and all nodes are counted`() {
        var body = drawing([["x0", "output"]], [])
        for level in 1...4 {
            body = drawing(
                [[.string("m\(level)"), "map", ["items": "input", "body": body]], [.string("x\(level)"), "output"]],
                [["m\(level)", "x\(level)"]])
        }
        let deep = drawing(
            [["in", "input"], ["m", "map", ["items": "input", "body": body]], ["out", "output"]], [["in", "m"], ["m", "out"]])
        #expect(problems(deep).contains { $0.contains(" limit: Bodies stand within each other at most 3 deep") })
        let many = drawing((0...100).map { (number: Int) -> JSONValue in [.string("n\(number)"), "join"] }, [])
        #expect(problems(many).contains { $0.hasPrefix("nodes length") })
    }

    @Test func `the deepest path of the longest names is a key of the journal`() {
        let level = "node[\(String(repeating: "x", count: FlowNode.idCharacters))]"
        let inner = String(
            repeating: "/loop/\(max(FlowGraph.Map.itemLimit, FlowGraph.Loop.iterations.upperBound))/\(level)",
            count: FlowGraph.depthLimit)
        #expect((level + inner).count <= Journal.keyLimit)
    }

    @Test func `a call's input is checked as far as it is known`() throws {
        let registry = ToolRegistry(tools: [ScriptedTool()], strategies: [])
        func problems(_ input: JSONValue, tool: JSONValue = "scripted") throws -> [String] {
            let flow = drawing(
                [["in", "input"], ["t", "tool", ["tool": tool, "input": input]], ["out", "output"]],
                [["in", "t"], ["t", "out"]])
            return try FlowGraph(try FlowDrawing.input.decode(flow.bytes)).calls.problems(registry).map {
                "\($0.path) \($0.code)"
            }
        }
        #expect(try problems(["value": "{{input.x}}"]) == [])
        #expect(try problems(["valve": "{{input.x}}"]) == ["nodes[1].config.input.valve unknown"])
        #expect(try problems(["valve": 1]) == ["nodes[1].config.input.valve unknown"])
        #expect(try problems([:], tool: "spell") == ["nodes[1].config.tool reference"])
    }

    @Test func `a value is filled, kept or compiled`() throws {
        let context: JSONValue = ["input": ["n": 5, "name": "Bo"], "nodes": ["a": [1, 2]]]
        func filled(_ value: JSONValue) throws -> JSONValue { try FlowValue(value).filled(from: context) }
        #expect(try filled("{{input.n}}") == 5)
        #expect(try filled("{{ input.n }} of {{input.name}}") == "5 of Bo")
        #expect(try filled(["a": ["{{nodes.a[1]}}", 7], "b": true]) == ["a": [2, 7], "b": true])
        #expect(try filled(["$literal": "{{input.n}}"]) == "{{input.n}}")
        #expect(try filled([["a": ["$literal": ["{{x}}"]]]]) == [["a": ["{{x}}"]]])
        #expect(try filled("{{input.gone}}") == .null)
        #expect(throws: Fault.self) { try filled("is {{input.gone}}") }
    }
}
