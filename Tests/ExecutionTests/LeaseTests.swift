// Leases, fences and crashes: what a dead, a frozen or a stopping node leaves behind, and who goes on.

import Base
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

@Suite struct LeaseTests {
    @Test func `what an old holder writes after a take-over changes nothing`() async throws {
        let tool = ScriptedTool()
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let old = shop.store(try await shop.claim())
            let log = RunLog(epoch: 1)
            #expect(try await old.begin() != nil)
            let step = try shop.step(tool)
            try await old.begin(step, log)

            try shop.expire(id)
            #expect(try await shop.database.worker.query(WorkerStatements.reap, 10) == [id])
            let claim = try await shop.claim()
            #expect(claim.crashCount == 1)
            let new = shop.store(claim)
            #expect(try await new.begin() != nil)

            log.add(.info, "too late")
            await #expect(throws: StepFailure.self) { try await old.finish(step, StepFinish(output: Array("1".utf8)), log) }
            await #expect(throws: StepFailure.self) { try await old.begin(try shop.step(tool, key: "tool[9]"), log) }
            #expect(try await old.begin() == nil)
            #expect(try await old.end(RunEnding(state: .succeeded, output: .null), log) == nil)
            #expect(
                try await old.retry(afterMilliseconds: 0, RunFailure(error: .null, errorClass: .internal), log)
                    == false)
            #expect(try await shop.get(id).summary.state == .running)
            #expect(try await shop.steps(id).map(\.status) == [.started])
            #expect(try await shop.executions.logs(of: id, try shop.permit()).elements.allSatisfy { $0.message != "too late" })

