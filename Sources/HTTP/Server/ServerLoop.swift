// What the server keeps for one loop: the listener, the open connections, and the exchanges that wait to be used again.
// Touched on the loop's own thread alone, the counters excepted, which are atomic.

import Base
import Loop

final class ServerLoop: @unchecked Sendable {
    /// Exchanges that are kept for the next requests; more are let go.
    private static let sparesKept = 128

    let loop: EventLoop
    let responder: any Responder
    let limits: ServerLimits
    let connectionCount = Gauge()
    let shed = Counter()
    private(set) var draining = false
    var inFlight = 0
    private let listener: Listener
    private let tls: TLSContext?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var spares: [Exchange] = []
    private var dateSecond: Int64 = 0
    private(set) var dateLine: [UInt8] = []

    var address: SocketAddress { listener.address }

    init(
        on address: SocketAddress, loop: EventLoop, responder: any Responder, tls: TLSContext?, limits: ServerLimits
    ) throws(Fault) {
        self.loop = loop
        self.responder = responder
        self.limits = limits
        self.tls = tls
        listener = try Listener(address, on: loop)
        // The listener keeps what it serves alive, and lets it go when it stops.
        listener.start { socket, peer in self.accept(socket, peer) }
    }

    private func accept(_ socket: StreamSocket, _ peer: SocketAddress) {
        guard connections.count < limits.connectionsPerLoop else {
            shed.add()
            socket.close()
            return
        }
        let session = tls?.session(for: socket)
        guard tls == nil || session != nil else {
            // Never plain HTTP where TLS was promised.
            socket.close()
            return
        }
        let connection = Connection(transport: Transport(socket, tls: session), peer: peer, server: self)
        connections[ObjectIdentifier(connection)] = connection
        connectionCount.add(1)
        loop.spawn { await connection.serve() }
    }

    func ended(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        connectionCount.add(-1)
    }

    // MARK: Exchanges

    func borrowExchange() -> Exchange {
        spares.popLast() ?? Exchange(server: self)
    }

    func giveBack(_ exchange: Exchange) {
        exchange.release()
        if spares.count < ServerLoop.sparesKept { spares.append(exchange) }
    }

    /// The `date` field of this second (RFC 9110, section 6.6.1), written anew when the second changes.
    func refreshDate() {
        let second = Timestamp.now.microseconds / 1_000_000
        guard second != dateSecond else { return }
        dateSecond = second
        dateLine = Array("date: \(HTTPDate.text(seconds: second))\r\n".utf8)
    }

    // MARK: Ending

    func beginDraining() {
        draining = true
        listener.stop()
        for connection in connections.values { connection.drain() }
    }

    func closeAll() {
        for connection in connections.values { connection.transport.close() }
    }
}
