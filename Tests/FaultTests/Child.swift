// A program as a process of its own: started with an environment of its own, its two streams kept in files, its end waited for.
// Programs that outlive their test are asked to end by the kernel when the tests do.

import Base
import Foundation
import Loop
import Synchronization

/// How a process ended.
enum Ending: Equatable, Sendable {
    case status(Int32)
    case signal(Int32)
}

/// A running program.
final class Child: Sendable {
    let id: pid_t
    private let folder: String
    private let ending = Mutex<Ending?>(nil)

    // The kernel ties the death signal to the thread that starts a process; this one lives as long as the tests.
    private static let starter = BlockingPool(name: "starter", threads: 1)

    private init(_ id: pid_t, folder: String) {
        self.id = id
        self.folder = folder
    }

    /// Starts `arguments`; what it writes goes to `out` and `err` in `folder`.
    static func start(_ arguments: [String], environment: [String: String], in folder: String) async throws -> Child {
        let setpriv = ["/usr/bin/setpriv", "--pdeathsig", "SIGTERM", "--"]
        let words = (FileManager.default.isExecutableFile(atPath: setpriv[0]) ? setpriv : []) + arguments
        return try await starter.run { () throws(Fault) in
            Child(try spawn(words, environment.map { "\($0.key)=\($0.value)" }, folder), folder: folder)
        }
    }

    private static func spawn(_ arguments: [String], _ environment: [String], _ folder: String) throws(Fault) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, folder + "/out", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, folder + "/err", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var settings = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe words.forEach { unsafe free($0) }
            unsafe settings.forEach { unsafe free($0) }
        }
        var id = pid_t()
        let code = unsafe posix_spawn(&id, arguments[0], &actions, nil, &words, &settings)
        guard code == 0 else { throw Fault(.internalError, "\(arguments[0]) does not start: error \(code).") }
        return id
    }

    func signal(_ signal: Int32) { _ = Glibc.kill(id, signal) }

    /// How it ended; `nil` while it runs.
    var ended: Ending? {
        ending.withLock { ending in
            var status: Int32 = 0
            guard ending == nil, unsafe waitpid(id, &status, WNOHANG) == id else { return ending }
            let signal = status & 0x7F
            ending = signal == 0 ? .status((status >> 8) & 0xFF) : .signal(signal)
            return ending
        }
    }

    /// Waits for the end.
    func end() async throws -> Ending {
        try await until("the process has ended; it says: \(errors.suffix(2_000))") { ended }
    }

    /// What it wrote to its standard output so far.
    var output: String { text("out") }
    /// What it wrote to its standard error so far.
    var errors: String { text("err") }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: folder + "/" + name) ?? Data(), as: UTF8.self)
    }
}

/// How long anything may take that a test waits for, on the slowest machine.
private let patienceMilliseconds = 120_000

/// Waits for `value` to become one, and fails when it never does.
func until<Value: Sendable>(_ what: @autoclosure () -> String, _ value: () async throws -> Value?) async throws -> Value {
    let deadline = Instant.now.advanced(milliseconds: patienceMilliseconds)
    while true {
        if let value = try await value() { return value }
        guard Instant.now < deadline else { throw Fault(.timedOut, "never: \(what())") }
        await testLoop.call { await testLoop.sleep(milliseconds: 20) }
    }
}

/// Waits for a condition, and fails when it never holds.
func untilTrue(_ what: @autoclosure () -> String, _ condition: () async throws -> Bool) async throws {
    try await until(what()) { try await condition() ? () : nil }
}
