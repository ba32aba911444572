// What every command stands on: loops, a pool for blocking work, and a database: the configured server, the embedded one that a running
// server has, or an embedded one that lives as long as the command.

import Base
import Foundation
import Loop
import Postgres

/// The loops, the pool and the database of a process.
final class Foundations: Sendable {
    let configuration: Configuration
    let group: LoopGroup
    let pool: BlockingPool
    let target: ConnectionTarget
    private let cluster: EmbeddedCluster?

    /// - Parameter adoptsRunning: use the embedded cluster of a server that runs on the same data folder.
    init(_ configuration: Configuration, loopCount: Int, adoptsRunning: Bool) throws(Fault) {
        self.configuration = configuration
        let group = LoopGroup(count: loopCount)
        self.group = group
        pool = BlockingPool(name: "blocking")
        if let url = configuration.databaseURL {
            target = try ConnectionTarget(url)
            cluster = nil
        } else if adoptsRunning, let url = EmbeddedCluster.running(in: configuration.dataFolder) {
            target = try ConnectionTarget(url)
            cluster = nil
        } else {
            let started = try group.wait { () async throws(Fault) in
                try await EmbeddedCluster.start(in: configuration.dataFolder)
            }
            target = try ConnectionTarget(started.url)
            cluster = started
        }
    }

    /// The folder of the migrations: the configured one, or that of the checkout the program was built in or is run from.
    /// - Throws: `.invalid` when there is none.
    static func migrationsFolder(of configuration: Configuration) throws(Fault) -> String {
        if let folder = configuration.migrationsFolder {
            guard FileManager.default.fileExists(atPath: folder) else {
                throw .invalid("INSULA_MIGRATIONS", "reference", "There is no folder \(folder).")
            }
            return folder
        }
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let places =
            [program.appendingPathComponent("migrations").path, "migrations"]
            + (1...4).map { up in
                (0..<up).reduce(program) { url, _ in url.deletingLastPathComponent() }.appendingPathComponent("migrations").path
            }
        for place in places where FileManager.default.fileExists(atPath: place) { return place }
        throw .invalid("INSULA_MIGRATIONS", "reference", "The folder of the migrations was not found; set it.")
    }

    /// A migrator of this database.
    func migrator() throws(Fault) -> Migrator {
        try Migrator(target, folder: Foundations.migrationsFolder(of: configuration))
    }

    /// A database whose connections take no role: the operator's.
    func operatorDatabase() -> Database {
        Database(target, loops: group, pool: pool, roles: Database.Roles(application: "none", worker: "none"))
    }

    /// Runs `body` on the first loop while the calling thread waits.
    func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws(Fault) -> Value) throws(Fault) -> Value {
        try group.wait(body)
    }

    /// Ends the embedded cluster, the loops and the pool, in this order.
    func stop() {
        if let cluster { group.waitForEnd(of: { await cluster.stop() }) }
        group.stop()
        pool.stop()
    }
}
