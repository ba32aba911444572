// What a node asks again and again is planned once, on a server that is new and empty, and has to hold when thousands wait.

import Base
import InsulaTesting
import Testing

@testable import Execution
@testable import Postgres
@testable import Tenancy

@Suite struct PlanTests {
    /// A statement as the worker's connections plan it while the tables are empty, and what it reads when they have been filled.
    private func plan(
        of statement: any AnyStatement, _ arguments: [String], _ shop: Workshop, settings: String = "SELECT 1"
    ) throws -> String {
        let connection = try shop.url.connectAsSuperuser()
        try empty(connection)
        try settle(connection)
        _ = try connection.rows("BEGIN")
        _ = try connection.rows(settings)
        try prepare("asked", statement, connection)
        let call = "EXECUTE asked\(arguments.isEmpty ? "" : "(\(arguments.joined(separator: ", ")))")"
        _ = try connection.rows(call)
        _ = try connection.rows(
            """
            INSERT INTO execution_queue (tenant_id, execution_id, definition_id, ready_at)
            SELECT tenant_id, id, definition_id, now() - interval '1 minute' FROM executions
            """)
        return try connection.rows("EXPLAIN (ANALYZE, BUFFERS) \(call)").compactMap { $0[0] }.joined(separator: "\n")
    }

    /// Empties what is planned for, and has the planner know.
    private func empty(_ connection: BlockingConnection) throws {
        for table in ["execution_queue", "event_outbox", "execution_steps", "execution_logs"] {
            _ = try connection.rows("TRUNCATE \(table)")
            _ = try connection.rows("VACUUM ANALYZE \(table)")
        }
    }

    /// Sets a connection as those of the worker are, with plans that are kept.
    private func settle(_ connection: BlockingConnection) throws {
        let startup = ConnectionTarget.Startup(application: "test", readsByIndex: true)
        for part in startup.settings.split(separator: " ") where part.contains("=") {
            let setting = part.split(separator: "=", maxSplits: 1)
            _ = try connection.rows("SELECT set_config($1, $2, false)", [String(setting[0]), String(setting[1])])
        }
        _ = try connection.rows("SET plan_cache_mode = force_generic_plan")
    }

    private func prepare(_ name: String, _ statement: any AnyStatement, _ connection: BlockingConnection) throws {
        let types = try statement.identity.types.map { type in
            try #require(try connection.rows("SELECT $1::oid::regtype", ["\(type)"])[0][0])
        }
        _ = try connection.rows(
            "PREPARE \(name)\(types.isEmpty ? "" : "(\(types.joined(separator: ", ")))") AS \(statement.identity.sql)")
    }

    /// A place to work in with 5,000 executions whose rows of the queue are still to come.
    private func crowded(_ body: @escaping @Sendable (Workshop) async throws -> Void) async throws {
        try await Workshop.run([PingTool()]) { shop in
            try shop.subscribe(.enterprise)
            let agent = try await shop.agent("ping")
            try shop.force(
                """
                INSERT INTO executions (
                    tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds)
                SELECT $1, gen_random_uuid(), $2, 1, 'queued', 'manual', '{}', 1, 60000 FROM generate_series(1, 5000)
                """, [shop.tenant.uuid.description, agent.id.uuid.description])
            try await body(shop)
        }
    }

