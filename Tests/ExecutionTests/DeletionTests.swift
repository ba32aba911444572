// What is deleted is gone at once for whoever looks, whatever it leaves behind: its runs are cancelled, who waits for them hears of it, and the
// rest is removed in parts.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

@Suite struct DeletionTests {
    @Test func `who waits for a run of what is deleted fails with what became of it`() async throws {
        let child = Mutex<AgentID?>(nil)
        let parentTool = ScriptedTool("parent", effect: .idempotent) { _, context throws(StepFailure) in
            try await context.call(.agent(child.withLock { $0 } ?? .make()), input: .emptyObject, waits: true)
        }
        let childTool = ScriptedTool("child") { _, _ throws(StepFailure) in try await untilCancelled() }
        try await Workshop.run([parentTool, childTool] as [any Tool]) { shop in
            let childAgent = try await shop.agent("child").id
            child.withLock { $0 = childAgent }
            let agent = try await shop.agent("parent")
            // Of one the child is held by a worker, of the other by nobody.
            for isHeld in [true, false] {
                let id = try await shop.trigger(agent)
                if isHeld {
                    try await shop.watching { worker in
                        try await shop.until("the child began") { childTool.calls == 1 }
                        _ = try await shop.until(id, .waiting)
                        try await shop.agents.delete(childAgent, try shop.permit())
                        await worker.lookForWishes()
                        try expectFailure(try await shop.ended(id))
                    }
                } else {
                    let other = try await shop.agent("child").id
                    child.withLock { $0 = other }
                    let store = shop.store(try await shop.claim())
                    _ = try await store.begin()
                    let kid = ToolContext.child(of: id, "tool[0]", 0)
                    _ = try await store.startChild(kid, of: .agent(other), input: .emptyObject)
                    let step = try shop.step(parentTool)
                    try await store.begin(step, RunLog(epoch: 1))
                    let wait = Wait.children([kid])
                    store.waitLater(step, for: wait, 1, Spending(), RunLog(epoch: 1))
                    #expect(try await store.suspend([wait], RunLog(epoch: 1)))
                    #expect(try await shop.get(id).summary.state == .waiting)
                    try await shop.agents.delete(other, try shop.permit())
                    #expect(try await shop.get(id).summary.state == .queued)
                    let error = try shop.force(
                        "SELECT state, error ->> 'message' FROM executions WHERE id = $1", [kid.uuid.description])
                    #expect(error == [["cancelled", "What it runs was deleted."]])
                }
            }
        }
    }

    private func expectFailure(_ ended: Execution) throws {
        #expect(ended.summary.state == .failed)
        let message = try JSONValue(parsing: try #require(ended.error).bytes)["message"]?.string ?? ""
        #expect(message.contains("ended as cancelled") && message.contains("was deleted"), "\(message)")
    }

    /// Writes a history of so many runs past everything else.
    private func fill(_ shop: Workshop, _ agent: AgentID, _ count: Int) throws {
        try shop.force(
            """
            INSERT INTO executions (
                tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds, finished_at)
            SELECT $1, gen_random_uuid(), $2, 1, 'succeeded', 'manual', '{}', 1, 60000, now() FROM generate_series(1, $3::int)
            """, [shop.tenant.uuid.description, agent.uuid.description, "\(count)"])
    }

    @Test func `a long history does not hold up a delete, is seen by nobody, and goes in parts`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let (gone, kept) = (try await shop.agent("scripted"), try await shop.agent("scripted"))
            try fill(shop, gone.id, 250)
            try fill(shop, kept.id, 3)
            let schedules = Schedules(database: shop.database)
            let schedule = try await schedules.create(
                CreateSchedule(name: "S", definition: .agent(gone.id), trigger: .interval(seconds: 60)), try shop.permit()
            ).id
            let queued = try await shop.trigger(gone)
            let last = try await shop.trigger(kept)
            try await shop.agents.delete(gone.id, try shop.permit())
            #expect(try shop.force("SELECT count(*) FROM executions") == [["255"]], "nothing of it is removed while one waits")
            #expect(try shop.force("SELECT execution_id FROM execution_queue") == [[last.uuid.description]])
            for read: () async throws -> Void in [
                { _ = try await shop.agents.get(gone.id, try shop.permit()) },
                { _ = try await shop.agents.start(gone.id, try shop.permit()) },
                { _ = try await shop.agents.update(gone.id, UpdateAgent(name: "n"), try shop.permit()) },
                { try await shop.agents.delete(gone.id, try shop.permit()) },
                { _ = try await shop.trigger(gone) }, { _ = try await shop.get(queued) },
                { _ = try await shop.executions.replay(queued, try shop.permit()) },
                { _ = try await shop.executions.list(of: .agent(gone.id), part: (10, .newestFirst), try shop.permit()) },
                { _ = try await schedules.get(schedule, try shop.permit()) },
                { _ = try await schedules.update(schedule, UpdateSchedule(name: "n"), try shop.permit()) },
            ] {
                let fault = await #expect(throws: Fault.self) { try await read() }
                #expect(fault?.code == .notFound)
            }
            #expect(try await shop.agents.list(try shop.permit()).elements.map(\.id) == [kept.id])
            #expect(try await shop.executions.list(limit: 100, try shop.permit()).elements.count == 4)
            #expect(try await schedules.list(nil, try shop.permit()).elements.isEmpty)

            let removed = try await Housekeeping(database: shop.database, loop: shop.group.loops[0]).round()
            #expect(removed == 251 + 1 + 1)
            #expect(try shop.force("SELECT count(*) FROM executions") == [["4"]])
            for table in ["definitions", "definition_versions"] {
                #expect(try shop.force("SELECT count(*) FROM \(table)") == [["1"]], "\(table)")
            }
        }
    }

    @Test func `what is taken up although its definition was deleted is cancelled, and only then removed`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("scripted"))
            // As if a node had died right behind the mark.
            try shop.force("UPDATE definitions SET state = 'deleted'")
            let house = Housekeeping(database: shop.database, loop: shop.group.loops[0])
            #expect(try await house.round() == 0)
            try await shop.working {
                try await shop.until("it was cancelled") {
                    try shop.force("SELECT state FROM executions WHERE id = $1", [id.uuid.description]) == [["cancelled"]]
                }
            }
            #expect(try await house.round() == 2)
        }
    }
}
