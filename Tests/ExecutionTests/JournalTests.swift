// What the journal keeps and gives back: outputs in the form in which they are read again, waits as soon as they begin, bounds on keys,
// depth and texts; and what becomes of runs of which the store does not take what they came to.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

extension SeededNumbers {
    /// A value with names and numbers that are apt to be written otherwise when they come back.
    fileprivate mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &self) {
        case 0: return [.null, .bool(true)].randomElement(using: &self) ?? .null
        case 1: return .integer([0, -1, 7, .max, .min, 1 << 53].randomElement(using: &self) ?? 0)
        case 2:
            let doubles: [Double] = [
                0.5, -0.0, 1e-7, 1e21, 1e300, -2.5e-300, .leastNonzeroMagnitude, 9.223372036854775808e18, 1.2345678901234567e18,
                1.5e16, 2.0,
                .infinity,
            ]
            return .double(doubles.randomElement(using: &self) ?? 0)
        case 3, 4: return .string(["", "a\0b", "\u{E9}", "e\u{301}", "\"\\\n", "\u{1F600}"].randomElement(using: &self) ?? "")
        case 5: return .array((0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            let names = ["b", "aa", "a", "\u{E9}", "e\u{301}", "", "Z", "a\0", "a\u{FFFD}", "zz", "abc", "10", "9"]
            for name in names.shuffled(using: &self).prefix(Int.random(in: 0...9, using: &self)) {
                object[name] = value(depth: depth - 1)
            }
            return .object(object)
        }
    }
}

@Suite struct JournalTests {
    @Test func `what a step came to is the same text before it is kept and after`() async throws {
        let database = try await TestDatabase.make()
        var random = SeededNumbers(state: 11)
        let values = (0..<400).map { _ in random.value(depth: 4) }
        var kept: [Journal.Output] = []
        for value in values { kept.append(try Journal.stored(value, atMost: 1 << 20, "It", "no more")) }
        let text = String(decoding: JSONValue.array(kept.map(\.value)).bytes, as: UTF8.self)
        let back = try database.connectAsSuperuser().rows("SELECT $1::jsonb::text", [text])[0][0] ?? ""
        let read = try #require(try JSONValue(parsing: Array(back.utf8)).array)
        try #require(read.count == kept.count)
        for (value, output) in zip(read, kept) {
            #expect(value.bytes == output.bytes)
            #expect(output.value.bytes == output.bytes)
        }
    }

    @Test func `of names that become equal the last counts, and the order is that of length and bytes`() {
        let value: JSONValue = ["zz": 1, "a\0": 2, "b": 3, "a\u{FFFD}": 4, "a": ["y": 1, "x": 2]]
        let text = String(decoding: value.storable.bytes, as: UTF8.self)
        #expect(text == #"{"a":{"x":2,"y":1},"b":3,"zz":1,"a"# + "\u{FFFD}" + #"":4}"#)
    }

    @Test func `the size of a value is never more than its text, and is not looked for beyond the limit`() throws {
        var random = SeededNumbers(state: 5)
        for _ in 0..<200 {
            let value = random.value(depth: 4)
            let size = try #require(value.size(atMost: 1 << 20))
            #expect(size <= value.bytes.count)
        }
        // Shared parts count as often as they stand there: 2 to the power of 60.
        var shared: JSONValue = "x"
        for _ in 0..<60 { shared = [shared, shared] }
        #expect(shared.size(atMost: 1 << 20) == nil)
        #expect(JSONValue.string("abc").size(atMost: 5) == 5 && JSONValue.string("abc").size(atMost: 4) == nil)
    }

    @Test func `a text that is made of an output is the same when the run is repeated`() async throws {
        let first = ScriptedTool("first") { _, _ in ["zebra": 1, "ant": ["long": 1e-7, "b": 2]] }
        let second = ScriptedTool("second") { number, _ throws(StepFailure) in
            if number == 1 { throw StepFailure(Fault(.unavailable, "once more")) }
            return "done"
        }
        try await Workshop.run([first, second]) { shop in
            let steps: JSONValue = [
                ["name": "a", "tool": "first"], ["tool": "second", "input": ["value": "It is {{steps.a}}."]],
            ]
            let blueprint = Blueprint(
                tools: [Blueprint.ToolUse(name: "first"), Blueprint.ToolUse(name: "second")],
                strategy: Blueprint.StrategyUse(
                    name: "sequence", configuration: try #require((["steps": steps] as JSONValue).object)))
            let made = try await shop.agents.create(CreateAgent(name: "Test", blueprint: blueprint), try shop.permit())
            let id = try await shop.trigger(try await shop.agents.start(made.id, try shop.permit()))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded, "\(String(describing: ended.fault))")
                #expect(first.calls == 1 && second.calls == 2 && ended.summary.attempt == 2)
            }
        }
    }

