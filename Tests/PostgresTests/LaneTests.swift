import Base
import InsulaTesting
import Loop
import Postgres
import Testing

/// A small table under forced row-level security, and the statements on it.
enum Notes {
    static let insert = Statement<Void, TenantID, Int, String>(
        "insert note", "INSERT INTO notes (tenant_id, id, body) VALUES ($1, $2, $3)")
    static let body = Statement<String, Int>(
        "note body", "SELECT body FROM notes WHERE id = $1", repeatable: true
    ) { row throws(Fault) in try row.value(0) }
    static let all = Statement<(TenantID, String), Int>(
        "all notes", "SELECT tenant_id, body FROM notes WHERE id >= $1 ORDER BY id"
    ) { row throws(Fault) in (try row.value(0), try row.value(1)) }
    static let update = Statement<Void, Int, String>("update note", "UPDATE notes SET body = $2 WHERE id = $1")
    static let tenant = Statement<String?>("tenant", "SELECT current_setting('insula.tenant', true)") { row throws(Fault) in
        try row.value(0)
    }
    static let process = Statement<Int>("process", "SELECT pg_backend_pid()") { row throws(Fault) in try row.value(0) }
    static let divide = Statement<Int, Int>("divide", "SELECT 100 / $1") { row throws(Fault) in try row.value(0) }
    static let pause = Statement<Void, Double>("pause", "SELECT pg_sleep($1)")

    static let schema = """
        CREATE TABLE notes (tenant_id uuid NOT NULL, id bigint NOT NULL, body text NOT NULL CHECK (body <> ''),
            CONSTRAINT notes_key PRIMARY KEY (tenant_id, id));
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        ALTER TABLE notes FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON notes
            USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
        GRANT SELECT, INSERT, UPDATE ON notes TO insula_app;
        GRANT USAGE ON SCHEMA public TO insula_app, insula_worker;
        """

    /// A database with the table.
    static func database() async throws -> TestDatabase {
        let database = try await TestDatabase.makeEmpty()
        try database.connect().run(schema)
        return database
    }
}

/// The fault that `body` throws.
func fault(_ body: () async throws(Fault) -> Void) async -> Fault? {
    do throws(Fault) {
        try await body()
        return nil
    } catch {
        return error
    }
}

@Suite struct LaneTests {
    @Test func `a statement takes and gives every kind of value`() async throws {
        let values = Statement<
            (UUIDBits, String, Int, Int32, Bool, Double, Timestamp, [UInt8], JSONBytes, Int?),
            UUIDBits, String, Int, Int32, Bool, Double, Timestamp, [UInt8], JSONBytes, Int?
        >("values", "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10") { row throws(Fault) in
            (
                try row.value(0), try row.value(1), try row.value(2), try row.value(3), try row.value(4), try row.value(5),
                try row.value(6), try row.value(7), try row.value(8), try row.value(9)
            )
        }
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let id = UUIDBits.version7(milliseconds: 1)
            let time = Timestamp(microseconds: 1_704_110_400_123_456)
            let row = try await database.once(.none).first(
                values, id, "naïve ☃", .min, .max, true, -0.5, time, [0, 255, 1], JSONBytes(Array(#"{"a": [1, null]}"#.utf8)), nil
            )
            let found = try #require(row)
            #expect(found.0 == id && found.1 == "naïve ☃" && found.2 == .min && found.3 == .max && found.4 && found.5 == -0.5)
            #expect(found.6 == time && found.7 == [0, 255, 1] && found.9 == nil)
            #expect(found.8 == JSONBytes(Array(#"{"a": [1, null]}"#.utf8)))
        }
    }

    @Test func `arrays go in and come out, empty ones and those with NULL too`() async throws {
        let arrays = Statement<
            ([UUIDBits], [String?], [Int], [[UInt8]], [JSONBytes]), [UUIDBits], [String?], [Int], [[UInt8]], [JSONBytes]
        >(
            "arrays", "SELECT $1, $2, $3, cardinality($4), $5"
        ) { row throws(Fault) in
            #expect(try row.value(3) == 2)
            return (try row.value(0), try row.value(1), try row.value(2), [], try row.value(4))
        }
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let ids = [UUIDBits.version7(milliseconds: 1), UUIDBits.version7(milliseconds: 2)]
            let row = try await database.once(.none).first(
                arrays, ids, ["a", nil, ""], [Int](), [[1], []], [JSONBytes(Array("true".utf8))])
            let found = try #require(row)
            #expect(found.0 == ids && found.1 == ["a", nil, ""] && found.2.isEmpty && found.4 == [JSONBytes(Array("true".utf8))])
        }
    }

