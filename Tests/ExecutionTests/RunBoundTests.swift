// The bounds of a run whatever its strategy: what it may take of models, tools and memory, circles in loops; and families of runs: groups of
// children that are waited for at once, and those for which nobody waits any more.

import Base
import InsulaTesting
import JSON
import Loop
import Synchronization
import Tenancy
import Testing

@testable import Execution

extension Workshop {
    /// A running agent with this strategy and these bounds.
    fileprivate func bounded(
        _ tools: [Blueprint.ToolUse], _ strategy: String, _ configuration: JSONValue = [:],
        _ budget: RunBudget.Limits = RunBudget.Limits()
    ) async throws -> Agent {
        var limits = Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: 2)
        limits.budget = budget
        let blueprint = Blueprint(
            tools: tools,
            strategy: Blueprint.StrategyUse(name: strategy, configuration: configuration.object ?? JSONObject()), limits: limits)
        let agent = try await agents.create(CreateAgent(name: "Test", blueprint: blueprint), try permit())
        return try await agents.start(agent.id, try permit())
    }

    fileprivate func flow(_ tools: [String], _ flow: JSONValue, _ budget: RunBudget.Limits = RunBudget.Limits()) async throws
        -> Agent
    {
        try await bounded(tools.map { Blueprint.ToolUse(name: $0) }, "flow_graph", flow, budget)
    }
}

/// The agent of a child, which is made after the tool that calls it.
private final class ChildAgent: Sendable {
    let id = Mutex<AgentID?>(nil)
}

/// A tool that starts a child and waits for it.
private func caller(_ name: String, of child: ChildAgent) -> ScriptedTool {
    ScriptedTool(name) { _, context throws(StepFailure) in
        guard let agent = child.id.withLock({ $0 }) else { throw StepFailure(Fault(.notFound, "no child")) }
        return try await context.call(.agent(agent), input: .emptyObject, waits: true)
    }
}

@Suite struct RunBoundTests {
    // MARK: Tokens, money, calls

    @Test func `what any tool has spent counts for the next question, in every strategy`() async throws {
        let spender = ScriptedTool("spender") { _, context in
            context.spend(tokens: 5_000, microdollars: 10)
            return "spent"
        }
        try await Study.run([spender]) { _, number in
            number == 1 ? .calls([("spender", "{}")], tokens: (10, 1)) : .says("done", tokens: (10, 1))
        } _: { study in
            let budget = RunBudget.Limits(tokens: 2_000)
            let chat = Blueprint.ToolUse(name: "llm_chat", configuration: try #require((["prompt": "?"] as JSONValue).object))
            let spends = Blueprint.ToolUse(name: "spender")
            let flow = drawing(
                [
                    ["in", "input"], ["spend", "tool", ["tool": "spender"]], ["ask", "llm", ["prompt": "?"]], ["out", "output"],
                ],
                [["in", "spend"], ["spend", "ask"], ["ask", "out"]])
            let cases: [(String, JSONValue, Int)] = [
                ("tool_loop", [:], 1), ("reactive", [:], 0), ("sequence", [:], 0), ("flow_graph", flow, 0),
            ]
            for (strategy, configuration, questions) in cases {
                let before = study.fake.requests.count
                let uses = strategy == "tool_loop" ? [spends] : [spends, chat]
                let (execution, _) = try await study.outcome(try await study.shop.bounded(uses, strategy, configuration, budget))
                #expect(execution.fault?["code"] == "limit_reached", "\(strategy) \(String(describing: execution.fault))")
                #expect(execution.fault?["message"]?.string?.contains("2000 tokens") == true)
                if strategy != "tool_loop" { #expect(study.fake.requests.count - before == questions, "\(strategy)") }
            }
        }
    }

    @Test func `what a child took counts for the bounds of whoever waited for it, and once in the sums`() async throws {
        let child = ChildAgent()
        let spender = ScriptedTool("spender") { _, context in
            context.spend(tokens: 5_000, microdollars: 10)
            return "spent"
        }
        try await Study.run([spender, caller("caller", of: child)]) { _, _ in
            .says("done", tokens: (10, 1))
        } _: { study in
            let made = try await study.shop.bounded([Blueprint.ToolUse(name: "spender")], "reactive")
            child.id.withLock { $0 = made.id }
            let chat = Blueprint.ToolUse(name: "llm_chat", configuration: try #require((["prompt": "?"] as JSONValue).object))
            let parent = try await study.shop.bounded(
                [Blueprint.ToolUse(name: "caller"), chat], "reactive", [:], RunBudget.Limits(tokens: 2_000))
            let (execution, steps) = try await study.outcome(parent)
            #expect(execution.fault?["code"] == "limit_reached" && study.fake.requests.isEmpty)
            #expect(execution.summary.tokens == 0 && execution.summary.costMicrodollars == 0)
            #expect(steps.first { $0.tool == "caller" }?.tokens == 5_000)
        }
    }

    @Test func `a run makes no more calls than it may, in a map as well`() async throws {
        let each = drawing([["say", "tool", ["tool": "scripted"]], ["said", "output"]], [["say", "said"]])
        let flow = drawing(
            [["in", "input"], ["each", "map", ["items": "input.n", "body": each]], ["out", "output"]],
            [["in", "each"], ["each", "out"]])
        let tool = ScriptedTool()
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(
                try await shop.flow(["scripted"], flow, RunBudget.Limits(calls: 3)), ["n": [1, 2, 3, 4, 5, 6, 7]])
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .failed && ended.fault?["code"] == "limit_reached")
                #expect(tool.calls <= 3)
            }
        }
    }