    @Test func `a key that is too long fails its step and is named, and brings down nobody`() async throws {
        let tool = ScriptedTool()
        try await Workshop.run([tool]) { shop in
            _ = try await shop.trigger(try await shop.agent("scripted"))
            let store = shop.store(try await shop.claim())
            let beginning = try #require(try await store.begin())
            let journal = Journal(beginning, registry: shop.registry, store: store, log: RunLog(epoch: 1))
            let key = String(repeating: "k", count: Journal.keyLimit)
            _ = try await journal.call(tool, key: key, input: JSONObject())
            let failure = await #expect(throws: StepFailure.self) {
                try await journal.call(tool, key: key + "k", input: JSONObject())
            }
            #expect(failure?.fault.code == .limitReached && failure?.kind == .permanent)
            #expect(failure?.fault.message.contains(key + "k") == true)
            var input = JSONObject()
            let part = JSONValue.string(String(repeating: "x", count: Journal.inputBytes / 4))
            input["value"] = [part, part, part, part]
            let refusal = await #expect(throws: StepFailure.self) { try await journal.call(tool, key: "big", input: input) }
            #expect(refusal?.fault.code == .limitReached && tool.calls == 1)
        }
    }

    @Test func `what all steps are given has a bound, whatever each of them has`() async throws {
        let tool = ScriptedTool()
        try await Workshop.run([tool]) { shop in
            _ = try await shop.trigger(try await shop.agent("scripted"))
            let store = shop.store(try await shop.claim())
            let beginning = try #require(try await store.begin())
            let journal = Journal(
                beginning, registry: shop.registry, store: store, log: RunLog(epoch: 1),
                inputsBytes: 3 * #"{"value":"12345"}"#.count)
            var input = JSONObject()
            input["value"] = "12345"
            for key in ["a", "b", "c"] { _ = try await journal.call(tool, key: key, input: input) }
            let refusal = await #expect(throws: StepFailure.self) { try await journal.call(tool, key: "d", input: JSONObject()) }
            #expect(refusal?.fault.code == .limitReached && refusal?.kind == .permanent && tool.calls == 3)
        }
    }

    @Test func `a node that stood still while a step was written down does not act on it`() async throws {
        let tool = ScriptedTool(effect: .idempotent)
        try await Workshop.run([tool]) { shop in
            _ = try await shop.trigger(try await shop.agent("scripted"))
            let store = shop.store(try await shop.claim())
            let beginning = try #require(try await store.begin())
            var isHeld = false
            let journal = Journal(beginning, registry: shop.registry, store: store, log: RunLog(epoch: 1), isHeld: { isHeld })
            let failure = await #expect(throws: StepFailure.self) {
                try await journal.call(tool, key: "late", input: JSONObject())
            }
            #expect(failure?.fault.code == .leaseLost && tool.calls == 0)
            isHeld = true
            _ = try await journal.call(tool, key: "timely", input: JSONObject())
            #expect(tool.calls == 1)
        }
    }

    @Test func `an output that is nested too deep to be read again is refused`() async throws {
        let tool = ScriptedTool { _, _ in
            var value: JSONValue = 1
            for _ in 0..<(Journal.outputDepth + 1) { value = [value] }
            return value
        }
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .failed && ended.fault?["code"] == "limit_reached")
                #expect(ended.fault?["message"]?.string?.contains("\(Journal.outputDepth) levels") == true)
            }
        }
    }

    @Test func `an input of the most levels comes through every step, and one of more is refused at once`() async throws {
        @Sendable func input(_ levels: Int) -> JSONValue {
            // The object itself, and `message`, whose arrays hold each other.
            var value: JSONValue = 1
            for _ in 0..<(levels - 1) { value = [value] }
            return ["message": value]
        }
        let whole: JSONValue = ["input": input(RunInput.levels + 1)]
        let fault = try #require(throws: Fault.self) { _ = try TriggerAgent.input.decode(whole.bytes) }
        #expect(fault.fields.map(\.path) == ["input"] && fault.fields[0].code == "limit")
        #expect(fault.fields[0].message.contains("\(RunInput.levels)"))
        #expect(throws: Fault.self) { _ = try RunDefinition.input.decode(whole.bytes) }
        try await Workshop.run([PingTool()]) { shop in
            let accepted = try TriggerAgent.input.decode((["input": input(RunInput.levels)] as JSONValue).bytes)
            let agent = try await shop.agent("ping")
            let id = try await shop.executions.trigger(agent.id, accepted, try shop.permit()).summary.id
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded, "\(String(describing: ended.fault))")
                // As an answer to a caller holds it.
                let answer = #"{"data":[{"output":"# + (try #require(ended.result).text) + "}]}"
                #expect(throws: Never.self) { _ = try JSONValue(parsing: Array(answer.utf8)) }
            }
        }
    }

    @Test func `what the end of the run's time cut short is told to be that, and not the fault of who was asked`() async throws {
        let tool = ScriptedTool { _, context throws(StepFailure) in
            while Instant.now < context.deadline { await EventLoop.current?.sleep(milliseconds: 5) }
            throw StepFailure(Fault(.timedOut, "The remote server did not answer in time."))
        }
        let early = ScriptedTool("early") { _, _ throws(StepFailure) in
            throw StepFailure(Fault(.timedOut, "The remote server did not answer in time."))
        }
        try await Workshop.run([tool, early]) { shop in
            let limits = Blueprint.RunLimits(timeoutSeconds: 1, maxAttempts: 1)
            let cut = try await shop.trigger(try await shop.agent("scripted", limits: limits))
            let slow = try await shop.trigger(
                try await shop.agent("early", limits: Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: 1)))
            try await shop.working {
                _ = try await shop.ended(cut)
                let step = try #require(try await shop.steps(cut).first?.error)
                let told = try JSONValue(parsing: step.bytes)
                #expect(told["code"] == "timed_out" && told["message"]?.string?.contains("time of the run") == true, "\(told)")
                #expect(try await shop.ended(slow).fault?["message"]?.string?.contains("remote server") == true)
            }
        }
    }

    @Test func `an error with characters that can't be stored is stored without them`() async throws {
        let tool = ScriptedTool { _, _ throws(StepFailure) in
            throw StepFailure(Fault(.invalid, "a\0b", fields: [Fault.Field("x\0", "format", "y\0")]))
        }
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .failed && ended.fault?["message"] == "a\u{FFFD}b")
                #expect(ended.fault?["errors"]?[0]?["message"] == "y\u{FFFD}")
            }
        }
    }

    @Test func `a run of which the store takes nothing fails for good and loses no worker`() async throws {
        // The name of the signal can't be stored.
        let tool = ScriptedTool { _, _ throws(StepFailure) in throw StepFailure.suspended(.signal("a\0b", deadline: nil)) }
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .failed && ended.summary.errorClass == .invalid)
                #expect(ended.fault?["message"]?.string?.contains("can't be stored") == true && tool.calls == 1)
            }
        }
    }

    @Test func `a wait beyond a bound fails its step`() async throws {
        let waits: [Wait] = [
            .children((0...Wait.childLimit).map { _ in .make() }),
            .signal(String(repeating: "n", count: Wait.nameLimit + 1), deadline: nil),
        ]
        for wait in waits {
            let tool = ScriptedTool { _, _ throws(StepFailure) in throw StepFailure.suspended(wait) }
            try await Workshop.run([tool]) { shop in
                let id = try await shop.trigger(try await shop.agent("scripted"))
                try await shop.working {
                    let ended = try await shop.ended(id)
                    #expect(ended.summary.state == .failed && ended.fault?["code"] == "limit_reached")
                }
            }
        }
    }

    @Test func `a run that was cancelled ends as that, whatever else it was about to end as`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let store = shop.store(try await shop.claim())
            _ = try await store.begin()
            #expect(try await shop.executions.cancel(id, try shop.permit()).summary.state == .cancelling)
            let fault = Fault(.timedOut, "too late").stored
            let ending = RunEnding(state: .timedOut, error: fault, errorClass: .timeout)
            #expect(try await store.end(ending, RunLog(epoch: 1)) == .cancelled)
            let ended = try await shop.get(id)
            #expect(ended.summary.state == .cancelled && ended.summary.errorClass == .cancelled)
        }
    }

    @Test func `what was to pause stands still when its worker is lost or hands it back, and that time does not count`()
        async throws
    {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            for isLost in [true, false] {
                let id = try await shop.trigger(agent)
                let node = NodeID.make()
                let store = shop.store(try await shop.claim(as: node))
                _ = try await store.begin()
                #expect(try await shop.executions.pause(id, try shop.permit()).summary.state == .running)
                if isLost {
                    try shop.expire(id)
                    #expect(try await shop.database.worker.query(WorkerStatements.reap, 10) == [id])
                } else {
                    try await shop.database.worker.execute(WorkerStatements.handBack, node, [])
                }
                #expect(try await shop.get(id).summary.state == .paused)
                let rests = try shop.force("SELECT rested_since IS NOT NULL FROM executions WHERE id = $1", [id.uuid.description])
                #expect(rests == [["t"]])
                let told = try shop.force(
                    """
                    SELECT count(*) FROM (SELECT type, ref FROM event_outbox UNION ALL SELECT type, ref FROM events) told
                    WHERE type = 'execution.paused' AND ref = $1
                    """, [id.uuid.description])
                #expect(told == [["1"]])
                #expect(try await shop.claims(1, as: node).isEmpty)
                #expect(try await shop.executions.resume(id, try shop.permit()).summary.state == .queued)
                try await shop.working {
                    let ended = try await shop.ended(id)
                    #expect(ended.summary.state == .succeeded)
                }
            }
        }
    }
}
