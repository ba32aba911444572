// Events from the outbox to their numbers: without gaps, in order, by one node at a time; and what a filter means, in the program and in the
// database alike.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Testing

@testable import Tenancy

@Suite struct EventTests {
    private static func tenant(_ superuser: BlockingConnection) throws -> TenantID {
        let tenant = TenantID.make()
        _ = try superuser.rows(
            "INSERT INTO tenants (tenant_id, slug, name, signing_key) VALUES ($1, $2, 'T', sha256('t'))",
            [tenant.uuid.description, "t" + tenant.description.suffix(26)])
        return tenant
    }

    private static func happen(_ count: Int, in tenant: TenantID, _ connection: BlockingConnection) throws {
        _ = try connection.rows(
            """
            INSERT INTO event_outbox (tenant_id, type, ref, payload)
            SELECT $1, 'execution.started', $1, jsonb_build_object('n', n) FROM generate_series(1, $2::int) n
            """, [tenant.uuid.description, "\(count)"])
    }

    /// Numbers until nothing is left.
    private static func drain(_ sequencer: EventSequencer) async throws -> Int {
        var total = 0
        while true {
            switch try await sequencer.step() {
            case .moved(0): return total
            case .moved(let count): total += count
            case .busy: await Task.yield()
            }
        }
    }