    /// Rows that the parts of a plan threw away again.
    private func discarded(_ plan: String) -> Int {
        plan.split(separator: "\n").filter { $0.contains("Rows Removed by") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }

    /// Rows that the part of a plan which found most has found.
    private func found(_ plan: String) -> Int {
        plan.matches(of: /actual time=\S+ rows=(\d+)/).compactMap { Int($0.1) }.max() ?? 0
    }

    private let node = "'00000000-0000-0000-0000-000000000009'"
    private let nowhere = "'00000000-0000-0000-0000-000000000000'"

    @Test func `a claim that was planned for an empty queue looks at few of thousands`() async throws {
        try await crowded { shop in
            let plan = try plan(
                of: ClaimStatement.claim,
                [node, "15000", "32", nowhere, nowhere, "'{enterprise}'", "'{1000}'", "'{1}'"], shop,
                settings: ClaimStatement.lock.identity.sql)
            #expect(plan.contains("Tid Scan") && plan.contains("rows=32"), "\(plan)")
            #expect(discarded(plan) < 100, "\(plan)")
        }
    }

    @Test func `leases are renewed and reaped by themselves, and not among all that is queued`() async throws {
        try await crowded { shop in
            let renew = try plan(
                of: WorkerStatements.renew, [node, "15000", "ARRAY[\(nowhere)]::uuid[]", "ARRAY[\(node)]::uuid[]", "'{1}'"], shop)
            #expect(renew.contains("Tid Scan") && discarded(renew) < 100, "\(renew)")
            let reap = try plan(of: WorkerStatements.reap, ["100"], shop)
            #expect(reap.contains("Tid Scan") && discarded(reap) < 100, "\(reap)")
            let overdue = try plan(of: WorkerStatements.overdue, [node, "15000", "32"], shop)
            #expect(overdue.contains("Tid Scan") && discarded(overdue) < 100, "\(overdue)")
        }
    }

    @Test
    func `what many runs write by one statement finds each by itself, planned for empty tables under the policies of the tenant`()
        async throws
    {
        try await Workshop.run([PingTool()]) { shop in
            try shop.subscribe(.enterprise)
            let agent = try await shop.agent("ping")
            let some = (1...20 as ClosedRange<UInt64>).map { "'\(UUIDBits(high: 0x7000, low: $0))'" }
            let ids = "ARRAY[\(some.joined(separator: ","))]::uuid[]"
            func all(_ value: String, _ type: String) -> String { "array_fill(\(value)::\(type), ARRAY[20])" }
            let ones = all("1", "bigint"), objects = all("'{}'", "jsonb"), words = all("'w'", "text"),
                nothing = all("NULL", "jsonb")
            let numbers = "'{\((1...20).map(String.init).joined(separator: ","))}'"
            let statements: [(any AnyStatement, [String])] = [
                (RunStatements.lockAll, [ids]),
                (RunStart.begin, [ids, ones, "'{queued}'"]),
                (StepStatements.journal, [ids]),
                (
                    RunClosing.complete,
                    [
                        ids, ones, numbers, words, words, all("'pure'", "text"), all("sha256('')", "bytea"), objects, ones,
                        objects, ones, ones, ones, ones,
                    ]
                ),
                (
                    RunClosing.log,
                    [ids, ones, numbers, numbers, all("now()", "timestamptz"), all("'info'", "text"), words, objects]
                ),
                (
                    RunClosing.end,
                    [
                        ids, ones, all("'succeeded'", "text"), all("'running'", "text"), objects, nothing, nothing,
                        all("NULL", "text"),
                    ]
                ),
            ]
            let connection = try shop.url.connectAsSuperuser()
            try empty(connection)
            try settle(connection)
            _ = try connection.rows("SELECT set_config('insula.tenant', $1, false)", [shop.tenant.uuid.description])
            _ = try connection.rows("SET ROLE insula_app")
            for (number, (statement, arguments)) in statements.enumerated() {
                try prepare("asked\(number)", statement, connection)
                _ = try connection.rows("EXECUTE asked\(number)(\(arguments.joined(separator: ", ")))")
            }
            // By another connection: this one is to keep its plans.
            try shop.force(
                """
                INSERT INTO executions (
                    tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds)
                SELECT $1, id, $2, 1, 'queued', 'manual', '{}', 1, 60000
                FROM (SELECT unnest(\(ids)) UNION ALL SELECT gen_random_uuid() FROM generate_series(1, 5000)) AS made (id)
                """, [shop.tenant.uuid.description, agent.id.uuid.description])
            try shop.force(
                """
                INSERT INTO execution_queue (tenant_id, execution_id, definition_id, ready_at, epoch)
                SELECT tenant_id, id, definition_id, now(), 1 FROM executions
                """)
            try shop.force(
                """
                INSERT INTO execution_steps (tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch)
                SELECT tenant_id, id, 'earlier', 'ping', 'pure', sha256(''), '{}', 'succeeded', 1, 1 FROM executions
                """)
            for (number, (statement, arguments)) in statements.enumerated() {
                let plan = try connection.rows(
                    "EXPLAIN (ANALYZE, BUFFERS) EXECUTE asked\(number)(\(arguments.joined(separator: ", ")))"
                ).compactMap { $0[0] }.joined(separator: "\n")
                #expect(
                    plan.contains("rows=20") && discarded(plan) < 1_000 && found(plan) < 1_000,
                    "\(statement.identity.name): \(plan)")
            }
            let ended = try connection.rows("SELECT count(*) FROM executions WHERE state = 'succeeded'")
            #expect(ended[0][0] == "20")
        }
    }

    @Test func `events about a thing or a definition are found by indexes, under the policies of the tenant`() async throws {
        try await crowded { shop in
            try shop.force(
                """
                INSERT INTO events (tenant_id, seq, type, ref, payload, at)
                SELECT $1, n, 'execution.started', gen_random_uuid(), jsonb_build_object('definition_id', gen_random_uuid()), now()
                FROM generate_series(1, 20000) n
                """, [shop.tenant.uuid.description])
            try shop.force("ANALYZE events")
            let connection = try shop.url.connectAsSuperuser()
            _ = try connection.rows("SET plan_cache_mode = force_custom_plan")
            _ = try connection.rows(
                "PREPARE asked (text[], uuid[], bigint, bigint, bool, bigint) AS \(EventLog.page.identity.sql)")
            _ = try connection.rows("SELECT set_config('insula.tenant', $1, false)", [shop.tenant.uuid.description])
            _ = try connection.rows("SET ROLE insula_app")
            let plan = try connection.rows("EXPLAIN EXECUTE asked (NULL, ARRAY[\(node)]::uuid[], NULL, 21, false, 0)")
                .compactMap { $0[0] }.joined(separator: "\n")
            #expect(plan.contains("events_by_ref") && plan.contains("events_by_definition"), "\(plan)")
        }
    }

    @Test func `events are taken out of the outbox at their places`() async throws {
        try await crowded { shop in
            let plan = try plan(of: EventSequencer.move, ["1000"], shop)
            #expect(plan.contains("Tid Scan"), "\(plan)")
        }
    }
}