    @Test func `the bounds of a run and of its strategy hold together, and a blueprint keeps them`() throws {
        let budget = RunBudget(began: Instant(nanoseconds: 0))
        budget.narrow(RunBudget.Limits(calls: 2, tokens: 100))
        budget.narrow(RunBudget.Limits(calls: 5, tokens: 50, microdollars: 7))
        budget.settle(Taken(tokens: 49, microdollars: 6), .null, isModel: false)
        try budget.checkSpending(now: Instant(nanoseconds: 0))
        #expect(budget.tokensLeft == 1)
        let spending = Spending()
        budget.begin("a", spending, before: Taken())
        spending.add(tokens: 1, microdollars: 0)
        #expect(throws: StepFailure.self) { try budget.checkSpending(now: Instant(nanoseconds: 0)) }
        #expect(budget.tokensLeft == 1, "what is under way may be otherwise when the run is repeated")
        for _ in 0..<2 { try budget.takeCall(now: Instant(nanoseconds: 0)) }
        #expect(throws: StepFailure.self) { try budget.takeCall(now: Instant(nanoseconds: 0)) }
        budget.settle(Taken(), ["output": ["usage": .null]], isModel: true)
        #expect(budget.tokensLeft == nil)

        let text =
            #"{"tools":[{"name":"x"}],"strategy":{"name":"y"},"limits":{"max_calls":3,"max_tokens":9,"max_cost_microdollars":4}}"#
        let blueprint = try Blueprint.input.decode(Array(text.utf8))
        #expect(blueprint.limits.budget == RunBudget.Limits(calls: 3, tokens: 9, microdollars: 4))
        #expect(try Blueprint.stored.decode(blueprint.bytes).limits == blueprint.limits)
    }

    // MARK: Circles

    @Test func `a loop whose rounds make the same call gets nowhere, unless it rests between`() async throws {
        let rests = ScriptedTool("rest") { _, context throws(StepFailure) in
            if case .elapsed = context.resumption { return "rested" }
            throw StepFailure.suspended(.until(context.clock.now))
        }
        let looks = ScriptedTool("look") { _, _ in "nothing new" }
        func loop(_ body: JSONValue) -> JSONValue {
            drawing(
                [["in", "input"], ["again", "loop", ["max_iterations": 5, "body": body]], ["out", "output"]],
                [["in", "again"], ["again", "out"]])
        }
        let busy = loop(drawing([["look", "tool", ["tool": "look"]], ["said", "output"]], [["look", "said"]]))
        let patient = loop(
            drawing(
                [["look", "tool", ["tool": "look"]], ["rest", "tool", ["tool": "rest"]], ["said", "output"]],
                [["look", "rest"], ["rest", "said"]]))
        try await Workshop.run([rests, looks]) { shop in
            let stuck = try await shop.trigger(try await shop.flow(["look"], busy))
            try await shop.working {
                let ended = try await shop.ended(stuck)
                #expect(ended.fault?["message"]?.string?.contains("no progress") == true && looks.calls == 2)
                let waits = try await shop.trigger(try await shop.flow(["look", "rest"], patient))
                let came = try await shop.ended(waits)
                #expect(came.output?["iterations"] == 5, "\(String(describing: came.fault))")
            }
        }
    }

