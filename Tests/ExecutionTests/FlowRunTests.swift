// Flows that run, with a journal and a database: the ways they take, what they wait for, and that a run that is taken up again goes the same way
// and does nothing twice.

import Base
import JSON
import Loop
import Synchronization
import Tenancy
import Testing

@testable import Execution

@Suite struct FlowRunTests {
    private func agent(_ shop: Workshop, _ tools: [String], _ flow: JSONValue, attempts: Int = 3) async throws -> Agent {
        let blueprint = Blueprint(
            tools: tools.map { Blueprint.ToolUse(name: $0) },
            strategy: Blueprint.StrategyUse(name: "flow_graph", configuration: try #require(flow.object)),
            limits: Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: attempts))
        let agent = try await shop.agents.create(CreateAgent(name: "Test", blueprint: blueprint), try shop.permit())
        return try await shop.agents.start(agent.id, try shop.permit())
    }

    private func output(_ execution: Execution) throws -> JSONValue {
        try JSONValue(parsing: try #require(execution.output).bytes)
    }

    /// Gives back what it is given.
    private func echo(_ name: String = "echo") -> ScriptedEcho { ScriptedEcho(name: name) }

    @Test func `a condition takes its way, and the output is what the flow says`() async throws {
        let flow = drawing(
            [
                ["in", "input"], ["big", "condition", ["expression": "input.n > `10`"]],
                ["much", "tool", ["tool": "echo", "input": ["value": "much: {{input.n}}"]]],
                ["little", "tool", ["tool": "echo", "input": ["value": ["little", "{{input.n}}"]]]],
                ["out", "output", ["value": ["said": "{{nodes.much.value || nodes.little.value}}", "big": "{{nodes.big}}"]]],
            ],
            [["in", "big"], ["big", "much", "true"], ["big", "little", "false"], ["much", "out"], ["little", "out"]])
        try await Workshop.run([echo()]) { shop in
            let agent = try await agent(shop, ["echo"], flow)
            let ids = [try await shop.trigger(agent, ["n": 11]), try await shop.trigger(agent, ["n": 3])]
            try await shop.working {
                let end0 = try await shop.ended(ids[0])
                #expect(try output(end0) == ["said": "much: 11", "big": true])
                let end1 = try await shop.ended(ids[1])
                #expect(try output(end1) == ["said": ["little", 3], "big": false])
                #expect(try await shop.steps(ids[0]).map(\.key) == ["node[much]"])
            }
        }
    }

    @Test func `a map runs its body for each element, a loop again and again`() async throws {
        let each = drawing(
            [
                ["say", "tool", ["tool": "echo", "input": ["value": "{{item}}-{{index}}"]]],
                ["said", "output", ["value": "{{nodes.say.value}}"]],
            ], [["say", "said"]])
        let round = drawing(
            [
                ["more", "tool", ["tool": "echo", "input": ["value": "{{join('', [last || 'x', 'y'])}}"]]],
                ["sum", "output", ["value": "{{nodes.more.value}}"]],
            ], [["more", "sum"]])
        let flow = drawing(
            [
                ["in", "input"], ["each", "map", ["items": "input.names", "body": each]],
                ["grow", "loop", ["while": "length(last || '') < `4`", "max_iterations": 10, "body": round]],
                ["out", "output"],
            ], [["in", "each"], ["in", "grow"], ["each", "out"], ["grow", "out"]])
        try await Workshop.run([echo()]) { shop in
            let id = try await shop.trigger(try await agent(shop, ["echo"], flow), ["names": ["a", "b", "c", "d", "e"]])
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(
                    try output(ended) == [
                        "each": ["a-0", "b-1", "c-2", "d-3", "e-4"],
                        "grow": ["iterations": 3, "last": "xyyy", "is_exhausted": false],
                    ])
                let keys = Set(try await shop.steps(id).map(\.key))
                #expect(keys.contains("node[each]/map/4/node[say]") && keys.contains("node[grow]/loop/2/node[more]"))
            }
        }
    }

