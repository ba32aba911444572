// The strategies that go where a model says, with a journal and a database, and the pure parts that bound them.

import Base
import HTTP
import InsulaTesting
import JSON
import Loop
import Synchronization
import Tenancy
import Testing

@testable import Execution

/// A workshop whose agents have a model that a test scripts.
struct Study: Sendable {
    let shop: Workshop
    let fake: FakeChatServer

    static func run(
        _ tools: [any Tool], settings: [String: String] = [:],
        _ script: @escaping @Sendable (FakeChatServer.Request, Int) -> FakeChatServer.Deed,
        _ body: @escaping @Sendable (Study) async throws -> Void
    ) async throws {
        try await FakeChatServer.run(script) { fake in
            let settings = try Model.settings(fake.url, settings)
            let made = Mutex<OutgoingClient?>(nil)
            try await Workshop.run(making: { group, pool in
                let client = OutgoingClient(group: group, rule: try settings.rule(), pool: pool)
                made.withLock { $0 = client }
                return tools + [LLMChatTool(provider: ChatProvider(settings, client: client))]
            }) { shop in
                try await body(Study(shop: shop, fake: fake))
                await made.withLock { $0 }?.stop()
            }
        }
    }

    /// A running agent with that strategy.
    func agent(_ tools: [Blueprint.ToolUse], _ strategy: String, _ configuration: JSONValue = [:], attempts: Int = 3) async throws
        -> Agent
    {
        let blueprint = Blueprint(
            tools: tools,
            strategy: Blueprint.StrategyUse(name: strategy, configuration: configuration.object ?? JSONObject()),
            limits: Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: attempts))
        let agent = try await shop.agents.create(CreateAgent(name: "Test", blueprint: blueprint), try shop.permit())
        return try await shop.agents.start(agent.id, try shop.permit())
    }

    /// What an agent's run comes to.
    func outcome(_ agent: Agent, _ input: JSONValue = ["prompt": "go"]) async throws -> (
        execution: Execution, steps: [ExecutionStep]
    ) {
        let id = try await shop.trigger(agent, input)
        var execution = try await shop.get(id)
        try await shop.working { execution = try await shop.ended(id) }
        return (execution, try await shop.steps(id))
    }
}

extension Execution {
    var output: JSONValue? { result.flatMap { try? JSONValue(parsing: $0.bytes) } }
    var fault: JSONValue? { error.flatMap { try? JSONValue(parsing: $0.bytes) } }
}

@Suite struct LoopStrategyTests {
    private static let scripted = [Blueprint.ToolUse(name: "scripted")]

