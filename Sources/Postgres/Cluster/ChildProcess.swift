// Starting another program: by `posix_spawn`, with no descriptor of ours but the three standard ones, default signals, and a process
// group of its own, so that a Ctrl-C at the terminal reaches us alone.

import Base
import CLinux
import Glibc

/// A program that we started.
struct ChildProcess: Sendable {
    let id: pid_t

    /// Starts `arguments[0]`, a path. Its output, both streams, goes to the end of the file `log`.
    init(_ arguments: [String], log: String) throws(Fault) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Also what our own parent left open in us, such as a pipe that would not end before the database does.
        for descriptor in (FileSystem.names(in: "/proc/self/fd") ?? []).compactMap({ Int32($0) })
        where descriptor > 2 && fcntl(descriptor, F_GETFD) & FD_CLOEXEC == 0 {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let environment = ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "TZ=UTC"]
        var id = pid_t()
        let code = unsafe CStrings.lend(arguments) { arguments in
            unsafe CStrings.lend(environment) { environment in
                unsafe posix_spawn(
                    &id, arguments[0]!, &actions, &attributes, UnsafeMutablePointer(mutating: CStrings.mutable(arguments)),
                    UnsafeMutablePointer(mutating: CStrings.mutable(environment)))
            }
        }
        guard code == 0 else {
            throw Fault(.unavailable, "A program could not be started.", cause: "\(arguments.first ?? ""): error \(code)")
        }
        self.id = id
    }

    /// Waits for the end; 0 when the program ended well. Blocks.
    func wait() -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0 {
            if insula_errno() != EINTR { return -1 }
        }
        return status
    }

    /// Takes note of the end of a process that is known to have ended, if it is a child of ours.
    static func reap(_ process: pid_t) {
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, WNOHANG)
    }

    /// Whether the program has ended. Its end is taken note of, so that `wait` must not follow.
    func hasEnded() -> Bool {
        var status: Int32 = 0
        return unsafe waitpid(id, &status, WNOHANG) != 0
    }

    /// Runs a program to its end.
    static func run(_ arguments: [String], log: String) throws(Fault) {
        let status = try ChildProcess(arguments, log: log).wait()
        guard status == 0 else {
            throw Fault(
                .unavailable, "A program that the server needs has failed.",
                cause: "\(arguments.joined(separator: " ")) ended with status \(status); see \(log)")
        }
    }

    /// Waits until any process, ours or not, has ended. Blocks for at most that long.
    static func waitForEnd(of process: pid_t, milliseconds: Int32) -> Bool {
        let descriptor = insula_process_descriptor(process)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&wanted, 1, milliseconds) > 0
    }
}

extension CStrings {
    /// The same list as `posix_spawn` declares it; it does not write.
    static func mutable(_ list: UnsafePointer<UnsafePointer<CChar>?>) -> UnsafePointer<UnsafeMutablePointer<CChar>?> {
        unsafe UnsafeRawPointer(list).assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)
    }
}
