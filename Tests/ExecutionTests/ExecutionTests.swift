// Executions through real workers and a real database: from the trigger to every way of ending.

import Base
import JSON
import Loop
import Tenancy
import Testing

@testable import Execution

@Suite struct ExecutionTests {
    @Test func `a triggered agent runs its tools in order and leaves output, steps and a log`() async throws {
        let tool = ScriptedTool("second", { _, _ in ["done": true] })
        try await Workshop.run([PingTool(), tool]) { shop in
            let agent = try await shop.agent("ping", "second")
            try await shop.working {
                let id = try await shop.trigger(agent, ["message": "hello"])
                let execution = try await shop.ended(id)
                #expect(execution.summary.state == .succeeded)
                #expect(execution.summary.attempt == 1)
                #expect(execution.summary.definition == .agent(agent.id))
                #expect(execution.error == nil)
                #expect(execution.summary.startedAt != nil && execution.summary.finishedAt != nil)
                let output = try JSONValue(parsing: try #require(execution.result).bytes)
                #expect(output["ping"]?["message"] == "hello")
                #expect(output["second"]?["done"] == true)
                #expect(tool.previous.first??["message"] == "hello", "the output of one tool is at hand for the next")

                let steps = try await shop.steps(id)
                #expect(steps.map(\.key) == ["tool[0]", "tool[1]"])
                #expect(steps.allSatisfy { $0.status == .succeeded && $0.attempt == 1 && $0.finishedAt != nil })
                let log = try await shop.executions.logs(of: id, try shop.permit())
                #expect(log.elements.first?.message == "started")
                #expect(log.elements.last?.message == "succeeded")
                #expect(log.elements.map(\.seq) == log.elements.map(\.seq).sorted())
                #expect(try shop.queueCount() == 0)
            }
        }
    }

    @Test func `the log is read in parts and by level`() async throws {
        let tool = ScriptedTool { _, context in
            for number in 0..<5 { context.write(number == 3 ? .error : .debug, "line \(number)") }
            return nil
        }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working {
                let id = try await shop.trigger(agent)
                _ = try await shop.ended(id)
                var seen: [Int] = []
                var after = 0
                while true {
                    let part = try await shop.executions.logs(of: id, after: after, limit: 2, try shop.permit())
                    seen += part.elements.map(\.seq)
                    guard let next = part.next else { break }
                    after = next
                }
                let whole = try await shop.executions.logs(of: id, try shop.permit())
                #expect(seen == whole.elements.map(\.seq))
                let errors = try await shop.executions.logs(of: id, least: .error, try shop.permit())
                #expect(errors.elements.map(\.message) == ["line 3"])
            }
        }
    }

