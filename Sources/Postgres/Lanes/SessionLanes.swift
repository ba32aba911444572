// The exclusive connections of a loop. They are made at first use; who finds none free waits in line.
// Bounds: `SessionKind.perLoop` connections, `Limits.sessionWaiters` waiters, `Limits.sessionWaitMilliseconds` of waiting.

import Base
import CPostgres
import Loop

/// The exclusive lanes of one loop. Used on its thread.
final class SessionLanes {
    private let loop: EventLoop
    private let limit: Int
    private let make: (Int) -> Lane
    private(set) var lanes: [Lane] = []
    private var idle: [Lane] = []
    private var waiters: [Waiter] = []

    private final class Waiter {
        let sleeper: Sleeper
        var lane: Lane?

        init(loop: EventLoop) {
            sleeper = Sleeper(loop: loop)
        }
    }

    init(loop: EventLoop, limit: Int, make: @escaping (Int) -> Lane) {
        self.loop = loop
        self.limit = limit
        self.make = make
    }

    /// A lane for the caller alone, ready to be used. `release` must follow.
    func acquire() async throws(Fault) -> Lane {
        let lane = try await next()
        // A fresh lane is given the time to connect; one that failed before is not waited for.
        if !lane.isReady, lane.attempts == 0 { await lane.settled(withinMilliseconds: Lane.connectMilliseconds) }
        guard lane.isReady else {
            release(lane)
            throw lane.failure
        }
        return lane
    }

    private func next() async throws(Fault) -> Lane {
        if let ready = idle.lastIndex(where: \.isReady) { return idle.remove(at: ready) }
        if lanes.count < limit {
            let lane = make(lanes.count)
            lanes.append(lane)
            lane.start()
            return lane
        }
        if let lane = idle.popLast() { return lane }
        guard waiters.count < Limits.sessionWaiters else { throw overload("\(waiters.count) sessions wait") }
        let waiter = Waiter(loop: loop)
        waiters.append(waiter)
        let deadline = Instant.now.advanced(milliseconds: Limits.sessionWaitMilliseconds)
        while waiter.lane == nil, Instant.now < deadline { await waiter.sleeper.wait(until: deadline) }
        guard let lane = waiter.lane else {
            waiters.removeAll { $0 === waiter }
            throw overload("no session came free in time")
        }
        return lane
    }

    /// Gives a lane back. One that is still in a transaction is not handed on: its connection is replaced.
    func release(_ lane: Lane) {
        if lane.isReady, unsafe !lane.inFlight.isEmpty || PQtransactionStatus(lane.connection) != PQTRANS_IDLE {
            lane.disconnect("the session was not ended")
        }
        if waiters.isEmpty {
            idle.append(lane)
        } else {
            let waiter = waiters.removeFirst()
            waiter.lane = lane
            waiter.sleeper.wake()
        }
    }

    private func overload(_ cause: String) -> Fault {
        Fault(
            .overloaded, "Too many requests wait for the database. Try again shortly.", retryAfterSeconds: 1, cause: cause)
    }
}
