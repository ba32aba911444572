// What the outgoing client keeps for one loop: the connections that wait to be used again, by origin, and how many are open. Touched on
// the loop's own thread alone. Bounds: idle connections an origin and a loop, open connections a loop, and how long one may wait.

import Base
import Loop

final class ClientLoop: @unchecked Sendable {
    /// Idle connections of one loop, all origins together.
    static let idleConnections = 128
    /// How long a connection waits to be used again.
    static let idleMilliseconds = 30_000
    private static let sweepMilliseconds = 5_000

    let loop: EventLoop
    private(set) var openCount = 0
    private(set) var idleCount = 0
    private var idle: [ClientOrigin: [ClientConnection]] = [:]
    private var sweeper: Sleeper?
    private(set) var isStopped = false

    init(_ loop: EventLoop) {
        self.loop = loop
    }

    // MARK: Open connections

    /// Takes a place for a connection that is about to be dialled.
    /// - Throws: `.overloaded` when all are taken, `.unavailable` after `stop`.
    func takePlace() throws(Fault) {
        guard !isStopped else { throw Fault(.unavailable, "The server is stopping.", retryAfterSeconds: 1) }
        guard openCount < Limits.outboundConnectionsPerLoop else {
            throw Fault(.overloaded, "Too many outgoing connections are open. Try again shortly.", retryAfterSeconds: 1)
        }
        openCount += 1
    }

    /// Gives the place of a connection back that was not made, or that was closed.
    func freePlace() {
        openCount -= 1
    }

    func close(_ connection: ClientConnection) {
        connection.transport.close()
        freePlace()
    }

    // MARK: Idle connections

    /// A connection to `origin` that is still good, to an address that `rule` still permits.
    func takeIdle(_ origin: ClientOrigin, _ rule: AddressGuard) -> ClientConnection? {
        while let connection = idle[origin]?.popLast() {
            idleCount -= 1
            if idle[origin]?.isEmpty == true { idle[origin] = nil }
            if rule.permits(connection.address, port: origin.port), isFresh(connection) { return connection }
            close(connection)
        }
        return nil
    }

    private func isFresh(_ connection: ClientConnection) -> Bool {
        Instant.now.milliseconds(since: connection.idleSince) < ClientLoop.idleMilliseconds && connection.isQuiet()
    }

    /// Puts a connection aside when it can be used again and there is room; closes it otherwise.
    func finish(_ connection: ClientConnection) {
        let waiting = idle[connection.origin]?.count ?? 0
        guard connection.isReusable, !isStopped, idleCount < ClientLoop.idleConnections,
            waiting < Limits.outboundIdleConnectionsPerOrigin
        else { return close(connection) }
        connection.rest()
        connection.transport.clearDeadline()
        idle[connection.origin, default: []].append(connection)
        idleCount += 1
        guard sweeper == nil else { return }
        let sleeper = Sleeper(loop: loop)
        sweeper = sleeper
        loop.spawn { await self.sweep(sleeper) }
    }

    /// Closes what has waited too long or was closed by its peer, for as long as anything waits.
    private func sweep(_ sleeper: Sleeper) async {
        while idleCount > 0 {
            await sleeper.wait(until: Instant.now.advanced(milliseconds: ClientLoop.sweepMilliseconds))
            for (origin, waiting) in idle {
                let fresh = waiting.filter(isFresh)
                guard fresh.count < waiting.count else { continue }
                for connection in waiting where !fresh.contains(where: { $0 === connection }) { close(connection) }
                idleCount -= waiting.count - fresh.count
                idle[origin] = fresh.isEmpty ? nil : fresh
            }
        }
        sweeper = nil
    }

    /// Closes all idle connections; those in use are closed when their requests end.
    func stop() {
        isStopped = true
        for connection in idle.values.joined() { close(connection) }
        idle = [:]
        idleCount = 0
        sweeper?.wake()
    }
}
