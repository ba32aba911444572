// Schedules that wait for events, against a real database: each event makes one run whatever dies, however many nodes look and however many
// schedules wait, what makes each other fire comes to an end, and whoever is changed or stopped meanwhile keeps what was promised.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct EventScheduleTests {
    private func scheduler(_ shop: Workshop) -> Scheduler {
        Scheduler(database: shop.database, loop: shop.group.loops[0], signal: shop.signal)
    }

    private func make(
        _ shop: Workshop, _ agent: Agent, _ trigger: ScheduleTrigger, overlap: OverlapPolicy = .allow
    ) async throws -> ScheduleID {
        try await Schedules(database: shop.database).create(
            CreateSchedule(name: "S", definition: .agent(agent.id), trigger: trigger, policies: (.skip, overlap)),
            try shop.permit()
        ).id
    }

    private func fires(_ shop: Workshop, _ id: ScheduleID) async throws -> [ScheduleFire] {
        try await Schedules(database: shop.database).fires(of: id, limit: 100, try shop.permit()).fires
    }

    /// Numbers events, as the sequencer does.
    private func tell(
        _ shop: Workshop, _ type: String, ref: UUIDBits = AgentID.make().uuid, count: Int = 1, by run: ExecutionID? = nil
    )
        throws
    {
        try shop.force(
            """
            WITH last AS (
                INSERT INTO event_sequences VALUES ($1::uuid, $4::bigint)
                ON CONFLICT (tenant_id) DO UPDATE SET last_seq = event_sequences.last_seq + excluded.last_seq
                RETURNING last_seq
            )
            INSERT INTO events SELECT $1::uuid, last_seq - $4::bigint + n, $2, $3::uuid,
                jsonb_strip_nulls(jsonb_build_object('execution_id', nullif($5, '')::uuid)), clock_timestamp()
            FROM last, generate_series(1, $4::bigint) n
            """, ["\(shop.tenant.uuid)", type, "\(ref)", "\(count)", run.map { "\($0.uuid)" } ?? ""])
    }

    private func count(_ shop: Workshop, _ sql: String) throws -> Int {
        Int(try shop.force("SELECT count(*) FROM \(sql)")[0][0] ?? "") ?? -1
    }

    private static let anything = ScheduleTrigger.event(type: "task.created", filter: JSONObject())

    @Test func `however many nodes look at once, each of many events makes one run`() async throws {
        try await Workshop.run(loops: 2, [PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            for _ in 0..<3 { _ = try await make(shop, agent, Self.anything) }
            let events = 250
            try tell(shop, "task.created", count: events)
            var rounds = 0
            while try count(shop, "schedules WHERE event_seq < \(events)") > 0 {
                rounds += 1
                try #require(rounds < 100, "the cursors never came to the end")
                await withTaskGroup(of: Void.self) { group in
                    for loop in [0, 1, 0, 1] {
                        group.addTask(executorPreference: shop.group.loops[loop]) {
                            let one = Scheduler(database: shop.database, loop: shop.group.loops[loop], signal: shop.signal)
                            _ = try? await one.round()
                        }
                    }
                }
            }
            #expect(try count(shop, "executions") == 3 * events)
            #expect(try count(shop, "(SELECT DISTINCT schedule_id, event_seq FROM schedule_fires) f") == 3 * events)
        }
    }

    @Test func `a node that dies before it has committed loses no event and doubles none`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let one = scheduler(shop)
            let id = try await make(shop, try await shop.agent("ping"), Self.anything)
            try tell(shop, "task.created", count: 5)
            await #expect(throws: Fault.self) {
                try await shop.database.session(.tenant(shop.tenant)) { session throws(Fault) in
                    #expect(try await one.look(at: id, session) == 5)
                    throw Fault(.unavailable, "the node dies")
                }
            }
            #expect(try await fires(shop, id).isEmpty)
            #expect(try count(shop, "executions") == 0)
            for _ in 0..<2 { _ = try await one.round() }
            #expect(try await fires(shop, id).compactMap(\.event) == [5, 4, 3, 2, 1])
            #expect(try count(shop, "executions") == 5)
        }
    }

    @Test func `agents that run at each other's end come to an end after eight fires`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let one = scheduler(shop)
            let (first, second) = (try await shop.agent("ping"), try await shop.agent("ping"))
            let there = try await make(shop, second, .completionOf(.agent(first.id), ends: [.succeeded]))
            let back = try await make(shop, first, .completionOf(.agent(second.id), ends: [.succeeded]))
            var last = try await shop.trigger(first)
            for turn in 1...8 {
                try tell(shop, "execution.succeeded", ref: last.uuid)
                _ = try await one.round()
                // Each runs at the other's end, and neither at its own.
                let made = try #require(try await fires(shop, turn % 2 == 1 ? there : back).first)
                #expect(made.outcome == .started)
                #expect(try count(shop, "executions") == turn + 1)
                last = try #require(made.execution)
            }
            try tell(shop, "execution.succeeded", ref: last.uuid)
            _ = try await one.round()
            let refused = try #require(try await fires(shop, there).first)
            #expect(refused.outcome == .skipped && refused.reason == .loop && refused.execution == nil)
            #expect(try count(shop, "executions") == 9)
        }
    }

    @Test func `what the run of a schedule has started makes that schedule fire no more`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let one = scheduler(shop)
            let agent = try await shop.agent("ping")
            let id = try await make(shop, agent, .event(type: "execution.succeeded", filter: JSONObject()))
            let (child, stranger) = (try await shop.trigger(agent), try await shop.trigger(agent))
            try tell(shop, "execution.succeeded", ref: stranger.uuid)
            _ = try await one.round()
            let run = try #require(try await fires(shop, id).first?.execution)
            // One of its children, and a child of that.
            let grandchild = try await shop.trigger(agent)
            try shop.force("UPDATE executions SET parent_id = $2 WHERE id = $1", ["\(child.uuid)", "\(run.uuid)"])
            try shop.force("UPDATE executions SET parent_id = $2 WHERE id = $1", ["\(grandchild.uuid)", "\(child.uuid)"])
            for own in [run, child, grandchild] { try tell(shop, "execution.succeeded", ref: own.uuid) }
            _ = try await one.round()
            #expect(try await fires(shop, id).count == 1)
            #expect(try count(shop, "schedules WHERE event_seq = 4") == 1)
        }
    }

    @Test func `what the run of a schedule notifies of makes that schedule fire no more, and others nearer to the end`()
        async throws
    {
        try await Workshop.run([PingTool()]) { shop in
            let one = scheduler(shop)
            let agent = try await shop.agent("ping")
            let type = "notification.created"
            let id = try await make(shop, agent, .event(type: type, filter: JSONObject()))
            let other = try await make(shop, agent, .event(type: type, filter: JSONObject()))
            try tell(shop, type, by: try await shop.trigger(agent))
            _ = try await one.round()
            var run = try #require(try await fires(shop, id).first?.execution)
            // Each is told of by another notification, which has an id of its own.
            try tell(shop, type, by: run)
            _ = try await one.round()
            #expect(try await fires(shop, id).count == 1)
            run = try #require(try await fires(shop, other).first?.execution)
            #expect(try await fires(shop, other).count == 2)
            #expect(try count(shop, "schedule_fires WHERE execution_id = '\(run.uuid)' AND depth = 2") == 1)
        }
    }

    @Test func `an event that concerns one schedule moves the cursors of all, and fires that one`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let one = scheduler(shop)
            let agent = try await shop.agent("ping")
            for _ in 0..<40 { _ = try await make(shop, agent, Self.anything) }
            let wanted = try await make(shop, agent, .event(type: "task.deleted", filter: JSONObject()))
            let end = try await make(shop, agent, .completionOf(.agent(try await shop.idleAgent()), ends: [.failed, .timedOut]))
            try tell(shop, "task.deleted", count: 3)
            try tell(shop, "execution.timed_out")
            while try await one.round() >= Scheduler.batch {}
            #expect(try count(shop, "schedules WHERE event_seq = 4") == 42)
            #expect(try await fires(shop, wanted).count == 3)
            #expect(try await fires(shop, end).isEmpty)
            #expect(try count(shop, "executions") == 3)
        }
    }

    @Test func `runs that a schedule made finish on the version that they began with`() async throws {
        let tool = ScriptedTool { _, _ in .null }
        try await Workshop.run([PingTool(), tool]) { shop in
            let one = scheduler(shop)
            let agent = try await shop.agent("ping")
            let id = try await make(shop, agent, Self.anything)
            try tell(shop, "task.created")
            _ = try await one.round()
            let other = Blueprint(
                tools: [Blueprint.ToolUse(name: "scripted", configuration: JSONObject())],
                strategy: Blueprint.StrategyUse(name: "reactive"))
            _ = try await shop.agents.update(agent.id, UpdateAgent(blueprint: other), try shop.permit())
            try tell(shop, "task.created")
            _ = try await one.round()
            try await shop.working {
                var ended: [Execution] = []
                for fire in try await fires(shop, id) { ended.append(try await shop.ended(try #require(fire.execution))) }
                #expect(ended.map(\.summary.agentVersion) == [2, 1])
                #expect(ended[0].result?.text.contains("scripted") == true && ended[1].result?.text.contains("ping") == true)
            }
            #expect(tool.calls == 1)
        }
    }

    @Test func `events say which definition was run by its id, and are found and waited for by it`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let (ran, other) = (try await shop.agent("ping"), try await shop.agent("ping"))
            let tasks = try await shop.agent("ping")
            let wanted = try #require((["agent_id": .string("\(ran.id)"), "state": "succeeded"] as JSONValue).object)
            let id = try await make(shop, tasks, .event(type: "execution.succeeded", filter: wanted))
            try await shop.working {
                for agent in [ran, other] {
                    let id = try await shop.trigger(agent)
                    _ = try await shop.ended(id)
                }
            }
            let sequencer = EventSequencer(database: shop.database, loop: shop.group.loops[0], signal: EventSignal())
            await sequencer.start()
            try await shop.until("all events are numbered") { try count(shop, "event_outbox") == 0 }
            await sequencer.stop()
            let log = EventLog(database: shop.database)
            func found(_ refs: Set<UUIDBits>) async throws -> [Event] {
                try await log.list(EventFilter(refs: refs), limit: 100, order: .oldestFirst, try shop.permit()).elements
            }
            let ofRan = try await found([ran.id.uuid])
            #expect(
                Set(ofRan.map(\.type)).isSuperset(of: [
                    "agent.created", "agent.started", "execution.queued", "execution.succeeded",
                ]))
            let all = try await log.following(0, of: shop.tenant)
            #expect(all.filter(EventFilter(refs: [ran.id.uuid]).matches).map(\.seq) == ofRan.map(\.seq))
            for event in ofRan where event.type.hasPrefix("execution.") {
                let payload = try JSONValue(parsing: event.payload.bytes)
                #expect(payload["agent_id"] == .string("\(ran.id)") && payload["definition_id"] == nil, "\(payload)")
            }
            let told = try #require(all.first { $0.type == "schedule.created" })
            #expect(try JSONValue(parsing: told.payload.bytes)["agent_id"] == .string("\(tasks.id)"))
            // A definition of which nothing is left has no kind; its events can still be read and asked for.
            _ = try await scheduler(shop).round()
            let fires = try await fires(shop, id)
            #expect(fires.count == 1)
            let run = try await shop.get(try #require(fires.first?.execution))
            let event = try JSONValue(parsing: run.input.bytes)["event"]
            #expect(event?["payload"]?["agent_id"] == .string("\(ran.id)") && event?["type"] == "execution.succeeded")
            try shop.force("DELETE FROM executions WHERE definition_id = $1", ["\(ran.id.uuid)"])
            try shop.force("DELETE FROM definitions WHERE id = $1", ["\(ran.id.uuid)"])
            let gone = try await found([ran.id.uuid])
            #expect(gone.map(\.seq) == ofRan.map(\.seq))
            let payload = try JSONValue(parsing: try #require(gone.last).payload.bytes)
            #expect(payload["definition_id"] == .string("\(ran.id.uuid)") && payload["agent_id"] == nil)
        }
    }

    @Test func `an agent that is stopped ends its schedules`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let ids = [
                try await make(shop, agent, Self.anything), try await make(shop, agent, .interval(seconds: 60)),
            ]
            _ = try await shop.agents.stop(agent.id, try shop.permit())
            for id in ids {
                let schedule = try await Schedules(database: shop.database).get(id, try shop.permit())
                #expect(schedule.state == .ended && schedule.nextFireAt == nil)
            }
            try tell(shop, "task.created")
            #expect(try await scheduler(shop).round() == 0)
        }
    }
}