    @Test func `NULL and another type than declared are refused, with the column named`() async throws {
        let null = Statement<Int>("null", "SELECT NULL::int8 AS missing") { row throws(Fault) in try row.value(0) }
        let text = Statement<Bool>("text", "SELECT 'yes' AS answer") { row throws(Fault) in try row.value(0) }
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let first = await fault { () throws(Fault) in _ = try await database.once(.none).query(null) }
            #expect(first?.code == .internalError && first?.cause == "column 0 (missing) is NULL")
            let second = await fault { () throws(Fault) in _ = try await database.once(.none).query(text) }
            #expect(second?.cause == "column 0 (answer) is of another type")
        }
    }

    @Test func `a tenant sees and changes its own rows only, and nobody sees any without one`() async throws {
        let database = try await Notes.database()
        try await database.run(statements: [Notes.insert, Notes.body, Notes.all]) { database, _ in
            let (ours, theirs) = (TenantID.make(), TenantID.make())
            try await database.once(.tenant(ours)).execute(Notes.insert, ours, 1, "ours")
            try await database.once(.tenant(theirs)).execute(Notes.insert, theirs, 1, "theirs")
            #expect(try await database.once(.tenant(ours)).first(Notes.body, 1) == "ours")
            #expect(try await database.slow(.tenant(theirs)).query(Notes.all, 0).map(\.1) == ["theirs"])
            #expect(try await database.once(.none).query(Notes.all, 0).isEmpty)
            let intruder = await fault { () throws(Fault) in
                try await database.once(.tenant(ours)).execute(Notes.insert, theirs, 2, "mine")
            }
            #expect(intruder?.code == .internalError)
            #expect(intruder?.message.contains("notes") == false)
            #expect(try await database.once(.none).first(Notes.tenant) != .some(.some(ours.uuid.description)))
        }
    }

    @Test func `a constraint that refuses is a conflict with its name, and rolls its own Sync back`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let once = database.once(.tenant(tenant))
            try await once.execute(Notes.insert, tenant, 1, "first")
            let repeated = await fault { () throws(Fault) in
                var batch = once.batch()
                batch.add(Notes.insert, tenant, 2, "second")
                batch.add(Notes.insert, tenant, 1, "again")
                batch.add(Notes.insert, tenant, 3, "third")
                _ = try await batch.run()
            }
            #expect(repeated?.code == .conflict && repeated?.constraint == "notes_key")
            #expect(repeated?.cause?.hasPrefix("insert note: 23505") == true)
            let empty = await fault { () throws(Fault) in try await once.execute(Notes.insert, tenant, 4, "") }
            #expect(empty?.code == .invalid && empty?.constraint == "notes_body_check")
            #expect(try await once.query(Notes.all, 0).map(\.1) == ["first"])
        }
    }

    @Test func `a batch is one transaction, and gives each statement's rows and counts`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            var batch = database.once(.tenant(tenant)).batch()
            let first = batch.add(Notes.insert, tenant, 1, "one")
            batch.add(Notes.insert, tenant, 2, "two")
            let all = batch.add(Notes.all, 0)
            let one = batch.add(Notes.body, 2)
            let none = batch.add(Notes.body, 9)
            let results = try await batch.run()
            #expect(results.affected(first) == 1)
            #expect(try results.rows(all).map(\.1) == ["one", "two"])
            #expect(try results.first(one) == "two")
            #expect(try results.first(none) == nil)
        }
    }

    @Test func `thousands of tenants interleaved on one connection, with errors among them, see only themselves`() async throws {
        let database = try await Notes.database()
        let wrong = try await database.run(loops: 2, statements: [Notes.insert, Notes.body, Notes.divide]) { database, group in
            let tenants = (0..<250).map { _ in TenantID.make() }
            return await withTaskGroup(of: Int.self) { tasks in
                for (at, tenant) in tenants.enumerated() {
                    tasks.addTask(executorPreference: group.loops[at % 2]) {
                        let once = database.once(.tenant(tenant))
                        var wrong = 0
                        for turn in 0..<20 {
                            do {
                                switch (at + turn) % 4 {
                                case 0: try await once.execute(Notes.insert, tenant, turn, "\(tenant) \(turn)")
                                case 1: _ = try await once.first(Notes.divide, 0)
                                case 2: try await once.execute(Notes.insert, tenants[(at + 1) % 250], 100 + turn, "stolen")
                                default:
                                    let rows = try await once.query(Notes.all, 0)
                                    if rows.contains(where: { $0.0 != tenant || !$0.1.hasPrefix("\(tenant) ") }) { wrong += 1 }
                                }
                            } catch let fault as Fault {
                                let expected = (at + turn) % 4 == 1 ? Fault.Code.invalid : .internalError
                                if fault.code != expected || (at + turn) % 4 == 0 { wrong += 1 }
                            } catch {
                                wrong += 1
                            }
                        }
                        return wrong
                    }
                }
                return await tasks.reduce(0, +)
            }
        }
        #expect(wrong == 0)
        let rows = try database.connectAsSuperuser().rows(
            "SELECT count(*), count(*) FILTER (WHERE body = 'stolen') FROM notes")
        #expect(rows == [["1250", "0"]])
    }
}
