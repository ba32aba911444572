// Nobody waits for rows that somebody else changes: a claim and a renewal pass over them, and writes that go together lock in one order.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

@Suite struct PassingTests {
    /// Waits until somebody waits for a lock in this database.
    private func untilSomebodyWaits(_ shop: Workshop) async throws {
        try await shop.until("somebody waits for a lock") {
            try shop.force(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")[0][0]
                != "0"
        }
    }

    @Test func `a claim passes over what somebody changes, and takes what comes next`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            try shop.subscribe(.enterprise)
            let agent = try await shop.agent("scripted")
            let ids = [try await shop.trigger(agent), try await shop.trigger(agent), try await shop.trigger(agent)]
            try shop.force(
                "UPDATE execution_queue SET ready_at = ready_at - interval '1 minute' WHERE execution_id = $1",
                [
                    ids[0].uuid.description
                ])
            let other = try shop.url.connectAsSuperuser()
            try other.run("BEGIN")
            _ = try other.rows("SELECT 1 FROM execution_queue WHERE execution_id = $1 FOR UPDATE", [ids[0].uuid.description])
            let taken = try await shop.claims(1, as: .make()).map(\.execution)
            #expect(taken.count == 1 && taken != [ids[0]])
            try other.run("ROLLBACK")
            #expect(Set(try await shop.claims(5, as: .make()).map(\.execution)) == Set(ids).subtracting(taken))
        }
    }

    @Test func `a renewal passes over what somebody changes, and does not take it for lost`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            let ids = [try await shop.trigger(agent), try await shop.trigger(agent)]
            let node = NodeID.make()
            let claims = try await shop.claims(2, as: node)
            func renew() async throws -> [ExecutionID: Bool] {
                let renewals = try await shop.database.worker.query(
                    WorkerStatements.renew, node, Workshop.lease.milliseconds, claims.map(\.tenant), claims.map(\.execution),
                    claims.map(\.epoch))
                return Dictionary(uniqueKeysWithValues: renewals.map { ($0.execution, $0.isRenewed) })
            }
            let other = try shop.url.connectAsSuperuser()
            try other.run("BEGIN")
            _ = try other.rows("SELECT 1 FROM execution_queue WHERE execution_id = $1 FOR UPDATE", [ids[0].uuid.description])
            #expect(try await renew() == [ids[0]: false, ids[1]: true])
            try other.run("ROLLBACK")
            #expect(try await renew() == [ids[0]: true, ids[1]: true])
        }
    }

    @Test func `writes of several runs lock their rows in one order, whoever wrote first`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            let ids = [try await shop.trigger(agent), try await shop.trigger(agent)].sorted()
            let gatherer = Gatherer(database: shop.database, loop: shop.group.loops[0])
            let other = try shop.url.connectAsSuperuser()
            func lock(_ id: ExecutionID) throws {
                _ = try other.rows(
                    "SELECT 1 FROM execution_queue WHERE execution_id = $1 FOR UPDATE NOWAIT", [id.uuid.description])
            }
            try other.run("BEGIN")
            try lock(ids[0])
            let tenant = shop.tenant
            let tasks = ids.reversed().map { id in
                Task(executorPreference: shop.group.loops[0]) {
                    try await gatherer.write(for: tenant, 1, locks: [id]) { batch in
                        batch.add(RunStatements.lockQueue, id)
                        return { _ throws(Fault) in () }
                    }
                }
            }
            try await untilSomebodyWaits(shop)
            // Whoever waits for the first row does not hold the second: two who lock in this order never wait for each other.
            try lock(ids[1])
            try other.run("ROLLBACK")
            for task in tasks { try await task.value }
        }
    }

    /// Does `body` while somebody else has changed the rows of an execution, which he gives free when `body` waits for them.
    private func meanwhile<Value: Sendable>(
        _ shop: Workshop, _ id: ExecutionID, _ changes: [String], _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let other = try shop.url.connectAsSuperuser()
        try other.run("BEGIN")
        for change in changes { _ = try other.rows(change, [id.uuid.description]) }
        let task = Task(executorPreference: shop.group.loops[0]) { try await body() }
        try await untilSomebodyWaits(shop)
        try other.run("COMMIT")
        return try await task.value
    }

    @Test func `who asks for a cancel while an end is on its way has it cancelled, and nothing stays in the queue`() async throws
    {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let store = shop.store(try await shop.claims(1, as: .make())[0])
            let touch = "UPDATE execution_queue SET priority = priority WHERE execution_id = $1"
            #expect(try await meanwhile(shop, id, [touch]) { try await store.begin() != nil })
            let cancel = [
                "UPDATE execution_queue SET cancel_requested = true WHERE execution_id = $1",
                "UPDATE executions SET state = 'cancelling' WHERE id = $1",
            ]
            let ended = try await meanwhile(shop, id, cancel) {
                try await store.end(RunEnding(state: .succeeded), RunLog(epoch: 1))
            }
            #expect(ended == .cancelled)
            #expect(try shop.queueCount() == 0)
            #expect(try shop.force("SELECT state::text FROM executions") == [["cancelled"]])
        }
    }

    @Test func `a run begins and ends whoever changes its execution meanwhile without the row of the queue`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            let store = shop.store(try await shop.claims(1, as: .make())[0])
            // As it happens when history goes that this one comes from.
            let forget = ["UPDATE executions SET origin_id = NULL WHERE id = $1"]
            #expect(try await meanwhile(shop, id, forget) { try await store.begin() != nil })
            let ended = try await meanwhile(shop, id, forget) {
                try await store.end(RunEnding(state: .succeeded), RunLog(epoch: 1))
            }
            #expect(ended == .succeeded)
            #expect(try shop.queueCount() == 0)
        }
    }

    @Test func `an end that somebody resolves wakes a parent that begins to wait at that moment`() async throws {
        let tool = ScriptedTool(effect: .unsafe)
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent("scripted")
            let parent = try await shop.trigger(agent)
            let child = try await shop.trigger(agent)
            try shop.force(
                "UPDATE executions SET parent_id = $1 WHERE id = $2", [parent.uuid.description, child.uuid.description])
            try shop.force("DELETE FROM execution_queue WHERE execution_id = $1", [child.uuid.description])
            try shop.force(
                "UPDATE executions SET state = 'indeterminate', finished_at = now() WHERE id = $1", [child.uuid.description])
            let other = try shop.url.connectAsSuperuser()
            try other.run("BEGIN")
            _ = try other.rows("SELECT 1 FROM execution_queue WHERE execution_id = $1 FOR UPDATE", [parent.uuid.description])
            let permit: Permit<ExecutionsWrite> = try shop.permit()
            let resolving = Task(executorPreference: shop.group.loops[0]) {
                try await shop.executions.resolve(child, ResolveExecution(.fail), permit)
            }
            try await untilSomebodyWaits(shop)
            _ = try other.rows(
                """
                UPDATE execution_queue SET awaits = ARRAY[$2::uuid], ready_at = 'infinity' WHERE execution_id = $1
                """, [parent.uuid.description, child.uuid.description])
            _ = try other.rows("UPDATE executions SET state = 'waiting' WHERE id = $1", [parent.uuid.description])
            try other.run("COMMIT")
            #expect(try await resolving.value.summary.state == .failed)
            #expect(try await shop.get(parent).summary.state == .queued)
            #expect(try shop.force("SELECT ready_at <= now() FROM execution_queue") == [["t"]])
        }
    }

    @Test func `workers are told when a run starts a child, and when that ends`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            _ = try await shop.trigger(agent)
            let store = shop.store(try await shop.claim())
            _ = try await store.begin()
            let told = Mutex(0)
            shop.signal.attach { told.withLock { $0 += 1 } }
            let started = try await store.startChild(.make(), of: .agent(agent.id), input: .emptyObject)
            #expect(started.isThere && told.withLock { $0 } == 1)
            let child = shop.store(try await shop.claim())
            #expect(child.claim.parent != nil)
            _ = try await child.begin()
            let log = RunLog(epoch: 1)
            #expect(try await child.end(RunEnding(state: .succeeded, output: .null), log) == .succeeded)
            #expect(told.withLock { $0 } == 2)
            shop.signal.attach(nil)
        }
    }
}
