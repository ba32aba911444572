// A private PostgreSQL server in the data folder: made when it is not there, started with us, reached over a Unix socket that nobody
// else can open, stopped with us. Should we be killed, the kernel tells it to stop; should it outlive us all the same, the next start
// finds it and ends it first. Should it die, it is started again.
// Bounds: a start may take `startMilliseconds` (crash recovery included), a stop `stopMilliseconds` before it is forced.

import Base
import CLinux
import Glibc
import Loop
import Synchronization

/// A PostgreSQL server of our own.
@safe public final class EmbeddedCluster: Sendable {
    static let startMilliseconds = 60_000
    static let stopMilliseconds: Int32 = 20_000
    static let longestPauseMilliseconds: UInt32 = 50
    /// A start that fails at once is tried again so many times.
    static let patientStarts = 8
    static let firstRestartMilliseconds: UInt32 = 50
    static let longestRestartMilliseconds: UInt32 = 10_000

    /// What differs from the settings that suit a product.
    public struct Settings: Sendable {
        /// Whether a commit is on disk before it is answered. Tests alone may do without.
        public var isDurable = true
        public var sharedBuffersMebibytes = 128
        public var connectionLimit = 100

        public init() {}
    }

    /// Where the cluster is and how it is reached.
    let place: ClusterPlace
    private let settings: Settings
    private let programs: PostgresPrograms
    // Threads of their own: the kernel ties the child's death signal to the thread that started it, and these live as long as this does.
    private let threads = BlockingPool(name: "postgres", threads: 2, queueLimit: 2)
    private let server = Atomic<pid_t>(0)
    private let isStopping = Atomic<Bool>(false)
    private let watch = Mutex<Task<Void, Never>?>(nil)

    private init(place: ClusterPlace, programs: PostgresPrograms, settings: Settings) {
        self.place = place
        self.programs = programs
        self.settings = settings
    }

    /// The URL of the database `insula`, as its owner.
    public var url: String { place.url(user: "insula_owner", database: "insula") }

    /// The URL of the server's own database, as superuser. For tests and repair.
    public var superuserURL: String { place.url(user: "postgres", database: "postgres") }

    /// The server's process.
    public var processID: Int32 { server.load(ordering: .acquiring) }

    /// The URL of a cluster that is running in `folder` by another process of ours; `nil` when none answers. Blocks.
    public static func running(in folder: String) -> String? {
        guard let place = try? ClusterPlace.find(folder), place.answers() else { return nil }
        return place.url(user: "insula_owner", database: "insula")
    }

    /// Makes the cluster in `folder` unless it is there, and starts it.
    /// - Throws: `.unavailable` when PostgreSQL is not installed, does not start, or another server of ours uses the folder.
    public static func start(in folder: String, settings: Settings = Settings()) async throws(Fault) -> EmbeddedCluster {
        let place = try ClusterPlace.prepare(folder)
        let programs = try PostgresPrograms.find(version: place.version)
        let cluster = EmbeddedCluster(place: place, programs: programs, settings: settings)
        try await cluster.threads.run { () throws(Fault) in
            try place.initialize(programs, isDurable: settings.isDurable)
            try place.endFormerServer()
            try cluster.launchPatiently()
            try place.makeDatabase()
        }
        cluster.watch.withLock { task in
            task = Task { _ = try? await cluster.threads.run { () throws(Fault) in cluster.keepRunning() } }
        }
        return cluster
    }

    /// Stops the server: no new work, what is under way is rolled back, the data is written.
    public func stop() async {
        isStopping.store(true, ordering: .releasing)
        _ = try? await threads.run { () throws(Fault) in self.endServer() }
        await watch.withLock { $0 }?.value
        threads.stop()
        place.unlock()
    }

    /// Kills the server without ceremony; its data survives by recovery. Blocks for a moment. For a process that is about to end.
    public func kill() {
        isStopping.store(true, ordering: .releasing)
        let process = processID
        guard process > 0 else { return }
        _ = Glibc.kill(process, SIGQUIT)
        _ = ChildProcess.waitForEnd(of: process, milliseconds: EmbeddedCluster.stopMilliseconds)
    }

