// Schedules and their scheduler against a real database, under row-level security: fires happen once however many look, overlap and outages are seen
// to, events are consumed once, and tenants are apart.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct SchedulerTests {
    private func scheduler(_ shop: Workshop) -> Scheduler {
        Scheduler(database: shop.database, loop: shop.group.loops[0], signal: shop.signal)
    }

    private func schedules(_ shop: Workshop) -> Schedules { Schedules(database: shop.database) }

    private func make(
        _ shop: Workshop, _ agent: Agent, _ trigger: ScheduleTrigger = .interval(seconds: 3_600), missed: MissedPolicy = .skip,
        overlap: OverlapPolicy = .skip
    ) async throws -> ScheduleID {
        try await schedules(shop).create(
            CreateSchedule(name: "S", definition: .agent(agent.id), trigger: trigger, policies: (missed, overlap)),
            try shop.permit()
        ).id
    }

    /// Moves a schedule into the past, so that it is due for a fire planned `seconds` ago.
    private func age(_ shop: Workshop, _ id: ScheduleID? = nil, seconds: Int = 1, every: Int = 3_600) throws {
        try shop.force(
            """
            UPDATE schedules SET anchor_at = now() - make_interval(secs => $1::float8 + $2::float8), claimed_until = NULL,
                next_fire_at = now() - make_interval(secs => $1::float8), due_at = now() - make_interval(secs => $1::float8)
            WHERE $3 = '' OR id::text = $3
            """, ["\(seconds)", "\(every)", id.map { "\($0.uuid)" } ?? ""])
    }

    private func fires(_ shop: Workshop, _ id: ScheduleID) async throws -> [ScheduleFire] {
        try await schedules(shop).fires(of: id, limit: 100, try shop.permit()).fires
    }

    @Test func `however many nodes look at once, each of many schedules fires once`() async throws {
        try await Workshop.run(loops: 2, [PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            var ids: [ScheduleID] = []
            for _ in 0..<40 { ids.append(try await make(shop, agent, overlap: .allow)) }
            for round in 1...3 {
                try age(shop)
                await withTaskGroup(of: Void.self) { group in
                    for loop in [0, 1, 0, 1] {
                        group.addTask(executorPreference: shop.group.loops[loop]) {
                            let one = Scheduler(database: shop.database, loop: shop.group.loops[loop], signal: shop.signal)
                            for _ in 0..<3 { _ = try? await one.round() }
                        }
                    }
                }
                #expect(try shop.force("SELECT count(*) FROM executions")[0][0] == "\(40 * round)")
                #expect(try shop.force("SELECT count(*) FROM schedules WHERE due_at <= now()")[0][0] == "0")
            }
            let seen = try await fires(shop, ids[0])
            #expect(seen.count == 3 && seen.allSatisfy { $0.outcome == .started })
            // What is written twice in spite of all is written once: the same look again, as by a node that woke too late.
            let again = try await shop.database.session(.tenant(shop.tenant)) { session throws(Fault) in
                try await session.query(
                    SchedulerStatements.fire, ids[0], seen[0].plannedAt, 0, ExecutionID.make(), JSONBytes(Array("{}".utf8)))
            }
            #expect(again.isEmpty)
            #expect(try shop.force("SELECT count(*) FROM executions")[0][0] == "120")
        }
    }

    @Test func `a fire is a run of the definition with the schedule's input, and tells why it came to be`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let id = try await schedules(shop).create(
                CreateSchedule(
                    name: "S", definition: .agent(agent.id), trigger: .interval(seconds: 3_600),
                    input: JSONRaw(Array(#"{"message":"hi"}"#.utf8))), try shop.permit()
            ).id
            try age(shop)
            _ = try await scheduler(shop).round()
            try await shop.working {
                let execution = try #require(try await schedules(shop).get(id, try shop.permit()).lastExecution)
                let ended = try await shop.ended(execution)
                #expect(ended.summary.state == .succeeded && ended.result?.text.contains("\"hi\"") == true)
                #expect(try shop.force("SELECT trigger FROM executions") == [["interval"]])
            }
        }
    }

    @Test func `overlapping fires are left out, kept until the run has ended, or take its place`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let one = scheduler(shop)
            let skip = try await make(shop, agent)
            let buffer = try await make(shop, agent, overlap: .bufferOne)
            let cancel = try await make(shop, agent, overlap: .cancel)
            for _ in 0..<3 {
                try age(shop)
                _ = try await one.round()
            }
            #expect(try await fires(shop, skip).map(\.outcome) == [.skipped, .skipped, .started])
            #expect(try await fires(shop, skip).first?.reason == .overlap)
            #expect(try await fires(shop, buffer).map(\.outcome) == [.skipped, .buffered, .started])
            let cancelled = try await fires(shop, cancel)
            #expect(cancelled.map(\.outcome) == [.started, .started, .started])
            let states = try await withStates(shop, cancelled)
            #expect(states == [.queued, .cancelled, .cancelled])
            // The fire that waits begins when the run before it has ended.
            let running = try #require(try await schedules(shop).get(buffer, try shop.permit()).lastExecution)
            _ = try await shop.executions.cancel(running, try shop.permit())
            try shop.force("UPDATE schedules SET due_at = now(), claimed_until = NULL WHERE id = $1", ["\(buffer.uuid)"])
            _ = try await one.round()
            #expect(try await fires(shop, buffer).map(\.outcome) == [.skipped, .started, .started])
        }
    }

    private func withStates(_ shop: Workshop, _ fires: [ScheduleFire]) async throws -> [ExecutionState] {
        var states: [ExecutionState] = []
        for fire in fires { states.append(try await shop.get(try #require(fire.execution)).summary.state) }
        return states
    }

    @Test func `what was missed is made up for as the policy says, and the rest is on record`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let minute = ScheduleTrigger.interval(seconds: 60)
            let skip = try await make(shop, agent, minute, overlap: .allow)
            let one = try await make(shop, agent, minute, missed: MissedPolicy(.one), overlap: .allow)
            let all = try await make(shop, agent, minute, missed: MissedPolicy(.all, most: 4), overlap: .allow)
            try age(shop, seconds: 630, every: 60)
            _ = try await scheduler(shop).round()
            func started(_ id: ScheduleID) async throws -> Int { try await fires(shop, id).count { $0.outcome == .started } }
            #expect(try await started(skip) == 1)
            #expect(try await started(one) == 1)
            #expect(try await started(all) == 5)
            let missed = try #require(try await fires(shop, skip).last)
            #expect(missed.outcome == .skipped && missed.reason == .missed && missed.until != nil)
        }
    }

    @Test func `a definition that is paused is skipped on record, and one moment is the end of the schedule`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let one = scheduler(shop)
            let id = try await make(shop, agent)
            _ = try await shop.agents.pause(agent.id, try shop.permit())
            try age(shop)
            _ = try await one.round()
            #expect(try await fires(shop, id).map(\.reason) == [.notReady])
            _ = try await shop.agents.start(agent.id, try shop.permit())
            let soon = Timestamp(microseconds: Timestamp.now.microseconds + 3_600_000_000)
            let once = try await make(shop, agent, .at(soon))
            #expect(try await schedules(shop).get(once, try shop.permit()).nextFireAt == soon)
            // As if the hour had passed.
            try shop.force(
                """
                UPDATE schedules SET due_at = now(), next_fire_at = now(), trigger = jsonb_set(trigger, '{at}', to_jsonb(now()::text))
                WHERE id = $1
                """, ["\(once.uuid)"])
            try shop.force(
                "UPDATE schedules SET trigger = jsonb_set(trigger, '{at}', '\"2026-01-01T00:00:00Z\"') WHERE id = $1",
                ["\(once.uuid)"])
            _ = try await one.round()
            let ended = try await schedules(shop).get(once, try shop.permit())
            #expect(ended.state == .ended && ended.nextFireAt == nil && ended.lastExecution != nil)
        }
    }

    /// Numbers an event, as the sequencer does.
    private func tell(_ shop: Workshop, _ type: String, ref: UUIDBits, _ payload: String = "{}") throws {
        let tenant = "\(shop.tenant.uuid)"
        try shop.force(
            """
            INSERT INTO event_sequences VALUES ($1, 1) ON CONFLICT (tenant_id) DO UPDATE SET last_seq = event_sequences.last_seq + 1
            """, [tenant])
        try shop.force(
            """
            INSERT INTO events SELECT $1::uuid, last_seq, $2, $3::uuid, $4::jsonb, clock_timestamp() FROM event_sequences
            WHERE tenant_id = $1::uuid
            """, [tenant, type, "\(ref)", payload])
    }

    @Test func `an event whose payload fits makes one run that is given the event, and its own runs make none`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let one = scheduler(shop)
            let filter = try #require((["name": "a"] as JSONValue).object)
            try tell(shop, "task.created", ref: AgentID.make().uuid, #"{"name":"a"}"#)
            let id = try await make(
                shop, agent, .event(type: "task.created", filter: filter), overlap: .allow)
            // Events from before the schedule make nothing.
            _ = try await one.round()
            #expect(try await fires(shop, id).isEmpty)
            try tell(shop, "task.created", ref: AgentID.make().uuid, #"{"name":"a","more":1}"#)
            try tell(shop, "task.created", ref: AgentID.make().uuid, #"{"name":"b"}"#)
            try tell(shop, "task.paused", ref: AgentID.make().uuid, #"{"name":"a"}"#)
            try shop.force("UPDATE schedules SET claimed_until = NULL")
            _ = try await one.round()
            _ = try await one.round()
            let fired = try await fires(shop, id)
            #expect(fired.count == 1 && fired[0].event == 2)
            let execution = try await shop.get(try #require(fired[0].execution))
            #expect(execution.input.text.contains("task.created") && execution.input.text.contains("\"more\""))
            #expect(try shop.force("SELECT trigger FROM executions") == [["event"]])
            // An event about its own run.
            try tell(shop, "task.created", ref: execution.summary.id.uuid, #"{"name":"a"}"#)
            try shop.force("UPDATE schedules SET claimed_until = NULL")
            _ = try await one.round()
            #expect(try await fires(shop, id).count == 1)
        }
    }

    @Test func `the end of a run of another agent makes a run, for the ends that are named`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let (first, second) = (try await shop.agent("ping"), try await shop.agent("ping"))
            let id = try await make(shop, second, .completionOf(.agent(first.id), ends: [.failed]), overlap: .allow)
            let (run, other) = (try await shop.trigger(first), try await shop.trigger(second))
            try tell(shop, "execution.succeeded", ref: run.uuid)
            try tell(shop, "execution.failed", ref: other.uuid)
            try tell(shop, "execution.failed", ref: run.uuid)
            _ = try await scheduler(shop).round()
            #expect(try await fires(shop, id).map(\.event) == [3])
        }
    }

    @Test func `the worker's role sees when a schedule is due, and nothing of what it is`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            _ = try await make(shop, try await shop.agent("ping"))
            let worker = try shop.url.connect(role: "insula_worker")
            #expect(try worker.rows("SELECT tenant_id, id, due_at FROM schedules", []).count == 1)
            for sql in [
                "SELECT name FROM schedules", "SELECT trigger FROM schedules", "SELECT input FROM schedules",
                "UPDATE schedules SET due_at = now()", "DELETE FROM schedules", "SELECT * FROM schedule_fires",
            ] {
                #expect(throws: (any Error).self, "\(sql)") { try worker.rows(sql, []) }
            }
            let app = try shop.url.connect(role: "insula_app")
            #expect(try app.rows("SELECT id FROM schedules", []).isEmpty)
        }
    }

    @Test func `a schedule is planned anew when it is changed or resumed, and refused where it makes no sense`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let all = schedules(shop)
            let id = try await make(shop, agent)
            let paused = try await all.pause(id, try shop.permit())
            #expect(paused.state == .paused && paused.nextFireAt == nil && paused.revision == 2)
            await refused(.invalidState) { try await all.pause(id, try shop.permit()) }
            let resumed = try await all.resume(id, try shop.permit())
            #expect(resumed.state == .active && resumed.nextFireAt != nil)
            await refused(.invalidState) { try await all.resume(id, try shop.permit()) }
            let changed = try await all.update(
                id, UpdateSchedule(name: "New", trigger: .cron(try CronExpression("0 0 1 1 *"), zone: "Asia/Tokyo")),
                try shop.permit())
            #expect(changed.name == "New" && changed.nextFireAt?.rfc3339.hasSuffix("-12-31T15:00:00.000Z") == true)
            let times = try await all.preview(id, count: 3, try shop.permit())
            #expect(times.count == 3 && times[0] == changed.nextFireAt)
            await refused(.invalid) { try await make(shop, agent, .at(Timestamp(microseconds: 0))) }
            await refused(.invalid) { try await make(shop, agent, .completionOf(.agent(agent.id), ends: [.failed])) }
            await refused(.invalid) { try await make(shop, agent, .completionOf(.agent(.make()), ends: [.failed])) }
            _ = try await shop.agents.stop(agent.id, try shop.permit())
            await refused(.invalidState) { try await make(shop, agent) }
            try await all.delete(id, try shop.permit())
            await refused(.notFound) { try await all.get(id, try shop.permit()) }
            await refused(.notFound) { try await all.delete(id, try shop.permit()) }
        }
    }

    private func refused<Value>(_ code: Fault.Code, _ body: () async throws -> Value) async {
        let fault = await #expect(throws: Fault.self) { _ = try await body() }
        #expect(fault?.code == code)
    }

    @Test func `a tenant has a thousand schedules and no more`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            _ = try await make(shop, agent)
            try shop.force(
                """
                INSERT INTO schedules (tenant_id, id, definition_id, name, kind, trigger, input, missed, overlap, state, anchor_at)
                SELECT tenant_id, gen_random_uuid(), definition_id, 'n', kind, trigger, input, missed, overlap, 'paused', anchor_at
                FROM schedules, generate_series(1, 998)
                """)
            _ = try await make(shop, agent)
            await refused(.limitReached) { try await make(shop, agent) }
        }
    }
}