            #expect(
                try await new.end(RunEnding(state: .succeeded, output: JSONRaw(Array("7".utf8))), RunLog(epoch: 3)) == .succeeded)
            #expect(try await shop.get(id).result == JSONRaw(Array("7".utf8)))
        }
    }

    @Test func `a lease that is kept is not reaped, and a renewal tells what is lost`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            let (one, other) = (try await shop.trigger(agent), try await shop.trigger(agent))
            let node = NodeID.make()
            let claims = try await shop.claims(10, as: node)
            #expect(Set(claims.map(\.execution)) == [one, other])
            #expect(try await shop.database.worker.query(WorkerStatements.reap, 10).isEmpty)
            try shop.expire(one)
            #expect(try await shop.database.worker.query(WorkerStatements.reap, 10) == [one])
            _ = try await shop.executions.cancel(other, try shop.permit())
            let renewals = try await shop.database.worker.query(
                WorkerStatements.renew, node, Workshop.lease.milliseconds, claims.map(\.tenant), claims.map(\.execution),
                claims.map(\.epoch))
            #expect(renewals.map(\.execution) == [other])
            #expect(renewals.map(\.isCancelRequested) == [true])
        }
    }

    @Test func `a step that a dead node began is handled by its effect`() async throws {
        for effect in Effect.allCases {
            let tool = ScriptedTool(effect: effect)
            try await Workshop.run([tool]) { shop in
                let id = try await shop.trigger(try await shop.agent("scripted"))
                let dead = shop.store(try await shop.claim())
                _ = try await dead.begin()
                try await dead.begin(try shop.step(tool), RunLog(epoch: 1))
                try shop.expire(id)
                try await shop.working {
                    let execution = try await shop.ended(id)
                    let step = try #require(try await shop.steps(id).first)
                    if effect == .unsafe {
                        #expect(execution.summary.state == .indeterminate)
                        #expect(tool.calls == 0)
                        #expect(step.status == .indeterminate, "nobody knows what came of it")
                        #expect(try JSONValue(parsing: try #require(execution.error).bytes)["code"] == "outcome_unknown")
                    } else {
                        #expect(execution.summary.state == .succeeded)
                        #expect(tool.calls == 1)
                        #expect(tool.idempotencyKeys == ["\(id):tool[0]"])
                        #expect(execution.summary.attempt == 1, "a lost lease is no failed attempt")
                    }
                }
            }
        }
    }

    @Test func `a step that was finished before the crash is not run again`() async throws {
        let (first, second) = (ScriptedTool("first", effect: .unsafe), ScriptedTool("second"))
        try await Workshop.run([first, second]) { shop in
            let id = try await shop.trigger(try await shop.agent("first", "second"))
            let dead = shop.store(try await shop.claim())
            _ = try await dead.begin()
            let step = try shop.step(first)
            try await dead.begin(step, RunLog(epoch: 1))
            try await dead.finish(step, StepFinish(output: Array(#""from before""#.utf8)), RunLog(epoch: 1))
            try shop.expire(id)
            try await shop.working {
                let execution = try await shop.ended(id)
                #expect(execution.summary.state == .succeeded)
                #expect(first.calls == 0 && second.calls == 1)
                #expect(second.previous == ["from before"])
                #expect(try JSONValue(parsing: try #require(execution.result).bytes)["first"] == "from before")
            }
        }
    }

    @Test func `a run that takes another way than before fails instead of mixing the two`() async throws {
        let tool = ScriptedTool()
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let dead = shop.store(try await shop.claim())
            _ = try await dead.begin()
            var other = JSONObject()
            other["value"] = "another input"
            try await dead.begin(try shop.step(tool, input: other), RunLog(epoch: 1))
            try shop.expire(id)
            try await shop.working {
                let execution = try await shop.ended(id)
                #expect(execution.summary.state == .failed)
                #expect(try JSONValue(parsing: try #require(execution.error).bytes)["code"] == "nondeterministic_replay")
                #expect(tool.calls == 0)
            }
        }
    }

    @Test func `an execution that kills its workers is given up after three of them`() async throws {
        let tool = ScriptedTool()
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            for _ in 0..<Lease.crashLimit {
                _ = try await shop.claim()
                try shop.expire(id)
                _ = try await shop.database.worker.query(WorkerStatements.reap, 10)
            }
            try await shop.working {
                let execution = try await shop.ended(id)
                #expect(execution.summary.state == .failed)
                #expect(try JSONValue(parsing: try #require(execution.error).bytes)["code"] == "worker_lost")
                #expect(tool.calls == 0)
            }
        }
    }

    @Test func `a node that comes back takes up at once what it left`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let node = NodeID.make()
            _ = try await shop.claim(as: node)
            let worker = shop.worker(node)
            await worker.start()
            #expect(try await shop.ended(id).summary.state == .succeeded)
            await worker.stop(graceMilliseconds: 0)
            #expect(worker.metrics.reaped.current == 0, "its lease had not ended")
        }
    }

    @Test func `a stopping node hands back what it runs, and nobody counts it as a crash`() async throws {
        let tool = ScriptedTool { number, _ throws(StepFailure) in number == 1 ? try await untilCancelled() : "done" }
        try await Workshop.run([tool]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            try await shop.working {
                try await shop.until("the step began") { tool.calls == 1 }
            }
            let row = try shop.force("SELECT node_id, crash_count, ready_at <= now() FROM execution_queue")[0]
            #expect(row == [nil, "0", "t"])
            try await shop.working {
                let execution = try await shop.ended(id)
                #expect(execution.summary.state == .succeeded && execution.summary.attempt == 1)
                #expect(tool.calls == 2)
            }
        }
    }

    @Test func `two workers over five hundred executions end each exactly once`() async throws {
        let tool = ScriptedTool(effect: .unsafe)
        try await Workshop.run(loops: 2, [tool]) { shop in
            let agent = try await shop.agent("scripted")
            var ids: [ExecutionID] = []
            for _ in 0..<500 { ids.append(try await shop.trigger(agent)) }
            let workers = [shop.worker(concurrency: 32), shop.worker(concurrency: 32)]
            for worker in workers { await worker.start() }
            try await shop.until("the queue is empty") { try shop.queueCount() == 0 }
            for worker in workers { await worker.stop(graceMilliseconds: 5_000) }
            let states = try shop.force("SELECT state, count(*) FROM executions GROUP BY state")
            #expect(states == [["succeeded", "500"]])
            #expect(tool.callsByExecution.count == 500)
            #expect(tool.callsByExecution.values.allSatisfy { $0 == 1 })
            #expect(workers.reduce(0) { $0 + $1.metrics.succeeded.current } == 500)
            #expect(workers.allSatisfy { $0.metrics.left.current == 0 })
        }
    }

    @Test func `a cancel and a completion at the same moment leave one end`() async throws {
        try await Workshop.run(loops: 2, [ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working {
                for _ in 0..<100 {
                    let id = try await shop.trigger(agent)
                    let permit: Permit<ExecutionsWrite> = try shop.permit()
                    let answer: ExecutionState?
                    do throws(Fault) {
                        answer = try await shop.executions.cancel(id, permit).summary.state
                    } catch {
                        #expect(error.code == .invalidState)
                        answer = nil
                    }
                    let state = try await shop.ended(id).summary.state
                    #expect(answer == nil ? state == .succeeded : state == .cancelled)
                }
                #expect(try shop.queueCount() == 0)
            }
        }
    }

    @Test func `a full worker takes no more than its share`() async throws {
        let most = Mutex((now: 0, most: 0))
        let tool = ScriptedTool { _, _ in
            most.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
            await EventLoop.current?.sleep(milliseconds: 1)
            most.withLock { $0.now -= 1 }
            return nil
        }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            for _ in 0..<40 { _ = try await shop.trigger(agent) }
            try await shop.working(3) {
                try await shop.until("the queue is empty") { try shop.queueCount() == 0 }
            }
            #expect(tool.calls == 40)
            #expect(most.withLock { $0.most } <= 3)
        }
    }
}
