// A database for one test: copied from a template that holds the product's migrations, which is made once a process.

import Base
import Foundation
import Loop
import Postgres
import Synchronization

/// A database of a test's own.
public struct TestDatabase: Sendable {
    /// How it is reached, as its owner.
    public let url: String
    public let name: String

    private static let number = Atomic<Int>(0)
    private static let template = Task { () async -> Result<String, Fault> in
        do throws(Fault) {
            return .success(try await makeTemplate())
        } catch {
            return .failure(error)
        }
    }

    /// A database with the product's schema.
    public static func make() async throws(Fault) -> TestDatabase {
        try await make(template: template.value.get())
    }

    /// A database with nothing in it but the product's roles.
    public static func makeEmpty() async throws(Fault) -> TestDatabase {
        _ = try await template.value.get()
        return try await make(template: "template0")
    }

    private static func make(template: String) async throws(Fault) -> TestDatabase {
        let shared = try await TestCluster.get()
        let name = "test_\(number.add(1, ordering: .relaxed).oldValue)"
        let administration = try BlockingConnection(ConnectionTarget(shared.cluster.superuserURL))
        try administration.run("CREATE DATABASE \(name) OWNER insula_owner TEMPLATE \(template) STRATEGY file_copy")
        return TestDatabase(url: shared.url(of: name), name: name)
    }

    private static func makeTemplate() async throws(Fault) -> String {
        let shared = try await TestCluster.get()
        let administration = try BlockingConnection(ConnectionTarget(shared.cluster.superuserURL))
        try administration.run("CREATE DATABASE insula_template OWNER insula_owner")
        try Migrator(ConnectionTarget(shared.url(of: "insula_template")), folder: migrationsFolder()).run()
        return "insula_template"
    }

    /// The repository's migrations, found from where this file was compiled.
    public static func migrationsFolder(from file: String = #filePath) throws(Fault) -> String {
        var folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("migrations").path
            if FileManager.default.fileExists(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        throw Fault(.internalError, "The migrations are not beside the sources.")
    }

    // MARK: Using it

    /// A blocking connection, as the owner or as `role`.
    public func connect(role: String = "") throws(Fault) -> BlockingConnection {
        try BlockingConnection(ConnectionTarget(url), role: role)
    }

    /// A blocking connection as superuser, for what no role of the product may do.
    public func connectAsSuperuser() throws(Fault) -> BlockingConnection {
        try BlockingConnection(ConnectionTarget(url.replacing("user=insula_owner", with: "user=postgres")))
    }

    /// Runs `body` on the first of `loops` loops with a started `Database`, and takes all of it down again.
    public func run<Value: Sendable>(
        loops count: Int = 1, statements: [any AnyStatement] = [],
        _ body: @escaping @Sendable (Database, LoopGroup) async throws -> Value
    ) async throws -> Value {
        let group = LoopGroup(count: count)
        let pool = BlockingPool(name: "test", threads: 2)
        let database = Database(try ConnectionTarget(url), loops: group, pool: pool, statements: statements)
        let task = Task(executorPreference: group.loops[0]) { () async throws -> Value in
            try await database.start()
            return try await body(database, group)
        }
        let result = await task.result
        await database.stop()
        group.stop()
        pool.stop()
        return try result.get()
    }
}

extension TestCluster {
    func url(of database: String) -> String {
        cluster.url.replacing("dbname=insula", with: "dbname=\(database)")
    }
}
