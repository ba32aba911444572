// From a name to a connected socket: the look-up, which is left behind when the request ends first, and the attempts at its addresses.
// Bounds: `ClientDialler.attempts` addresses are tried, and none but the last may take all the time that is left.

import Base
import Loop

/// Waits for a look-up on the pool no longer than the request lasts. The job keeps its place in the pool until it ends.
final class ClientLookup: @unchecked Sendable {
    // Touched on the loop's own thread alone.

    private let flight: ClientFlight
    private let sleeper: Sleeper
    private var result: Result<[IPAddress], Fault>?

    init(flight: ClientFlight) {
        self.flight = flight
        sleeper = Sleeper(loop: flight.loop)
    }

    func addresses(_ name: String, _ pool: BlockingPool) async throws(Fault) -> [IPAddress] {
        flight.loop.spawn {
            do throws(Fault) {
                self.result = .success(try await pool.run { () throws(Fault) in try NameLookup.addresses(name) })
            } catch {
                self.result = .failure(error)
            }
            self.sleeper.wake()
        }
        await flight.wait(for: sleeper)
        try flight.check()
        guard let result else { throw Fault(.timedOut, "The name \(name) was not resolved in time.") }
        return try result.get()
    }
}

/// Connects to one of a few addresses, in their order.
struct ClientDialler {
    /// Addresses of a set that are tried.
    static let attempts = 4
    /// What an attempt may take while there is another address to try.
    static let attemptMilliseconds = 3_000

    let origin: ClientOrigin
    let flight: ClientFlight

    /// A socket connected to one of `addresses`, and which.
    func connect(to addresses: [IPAddress]) async throws(Fault) -> (StreamSocket, IPAddress) {
        let began = Instant.now
        defer { flight.timings.connectMilliseconds += Instant.now.milliseconds(since: began) }
        let tried = addresses.prefix(ClientDialler.attempts)
        var failure = SocketFailure.closed
        for (at, address) in tried.enumerated() {
            try flight.check()
            let alone = Instant.now.advanced(milliseconds: ClientDialler.attemptMilliseconds)
            let deadline = at == tried.count - 1 ? flight.deadline : min(flight.deadline, alone)
            do throws(SocketFailure) {
                let socket = try StreamSocket.dial(address.socketAddress(port: origin.port), on: flight.loop)
                flight.hold(socket)
                try await socket.untilConnected(deadline: deadline)
                return (socket, address)
            } catch {
                flight.hold(nil)
                failure = error
            }
        }
        try flight.check()
        throw flight.fault(failure, "\(origin.host) port \(origin.port) could not be connected to.")
    }
}

extension IPAddress {
    /// The address with a port, as sockets have it.
    func socketAddress(port: Int) -> SocketAddress {
        switch self {
        case .v4(let value): .v4(value, port: UInt16(port))
        case .v6(let high, let low): .v6(SocketAddress.InlineBytes16(high: high, low: low), port: UInt16(port))
        }
    }
}
