// Executions that wait: for a time, a signal, their children, or since somebody had them stand still. None of them holds a worker.

import Base
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

/// A tool that writes a row in the transaction of its step.
private final class RowTool: TransactionalTool {
    struct Arguments: Sendable {}

    let name = "row"
    let version = "1.0.0"
    let summary = "Writes a row."
    let category = "test"
    let configuration = Input<Arguments>("RowArguments") { _ in Arguments() }
    var arguments: Input<Arguments> { configuration }
    let output = SchemaNode(.any)
    let examples: [ToolExample] = []
    let failures: Mutex<Int>
    let code: Fault.Code

    static let write = Statement<Void, ExecutionID, String>(
        "write a row",
        """
        INSERT INTO execution_signals (tenant_id, execution_id, id, name, payload)
        SELECT tenant_id, id, $2 || gen_random_uuid(), 'row', '{}' FROM executions WHERE id = $1
        """)

    init(failures: Int, _ code: Fault.Code = .unavailable) {
        self.failures = Mutex(failures)
        self.code = code
    }

    func call(_ arguments: Arguments, in context: ToolContext, within session: Session) async throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            try await session.execute(RowTool.write, context.execution, "row")
        } catch {
            throw StepFailure(error)
        }
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if fails { throw StepFailure(Fault(code, "not yet")) }
        context.spend(tokens: 7, microdollars: 30)
        return ["written": true]
    }
}

@Suite struct WaitingTests {
    private func wake(_ shop: Workshop, _ id: ExecutionID) throws {
        try shop.force("UPDATE execution_queue SET ready_at = now() WHERE execution_id = $1", [id.uuid.description])
    }

