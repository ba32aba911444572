// Datasets and schedules with long histories: deleted they are gone at once for whoever looks, and what they leave behind goes in parts.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct RemovalTests {
    private func nothingIsFound(_ reads: [() async throws -> Void]) async {
        for (index, read) in reads.enumerated() {
            let fault = await #expect(throws: Fault.self, "\(index)") { try await read() }
            #expect(fault?.code == .notFound, "\(index)")
        }
    }

    private func keepHouse(_ shop: Workshop) async throws -> Int {
        try await Housekeeping(database: shop.database, loop: shop.group.loops[0]).round()
    }

    private func count(_ shop: Workshop, _ table: String) throws -> String? {
        try shop.force("SELECT count(*) FROM \(table)")[0][0]
    }

    private func export(_ shop: Workshop) async throws -> String {
        var bytes: [UInt8] = []
        try await Exports(database: shop.database).run(shop.tenant) { piece throws(Fault) in bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a large dataset is gone at once, makes room, and its records go in parts`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            try shop.force(#"UPDATE tenants SET quotas = '{"datasets": 2, "dataset_records": 1210}'"#)
            let datasets = Datasets(database: shop.database)
            let gone = try await datasets.create(CreateDataset(name: "large"), try shop.permit()).id
            let kept = try await datasets.create(CreateDataset(name: "small"), try shop.permit()).id
            let one = PutRecords([NewRecord(key: "a", value: .emptyObject)])
            for id in [gone, kept] { _ = try await datasets.put(one, into: id, try shop.permit()) }
            try shop.force(
                """
                INSERT INTO dataset_records (tenant_id, dataset_id, key, body, bytes)
                SELECT tenant_id, id, 'k' || n, '{}', 1 FROM datasets, generate_series(1, 1200) n WHERE name = 'large'
                """)
            try shop.force("UPDATE datasets SET record_count = 1201 WHERE name = 'large'")
            #expect(try await export(shop).contains(gone.description))
            try await datasets.delete(gone, try shop.permit())
            #expect(try count(shop, "dataset_records") == "1202", "nothing of it is removed while one waits")
            let name = UpdateDataset(name: "n")
            let store = DatasetStore(tenant: shop.tenant)
            await nothingIsFound([
                { _ = try await datasets.get(gone, try shop.permit()) },
                { _ = try await datasets.update(gone, name, try shop.permit()) },
                { try await datasets.delete(gone, try shop.permit()) },
                { _ = try await datasets.put(one, into: gone, try shop.permit()) },
                { _ = try await datasets.record("a", of: gone, try shop.permit()) },
                { try await datasets.remove("a", of: gone, try shop.permit()) },
                { _ = try await datasets.query(DatasetQuery(), of: gone, try shop.permit()) },
                {
                    let sort = DatasetQuery.Sort(field: FieldPath(name: "f"), isDescending: true)
                    _ = try await datasets.query(DatasetQuery(sort: sort), of: gone, try shop.permit())
                },
                { try await datasets.export(gone, try shop.permit()) { _ in } },
                { _ = try await store.find(.name("large"), shop.database.once(.tenant(shop.tenant))) },
            ])
            let byKey = try await shop.database.once(.tenant(shop.tenant)).query(DatasetStatements.byKeys, gone, ["a"])
            #expect(byKey.isEmpty)
            #expect(try await datasets.list(try shop.permit()).elements.map(\.id) == [kept])
            let lines = try await export(shop)
            #expect(!lines.contains(gone.description) && lines.contains(kept.description))
            // Its name is free, and so is what it took of the plan.
            let again = try await datasets.create(CreateDataset(name: "large"), try shop.permit()).id
            let many = PutRecords((0..<1_000).map { NewRecord(key: "n\($0)", value: .emptyObject) })
            #expect(try await datasets.put(many, into: again, try shop.permit()).recordCount == 1_000)
            #expect(try await keepHouse(shop) == 1_201 + 1)
            #expect(try count(shop, "dataset_records") == "1001" && count(shop, "datasets") == "2")
            #expect(try await keepHouse(shop) == 0)
        }
    }

    @Test func `records are written by the index of their keys, however many a dataset has`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let id = try await Datasets(database: shop.database).create(CreateDataset(name: "d"), try shop.permit()).id
            try shop.force("ALTER TABLE dataset_records SET (autovacuum_enabled = false)")
            try shop.force(
                """
                INSERT INTO dataset_records (tenant_id, dataset_id, key, body, bytes)
                SELECT tenant_id, id, 'k' || n, '{}', 1 FROM datasets, generate_series(1, 20000) n
                """)
            let keys = (0..<500).map { "k\($0)" }.joined(separator: ",")
            let bodies = [String](repeating: "\"{}\"", count: 500).joined(separator: ",")
            var sql = DatasetStatements.put.identity.sql
            let values = ["'\(shop.tenant.uuid)'::uuid", "'\(id.uuid)'::uuid", "'{\(keys)}'::text[]", "'{\(bodies)}'::jsonb[]"]
            for (number, value) in values.enumerated() { sql = sql.replacing("$\(number + 1)", with: value) }
            let plan = try shop.force("EXPLAIN \(sql)").compactMap { $0[0] }.joined(separator: "\n")
            #expect(plan.contains("dataset_records_pkey") && !plan.contains("Seq Scan on dataset_records"), "\(plan)")
        }
    }

    /// Writes a history of so many fires past everything else.
    private func fill(_ shop: Workshop, _ schedule: ScheduleID, _ count: Int, daysAgo: Int = 0) throws {
        try shop.force(
            """
            INSERT INTO schedule_fires (tenant_id, schedule_id, planned_at, outcome, reason)
            SELECT tenant_id, id, now() - make_interval(days => $3::int, mins => n), 'skipped', 'missed'
            FROM schedules, generate_series(1, $2::int) n WHERE id = $1
            """, ["\(schedule.uuid)", "\(count)", "\(daysAgo)"])
    }

    @Test func `a schedule with a long history is gone at once, fires no more, and its fires go in parts`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let schedules = Schedules(database: shop.database)
            func make(_ trigger: ScheduleTrigger) async throws -> ScheduleID {
                try await schedules.create(
                    CreateSchedule(name: "S", definition: .agent(agent.id), trigger: trigger), try shop.permit()
                ).id
            }
            let gone = try await make(.interval(seconds: 60))
            let waiting = try await make(.event(type: "task.created", filter: JSONObject()))
            let kept = try await make(.interval(seconds: 60))
            try fill(shop, gone, 1_100)
            try fill(shop, kept, 3)
            for id in [gone, waiting] { try await schedules.delete(id, try shop.permit()) }
            #expect(try count(shop, "schedule_fires") == "1103", "nothing of it is removed while one waits")
            await nothingIsFound([
                { _ = try await schedules.get(gone, try shop.permit()) },
                { _ = try await schedules.update(gone, UpdateSchedule(name: "n"), try shop.permit()) },
                { _ = try await schedules.pause(gone, try shop.permit()) },
                { _ = try await schedules.resume(gone, try shop.permit()) },
                { _ = try await schedules.preview(gone, count: 1, try shop.permit()) },
                { _ = try await schedules.fires(of: gone, try shop.permit()) },
                { try await schedules.delete(gone, try shop.permit()) },
            ])
            #expect(try await schedules.list(before: nil, try shop.permit()).elements.map(\.id) == [kept])
            let due = try shop.force("SELECT id FROM schedules WHERE due_at IS NOT NULL OR event_seq IS NOT NULL")
            #expect(due == [["\(kept.uuid)"]])
            let lines = try await export(shop)
            #expect(!lines.contains(gone.description) && lines.contains(kept.description))
            // What was deleted does not end a second time.
            _ = try await shop.agents.stop(agent.id, try shop.permit())
            #expect(try count(shop, "schedules WHERE state = 'ended'") == "1")
            #expect(try await keepHouse(shop) == 1_100 + 2)
            #expect(try count(shop, "schedule_fires") == "3" && count(shop, "schedules") == "1")
        }
    }

    @Test func `the triggers that an automation had leave their fires to the housekeeper`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let schedules = Schedules(database: shop.database)
            let automations = Automations(
                database: shop.database, registry: shop.registry, schedules: schedules, signal: shop.signal)
            let trigger: JSONValue = ["trigger": ["type": "interval", "every_seconds": 3600]]
            let create = try CreateAutomation.input.decode(
                (["name": "A", "steps": [["tool": "ping"]], "triggers": [trigger, trigger]] as JSONValue).bytes)
            let id = try await automations.create(create, try shop.permit()).id
            let before = try await schedules.list(before: nil, try shop.permit()).elements.map(\.id)
            #expect(before.count == 2)
            for schedule in before { try fill(shop, schedule, 600) }
            let update = try UpdateAutomation.input.decode((["triggers": [trigger]] as JSONValue).bytes)
            for _ in 0..<2 { _ = try await automations.update(id, update, try shop.permit()) }
            #expect(try count(shop, "schedule_fires") == "1200")
            let after = try await schedules.list(before: nil, try shop.permit()).elements.map(\.id)
            #expect(after.count == 1 && !before.contains(after[0]))
            #expect(try await keepHouse(shop) == 1_200 + 3)
            #expect(try count(shop, "schedules") == "1")
        }
    }

    @Test func `fires of a month ago go in parts, also of a schedule at which nobody looks any more`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let schedules = Schedules(database: shop.database)
            let id = try await shop.schedule(agent)
            _ = try await schedules.pause(id, try shop.permit())
            try fill(shop, id, 1_100, daysAgo: 30)
            try fill(shop, id, 5, daysAgo: 29)
            try shop.force(
                """
                INSERT INTO schedule_fires (tenant_id, schedule_id, planned_at, outcome)
                SELECT tenant_id, id, now() - interval '40 days', 'buffered' FROM schedules
                """)
            #expect(try await keepHouse(shop) == 1_100)
            #expect(try count(shop, "schedule_fires") == "6" && count(shop, "schedule_fires WHERE outcome = 'buffered'") == "1")
            #expect(try await keepHouse(shop) == 0)
        }
    }

    @Test func `of the versions of a definition the newest stay, the present one, and those that runs are of`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agents = [try await shop.agent("ping"), try await shop.agent("ping")]
            let run = try await shop.trigger(agents[0])
            _ = try Workshop.makeTenant(in: shop.url)
            // As 799 edits leave it, of which the last is the present one; the other has as many versions as stay.
            for (agent, last) in zip(agents, [800, 100]) {
                try shop.force(
                    """
                    INSERT INTO definition_versions (tenant_id, definition_id, version, body)
                    SELECT tenant_id, definition_id, n, body FROM definition_versions, generate_series(2, $2::int) n
                    WHERE definition_id = $1 AND version = 1
                    """, ["\(agent.id.uuid)", "\(last)"])
                try shop.force(
                    "UPDATE definitions SET version = $2::int WHERE id = $1", ["\(agent.id.uuid)", "\(last)"])
            }
            try shop.force("UPDATE executions SET definition_version = 7")
            #expect(try await keepHouse(shop) == 699)
            let left = try shop.force(
                "SELECT version FROM definition_versions WHERE definition_id = $1 ORDER BY 1", ["\(agents[0].id.uuid)"])
            #expect(left.compactMap { $0[0].flatMap { Int($0) } } == [7] + Array(701...800))
            #expect(try count(shop, "definition_versions WHERE definition_id = '\(agents[1].id.uuid)'") == "100")
            #expect(try await shop.agents.get(agents[0].id, try shop.permit()).version == 800)
            // Once the run is gone its version is nobody's.
            try await shop.working { _ = try await shop.ended(run) }
            try shop.force("DELETE FROM executions")
            #expect(try await keepHouse(shop) == 1)
            #expect(try await keepHouse(shop) == 0)
        }
    }

    @Test func `one look at a schedule forgets so many of its old fires and no more`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let id = try await Schedules(database: shop.database).create(
                CreateSchedule(name: "S", definition: .agent(agent.id), trigger: .interval(seconds: 3_600)), try shop.permit()
            ).id
            try fill(shop, id, SchedulerStatements.firesForgotten + 100, daysAgo: 31)
            let scheduler = Scheduler(database: shop.database, loop: shop.group.loops[0], signal: shop.signal)
            for left in ["100", "0"] {
                try shop.force(
                    """
                    UPDATE schedules SET anchor_at = now() - interval '3601 seconds', next_fire_at = now() - interval '1 second',
                        due_at = now() - interval '1 second', claimed_until = NULL
                    """)
                _ = try await scheduler.round()
                #expect(try count(shop, "schedule_fires WHERE planned_at < now() - interval '30 days'") == left)
            }
        }
    }

    @Test func `who waits for events is claimed in the order of an index, however many wait`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            _ = try await Schedules(database: shop.database).create(
                CreateSchedule(
                    name: "S", definition: .agent(agent.id), trigger: .event(type: "task.created", filter: JSONObject())),
                try shop.permit())
            try shop.force(
                """
                INSERT INTO schedules (
                    tenant_id, id, definition_id, name, kind, trigger, input, missed, overlap, state, anchor_at, event_seq)
                SELECT tenant_id, gen_random_uuid(), definition_id, 'n', kind, trigger, input, missed, overlap, 'active', anchor_at, 0
                FROM schedules, generate_series(1, 5000)
                """)
            try shop.force("INSERT INTO event_sequences SELECT tenant_id, 9 FROM tenants ON CONFLICT DO NOTHING")
            for table in ["schedules", "event_sequences"] { try shop.force("ANALYZE \(table)") }
            let sql = SchedulerStatements.claimAwaiting.identity.sql.replacing("$1", with: "100")
            let plan = try shop.force("EXPLAIN \(sql)").compactMap { $0[0] }.joined(separator: "\n")
            #expect(plan.contains("schedules_awaiting") && !plan.contains("Sort"), "\(plan)")
        }
    }
}