    @Test func `executions are listed newest first, by agent and by state`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let (one, other) = (try await shop.agent("scripted"), try await shop.agent("scripted"))
            var made: [ExecutionID] = []
            for number in 0..<6 { made.append(try await shop.trigger(number % 2 == 0 ? one : other)) }
            _ = try await shop.executions.cancel(made[0], try shop.permit())
            let first = try await shop.executions.list(limit: 4, try shop.permit())
            #expect(first.elements.map(\.id) == made.sorted(by: >).prefix(4).map { $0 })
            let rest = try await shop.executions.list(before: first.next, limit: 4, try shop.permit())
            #expect(rest.elements.map(\.id) == made.sorted(by: >).suffix(2).map { $0 })
            #expect(rest.next == nil)
            let ofOne = try await shop.executions.list(
                where: ExecutionFilter(of: .agent(one.id), states: [.queued]), try shop.permit())
            #expect(Set(ofOne.elements.map(\.id)) == [made[2], made[4]])
        }
    }

    @Test func `what fails for now is tried again after a wait, as often as the limits say`() async throws {
        let tool = ScriptedTool { number, _ throws(StepFailure) in
            guard number >= 3 else { throw StepFailure(Fault(.outboundFailed, "not yet")) }
            return "at last"
        }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working {
                let id = try await shop.trigger(agent)
                for attempt in 2...3 {
                    let waiting = try await shop.until(id, .retryWait)
                    #expect(waiting.summary.attempt == attempt)
                    let error = try JSONValue(parsing: try #require(waiting.error).bytes)
                    #expect(error["message"] == "not yet" && error["code"] == "outbound_failed")
                    try shop.force(
                        "UPDATE execution_queue SET ready_at = now() WHERE execution_id = $1 AND ready_at > now()",
                        [id.uuid.description])
                    try await shop.until("attempt \(attempt) began") { tool.calls >= attempt }
                }
                let execution = try await shop.ended(id)
                #expect(execution.summary.state == .succeeded && execution.summary.attempt == 3)
                #expect(execution.error == nil)
                #expect(try await shop.steps(id).map(\.attempt) == [3])
            }
        }
    }

    @Test func `what fails for good, or too often, fails the execution with its reason`() async throws {
        let permanent = ScriptedTool("permanent") { _, _ throws(StepFailure) in
            throw StepFailure(Fault(.outboundRefused, "never"))
        }
        let transient = ScriptedTool("transient") { _, _ throws(StepFailure) in throw StepFailure(Fault(.unavailable, "away")) }
        try await Workshop.run([permanent, transient]) { shop in
            let agents = [
                try await shop.agent("permanent"),
                try await shop.agent("transient", limits: .init(timeoutSeconds: 60, maxAttempts: 1)),
            ]
            try await shop.working {
                for (agent, message) in zip(agents, ["never", "away"]) {
                    let id = try await shop.trigger(agent)
                    let execution = try await shop.ended(id)
                    #expect(execution.summary.state == .failed)
                    #expect(try JSONValue(parsing: try #require(execution.error).bytes)["message"] == .string(message))
                    #expect(try await shop.steps(id).map(\.status) == [.failed])
                }
                #expect(permanent.calls == 1 && transient.calls == 1)
            }
        }
    }

    @Test func `what waits is cancelled at once, and what ended can't be`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let cancelled = try await shop.executions.cancel(id, try shop.permit())
            #expect(cancelled.summary.state == .cancelled && cancelled.summary.finishedAt != nil)
            #expect(try shop.queueCount() == 0)
            let again = await #expect(throws: Fault.self) { try await shop.executions.cancel(id, try shop.permit()) }
            #expect(again?.code == .invalidState)
        }
    }

    @Test func `what runs is cancelled whether its tool listens or not`() async throws {
        let listening = ScriptedTool("listening") { _, _ throws(StepFailure) in try await untilCancelled() }
        let deaf = ScriptedTool("deaf") { _, _ throws(StepFailure) in
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in Abandoned.hold(continuation) }
            return nil
        }
        try await Workshop.run([listening, deaf]) { shop in
            let agents = [try await shop.agent("listening"), try await shop.agent("deaf")]
            try await shop.working {
                for agent in agents {
                    let id = try await shop.trigger(agent)
                    _ = try await shop.until(id, .running)
                    try await shop.until("the step began") { try await shop.steps(id).count == 1 }
                    let asked = try await shop.executions.cancel(id, try shop.permit())
                    #expect(asked.summary.state == .cancelling)
                    let execution = try await shop.ended(id)
                    #expect(execution.summary.state == .cancelled)
                    #expect(try await shop.steps(id).map(\.status) == [.abandoned])
                }
            }
            Abandoned.release()
        }
    }

    @Test func `an execution that takes too long is timed out`() async throws {
        let tool = ScriptedTool { _, _ throws(StepFailure) in try await untilCancelled() }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted", limits: .init(timeoutSeconds: 1, maxAttempts: 3))
            try await shop.working {
                let execution = try await shop.ended(try await shop.trigger(agent))
                #expect(execution.summary.state == .timedOut)
                #expect(try JSONValue(parsing: try #require(execution.error).bytes)["code"] == "timed_out")
                #expect(tool.calls == 1)
            }
        }
    }

    @Test func `an output beyond the bound fails the execution and names the bound`() async throws {
        let large = JSONValue.string(String(repeating: "x", count: Journal.stepOutputBytes))
        let tool = ScriptedTool { _, _ in large }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working {
                let execution = try await shop.ended(try await shop.trigger(agent))
                #expect(execution.summary.state == .failed)
                let error = try JSONValue(parsing: try #require(execution.error).bytes)
                #expect(error["code"] == "limit_reached")
                #expect(error["message"]?.string?.contains("\(Journal.stepOutputBytes)") == true)
                #expect(execution.summary.attempt == 1)
            }
        }
    }

    @Test func `an output with characters that can't be stored is stored without them`() async throws {
        let tool = ScriptedTool { _, _ in ["a\0": ["b\0c"]] }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working {
                let execution = try await shop.ended(try await shop.trigger(agent))
                #expect(execution.summary.state == .succeeded)
                let output = try JSONValue(parsing: try #require(execution.result).bytes)
                #expect(output["scripted"]?["a\u{FFFD}"]?[0] == "b\u{FFFD}c")
            }
        }
    }

    @Test func `an execution finishes on the version that it was triggered with`() async throws {
        try await Workshop.run([PingTool(), ScriptedTool()]) { shop in
            let agent = try await shop.agent("ping")
            let id = try await shop.trigger(agent)
            let other = Blueprint(tools: [.init(name: "scripted")], strategy: .init(name: "reactive"))
            _ = try await shop.agents.update(agent.id, UpdateAgent(blueprint: other), try shop.permit())
            try await shop.working {
                let execution = try await shop.ended(id)
                #expect(execution.summary.agentVersion == 1)
                #expect(try JSONValue(parsing: try #require(execution.result).bytes)["ping"] != nil)
            }
        }
    }

    @Test func `stopping an agent cancels what waits and what runs`() async throws {
        let tool = ScriptedTool { _, _ throws(StepFailure) in try await untilCancelled() }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working(1) {
                let running = try await shop.trigger(agent)
                _ = try await shop.until(running, .running)
                let waiting = try await shop.trigger(agent)
                #expect(try await shop.agents.stop(agent.id, try shop.permit()).state == .stopped)
                #expect(try await shop.get(waiting).summary.state == .cancelled)
                #expect(try await shop.ended(running).summary.state == .cancelled)
                #expect(try shop.queueCount() == 0)
            }
        }
    }

    @Test func `deleting an agent takes its history along and ends what runs`() async throws {
        let tool = ScriptedTool { _, _ throws(StepFailure) in try await untilCancelled() }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            let worker = shop.worker()
            await worker.start()
            let id = try await shop.trigger(agent)
            try await shop.until("the step began") { try await shop.steps(id).count == 1 }
            try await shop.agents.delete(agent.id, try shop.permit())
            await #expect(throws: Fault.self) { try await shop.get(id) }
            #expect(try await shop.executions.list(try shop.permit()).elements.isEmpty)
            await worker.lookForWishes()
            try await shop.until("the work ended") { try worker.runningCount == 0 && shop.queueCount() == 0 }
            await worker.stop(graceMilliseconds: 0)
            #expect(try shop.force("SELECT state FROM executions") == [["cancelled"]])
            _ = try await Housekeeping(database: shop.database, loop: shop.group.loops[0]).round()
            for table in [
                "definitions", "definition_versions", "executions", "execution_signals", "execution_queue", "execution_steps",
                "execution_logs",
            ] {
                #expect(try shop.force("SELECT count(*) FROM \(table)")[0][0] == "0", "\(table)")
            }
        }
    }
}

/// Continuations that nobody resumes until the test is over.
enum Abandoned {
    private static let held = Held()

    private final class Held: @unchecked Sendable {
        // Guarded by the only test that uses it: one call at a time.
        var continuations: [CheckedContinuation<Void, Never>] = []
    }

    static func hold(_ continuation: CheckedContinuation<Void, Never>) { held.continuations.append(continuation) }

    static func release() {
        for continuation in held.continuations { continuation.resume() }
        held.continuations = []
    }
}