    @Test func `a branch that waits lets the others go on, and what was done is not done again`() async throws {
        let waiting = ScriptedTool("hold") { _, context throws(StepFailure) in
            if case .signal(_, let payload, _) = context.resumption { return (try? JSONValue(parsing: payload.bytes)) ?? .null }
            throw StepFailure.suspended(.signal("go", deadline: nil))
        }
        let counted = ScriptedTool("count", effect: .unsafe)
        let flow = drawing(
            [
                ["in", "input"], ["hold", "tool", ["tool": "hold"]], ["a", "tool", ["tool": "count"]],
                ["b", "tool", ["tool": "count", "input": ["value": "{{nodes.a}}"]]], ["out", "output"],
            ], [["in", "hold"], ["in", "a"], ["a", "b"], ["b", "out"], ["hold", "out"]])
        try await Workshop.run([waiting, counted]) { shop in
            let id = try await shop.trigger(try await agent(shop, ["hold", "count"], flow))
            try await shop.working {
                _ = try await shop.until(id, .waiting)
                #expect(counted.calls == 2)
                let go = ExecutionSignal(name: "go", payload: JSONRaw(JSONValue(dictionaryLiteral: ("by", "hand")).bytes))
                _ = try await shop.executions.signal(id, go, try shop.permit())
                let ended = try await shop.ended(id)
                #expect(try output(ended) == ["hold": ["by": "hand"], "b": 2])
                #expect(counted.calls == 2 && waiting.calls == 2)
            }
        }
    }