    @Test func `several nodes number what several transactions wrote, each tenant's without gaps and in order`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let tenants = try (0..<3).map { _ in try EventTests.tenant(superuser) }
        for tenant in tenants { try EventTests.happen(900, in: tenant, superuser) }
        // One that is not committed yet holds nobody up.
        let slow = try database.connectAsSuperuser()
        try slow.run("BEGIN")
        try EventTests.happen(1, in: tenants[0], slow)
        let numbered = try await database.run(loops: 2) { database, group in
            let nodes = group.loops.map { loop in
                Task(executorPreference: loop) {
                    try await EventTests.drain(EventSequencer(database: database, loop: loop, signal: EventSignal()))
                }
            }
            var total = 0
            for node in nodes { total += try await node.value }
            return total
        }
        #expect(numbered == 2_700)
        try slow.run("COMMIT")
        let late = try await database.run { database, group in
            try await EventTests.drain(EventSequencer(database: database, loop: group.loops[0], signal: EventSignal()))
        }
        #expect(late == 1)
        for (at, tenant) in tenants.enumerated() {
            let rows = try superuser.rows(
                "SELECT seq, payload->>'n' FROM events WHERE tenant_id = $1 ORDER BY seq", [tenant.uuid.description])
            let wanted = (1...900).map { "\($0)" } + (at == 0 ? ["1"] : [])
            #expect(rows.map { $0[0] ?? "" } == (1...wanted.count).map { "\($0)" })
            #expect(rows.map { $0[1] ?? "" } == wanted)
        }
        #expect(try superuser.rows("SELECT count(*) FROM event_outbox")[0][0] == "0")
    }

    @Test func `ids in payloads are shown as ids are, and asked for as they are shown`() throws {
        let uuid = UUIDBits(high: 7, low: 9)
        func shown(_ payload: JSONValue, _ kind: String?) throws -> JSONValue {
            try JSONValue(parsing: EventPayload.shown(JSONBytes(payload.bytes), kind: kind).bytes)
        }
        let raw: JSONValue = ["definition_id": .string("\(uuid)"), "parent_id": .string("\(uuid)"), "state": "failed", "n": 1]
        for (kind, name, id) in [
            ("agent", "agent_id", "\(AgentID(uuid))"), ("task", "task_id", "\(TaskID(uuid))"),
            ("flow", "flow_id", "\(FlowID(uuid))"), ("automation", "automation_id", "\(AutomationID(uuid))"),
        ] {
            let seen = try shown(raw, kind)
            #expect(seen[name] == .string(id) && seen["definition_id"] == nil && seen["n"] == 1)
            #expect(seen["parent_id"] == .string("\(ExecutionID(uuid))") && seen["state"] == "failed")
            #expect(JSONValue.object(EventPayload.stored(try #require(seen.object))).canonicalBytes == raw.canonicalBytes)
        }
        #expect(try shown(raw, nil)["definition_id"] == .string("\(uuid)"))
        #expect(try shown(["definition_id": "x", "execution_id": 4], "agent") == ["definition_id": "x", "execution_id": 4])
        // An id of another kind, or none at all, is nothing to look for.
        let odd: JSONValue = ["agent_id": .string("\(TaskID(uuid))"), "flow_id": "x", "parent_id": .string("\(AgentID(uuid))")]
        #expect(JSONValue.object(EventPayload.stored(try #require(odd.object))) == odd)
    }

    @Test func `a batch is no larger than its bound, and all nodes hear whose it was`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        // More tenants than one line names.
        let tenants = try (0..<150).map { _ in try EventTests.tenant(superuser) }
        for tenant in tenants { try EventTests.happen(1, in: tenant, superuser) }
        try EventTests.happen(EventSequencer.batchRows, in: tenants[0], superuser)
        let listener = try database.connect(role: "insula_worker")
        try listener.run("LISTEN \(EventSequencer.channel)")
        let steps = try await database.run { database, group in
            let sequencer = EventSequencer(database: database, loop: group.loops[0], signal: EventSignal())
            return [try await sequencer.step(), try await sequencer.step(), try await sequencer.step()]
        }
        #expect(steps == [.moved(EventSequencer.batchRows), .moved(150), .moved(0)])
        let lasts = try superuser.rows("SELECT tenant_id::text || ':' || last_seq FROM event_sequences ORDER BY 1").compactMap {
            $0[0]
        }
        #expect(lasts.count == 150)
        let news = EventNews(payload: lasts.joined(separator: " ") + " nonsense 1:2 :")
        #expect(news.lasts.count == 150 && Set(news.lasts.map(\.tenant)) == Set(tenants))
        #expect(news.lasts.first { $0.tenant == tenants[0] }?.last == EventSequencer.batchRows + 1)
    }

    @Test func `nobody numbers while another does, and a signal wakes who numbers`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let tenant = try EventTests.tenant(superuser)
        try EventTests.happen(1, in: tenant, superuser)
        let holder = try database.connectAsSuperuser()
        try holder.run("BEGIN; SELECT pg_advisory_xact_lock(4849512170101)")
        let busy = try await database.run { database, group in
            try await EventSequencer(database: database, loop: group.loops[0], signal: EventSignal()).step()
        }
        #expect(busy == .busy)
        try holder.run("ROLLBACK")
        let count = try await database.run { database, group in
            let signal = EventSignal()
            let sequencer = EventSequencer(database: database, loop: group.loops[0], signal: signal)
            await sequencer.start()
            signal.raise()
            let log = EventLog(database: database)
            let deadline = Instant.now.advanced(milliseconds: 30_000)
            while try await log.bounds(of: tenant).last < 1, Instant.now < deadline { await Task.yield() }
            await sequencer.stop()
            return try await log.bounds(of: tenant).last
        }
        #expect(count == 1)
    }

    @Test func `a week later an event is gone, and its number is not given again`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let tenant = try EventTests.tenant(superuser)
        try EventTests.happen(3, in: tenant, superuser)
        let node = { () async throws -> EventLog.Bounds in
            try await database.run { database, group in
                _ = try await EventTests.drain(EventSequencer(database: database, loop: group.loops[0], signal: EventSignal()))
                _ = try await Housekeeping(database: database, loop: group.loops[0]).round()
                return try await EventLog(database: database).bounds(of: tenant)
            }
        }
        #expect(try await node() == EventLog.Bounds(first: 1, last: 3))
        try superuser.run("UPDATE events SET at = at - interval '8 days' WHERE seq < 3")
        try EventTests.happen(1, in: tenant, superuser)
        let bounds = try await node()
        #expect(bounds == EventLog.Bounds(first: 3, last: 4))
    }

    // MARK: Filters

    @Test(arguments: ["execution.*", "*", "step.failed", "execution.timed_out", "a.b.*", "1"])
    func `a pattern is a type, or all that begin alike`(_ text: String) {
        #expect(EventPattern(text)?.text == text)
    }

    @Test(arguments: [
        "", "*.failed", "execution.", ".x", "a..b", "A", "a*", "execution.%", "a b", String(repeating: "a", count: 61),
    ])
    func `what is no pattern is none`(_ text: String) {
        #expect(EventPattern(text) == nil)
    }

    @Test func `the database understands a filter as the program does`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let tenant = try EventTests.tenant(superuser)
        let types = ["execution.timed_out", "execution.timedxout", "execution", "step.failed", "stepx", "a.b.c", "a.b"]
        for (at, type) in types.enumerated() {
            _ = try superuser.rows(
                "INSERT INTO events (tenant_id, seq, type, ref, payload, at) VALUES ($1, $2::int, $3, $1, '{}', now())",
                [tenant.uuid.description, "\(at + 1)", type])
        }
        for texts in [["execution.timed_out"], ["execution.*"], ["*"], ["step.*", "a.*"], ["a.b"], ["execution"], []] {
            let filter = EventFilter(patterns: texts.compactMap { EventPattern($0) })
            let found = try await database.run { database, _ in
                let scope = TenantScope(
                    tenant: tenant, actor: .key(.make()), rights: Rights([.eventsRead]), signingKey: Secret("s"))
                let permit = try scope.permit(EventsRead.self)
                return try await EventLog(database: database).list(filter, limit: 100, order: .oldestFirst, permit).elements
            }
            let all = types.enumerated().map { at, type in
                Event(seq: at + 1, type: type, ref: tenant.uuid, payload: JSONBytes([]), at: .now)
            }
            #expect(found.map(\.type) == all.filter(filter.matches).map(\.type), "\(texts)")
        }
    }
}
