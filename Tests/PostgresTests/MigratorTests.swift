import Base
import Foundation
import InsulaTesting
import Loop
import Postgres
import Testing

/// Removes a folder and all it holds.
func removeFolder(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
}

@Suite struct MigratorTests {
    /// A folder of migrations.
    private struct Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("insula-migrations-\(UUID().uuidString)").path

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        func write(_ name: String, _ sql: String) throws {
            try Data(sql.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        }

        func remove(_ name: String) throws {
            try FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    private let first = "20260101T120000_first.sql"
    private let second = "20260102T120000_second.sql"

    @Test func `migrations are applied in order, once, and remembered`() async throws {
        let database = try await TestDatabase.makeEmpty()
        let target = try ConnectionTarget(database.url)
        let folder = try Folder()
        defer { removeFolder(folder.path) }
        try folder.write(second, "-- Quotes \" and \\ and ☃ are hashed as they are.\nINSERT INTO things VALUES (2);")
        try folder.write(first, "-- Things are needed.\nCREATE TABLE things (id int);\nINSERT INTO things VALUES (1);")
        try folder.write("README.md", "not a migration")
        #expect(try Migrator(target, folder: folder.path).status() == Migrator.Status(applied: [], pending: [first, second]))
        #expect(try Migrator(target, folder: folder.path).run() == [first, second])
        #expect(try Migrator(target, folder: folder.path).run() == [])
        #expect(try Migrator(target, folder: folder.path).status() == Migrator.Status(applied: [first, second], pending: []))
        let rows = try database.connect().rows("SELECT id FROM things ORDER BY id")
        #expect(rows == [["1"], ["2"]])
        let checksum = try database.connect().rows("SELECT checksum FROM insula_migrations WHERE name = $1", [first])
        #expect(checksum.first?.first??.count == 64)
    }

    @Test func `a file that changed, went away or came late stops the migrator, named`() async throws {
        let database = try await TestDatabase.makeEmpty()
        let target = try ConnectionTarget(database.url)
        let folder = try Folder()
        defer { removeFolder(folder.path) }
        try folder.write(first, "-- One.\nSELECT 1;")
        try folder.write(second, "-- Two.\nSELECT 2;")
        try Migrator(target, folder: folder.path).run()
        func refusal() -> Fault? {
            do throws(Fault) {
                try Migrator(target, folder: folder.path).run()
                return nil
            } catch {
                return error
            }
        }
        try folder.write(first, "-- One.\nSELECT 11;")
        #expect(refusal()?.code == .invalidState && refusal()?.message.contains(first) == true)
        try folder.remove(first)
        #expect(refusal()?.code == .invalidState && refusal()?.message.contains(first) == true)
        try folder.write(first, "-- One.\nSELECT 1;")
        #expect(refusal() == nil)
        try folder.write("20260101T130000_late.sql", "-- Late.\nSELECT 3;")
        #expect(refusal()?.message.contains("20260101T130000_late.sql") == true)
    }

    @Test func `a file that fails leaves nothing half done, and those before it stay`() async throws {
        let database = try await TestDatabase.makeEmpty()
        let target = try ConnectionTarget(database.url)
        let folder = try Folder()
        defer { removeFolder(folder.path) }
        try folder.write(first, "-- Kept.\nCREATE TABLE kept (id int);")
        try folder.write(second, "-- Fails.\nCREATE TABLE half (id int);\nSELECT 1 / 0;")
        let thrown = #expect(throws: Fault.self) { try Migrator(target, folder: folder.path).run() }
        #expect(thrown?.message.contains(second) == true && thrown?.cause?.contains("22012") == true)
        let tables = try database.connect().rows("SELECT to_regclass('kept')::text, to_regclass('half')::text")
        #expect(tables == [["kept", nil]])
        #expect(try Migrator(target, folder: folder.path).status().pending == [second])
        try folder.write(second, "-- Fails.\nCREATE TABLE half (id int);\nCOMMIT;")
        #expect(throws: Fault.self) { try Migrator(target, folder: folder.path).run() }
    }

    @Test(arguments: [
        "first.sql", "20260101_first.sql", "20260101T120000_First.sql", "20260101T120000-first.sql", "20260101T120000_.sql",
    ])
    func `a name that is not a moment and a word is refused`(name: String) throws {
        let folder = try Folder()
        defer { removeFolder(folder.path) }
        try folder.write(name, "-- Why.\nSELECT 1;")
        let thrown = #expect(throws: Fault.self) { try Migration.all(in: folder.path) }
        #expect(thrown?.code == .invalid && thrown?.message.contains(name) == true)
    }

    @Test func `a file that does not say why is refused`() throws {
        let folder = try Folder()
        defer { removeFolder(folder.path) }
        try folder.write(first, "SELECT 1;")
        #expect(throws: Fault.self) { try Migration.all(in: folder.path) }
    }

    @Test func `eight nodes that start at once apply each file once`() async throws {
        let database = try await TestDatabase.makeEmpty()
        let folder = try Folder()
        defer { removeFolder(folder.path) }
        try folder.write(first, "-- Slow enough to meet.\nCREATE TABLE counted (id int);\nSELECT pg_sleep(0.1);")
        try folder.write(second, "-- Counts.\nINSERT INTO counted VALUES (1);")
        let migrator = try Migrator(ConnectionTarget(database.url), folder: folder.path)
        let pool = BlockingPool(name: "nodes", threads: 8)
        let applied = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<8 { tasks.addTask { try await pool.run { () throws(Fault) in try migrator.run().count } } }
            return try await tasks.reduce(0, +)
        }
        pool.stop()
        #expect(applied == 2)
        #expect(try database.connect().rows("SELECT count(*) FROM counted") == [["1"]])
    }
}
