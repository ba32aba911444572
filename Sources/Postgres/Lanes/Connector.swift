// Making a connection without blocking the loop, and how long to wait between attempts.
// Bounds: an attempt ends after `attemptMilliseconds`; pauses double from 50 ms to 2 s, with jitter.

import Base
import CPostgres
import Loop

/// Makes connections to one server on one loop.
struct Connector {
    static let attemptMilliseconds = 5_000
    static let firstPauseMilliseconds = 50
    static let longestPauseMilliseconds = 2_000

    let name: String
    let target: ConnectionTarget
    let startup: ConnectionTarget.Startup
    let loop: EventLoop
    let pool: BlockingPool

    /// A connection that is established and non-blocking. The caller owns it.
    /// - Parameters:
    ///   - sleeper: what the caller wakes to end the attempt, after which `isStopped` is asked.
    func connect(sleeper: Sleeper, isStopped: () -> Bool) async throws(Fault) -> OpaquePointer {
        let addresses = try await HostLookUp.addresses(of: target.names, pool: pool)
        guard let new = unsafe target.connection(startup, addresses: addresses) else {
            throw .databaseUnavailable("\(name): libpq has no memory")
        }
        do throws(Fault) {
            try await unsafe poll(new, sleeper, isStopped)
        } catch {
            unsafe PQfinish(new)
            throw error
        }
        unsafe PQsetNoticeProcessor(new, { _, _ in }, nil)
        unsafe PQsetnonblocking(new, 1)
        return unsafe new
    }

    private func poll(_ new: OpaquePointer, _ sleeper: Sleeper, _ isStopped: () -> Bool) async throws(Fault) {
        let deadline = Instant.now.advanced(milliseconds: Connector.attemptMilliseconds)
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            guard status != PGRES_POLLING_FAILED, unsafe PQstatus(new) != CONNECTION_BAD else {
                throw .databaseUnavailable("\(name): \(unsafe String(cString: PQerrorMessage(new)))")
            }
            // libpq may change sockets between two calls, so each wait registers anew.
            let readiness = Readiness(sleeper)
            let socket = unsafe PQsocket(new)
            let place = loop.register(
                socket, for: status == PGRES_POLLING_READING ? .readable : .writable, handler: readiness)
            while !readiness.isReady, !isStopped(), Instant.now < deadline { await sleeper.wait(until: deadline) }
            loop.unregister(socket, place)
            guard readiness.isReady, !isStopped() else { throw .databaseUnavailable("\(name): no connection in time") }
            status = unsafe PQconnectPoll(new)
        }
    }

    /// Waits before the next attempt.
    func pause(after failures: Int, sleeper: Sleeper, isStopped: () -> Bool) async {
        let longest = min(Connector.longestPauseMilliseconds, Connector.firstPauseMilliseconds << min(failures - 1, 10))
        let deadline = Instant.now.advanced(milliseconds: Int.random(in: longest / 2...longest))
        while !isStopped(), Instant.now < deadline { await sleeper.wait(until: deadline) }
    }

    /// Wakes a task when a socket is ready, once.
    private final class Readiness: EventHandler {
        private let sleeper: Sleeper
        private(set) var isReady = false

        init(_ sleeper: Sleeper) {
            self.sleeper = sleeper
        }

        func handle(_ events: EventSet) {
            // Level-triggered: it is called again until the task has run.
            if !isReady { sleeper.wake() }
            isReady = true
        }
    }
}