    // MARK: On the cluster's own threads

    private func launch() throws(Fault) {
        place.rotateLog()
        let child = try ChildProcess(place.command(programs.server, arguments: arguments), log: place.log)
        server.store(child.id, ordering: .releasing)
        let deadline = Instant.now.advanced(milliseconds: EmbeddedCluster.startMilliseconds)
        var pause: UInt32 = 2
        while !place.answers() {
            guard !child.hasEnded() else {
                // Its number may soon be somebody else's.
                server.store(0, ordering: .releasing)
                throw Fault(
                    .unavailable, "The embedded database did not start.", cause: "postgres ended at once: \(place.lastOfLog)")
            }
            guard Instant.now < deadline else {
                throw Fault(.unavailable, "The embedded database did not start.", cause: "no answer in time: \(place.lastOfLog)")
            }
            usleep(pause * 1000)
            pause = min(pause * 2, EmbeddedCluster.longestPauseMilliseconds)
        }
    }

    /// The same, tried again for a while: the last processes of a server that was killed may still hold its memory.
    private func launchPatiently() throws(Fault) {
        for _ in 0..<EmbeddedCluster.patientStarts {
            do throws(Fault) {
                return try launch()
            } catch {
                usleep(EmbeddedCluster.firstRestartMilliseconds * 1000)
            }
        }
        try launch()
    }

    private var arguments: [String] {
        var options = [
            "listen_addresses=", "unix_socket_directories=\(place.socketFolder)", "unix_socket_permissions=0700",
            "shared_buffers=\(settings.sharedBuffersMebibytes)MB", "max_connections=\(settings.connectionLimit)",
            "wal_level=minimal", "max_wal_senders=0", "synchronous_commit=on", "jit=off", "timezone=UTC", "log_timezone=UTC",
            "max_wal_size=1GB", "random_page_cost=1.1", "password_encryption=scram-sha-256",
            // Statements that fail are in our own log; this one is kept for what the server itself has to say.
            "logging_collector=off", "log_destination=stderr", "log_min_messages=log", "log_checkpoints=off",
            "log_line_prefix=%m [%p] ",
        ]
        options += settings.isDurable ? ["fsync=on"] : ["fsync=off", "full_page_writes=off", "autovacuum=off"]
        return ["-D", place.clusterFolder] + options.flatMap { ["-c", $0] }
    }

    /// Waits for the server's end and starts it again, until `stop`.
    private func keepRunning() {
        var pause = EmbeddedCluster.firstRestartMilliseconds
        while !isStopping.load(ordering: .acquiring) {
            let process = processID
            while !ChildProcess.waitForEnd(of: process, milliseconds: EmbeddedCluster.stopMilliseconds) {}
            ChildProcess.reap(process)
            if isStopping.load(ordering: .acquiring) { break }
            Log.write(.error, "the embedded database ended and is started again", ["log": .text(place.log)])
            do throws(Fault) {
                try place.endFormerServer()
                try launch()
                pause = EmbeddedCluster.firstRestartMilliseconds
            } catch {
                // Such as while the last processes of the one that was killed still hold its memory.
                Log.write(.error, "the embedded database does not start", ["cause": .text(error.cause ?? error.message)])
                usleep(pause * 1000)
                pause = min(pause * 2, EmbeddedCluster.longestRestartMilliseconds)
            }
        }
        // One that was started while `stop` looked for it.
        if !ChildProcess.waitForEnd(of: processID, milliseconds: 0) { endServer() }
        server.store(0, ordering: .releasing)
    }

    private func endServer() {
        let process = processID
        guard process > 0, Glibc.kill(process, SIGINT) == 0 else { return }
        defer { ChildProcess.reap(process) }
        if ChildProcess.waitForEnd(of: process, milliseconds: EmbeddedCluster.stopMilliseconds) { return }
        Log.write(.warning, "the embedded database is forced to stop")
        _ = Glibc.kill(process, SIGQUIT)
        _ = ChildProcess.waitForEnd(of: process, milliseconds: EmbeddedCluster.stopMilliseconds)
    }
}
