// The HTTP/1.1 server: a listener a loop, a task a connection, and an ordered way to stop. Loops share nothing.
// Bounds: `ServerLimits`; connections and requests beyond them are closed or answered 503.

import Base
import Loop
import Synchronization

/// Serves one responder on every loop of a group, until it is stopped.
public final class Server: Sendable {
    private let group: LoopGroup
    private let loops: Mutex<[ServerLoop]>
    /// The address that is listened on, with the real port.
    public let address: SocketAddress

    /// Binds on every loop and begins to accept.
    /// - Parameters:
    ///   - tls: the certificates; without them the port speaks plain HTTP.
    ///   - limits: deadlines and bounds.
    /// - Throws: `.unavailable` when the address can't be bound.
    public init(
        on wanted: SocketAddress, group: LoopGroup, responder: any Responder, tls: TLSContext? = nil,
        limits: ServerLimits = ServerLimits()
    ) async throws(Fault) {
        self.group = group
        try Listener.checkIsFree(wanted)
        var serving: [ServerLoop] = []
        var address = wanted
        for loop in group.loops {
            let result = await loop.call { [address] () -> Result<ServerLoop, Fault> in
                Result { () throws(Fault) in
                    try ServerLoop(on: address, loop: loop, responder: responder, tls: tls, limits: limits)
                }
            }
            do throws(Fault) {
                let started = try result.get()
                address = started.address
                serving.append(started)
            } catch {
                for started in serving { await started.loop.call { started.beginDraining() } }
                throw error
            }
        }
        self.address = address
        loops = Mutex(serving)
    }

    /// Connections that are open now.
    public var connectionCount: Int { all.reduce(0) { $0 + $1.connectionCount.current } }
    /// Requests that were shed since the start.
    public var shedCount: Int { all.reduce(0) { $0 + Int($1.shed.current) } }

    private var all: [ServerLoop] { loops.withLock { $0 } }

    /// Stops accepting, ends idle connections, lets requests under way end for at most `graceMilliseconds`, then closes the rest.
    public func stop(graceMilliseconds: Int) async {
        for serving in all { await serving.loop.call { serving.beginDraining() } }
        let deadline = Instant.now.advanced(milliseconds: graceMilliseconds)
        for serving in all {
            while serving.connectionCount.current > 0 && Instant.now < deadline {
                await serving.loop.call { [loop = serving.loop] in await loop.sleep(milliseconds: 10) }
            }
            await serving.loop.call { serving.closeAll() }
        }
    }
}
