import Base
import Foundation
import InsulaTesting
import Postgres
import Testing

@Suite(.serialized) struct EmbeddedClusterTests {
    private let folder = "/tmp/insula-embedded-\(UUID().uuidString)"

    private func number(_ cluster: EmbeddedCluster) throws -> String? {
        try BlockingConnection(ConnectionTarget(cluster.url)).rows("SELECT id FROM kept").first?.first ?? nil
    }

    private func socketFolder(of cluster: EmbeddedCluster) throws -> String {
        let connection = try BlockingConnection(ConnectionTarget(cluster.superuserURL))
        return try #require(try connection.rows("SHOW unix_socket_directories").first?.first ?? nil)
    }

    @Test func `a cluster is made once, keeps its data, and is private`() async throws {
        defer { removeFolder(folder) }
        let first = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        let connection = try BlockingConnection(ConnectionTarget(first.url))
        try connection.run("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
        #expect(try connection.rows("SELECT current_user, current_database()") == [["insula_owner", "insula"]])
        #expect(try connection.rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [["f", "f"]])
        #expect(try connection.rows("SHOW listen_addresses") == [[""]])
        let socketFolder = try socketFolder(of: first)
        let mode = try FileManager.default.attributesOfItem(atPath: socketFolder)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        #expect(EmbeddedCluster.running(in: folder) == first.url)
        let process = first.processID
        await first.stop()
        #expect(kill(process, 0) != 0)
        #expect(EmbeddedCluster.running(in: folder) == nil)
        let second = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        #expect(try number(second) == "7")
        await second.stop()
    }

    @Test func `a folder that a server uses is refused to another`() async throws {
        let folder = try await TestCluster.folderWithCluster()
        defer { removeFolder(folder) }
        let first = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        let thrown = await #expect(throws: Fault.self) { try await EmbeddedCluster.start(in: folder) }
        #expect(thrown?.code == .unavailable && thrown?.message == "Another Insula server uses this data folder.")
        await first.stop()
    }

    @Test func `a server that is killed is started again`() async throws {
        let folder = try await TestCluster.folderWithCluster()
        defer { removeFolder(folder) }
        let cluster = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        try BlockingConnection(ConnectionTarget(cluster.url)).run("CREATE TABLE kept (id int); INSERT INTO kept VALUES (8)")
        let process = cluster.processID
        kill(process, SIGKILL)
        try await eventually { cluster.processID != process && EmbeddedCluster.running(in: folder) != nil ? true : nil }
        #expect(try number(cluster) == "8")
        await cluster.stop()
    }

    @Test func `a folder too deep for a socket, and one with odd characters, work`() async throws {
        defer { removeFolder(folder) }
        let deep = folder + "/" + String(repeating: "deep/", count: 30) + "it's \\odd"
        try FileManager.default.createDirectory(
            atPath: (deep as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: await TestCluster.folderWithCluster(), toPath: deep)
        let cluster = try await EmbeddedCluster.start(in: deep, settings: TestCluster.settings)
        let socketFolder = try socketFolder(of: cluster)
        #expect(socketFolder.utf8.count < 92)
        await cluster.stop()
        removeFolder(socketFolder)
    }

    @Test func `a server that outlived the process that started it is ended, and its data served by the next`() async throws {
        let folder = try await TestCluster.folderWithCluster()
        defer { removeFolder(folder) }
        let first = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        let connection = try BlockingConnection(ConnectionTarget(first.url))
        let socketFolder = try socketFolder(of: first)
        try connection.run("CREATE TABLE kept (id int); INSERT INTO kept VALUES (9)")
        let command = try #require(FileManager.default.contents(atPath: "/proc/\(first.processID)/cmdline"))
        let program = String(decoding: command.prefix { $0 != 0 }, as: UTF8.self)
        await first.stop()

        let orphan = Process()
        let owner = try FileManager.default.attributesOfItem(atPath: socketFolder)
        let user = "\(owner[.ownerAccountID] ?? 0)"
        let group = "\(owner[.groupOwnerAccountID] ?? 0)"
        let asOwner = getuid() == 0 ? ["--reuid", user, "--regid", group, "--clear-groups"] : []
        orphan.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        orphan.arguments =
            asOwner + [
                "--", program, "-D", folder + "/postgres", "-c", "listen_addresses=", "-c",
                "unix_socket_directories=\(socketFolder)",
            ]
        orphan.standardError = FileHandle.nullDevice
        try orphan.run()
        try await eventually { EmbeddedCluster.running(in: folder) }
        let second = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        orphan.waitUntilExit()
        #expect(orphan.terminationStatus == 0 && second.processID != orphan.processIdentifier)
        #expect(try number(second) == "9")
        await second.stop()
        #expect(EmbeddedCluster.running(in: folder) == nil)
    }

    @Test func `a file left by a server that is gone does not hold up the next start`() async throws {
        let folder = try await TestCluster.folderWithCluster()
        defer { removeFolder(folder) }
        let first = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        await first.stop()
        // Its number belongs to another program by now: to this one.
        try Data("\(getpid())\n\(folder)/postgres\n1\n5432\n".utf8).write(
            to: URL(fileURLWithPath: folder + "/postgres/postmaster.pid"))
        let second = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        #expect(EmbeddedCluster.running(in: folder) == second.url)
        await second.stop()
    }
}
