// One connection, one task: wait for bytes, borrow an exchange, let it answer what came, give it back. While a connection is idle it
// holds a socket and a suspended task, no buffer. Every wait has a deadline.

import Base
import Loop

final class Connection: PassHandler, @unchecked Sendable {
    // Lives on the loop of its socket and is touched on that thread alone.

    let transport: Transport
    let peer: SocketAddress
    private let server: ServerLoop
    /// Whether no request has come whole that is not answered: the connection may be closed at any moment.
    var isIdle = true
    private var exchange: Exchange?
    /// Who has the connection from now on, and what of his bytes came already.
    private var guest: (any ConnectionGuest)?
    private var early: [UInt8] = []
    private var isWatched = false

    init(transport: Transport, peer: SocketAddress, server: ServerLoop) {
        self.transport = transport
        self.peer = peer
        self.server = server
    }

    func serve() async {
        do throws(SocketFailure) {
            transport.setDeadline(server.loop.now.advanced(milliseconds: server.limits.headMilliseconds))
            try await transport.open()
            var open = true
            while open {
                transport.setDeadline(server.loop.now.advanced(milliseconds: server.limits.idleMilliseconds))
                try await transport.untilReadable()
                isIdle = false
                open = await answer()
                isIdle = true
                if server.draining { open = false }
            }
            if let guest {
                transport.clearDeadline()
                if server.draining { guest.drain() }
                await guest.serve(ConnectionStream(transport, loop: server.loop, early: early))
            }
        } catch {
            // The peer went away, said nothing in time, or we are stopping: there is nobody to tell.
        }
        transport.close()
        server.ended(self)
    }

    /// Answers all requests that have come, in order. `false` when the connection is to be closed.
    private func answer() async -> Bool {
        let exchange = server.borrowExchange()
        exchange.attach(self)
        self.exchange = exchange
        defer {
            self.exchange = nil
            server.giveBack(exchange)
        }
        do throws(SocketFailure) {
            return try await exchange.run()
        } catch {
            return false
        }
    }

    // MARK: Guests

    /// Gives the connection to `guest` when the answer under way is sent.
    func handOver(to guest: any ConnectionGuest) {
        self.guest = guest
    }

    /// Whether a guest waits for the connection; `early` is what he has to read first.
    func isHandedOver(early: @autoclosure () -> [UInt8]) -> Bool {
        guard guest != nil else { return false }
        self.early = early()
        return true
    }

    /// The server stops: a guest says good-bye.
    func drain() {
        if let guest { guest.drain() } else if isIdle { transport.close() }
    }

    // MARK: Pipelining

    /// Answers of pipelined requests go out together. When the next request makes its responder wait, those before it must not wait with
    /// it: they are sent at the end of the pass.
    func sendBeforeWaiting() {
        guard !isWatched else { return }
        isWatched = true
        server.loop.atEndOfPass(self)
    }

    func passEnded() {
        isWatched = false
        exchange?.sendEarlier()
    }
}
