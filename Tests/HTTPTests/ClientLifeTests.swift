// The outgoing client in time: connections that are used again, deadlines, cancellation, bounds and the end.

import Base
import Dispatch
import Loop
import Testing

@testable import HTTP

@Suite struct ClientLifeTests {
    /// Answers every request of a connection with the connection's number.
    private static func numbering(_ wire: Wire) async throws {
        while true {
            let (head, _) = try await wire.takeMessage()
            guard !head.isEmpty else { return }
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \("\(wire.number)".utf8.count)\r\n\r\n\(wire.number)")
        }
    }

    // MARK: Pool

    @Test func `a connection is used again`() async throws {
        try await withClient(serve: Self.numbering) { client, peer in
            for round in 0..<3 {
                let response = try await client.send(try peer.request(.post))
                #expect(response.body == Array("1".utf8) && response.timings.reusedConnection == (round > 0))
            }
            #expect(peer.accepted == 1)
            #expect(await client.connectionCounts() == (open: 1, idle: 1))
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ])
    func `a connection that was closed, or that said too much, is not used again`(answer: String) async throws {
        try await withClient { wire in
            while !(try await wire.takeHead().isEmpty) { try await wire.send(answer) }
        } _: { client, peer in
            let request = try peer.request()
            for _ in 0..<2 { #expect(try await client.send(request).body == Array("x".utf8)) }
            #expect(peer.accepted == 2)
            #expect(await client.connectionCounts() == (open: 0, idle: 0))
        }
    }

    @Test func `bytes that come while a connection waits end it`() async throws {
        try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            await Task.yield()
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            _ = try await wire.takeAll()
        } _: { client, peer in
            let request = try peer.request()
            #expect(try await client.send(request).body == Array("x".utf8))
            for _ in 0..<50 { await Task.yield() }
            #expect(try await client.send(request).body == Array("x".utf8))
        }
    }

    @Test func `a connection found dead is replaced once, if a second try does no harm`() async throws {
        try await withClient { wire in
            let (head, _) = try await wire.takeMessage()
            guard !head.contains("/dead") else { return }
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            // The next request over a connection that was used is read and never answered.
            _ = try await wire.takeMessage()
        } _: { client, peer in
            _ = try await client.send(try peer.request())
            let again = try await client.send(try peer.request())
            #expect(again.body == Array("x".utf8) && !again.timings.reusedConnection && peer.accepted == 2)
            let post = try peer.request(.post)
            #expect(await fault { () throws(Fault) in try await client.send(post) }?.code == .outboundFailed)
            #expect(peer.accepted == 2)
            _ = try await client.send(try peer.request())
            let keyed = try peer.request(.post) { $0.headers = [ClientHeader("Idempotency-Key", "1")] }
            #expect(try await client.send(keyed).status == 200)
            #expect(peer.accepted == 4)
            // A new connection that dies is not tried a second time.
            let dead = try peer.request(.get, "/dead")
            #expect(await fault { () throws(Fault) in try await client.send(dead) }?.code == .outboundFailed)
            #expect(peer.accepted <= 6)
            #expect(await client.connectionCounts().open == 0)
        }
    }

