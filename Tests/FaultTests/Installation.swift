// One installation of the program: a data folder of its own and the settings that go with it. Servers and commands are started on it;
// when a test is done, whatever still runs on it is killed and the folder removed.

import Base
import Foundation
import JSON
import Synchronization
import Testing

/// A data folder and the programs that run on it.
final class Installation: Sendable {
    let folder: String
    private let settings: [String: String]
    private let children = Mutex<[Child]>([])
    private static let count = Atomic<Int>(0)

    /// The program, which is built beside the tests.
    static let program = {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("insula").path
    }()

    private init(_ settings: [String: String]) throws {
        let number = Installation.count.add(1, ordering: .relaxed).oldValue
        folder = "/tmp/insula-fault-\(getpid())-\(number)"
        self.settings = settings
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Runs `body` with an installation.
    /// - Parameter settings: more settings than the data folder and a port that the system chooses.
    static func run(_ settings: [String: String] = [:], _ body: (Installation) async throws -> Void) async throws {
        try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
        let installation = try Installation(settings)
        do {
            try await body(installation)
        } catch {
            await installation.remove()
            throw error
        }
        await installation.remove()
    }

    private func remove() async {
        for child in children.withLock({ $0 }) where child.ended == nil {
            child.signal(SIGKILL)
            _ = try? await child.end()
        }
        for process in postmasters { kill(process, SIGQUIT) }
        try? await untilTrue("PostgreSQL has ended") { postmasters.isEmpty }
        // What a link of the data folder leads to, where PostgreSQL's user could not reach that folder.
        for place in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + place),
                target.hasPrefix("/var/lib/insula/")
            else { continue }
            try? FileManager.default.removeItem(at: URL(fileURLWithPath: target).deletingLastPathComponent())
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    var data: String { folder + "/data" }
    /// The folder of the embedded PostgreSQL.
    var cluster: String { data + "/postgres" }

    private func start(_ arguments: [String], _ further: [String: String]) async throws -> Child {
        var environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "INSULA_DATA": data, "INSULA_PORT": "0"]
        for name in ["INSULA_MIGRATIONS", "LLVM_PROFILE_FILE"] { environment[name] = ProcessInfo.processInfo.environment[name] }
        environment.merge(settings) { $1 }
        environment.merge(further) { $1 }
        let number = children.withLock { $0.count }
        let streams = folder + "/\(number)"
        try FileManager.default.createDirectory(atPath: streams, withIntermediateDirectories: true)
        let child = try await Child.start([Installation.program] + arguments, environment: environment, in: streams)
        children.withLock { $0.append(child) }
        return child
    }

    /// Runs a command to its end.
    func command(_ arguments: String..., settings: [String: String] = [:]) async throws -> (child: Child, ending: Ending) {
        try await command(arguments, settings: settings)
    }

    /// Runs a command to its end.
    func command(_ arguments: [String], settings: [String: String] = [:]) async throws -> (child: Child, ending: Ending) {
        let child = try await start(arguments, settings)
        return (child, try await child.end())
    }

    /// Starts a server and waits until it serves.
    func serve(settings: [String: String] = [:]) async throws -> RunningServer {
        let child = try await start(["serve"], settings)
        let port = try await until("the server serves; it says: \(child.errors.suffix(2_000))") {
            if let ending = child.ended { throw Fault(.unavailable, "The server ended with \(ending): \(child.errors)") }
            return RunningServer.port(child.output)
        }
        return RunningServer(child: child, port: port)
    }

    /// The PostgreSQL servers that run on the folder, their children not counted: those call themselves otherwise.
    var postmasters: [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.contains(cluster) && words.contains { $0.hasSuffix("/postgres") && $0 != cluster }
        }
    }
}

/// A server that serves.
struct RunningServer: Sendable {
    let child: Child
    let port: UInt16

    /// The port in the first line of a server's output, when the line is whole.
    static func port(_ output: String) -> UInt16? {
        guard output.contains("\n"), let line = output.split(separator: "\n").first, line.contains(" serves http"),
            let text = line.split(separator: ":").last
        else { return nil }
        return UInt16(text)
    }

    /// The secret behind `label` in what the first start says.
    func secret(_ label: String) -> String? {
        for line in child.output.split(separator: "\n") {
            let words = line.trimmingCharacters(in: .whitespaces)
            guard words.hasPrefix(label + " ") else { continue }
            return words.dropFirst(label.count).split(separator: " ").first.map(String.init)
        }
        return nil
    }

    /// One request on a connection of its own; `nil` when nobody answers.
    func call(_ method: String, _ path: String, key: String? = nil, _ body: JSONValue? = nil) async -> Answer? {
        await Wire.call(port, method, path, key: key, body)
    }

    /// One request that has to be answered with `status`.
    func expect(_ status: Int, _ method: String, _ path: String, key: String, _ body: JSONValue? = nil) async throws -> JSONValue
    {
        let answer = try #require(await call(method, path, key: key, body), "\(method) \(path) is not answered")
        try #require(answer.status == status, "\(method) \(path): \(String(decoding: answer.body, as: UTF8.self))")
        return answer.body.isEmpty ? .null : try JSONValue(parsing: answer.body)
    }

    /// A running agent whose tools are `http_request` with each of `configurations`.
    func agent(key: String, _ configurations: JSONValue...) async throws -> String {
        let tools = configurations.map { ["name": "http_request", "config": $0] as JSONValue }
        let made = try await expect(
            201, "POST", "/v1/agents", key: key,
            ["name": "Test", "blueprint": ["tools": .array(tools), "strategy": ["name": "reactive"]]])
        let id = try #require(made["id"]?.string)
        _ = try await expect(200, "POST", "/v1/agents/\(id)/start", key: key)
        return id
    }

    /// Triggers an agent.
    /// - Returns: the execution.
    func trigger(_ agent: String, key: String) async throws -> String {
        let execution = try await expect(202, "POST", "/v1/agents/\(agent)/trigger", key: key, [:])
        return try #require(execution["id"]?.string)
    }

    /// Waits for the end of an execution.
    /// - Returns: its last state.
    func ended(_ execution: String, key: String) async throws -> String {
        try await until("\(execution) has ended") {
            guard let answer = await call("GET", "/v1/executions/\(execution)", key: key), answer.status == 200,
                let state = try JSONValue(parsing: answer.body)["state"]?.string
            else { return nil }
            return ["succeeded", "failed", "cancelled", "timed_out", "indeterminate"].contains(state) ? state : nil
        }
    }
}