    @Test func `a step that waits for a time holds no worker, and is called again when it has come`() async throws {
        let moment = Mutex(Timestamp.now)
        let tool = ScriptedTool { _, context throws(StepFailure) in
            if case .elapsed = context.resumption { return "rested" }
            let until = Timestamp(microseconds: context.clock.now.microseconds + 300_000)
            moment.withLock { $0 = until }
            throw StepFailure.suspended(.until(until))
        }
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try await shop.working {
                _ = try await shop.until(id, .waiting, .succeeded)
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded && tool.calls == 2)
                #expect(try #require(ended.summary.finishedAt) >= moment.withLock { $0 })
                #expect(ended.summary.attempt == 1)
            }
        }
    }

    @Test func `what is taken up too early waits on without the tool's knowing`() async throws {
        let tool = ScriptedTool { _, context throws(StepFailure) in
            throw StepFailure.suspended(.until(Timestamp(microseconds: context.clock.now.microseconds + 3_600_000_000)))
        }
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try await shop.working {
                _ = try await shop.until(id, .waiting)
                for _ in 0..<3 {
                    let epoch = try shop.force("SELECT epoch FROM execution_queue")[0][0]
                    try wake(shop, id)
                    try await shop.until("it was taken up") {
                        try shop.force("SELECT epoch FROM execution_queue WHERE node_id IS NULL").first?[0] ?? epoch != epoch
                    }
                    _ = try await shop.until(id, .waiting)
                }
                #expect(tool.calls == 1)
            }
        }
    }

    @Test func `a signal wakes whoever waits for it, whether it comes before or after`() async throws {
        for isEarly in [true, false] {
            let tool = ScriptedTool { _, context throws(StepFailure) in
                guard case .signal(_, let payload, _)? = context.resumption else {
                    throw StepFailure.suspended(.signal("approval", deadline: nil))
                }
                return .string(payload.text)
            }
            try await Workshop.run([tool]) { shop in
                let id = try await shop.trigger(try await shop.agent("scripted"))
                let signal = ExecutionSignal(id: "1", name: "approval", payload: JSONRaw(Array("true".utf8)))
                let other = ExecutionSignal(name: "another")
                if isEarly { _ = try await shop.executions.signal(id, signal, try shop.permit()) }
                try await shop.working {
                    if !isEarly {
                        _ = try await shop.until(id, .waiting)
                        _ = try await shop.executions.signal(id, other, try shop.permit())
                        #expect(try await shop.get(id).summary.state == .waiting)
                        let kept = try await shop.executions.signal(id, signal, try shop.permit())
                        #expect(kept.isNew)
                        #expect(try await !shop.executions.signal(id, signal, try shop.permit()).isNew)
                    }
                    let ended = try await shop.ended(id)
                    #expect(ended.summary.state == .succeeded)
                    #expect(try JSONValue(parsing: try #require(ended.result).bytes)["scripted"] == "true")
                    #expect(tool.calls == 2)
                }
                let refusal = await #expect(throws: Fault.self) {
                    try await shop.executions.signal(id, other, try shop.permit())
                }
                #expect(refusal?.code == .invalidState)
            }
        }
    }

    @Test func `signals that nobody takes are bounded`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            for _ in 0..<Executions.signalLimit {
                _ = try await shop.executions.signal(id, ExecutionSignal(name: "n"), try shop.permit())
            }
            let refusal = await #expect(throws: Fault.self) {
                try await shop.executions.signal(id, ExecutionSignal(name: "n"), try shop.permit())
            }
            #expect(refusal?.code == .limitReached)
        }
    }

    @Test func `a parent waits for its children, and its cancel is theirs`() async throws {
        let child = Mutex<AgentID?>(nil)
        let started = Mutex<[ExecutionID]>([])
        let parentTool = ScriptedTool("parent") { _, context throws(StepFailure) in
            if case .children(let outcomes)? = context.resumption {
                return .array(outcomes.map { .string($0.state.rawValue) })
            }
            var ids: [ExecutionID] = []
            for number in 0..<3 {
                ids.append(
                    try await context.startChild(
                        of: .agent(child.withLock { $0 } ?? .make()), input: .emptyObject, number: number))
            }
            started.withLock { $0 = ids }
            throw StepFailure.suspended(.children(ids))
        }
        let hang = Mutex(false)
        let childTool = ScriptedTool("child") { _, _ throws(StepFailure) in
            if hang.withLock({ $0 }) { return try await untilCancelled() }
            return "done"
        }
        try await Workshop.run([parentTool, childTool]) { shop in
            let childAgent = try await shop.agent("child").id
            child.withLock { $0 = childAgent }
            let agent = try await shop.agent("parent")
            try await shop.working {
                let id = try await shop.trigger(agent)
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded)
                #expect(
                    try JSONValue(parsing: try #require(ended.result).bytes)["parent"]
                        == ["succeeded", "succeeded", "succeeded"])
                let family = try await shop.executions.list(where: ExecutionFilter(parent: id), try shop.permit())
                #expect(Set(family.elements.map(\.id)) == Set(started.withLock { $0 }))
                #expect(family.elements.allSatisfy { $0.trigger == .call && $0.id > id })

                hang.withLock { $0 = true }
                let other = try await shop.trigger(agent)
                _ = try await shop.until(other, .waiting)
                let children = started.withLock { $0 }
                #expect(try await shop.executions.cancel(other, try shop.permit()).summary.state == .cancelled)
                for id in children { #expect(try await shop.ended(id).summary.state == .cancelled) }
            }
        }
    }

    @Test func `a paused execution stands still wherever it was, and goes on from there`() async throws {
        try await Workshop.run([ScriptedTool("one"), ScriptedTool("two", { _, _ in "two" })]) { shop in
            let id = try await shop.trigger(try await shop.agent("one", "two"))
            #expect(try await shop.executions.pause(id, try shop.permit()).summary.state == .paused)
            #expect(try await shop.claims(1, as: .make()).isEmpty)
            #expect(try await shop.executions.resume(id, try shop.permit()).summary.state == .queued)
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded)
            }
            await #expect(throws: Fault.self) { try await shop.executions.pause(id, try shop.permit()) }
        }
    }

    @Test func `a run that is to stand still does so before its next step`() async throws {
        let goes = Mutex(false)
        let first = ScriptedTool("first") { _, _ in
            while !goes.withLock({ $0 }) { await EventLoop.current?.sleep(milliseconds: 5) }
            return 1
        }
        let second = ScriptedTool("second")
        try await Workshop.run([first, second]) { shop in
            let id = try await shop.trigger(try await shop.agent("first", "second"))
            try await shop.watching { worker in
                try await shop.until("the step began") { first.calls == 1 }
                _ = try await shop.executions.pause(id, try shop.permit())
                await worker.lookForWishes()
                goes.withLock { $0 = true }
                _ = try await shop.until(id, .paused)
                #expect(second.calls == 0)
                _ = try await shop.executions.resume(id, try shop.permit())
                #expect(try await shop.ended(id).summary.state == .succeeded)
                #expect(first.calls == 1 && second.calls == 1)
            }
        }
    }

    @Test func `an execution that is to begin later is scheduled until then`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            let later = Timestamp(microseconds: Timestamp.now.microseconds + 3_600_000_000)
            let id = try await shop.executions.trigger(agent.id, TriggerAgent(startAt: later), try shop.permit()).summary.id
            #expect(try await shop.get(id).summary.state == .scheduled)
            #expect(try await shop.claims(1, as: .make()).isEmpty)
            try wake(shop, id)
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded)
            }
        }
    }

    @Test func `a tool in our database has its effect once, however often it fails first`() async throws {
        let tool = RowTool(failures: 2)
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("row"))
            try await shop.working {
                for attempt in 2...3 {
                    try await shop.until("attempt \(attempt) waits") {
                        let execution = try await shop.get(id)
                        return execution.summary.state == .retryWait && execution.summary.attempt == attempt
                    }
                    try wake(shop, id)
                }
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded)
                #expect(ended.summary.tokens == 7 && ended.summary.costMicrodollars == 30)
                #expect(try await shop.steps(id).map(\.tokens) == [7])
                #expect(try shop.force("SELECT count(*) FROM execution_signals")[0][0] == "1")
            }
        }
    }

    @Test func `a tool in our database that is tried and fails leaves nothing but the word of it`() async throws {
        try await Workshop.run([TriedTool(base: RowTool(failures: 1, .invalid))]) { shop in
            let id = try await shop.trigger(try await shop.agent("row"))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .succeeded)
                let output = try JSONValue(parsing: try #require(ended.result).bytes)
                #expect(output["row"]?["error"]?["message"] == "not yet")
                #expect(try shop.force("SELECT count(*) FROM execution_signals")[0][0] == "0")
            }
        }
    }

    @Test func `an unknown outcome is retried, skipped or failed, as somebody says`() async throws {
        for action in ResolveExecution.Action.allCases {
            let tool = ScriptedTool(effect: .unsafe)
            try await Workshop.run([tool]) { shop in
                let id = try await shop.trigger(try await shop.agent("scripted"))
                let dead = shop.store(try await shop.claim())
                _ = try await dead.begin()
                try await dead.begin(try shop.step(tool), RunLog(epoch: 1))
                try shop.expire(id)
                try await shop.working {
                    #expect(try await shop.ended(id).summary.state == .indeterminate)
                    let resolved = try await shop.executions.resolve(
                        id, ResolveExecution(action, output: JSONRaw(Array("5".utf8))), try shop.permit())
                    let ended = try await shop.until(id, .succeeded, .failed)
                    switch action {
                    case .retry: #expect(ended.summary.state == .succeeded && tool.calls == 1)
                    case .skip:
                        #expect(ended.summary.state == .succeeded && tool.calls == 0)
                        #expect(try JSONValue(parsing: try #require(ended.result).bytes)["scripted"] == 5)
                    case .fail: #expect(resolved.summary.state == .failed && tool.calls == 0)
                    }
                    // The fence went on from where it was: the dead one still writes nothing.
                    await #expect(throws: StepFailure.self) {
                        try await dead.finish(try shop.step(tool), StepFinish(output: [0x31]), RunLog(epoch: 1))
                    }
                }
            }
        }
    }

    @Test func `what nobody takes up in time is timed out, and says why`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try shop.force("UPDATE execution_queue SET starts_by = now(), ready_at = 'infinity'")
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .timedOut && ended.summary.errorClass == .queueTimeout)
            }
        }
    }

    @Test func `a fork takes over what came before its step, and runs the rest`() async throws {
        let tools = [ScriptedTool("one"), ScriptedTool("two")]
        try await Workshop.run(tools) { shop in
            let id = try await shop.trigger(try await shop.agent("one", "two"))
            try await shop.working {
                _ = try await shop.ended(id)
                let fork = try await shop.executions.replay(id, from: "tool[1]", try shop.permit()).summary.id
                #expect(try await shop.ended(fork).summary.state == .succeeded)
                #expect(tools.map(\.calls) == [1, 2])
                let replay = try await shop.executions.replay(id, try shop.permit()).summary.id
                #expect(try await shop.ended(replay).summary.state == .succeeded)
                #expect(tools.map(\.calls) == [2, 3])
            }
        }
    }
}
