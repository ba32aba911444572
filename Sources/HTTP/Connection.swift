// One connection, one task: wait for bytes, borrow an exchange, let it answer what came, give it back. While a connection is idle it
// holds a socket and a suspended task, no buffer. Every wait has a deadline.

import Base
import Loop

final class Connection: @unchecked Sendable {
    // Lives on the loop of its socket and is touched on that thread alone.

    let transport: Transport
    let peer: SocketAddress
    private unowned let server: ServerLoop
    private(set) var isIdle = true

    init(transport: Transport, peer: SocketAddress, server: ServerLoop) {
        self.transport = transport
        self.peer = peer
        self.server = server
    }

    func serve() async {
        do throws(SocketFailure) {
            transport.setDeadline(server.loop.now.advanced(milliseconds: Limits.headDeadlineMilliseconds))
            try await transport.open()
            var open = true
            while open {
                transport.setDeadline(server.loop.now.advanced(milliseconds: Limits.idleDeadlineMilliseconds))
                try await transport.untilReadable()
                isIdle = false
                open = await answer()
                isIdle = true
                if server.draining { open = false }
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
        defer { server.giveBack(exchange) }
        do throws(SocketFailure) {
            return try await exchange.run()
        } catch {
            return false
        }
    }
}