    @Test func `few connections wait for each origin`() async throws {
        try await withClient(serve: Self.numbering) { client, peer in
            let request = try peer.request()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask(executorPreference: EventLoop.current) { _ = try? await client.send(request) } }
            }
            let counts = await client.connectionCounts()
            #expect(counts == (open: Limits.outboundIdleConnectionsPerOrigin, idle: Limits.outboundIdleConnectionsPerOrigin))
        }
    }

    @Test func `a connection that waits is judged again before it is used`() async throws {
        try await withLoops { group in
            let peer = try Peer(on: group.loops[0], Self.numbering)
            let part = ClientLoop(group.loops[0])
            let hop = try ClientHop(try peer.request())
            let flight = ClientFlight(loop: group.loops[0], timeoutMilliseconds: 5_000)
            func waiting() async throws {
                try part.takePlace()
                let (socket, address) = try await ClientDialler(origin: hop.origin, flight: flight).connect(to: [.v4(0x7F00_0001)]
                )
                let connection = ClientConnection(Transport(socket, tls: nil), origin: hop.origin, address: address)
                try await connection.exchange(hop, flight)
                while try await connection.readPiece(flight) != nil {}
                part.finish(connection)
                #expect(part.idleCount == 1)
            }
            try await waiting()
            let kept = try #require(part.takeIdle(hop.origin, try AddressGuard(allowing: "127.0.0.1/32")))
            part.finish(kept)
            #expect(part.takeIdle(hop.origin, AddressGuard()) == nil)
            #expect(part.openCount == 0 && part.idleCount == 0)
            peer.stop()
        }
    }

    @Test func `open connections of a loop are bounded`() async throws {
        try await withLoops { group in
            let part = ClientLoop(group.loops[0])
            for _ in 0..<Limits.outboundConnectionsPerLoop { try part.takePlace() }
            #expect(#expect(throws: Fault.self) { try part.takePlace() }?.code == .overloaded)
            part.freePlace()
            try part.takePlace()
        }
    }

    // MARK: Deadlines

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"])
    func `an answer that stops anywhere ends at the deadline`(start: String) async throws {
        try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send(start)
            _ = try await wire.takeAll()
        } _: { client, peer in
            let request = try peer.request { $0.timeoutMilliseconds = 50 }
            #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .timedOut)
            #expect(await client.connectionCounts().open == 0)
        }
    }

    @Test func `an answer that never ends ends at the deadline, and others have their turn meanwhile`() async throws {
        try await withClient { wire in
            let head = try await wire.takeHead()
            guard head.contains("/endless") else { return try await wire.send("HTTP/1.1 204 No Content\r\n\r\n") }
            try await wire.send("HTTP/1.1 200 OK\r\n\r\n")
            let bytes = [UInt8](repeating: 0, count: 64 << 10)
            while true { try await wire.send(bytes) }
        } _: { client, peer in
            let endless = try peer.request(.get, "/endless") {
                $0.timeoutMilliseconds = 200
                $0.responseLimitBytes = 100
                $0.responseLimitBytes = Int.max
            }
            async let other = client.send(try peer.request(.get, "/other"))
            let code = await fault { () throws(Fault) in
                try await client.withResponse(to: endless) { (stream) async throws(Fault) -> Void in
                    while try await stream.next() != nil {}
                }
            }?.code
            #expect(code == .timedOut)
            #expect(try await other.status == 204)
        }
    }

    @Test func `redirects share one deadline`() async throws {
        try await withClient { wire in
            while !(try await wire.takeHead().isEmpty) {
                // Slow enough that the deadline comes before the bound of redirects, which is high here.
                wire.socket.setDeadline(Instant.now.advanced(milliseconds: 20))
                do throws(SocketFailure) { _ = try await wire.socket.read(upTo: 1) } catch .timedOut {}
                wire.socket.setDeadline(Instant.now.advanced(milliseconds: 5_000))
                try await wire.send("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
            }
        } _: { client, peer in
            let request = try peer.request {
                $0.timeoutMilliseconds = 150
                $0.maxRedirects = 1_000
            }
            #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .timedOut)
        }
    }

    @Test func `a name that is not resolved in time ends at the deadline, and a full pool at once`() async throws {
        try await withLoops { group in
            let blocker = DispatchSemaphore(value: 0)
            let pool = BlockingPool(name: "names", threads: 1, queueLimit: 2)
            let client = OutgoingClient(group: group, rule: AddressGuard(), pool: pool)
            group.loops[0].spawn { try? await pool.run { blocker.wait() } }
            await Task.yield()
            var request = try ClientRequest(.get, "http://localhost/")
            request.timeoutMilliseconds = 30
            var codes: [Fault.Code?] = []
            for _ in 0..<4 { codes.append(await fault { () throws(Fault) in try await client.send(request) }?.code) }
            #expect(codes.prefix(1) == [.timedOut] && codes.last == .overloaded)
            blocker.signal()
        }
    }

    // MARK: Cancellation and the end

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"])
    func `a cancelled request closes its socket at once`(start: String) async throws {
        let gate = Gate()
        let gone = Gate()
        try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send(start)
            gate.open()
            _ = try await wire.takeAll()
            gone.open()
        } _: { client, peer in
            let request = try peer.request()
            let task = Task(executorPreference: EventLoop.current) {
                await fault { () throws(Fault) in try await client.send(request) }
            }
            #expect(await until { gate.isOpen })
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            #expect(await until { gone.isOpen })
            #expect(await client.connectionCounts().open == 0)
        }
    }

    @Test func `a request of a cancelled task is not sent`() async throws {
        try await withClient(serve: Self.numbering) { client, peer in
            let request = try peer.request()
            let gate = Gate()
            let loop = try #require(EventLoop.current)
            let task = Task(executorPreference: loop) {
                await gate.wait(loop)
                return await fault { () throws(Fault) in try await client.send(request) }
            }
            task.cancel()
            gate.open()
            #expect(await task.value?.code == .cancelled)
            #expect(await client.connectionCounts().open == 0)
        }
    }

    @Test func `a client that stopped closes what waits and refuses the rest`() async throws {
        let gone = Gate()
        try await withClient { wire in
            try await Self.numbering(wire)
            gone.open()
        } _: { client, peer in
            _ = try await client.send(try peer.request())
            await client.stop()
            #expect(await until { gone.isOpen })
            let request = try peer.request()
            #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .unavailable)
            #expect(await client.connectionCounts() == (open: 0, idle: 0))
        }
    }

    @Test func `a request may come from outside the loops`() async throws {
        let group = LoopGroup(count: 2)
        let peer = try await group.loops[1].call { Result { try Peer(on: group.loops[1], Self.numbering) } }.get()
        let client = OutgoingClient(
            group: group, rule: try AddressGuard(allowing: "127.0.0.0/8"), pool: BlockingPool(name: "names"))
        let response = try await client.send(try peer.request())
        #expect(response.status == 200)
        await client.stop()
        await group.loops[1].call { peer.stop() }
        group.stop()
    }
}
