// The signals that end or refresh the server, waited for by the main thread instead of interrupting some other.

import Foundation

enum Signals {
    private static var set: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, signal) }
        return set
    }

    /// Keeps the signals pending. Call it before any thread is started.
    static func block() {
        var set = set
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for the next of them.
    static func wait() -> Int32 {
        var set = set
        var signal: Int32 = 0
        unsafe sigwait(&set, &signal)
        return signal
    }

    /// From here on the next SIGTERM or SIGINT ends the process at once: whoever sends a second one means it.
    static func endAtNext() {
        var set = set
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