    @Test func `of two branches the first goes on, and remains the first when the run is taken up again`() async throws {
        let slow = ScriptedTool("slow") { _, context throws(StepFailure) in
            if case .signal = context.resumption { return "slow" }
            throw StepFailure.suspended(.signal("slow", deadline: nil))
        }
        let last = ScriptedTool("last") { number, _ throws(StepFailure) in
            if number == 1 { throw StepFailure(Fault(.unavailable, "once more")) }
            return "done"
        }
        let flow = drawing(
            [
                ["in", "input"], ["slow", "tool", ["tool": "slow"]], ["fast", "tool", ["tool": "echo", "input": ["value": 1]]],
                ["first", "join", ["wait_for": "first"]],
                ["last", "tool", ["tool": "last", "input": ["value": "{{nodes.first}}"]]],
                ["out", "output", ["value": "{{nodes.first}}"]],
            ], [["in", "slow"], ["in", "fast"], ["slow", "first"], ["fast", "first"], ["first", "last"], ["last", "out"]])
        try await Workshop.run([slow, echo(), last]) { shop in
            let id = try await shop.trigger(try await agent(shop, ["slow", "echo", "last"], flow))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded && last.calls == 2 && ended.summary.attempt == 2)
                #expect(try output(ended) == ["fast": ["value": 1]])
            }
        }
    }

    @Test func `what branches come to stands in one order, whichever came first`() async throws {
        let (second, third) = (ScriptedTool("b"), ScriptedTool("c"))
        let first = ScriptedTool("a") { _, _ in
            while third.calls == 0 { await EventLoop.current?.sleep(milliseconds: 5) }
            return "a"
        }
        let last = ScriptedTool("last") { number, _ throws(StepFailure) in
            if number == 1 { throw StepFailure(Fault(.unavailable, "once more")) }
            return "done"
        }
        let flow = drawing(
            [
                ["in", "input"], ["a", "tool", ["tool": "a"]], ["b", "tool", ["tool": "b"]], ["both", "join"],
                ["c", "tool", ["tool": "c"]],
                ["last", "tool", ["tool": "last", "input": ["value": "{{nodes.both}} {{nodes}}"]]], ["out", "output"],
            ],
            [
                ["in", "a"], ["in", "b"], ["a", "both"], ["b", "both"], ["both", "last"], ["last", "out"], ["b", "c"],
                ["c", "out"],
            ])
        try await Workshop.run([first, second, third, last]) { shop in
            let id = try await shop.trigger(try await agent(shop, ["a", "b", "c", "last"], flow))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded && last.calls == 2, "\(String(describing: ended.fault))")
            }
        }
    }

    @Test func `a failure with a way of its own goes on, one without fails the run`() async throws {
        let failing = ScriptedTool("fail") { _, _ throws(StepFailure) in throw StepFailure(Fault(.invalid, "never")) }
        @Sendable func flow(_ hasWay: Bool) -> JSONValue {
            drawing(
                [
                    ["in", "input"], ["try", "tool", ["tool": "fail"]], ["fine", "output", ["value": "fine"]],
                    ["sorry", "output", ["value": hasWay ? "{{nodes.try.error.message}}" : "sorry"]],
                ],
                [["in", "try"], ["try", "fine"]] + (hasWay ? [["try", "sorry", "error"]] : [["in", "sorry"]]))
        }
        try await Workshop.run([failing]) { shop in
            let handled = try await shop.trigger(try await agent(shop, ["fail"], flow(true)))
            let unhandled = try await shop.trigger(try await agent(shop, ["fail"], flow(false)))
            try await shop.working {
                let went = try await shop.ended(handled)
                #expect(try output(went) == "never")
                let failed = try await shop.ended(unhandled)
                #expect(failed.summary.state == .failed)
                #expect(String(decoding: try #require(failed.error).bytes, as: UTF8.self).contains("never"))
            }
        }
    }

    @Test func `input that the schema does not allow fails the run for good and is named`() async throws {
        let flow = drawing(
            [
                ["in", "input", ["schema": ["type": "object", "required": ["n"], "properties": ["n": ["type": "integer"]]]]],
                ["out", "output"],
            ],
            [["in", "out"]])
        try await Workshop.run([echo()]) { shop in
            let agent = try await agent(shop, ["echo"], flow)
            let fault = await #expect(throws: Fault.self) { try await shop.trigger(agent, ["n": "x"]) }
            #expect(fault?.fields.map(\.path) == ["input.n"])
            let ids = [try await shop.trigger(agent, ["n": 5]), try await shop.trigger(agent, ["n": 4])]
            // What another run or an event gives it is checked when it begins.
            try shop.force(#"UPDATE executions SET input = '{"n": "x"}' WHERE id = $1"#, [ids[0].uuid.description])
            try await shop.working {
                let failed = try await shop.ended(ids[0])
                #expect(failed.summary.state == .failed && failed.summary.attempt == 1)
                #expect(failed.fault?["errors"]?[0]?["field"] == "input.n" && failed.fault?["step"] == "node[in]")
                let end1 = try await shop.ended(ids[1])
                #expect(try output(end1) == ["n": 4])
            }
        }
    }

    @Test func `more elements than a map takes are refused`() async throws {
        let flow = drawing(
            [
                ["in", "input"], ["each", "map", ["items": "input.n", "body": ["nodes": [["id": "x", "type": "output"]]]]],
                ["out", "output"],
            ],
            [["in", "each"], ["each", "out"]])
        try await Workshop.run([echo()]) { shop in
            let agent = try await agent(shop, ["echo"], flow)
            let many: JSONValue = .array((0...FlowGraph.Map.itemLimit).map { .integer($0) })
            let ids = [try await shop.trigger(agent, ["n": many]), try await shop.trigger(agent, ["n": 5])]
            try await shop.working {
                for id in ids {
                    let ended = try await shop.ended(id)
                    #expect(ended.summary.state == .failed)
                }
            }
        }
    }
}

/// A tool that answers with its arguments.
struct ScriptedEcho: Tool {
    let name: String
    let version = "1.0.0"
    let summary = "Says what it is told."
    let category = "test"
    let effect = Effect.pure
    let configuration = Input<JSONValue?>("EchoConfiguration") { fields in
        fields.optional("value", .json(bytes: 10_000), "Anything.")
    }
    var arguments: Input<JSONValue?> { configuration }
    let output = SchemaNode(.any)
    let examples: [ToolExample] = []

    func call(_ arguments: JSONValue?, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        ["value": arguments ?? .null]
    }
}