    @Test func `a model calls tools until it answers, and every question and call is a step`() async throws {
        let tool = ScriptedTool { number, _ in ["found": .integer(number)] }
        try await Study.run([tool]) { request, number in
            switch number {
            case 1: .calls([("scripted", #"{"value":1}"#), ("scripted", #"{"value":2}"#)], tokens: (100, 10))
            case 2: .calls([("scripted", #"{"value":3}"#)], tokens: (200, 10))
            default: .says("All found.", tokens: (300, 10))
            }
        } _: { study in
            let agent = try await study.agent(LoopStrategyTests.scripted, "tool_loop", ["instruction": "Find it."])
            let (execution, steps) = try await study.outcome(agent, ["prompt": "Where?"])
            #expect(execution.summary.state == .succeeded, "\(String(describing: execution.fault))")
            #expect(
                execution.output?["answer"] == "All found." && execution.output?["turns"] == 3 && execution.output?["calls"] == 3)
            #expect(execution.output?["usage"] == ["input_tokens": 600, "output_tokens": 30])
            #expect(execution.output?["cost_microdollars"] == 2_250)
            #expect(
                Set(steps.map(\.key)) == [
                    "turn[0]/model", "turn[0]/call[0]", "turn[0]/call[1]", "turn[1]/model", "turn[1]/call[0]", "turn[2]/model",
                ])
            let last = try #require(study.fake.requests.last?.body["messages"]?.array)
            #expect(
                last.compactMap { $0["role"]?.string } == ["system", "user", "assistant", "tool", "tool", "assistant", "tool"])
            #expect(last[0]["content"] == "Find it." && last[1]["content"] == "Where?")
            #expect(last[3]["content"] == #"{"found":1}"# && last[3]["tool_call_id"] == "call_of_0")
            let told = study.fake.requests[0].body["tools"]?[0]?["function"]
            #expect(told?["name"] == "scripted" && told?["parameters"]?["properties"]?["previous"] == nil)
        }
    }

    @Test func `a run whose worker is lost asks and calls nothing twice`() async throws {
        let tool = ScriptedTool { number, _ throws(StepFailure) in
            if number == 2 { throw StepFailure(Fault(.outboundFailed, "not now"), .transient) }
            return .integer(number)
        }
        try await Study.run([tool]) { _, number in
            number == 1 ? .calls([("scripted", #"{"value":1}"#), ("scripted", #"{"value":2}"#)]) : .says("done")
        } _: { study in
            let agent = try await study.agent(LoopStrategyTests.scripted, "tool_loop")
            let (execution, steps) = try await study.outcome(agent)
            #expect(execution.summary.state == .succeeded && execution.summary.attempt == 2)
            #expect(study.fake.requests.count == 2, "the first question was not asked again")
            #expect(tool.calls == 3 && steps.count == 4)
        }
    }

    @Test func `what a tool refuses for good is told to the model, which may do otherwise`() async throws {
        let tool = ScriptedTool { number, _ throws(StepFailure) in
            if number == 1 { throw StepFailure(Fault(.outboundRefused, "closed on Sundays"), .permanent) }
            return "open"
        }
        try await Study.run([tool]) { _, number in
            switch number {
            case 1: .calls([("scripted", "{}"), ("nothing", "{}"), ("scripted", "{"), ("scripted", #"{"colour":1}"#)])
            case 2: .calls([("scripted", #"{"value":1}"#)])
            default: .says("done")
            }
        } _: { study in
            let agent = try await study.agent(LoopStrategyTests.scripted, "tool_loop")
            let (execution, _) = try await study.outcome(agent)
            #expect(execution.output?["answer"] == "done", "\(String(describing: execution.fault))")
            let told = try #require(study.fake.requests[1].body["messages"]?.array).suffix(4).compactMap { $0["content"]?.string }
            #expect(told[0].contains("closed on Sundays") && told[1].contains("no tool of this name"))
            #expect(told[2].contains("no JSON object") && told[3].contains("colour"))
            #expect(tool.calls == 2)
        }
    }

    @Test func `what the blueprint sets, the model can't set otherwise, and is not shown`() async throws {
        let tool = ScriptedTool { number, _ in .integer(number) }
        try await Study.run([tool]) { _, number in
            number == 1 ? .calls([("scripted", #"{"value":"mine"}"#)]) : .says("done")
        } _: { study in
            let use = Blueprint.ToolUse(name: "scripted", configuration: try #require((["value": "yours"] as JSONValue).object))
            let (_, steps) = try await study.outcome(try await study.agent([use], "tool_loop"))
            let step = try #require(steps.first { $0.tool == "scripted" })
            #expect(try JSONValue(parsing: step.input.bytes) == ["value": "yours"])
            #expect(study.fake.requests[0].body["tools"]?[0]?["function"]?["parameters"]?["properties"]?["value"] == nil)
        }
    }

    @Test func `a run ends at its bounds: turns, calls, tokens, money, and circles`() async throws {
        let tool = ScriptedTool { number, _ in .integer(number) }
        try await Study.run([tool]) { request, number in
            let value = request.body["messages"]?[0]?["content"] == "circle" ? 1 : number
            return .calls([("scripted", "{\"value\":\(value)}")], tokens: (1_000, 100))
        } _: { study in
            let bounds: [(JSONValue, String, Int)] = [
                (["max_turns": 2], "2 turns", 2), (["max_calls": 3], "3 calls", 4), (["max_tokens": 2_000], "2000 tokens", 2),
                (["max_cost_microdollars": 9_000], "9000 millionths", 2), (["instruction": "circle"], "no progress", 3),
            ]
            for (configuration, words, questions) in bounds {
                let before = study.fake.requests.count
                let agent = try await study.agent(LoopStrategyTests.scripted, "tool_loop", configuration)
                let (execution, _) = try await study.outcome(agent)
                #expect(execution.summary.state == .failed && execution.fault?["code"] == "limit_reached")
                #expect(execution.fault?["message"]?.string?.contains(words) == true, "\(String(describing: execution.fault))")
                #expect(study.fake.requests.count - before == questions, "\(words)")
            }
        }
    }

    @Test func `a bound on money can't be kept where the provider does not count`() async throws {
        try await Study.run([ScriptedTool()]) { _, number in
            .calls([("scripted", "{\"value\":\(number)}")], tokens: nil)
        } _: { study in
            let agent = try await study.agent(LoopStrategyTests.scripted, "tool_loop", ["max_cost_microdollars": 1_000_000])
            let (execution, _) = try await study.outcome(agent)
            #expect(execution.fault?["message"]?.string?.contains("does not count") == true && study.fake.requests.count == 1)
        }
    }

    @Test func `without a provider the run fails and says why`() async throws {
        try await Workshop.run([ScriptedTool(), LLMChatTool(provider: nil)]) { shop in
            let blueprint = Blueprint(tools: LoopStrategyTests.scripted, strategy: Blueprint.StrategyUse(name: "tool_loop"))
            let made = try await shop.agents.create(CreateAgent(name: "Test", blueprint: blueprint), try shop.permit())
            let id = try await shop.trigger(try await shop.agents.start(made.id, try shop.permit()))
            var ended = try await shop.get(id)
            try await shop.working { ended = try await shop.ended(id) }
            #expect(ended.fault?["code"] == "tool_not_available")
        }
    }

    // MARK: The pure parts

    @Test func `three of the same in six calls are a circle, and two are none`() throws {
        func tripsAt(_ calls: [Int]) -> Int? {
            var circles = CallGuard()
            for (at, call) in calls.enumerated() {
                var arguments = JSONObject()
                arguments["a"] = .integer(call)
                do { try circles.note("t", arguments) } catch { return at }
            }
            return nil
        }
        #expect(tripsAt([1, 1, 1]) == 2)
        #expect(tripsAt([1, 2, 1, 3, 4, 1]) == 5)
        #expect(tripsAt([1, 2, 1, 3, 4, 5, 1]) == nil)
        #expect(tripsAt([1, 1, 2, 2, 3, 3, 1, 1, 2, 2]) == nil)
    }

    @Test func `a budget ends with its time`() throws {
        let began = Instant(nanoseconds: 0)
        let budget = RunBudget(began: began)
        budget.narrow(RunBudget.Limits(calls: 9, seconds: 10))
        try budget.checkSpending(now: began.advanced(milliseconds: 9_999))
        #expect(throws: StepFailure.self) { try budget.takeCall(now: began.advanced(milliseconds: 10_000)) }
        #expect(budget.calls == 0)
    }
}

@Suite struct PlanStrategyTests {
    private static let scripted = [Blueprint.ToolUse(name: "scripted")]

    /// A plan of these steps, as a model answers it.
    private static func plan(_ steps: String) -> FakeChatServer.Deed { .says("{\"steps\":[\(steps)]}", tokens: (10, 1)) }

    @Test func `a model plans, each step is a call, and what was found is put into words`() async throws {
        let tool = ScriptedTool { number, _ in ["number": .integer(number)] }
        try await Study.run([tool]) { _, number in
            number == 1
                ? PlanStrategyTests.plan(
                    #"{"name":"a","tool":"scripted","input":{"value":"{{input.prompt}}"}},{"name":"b","tool":"scripted","input":{"value":"{{steps.a.number}}"}}"#
                )
                : .says("It is two.", tokens: (10, 1))
        } _: { study in
            let agent = try await study.agent(PlanStrategyTests.scripted, "plan_execute")
            let (execution, steps) = try await study.outcome(agent, ["prompt": "Count."])
            #expect(execution.summary.state == .succeeded, "\(String(describing: execution.fault))")
            #expect(
                execution.output?["answer"] == "It is two." && execution.output?["plans"] == 1 && execution.output?["calls"] == 2)
            #expect(execution.output?["steps"] == ["a": ["number": 1], "b": ["number": 2]])
            #expect(Set(steps.map(\.key)) == ["plan[0]/model", "plan[0]/step[0]", "plan[0]/step[1]", "answer/model"])
            let inputs = try steps.filter { $0.tool == "scripted" }.map { try JSONValue(parsing: $0.input.bytes)["value"] }
            #expect(Set(inputs) == ["Count.", 1])
            let schema = study.fake.requests[0].body["response_format"]?["json_schema"]?["schema"]
            #expect(schema?["properties"]?["steps"]?["items"]?["properties"]?["tool"]?["enum"] == ["scripted"])
        }
    }

    @Test func `where a step fails the model plans anew, knowing what was found`() async throws {
        let tool = ScriptedTool { number, _ throws(StepFailure) in
            if number == 2 { throw StepFailure(Fault(.outboundRefused, "the bridge is up"), .permanent) }
            return .integer(number)
        }
        let two = #"{"name":"a","tool":"scripted","input":{"value":1}},{"name":"b","tool":"scripted","input":{"value":2}}"#
        try await Study.run([tool]) { _, number in
            switch number {
            case 1: PlanStrategyTests.plan(two)
            case 2: PlanStrategyTests.plan(#"{"name":"c","tool":"scripted","input":{"value":"{{steps.boat}}"}}"#)
            case 3: PlanStrategyTests.plan(#"{"name":"c","tool":"scripted","input":{"value":"{{steps.a}}"}}"#)
            default: .says("Across.")
            }
        } _: { study in
            let agent = try await study.agent(PlanStrategyTests.scripted, "plan_and_execute")
            let (execution, steps) = try await study.outcome(agent)
            #expect(
                execution.output?["plans"] == 3 && execution.output?["steps"] == ["a": 1, "c": 3],
                "\(String(describing: execution.fault))")
            let second = try #require(study.fake.requests[1].lastContent as String?)
            #expect(second.contains("the bridge is up") && second.contains("a: 1"))
            #expect(study.fake.requests[2].lastContent.contains("There is no step boat before this one"))
            #expect(steps.contains { $0.key == "plan[2]/step[0]" })
        }
    }

    @Test func `plans are made anew only so often`() async throws {
        let tool = ScriptedTool { _, _ throws(StepFailure) in throw StepFailure(Fault(.outboundRefused, "never"), .permanent) }
        try await Study.run([tool]) { _, number in
            PlanStrategyTests.plan("{\"name\":\"a\",\"tool\":\"scripted\",\"input\":{\"value\":\(number)}}")
        } _: { study in
            let agent = try await study.agent(PlanStrategyTests.scripted, "plan_and_execute", ["max_replans": 1])
            let (execution, _) = try await study.outcome(agent)
            #expect(execution.fault?["code"] == "limit_reached" && study.fake.requests.count == 2 && tool.calls == 2)
            #expect(execution.fault?["message"]?.string?.contains("never") == true)
        }
    }

    @Test func `a given plan needs no model, and without one the listed tools are used in order`() async throws {
        let tool = ScriptedTool { number, _ in ["number": .integer(number)] }
        try await Study.run([tool]) { _, _ in
            .says("")
        } _: { study in
            let twice = PlanStrategyTests.scripted + PlanStrategyTests.scripted
            let steps: JSONValue = [
                ["name": "a", "tool": "scripted", "input": ["value": 5]],
                ["tool": "scripted_2", "input": ["value": "got {{steps.a.number}} of {{input.value}}"]],
            ]
            for (strategy, configuration) in [("sequence", ["steps": steps]), ("plan_and_execute", ["plan": steps])]
                as [(String, JSONValue)]
            {
                let (execution, made) = try await study.outcome(
                    try await study.agent(twice, strategy, configuration), ["value": 9])
                #expect(
                    execution.output?["steps"]?.object?.members.map(\.name) == ["a", "scripted_2"],
                    "\(String(describing: execution.fault))")
                let second = try JSONValue(parsing: try #require(made.first { $0.key == "step[1]" }).input.bytes)
                #expect(second["value"]?.string?.hasSuffix(" of 9") == true && second["previous"]?["number"] != nil)
            }
            let (listed, made) = try await study.outcome(try await study.agent(twice, "sequence"), [:])
            #expect(
                made.map(\.key) == ["step[0]", "step[1]"] && listed.output?["output"] == listed.output?["steps"]?["scripted_2"])
            #expect(study.fake.requests.isEmpty)
        }
    }

    @Test func `a plan with a tool that the blueprint does not list is refused when it is saved`() async throws {
        try await Study.run([ScriptedTool()]) { _, _ in
            .says("")
        } _: { study in
            for (strategy, field) in [("sequence", "steps"), ("plan_and_execute", "plan")] {
                let fault = await #expect(throws: Fault.self) {
                    var configuration = JSONObject()
                    configuration[field] = [["tool": "scripted"], ["tool": "boat"]]
                    _ = try await study.agent(PlanStrategyTests.scripted, strategy, .object(configuration))
                }
                #expect(fault?.fields.map(\.path) == ["blueprint.strategy.config.\(field)[1].tool"])
            }
        }
    }

    @Test func `places of a plan are filled as those of a flow, and a path of plain names needs no quotes`() throws {
        var values = PlanValues(input: try #require((["who": "you", "n": [1, ["x": true]]] as JSONValue).object))
        values.outputs["a b"] = ["list": ["p", "q"]]
        values.outputs["get-page"] = ["2nd": 7]
        let cases: [(JSONValue, JSONValue)] = [
            ("{{ input.who }}", "you"), ("{{input.n[1].x}}", true), ("{{input.n}}!", "[1,{\"x\":true}]!"),
            ("{{length(steps.\"a b\".list)}}", 2), ("{{steps.\"get-page\".\"2nd\"}}", 7), ("{{input}}", .object(values.input)),
            (["k": ["{{input.who}}"]], ["k": ["you"]]), (["$literal": "{{ x }}"], "{{ x }}"), ("plain", "plain"),
            ("{{input.n.1.x}}", true), ("{{steps.a b.list.1}}", "q"), ("{{ steps.get-page.2nd }}.", "7."),
            ("{{steps.gone}}", .null),
        ]
        for (value, filled) in cases {
            #expect(try FlowValue(value, reading: PlanValues.read).filled(from: values.context) == filled, "\(value)")
        }
        for text in ["{{input.who", "{{input..who}}", "{{steps.a-}} {{", "{{who.a-b}}", "{{input.length(}}"] {
            #expect(throws: Fault.self) { try FlowValue(.string(text), reading: PlanValues.read) }
        }
    }

    @Test func `a plan that looks for what is not there is refused, each place by its path`() throws {
        func problems(_ inputs: JSONValue...) throws -> [String] {
            let steps = try inputs.enumerated().map { number, input in
                try PlannedStep.declaration.decode(
                    (["name": .string("s\(number)"), "tool": "ping", "input": input] as JSONValue).bytes)
            }
            return PlanCheck(steps, at: "steps").problems.fields.map { "\($0.path) \($0.code): \($0.message)" }
        }
        #expect(try problems(["message": "{{input.x}}"], ["message": "{{steps.s0}} and {{length(input.y)}}"]) == [])
        let later = try problems(["message": ["{{steps.s1.x}} {{steps.s1.y}}"]], ["message": "{{steps.s1}}"])
        #expect(
            later == [
                "steps[0].input.message[0] reference: There is no step s1 before this one.",
                "steps[1].input.message reference: There is no step s1 before this one.",
            ])
        let roots = try problems(["message": "{{stepz.a}}", "other": "{{ input.}}", "third": "{{ [0] }}"])
        #expect(roots.count == 3 && roots[0].hasPrefix("steps[0].input.other format:"), "\(roots)")
        #expect(
            roots[1].hasPrefix("steps[0].input.message reference: There is no stepz here: expressions begin with input, steps."))
        #expect(roots[2].hasPrefix("steps[0].input.third reference: This comes to nothing: expressions begin with input, steps."))
    }
}
