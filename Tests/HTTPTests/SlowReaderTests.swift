// What waits for a reader who sends and never reads: of the answers to his pings one, and nothing out of its order.

import Base
import Glibc
import Loop
import Testing

@testable import HTTP

/// Notes how much waits for the peer whenever a text comes.
private final class Listener: WebSocketHandler, @unchecked Sendable {
    // Touched on its loop alone.
    private(set) var waitingBytes: Int?

    func opened(_ socket: WebSocketConnection) async {}
    func received(_ text: [UInt8], on socket: WebSocketConnection) async { waitingBytes = socket.waitingBytes }
    func ended(_ socket: WebSocketConnection) {}
}

@Suite struct SlowReaderTests {
    /// Two ends of one connection, with what little the kernel holds of a local one.
    private static func pair(on loop: EventLoop) throws -> (near: StreamSocket, far: StreamSocket) {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        let far = StreamSocket(descriptor: ends[1], loop: loop)
        far.setDeadline(Instant.now.advanced(milliseconds: 30_000))
        return (StreamSocket(descriptor: ends[0], loop: loop), far)
    }

    @Test func `who pings and never reads has the newest answer waiting, not one for each ping`() async throws {
        try await withLoops { group in
            let loop = group.loops[0]
            let (near, far) = try SlowReaderTests.pair(on: loop)
            var limits = WebSocketLimits()
            (limits.framesPerSecond, limits.framesAtOnce) = (1_000_000, 1_000_000)
            let listener = Listener()
            let connection = WebSocketConnection(listener, limits: limits)
            let serving = loop.spawn {
                await connection.serve(ConnectionStream(Transport(near, tls: nil), loop: loop, early: []))
            }
            let ping = SocketCase.frame(9, [UInt8](repeating: 7, count: 125))
            let many = Array(repeatElement(ping, count: 100).joined())
            for _ in 0..<200 { try await far.write(many) }
            try await far.write(SocketCase.frame(9, "last") + SocketCase.frame(1, "how much waits?"))
            #expect(await until { listener.waitingBytes != nil })
            #expect(try #require(listener.waitingBytes) <= 64 << 10)
            #expect(connection.isOpen)
            // The newest answer may leave before older ones that had not begun to.
            let pong = [0x8A, 4] + Array("last".utf8)
            var recent: [UInt8] = []
            while !recent.indices.contains(where: { recent[$0...].starts(with: pong) }) {
                let more = try await far.read(upTo: 65_536)
                try #require(!more.isEmpty, "the last ping was not answered")
                recent = recent.suffix(pong.count) + more
            }
            far.close()
            await serving.value
        }
    }

    @Test func `what was replaced leaves before what had not begun, and between whole pieces`() async throws {
        try await withLoops { group in
            let loop = group.loops[0]
            let (near, far) = try SlowReaderTests.pair(on: loop)
            let queue = OutgoingQueue(
                ConnectionStream(Transport(near, tls: nil), loop: loop, early: []), limitBytes: 16 << 20)
            let (large, word) = (4 << 20, Array("word".utf8))
            queue.push([UInt8](repeating: 1, count: large))
            // The kernel has taken what it takes.
            #expect(await until { queue.count < large })
            queue.push([2, 2])
            for number in UInt8(0)..<100 { queue.replace(word + [number]) }
            #expect(queue.count < large + 2 + 5 && queue.count > 5)
            var bytes: [UInt8] = []
            while bytes.count < large + 7 {
                let more = try await far.read(upTo: 1 << 20)
                try #require(!more.isEmpty)
                bytes += more
            }
            #expect(Array(bytes[large...]) == word + [99, 2, 2])
            #expect(await until { queue.count == 0 })
            queue.end()
            near.close()
            far.close()
        }
    }
}