    // MARK: Memory

    @Test func `what an input is filled with is bounded`() throws {
        let part = JSONValue.string(String(repeating: "x", count: 1 << 20))
        var values = PlanValues(input: JSONObject())
        values.outputs["a"] = part
        let context = values.context
        func filled(_ value: JSONValue) throws -> JSONValue {
            try FlowValue(value, reading: PlanValues.read).filled(from: context)
        }
        let many = JSONValue.array((0..<9).map { _ in "{{steps.a}}" })
        let fault = #expect(throws: Fault.self) { try filled(many) }
        #expect(fault?.code == .limitReached)
        let few = JSONValue.array((0..<3).map { _ in "{{steps.a}}" })
        #expect(try filled(few) == [part, part, part])
        #expect(throws: Fault.self) { try filled(.string(String(repeating: "{{steps.a}} ", count: 9))) }
        let places = try FlowValue(.array((0..<9).map { _ in "{{a}}" }))
        let refusal = #expect(throws: Fault.self) { try places.filled(from: ["a": part]) }
        #expect(refusal?.code == .limitReached)
        #expect(try places.filled(from: ["a": 1]).array?.count == 9)
    }

    @Test func `what the nodes of a flow come to is bounded while it is gathered`() async throws {
        let body = drawing([["all", "output", ["value": "{{input.text}}"]]], [])
        let flow = drawing(
            [
                ["in", "input"], ["each", "map", ["items": "input.n", "body": body]],
                ["out", "output", ["value": "{{length(nodes.each)}}"]],
            ],
            [["in", "each"], ["each", "out"]])
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.flow(["scripted"], flow)
            let text = JSONValue.string(String(repeating: "x", count: 200_000))
            func input(_ count: Int) -> JSONValue { ["text": text, "n": .array((0..<count).map { .integer($0) })] }
            let ids = [try await shop.trigger(agent, input(200)), try await shop.trigger(agent, input(10))]
            try await shop.working {
                let much = try await shop.ended(ids[0])
                #expect(much.summary.state == .failed && much.fault?["code"] == "limit_reached")
                #expect(much.fault?["message"]?.string?.contains("\(FlowStock.byteLimit)") == true)
                let little = try await shop.ended(ids[1])
                #expect(little.output == 10, "\(String(describing: little.fault))")
            }
        }
    }

    @Test func `a flow that is told to end begins no further round or element`() async throws {
        let tool = ScriptedTool("hang") { _, _ in
            while !Task.isCancelled { await EventLoop.current?.sleep(milliseconds: 5) }
            return "a result all the same"
        }
        let body = drawing(
            [["hang", "tool", ["tool": "hang", "input": ["value": "{{index}}"]]], ["said", "output"]], [["hang", "said"]])
        for node in [["max_iterations": 9, "body": body], ["items": "input.n", "concurrency": 1, "body": body]] as [JSONValue] {
            let kind: JSONValue = node["items"] == nil ? "loop" : "map"
            let flow = drawing(
                [["in", "input"], ["again", kind, node], ["out", "output"]], [["in", "again"], ["again", "out"]])
            try await Workshop.run([tool]) { shop in
                let before = tool.calls
                let id = try await shop.trigger(try await shop.flow(["hang"], flow), ["n": [1, 2, 3]])
                try await shop.watching { worker in
                    try await shop.until("it hangs") { tool.calls == before + 1 }
                    _ = try await shop.executions.cancel(id, try shop.permit())
                    await worker.lookForWishes()
                    #expect(try await shop.ended(id).summary.state == .cancelled)
                }
                #expect(tool.calls == before + 1)
            }
        }
    }

    // MARK: Waits and families

    @Test func `a wait stands in the journal while other branches go on`() async throws {
        let goes = Mutex(false)
        let holds = ScriptedTool("hold", effect: .unsafe) { _, context throws(StepFailure) in
            if case .signal = context.resumption { return "held" }
            throw StepFailure.suspended(.signal("go", deadline: nil))
        }
        let long = ScriptedTool("long") { _, _ in
            while !goes.withLock({ $0 }) { await EventLoop.current?.sleep(milliseconds: 5) }
            return "long"
        }
        let flow = drawing(
            [["in", "input"], ["hold", "tool", ["tool": "hold"]], ["long", "tool", ["tool": "long"]], ["out", "output"]],
            [["in", "hold"], ["in", "long"], ["hold", "out"], ["long", "out"]])
        try await Workshop.run([holds, long]) { shop in
            let id = try await shop.trigger(try await shop.flow(["hold", "long"], flow))
            try await shop.working {
                try await shop.until("the wait is written down") {
                    try await shop.steps(id).contains { $0.tool == "hold" && $0.status == .waiting }
                }
                #expect(try await shop.get(id).summary.state == .running)
                // The lease is lost: an unsafe step of which nobody knew that it waits would be in doubt.
                try shop.expire(id)
                try await shop.until("it is taken over") {
                    try shop.force("SELECT crash_count FROM execution_queue WHERE node_id IS NOT NULL").first == ["1"]
                }
                goes.withLock { $0 = true }
                _ = try await shop.until(id, .waiting)
                _ = try await shop.executions.signal(id, ExecutionSignal(name: "go"), try shop.permit())
                #expect(try await shop.ended(id).output == ["hold": "held", "long": "long"])
            }
        }
    }

    @Test func `what wakes a run keeps the groups of children apart`() {
        let ids = (0..<3).map { _ in ExecutionID.make() }
        let wake = WakeUp([.children([ids[0], ids[1]]), .signal("s", deadline: nil), .children([ids[2]])])
        #expect(wake.children == [ids[0], ids[1], WakeUp.divider, ids[2]] && wake.signals == ["s"])
    }

    @Test func `a run that waits for several groups of children goes on with the first that is complete`() async throws {
        let (quick, slow) = (ChildAgent(), ChildAgent())
        let holds = ScriptedTool("hold") { _, context throws(StepFailure) in
            if case .signal = context.resumption { return "held" }
            throw StepFailure.suspended(.signal("go", deadline: nil))
        }
        let then = ScriptedTool("then")
        let flow = drawing(
            [
                ["in", "input"], ["a", "tool", ["tool": "quick"]], ["b", "tool", ["tool": "slow"]],
                ["c", "tool", ["tool": "then"]],
                ["out", "output"],
            ], [["in", "a"], ["in", "b"], ["a", "c"], ["c", "out"], ["b", "out"]])
        try await Workshop.run([caller("quick", of: quick), caller("slow", of: slow), holds, then, ScriptedTool()]) { shop in
            let (one, other) = (try await shop.agent("scripted").id, try await shop.agent("hold").id)
            quick.id.withLock { $0 = one }
            slow.id.withLock { $0 = other }
            let id = try await shop.trigger(try await shop.flow(["quick", "slow", "then"], flow))
            try await shop.working {
                try await shop.until("the other branch goes on") { then.calls == 1 }
                _ = try await shop.until(id, .waiting)
                let family = try await shop.executions.list(where: ExecutionFilter(parent: id), try shop.permit()).elements
                let child = try #require(family.first { $0.state == .waiting })
                _ = try await shop.executions.signal(child.id, ExecutionSignal(name: "go"), try shop.permit())
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded && then.calls == 1, "\(String(describing: ended.fault))")
            }
        }
    }

    @Test func `a child that lost to another branch is cancelled when the run has succeeded`() async throws {
        let (quick, slow) = (ChildAgent(), ChildAgent())
        let holds = ScriptedTool("hold") { _, _ throws(StepFailure) in
            throw StepFailure.suspended(.signal("go", deadline: nil))
        }
        let flow = drawing(
            [
                ["in", "input"], ["a", "tool", ["tool": "quick"]], ["b", "tool", ["tool": "slow"]],
                ["first", "join", ["wait_for": "first"]], ["out", "output"],
            ], [["in", "a"], ["in", "b"], ["a", "first"], ["b", "first"], ["first", "out"]])
        try await Workshop.run([caller("quick", of: quick), caller("slow", of: slow), holds, ScriptedTool()]) { shop in
            let (one, other) = (try await shop.agent("scripted").id, try await shop.agent("hold").id)
            quick.id.withLock { $0 = one }
            slow.id.withLock { $0 = other }
            let id = try await shop.trigger(try await shop.flow(["quick", "slow"], flow))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded, "\(String(describing: ended.fault))")
                let family = try await shop.executions.list(where: ExecutionFilter(parent: id), try shop.permit()).elements
                #expect(Set(family.map(\.state)) == [.succeeded, .cancelled])
            }
        }
    }
}
