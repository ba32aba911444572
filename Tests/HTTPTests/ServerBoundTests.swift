// The server at its bounds: deadlines, sizes, counts, slow readers, peers that vanish, and the end.

import Base
import Glibc
import Loop
import Testing

@testable import HTTP

@Suite struct ServerBoundTests {
    private func limits(_ set: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        limits.lingerMilliseconds = 200
        set(&limits)
        return limits
    }

    // MARK: Deadlines

    @Test func `a head that does not end is answered 408, however it trickles`() async throws {
        try await withServer(limits { $0.headMilliseconds = 100 }) { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /x HTTP/1.1\r\nX: ")
            var answer: [UInt8] = []
            while answer.isEmpty {
                try await wire.send("a")
                wire.socket.setDeadline(Instant.now.advanced(milliseconds: 5))
                do throws(SocketFailure) { answer = try await wire.socket.read(upTo: 1000) } catch .timedOut { continue }
            }
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
            #expect(scene.responder.seen.isEmpty)
            wire.close()
        }
    }

    @Test func `a head that was late does not make the next connection late`() async throws {
        try await withServer(limits { $0.headMilliseconds = 500 }) { scene in
            #expect(try await scene.tell("GET /x").hasPrefix("HTTP/1.1 408 "))
            #expect(await until { scene.server.connectionCount == 0 })
            let wire = try await scene.dial()
            try await wire.send("GET /y HTTP/1.1\r\n")
            // Two turns of the wheel: a deadline that had already passed would strike now.
            wire.socket.setDeadline(Instant.now.advanced(milliseconds: 40))
            await #expect(throws: SocketFailure.self) { try await wire.socket.read(upTo: 1) }
            wire.socket.setDeadline(Instant.now.advanced(milliseconds: 10_000))
            try await wire.send("Host: a\r\n\r\n")
            #expect(try await wire.takeAnswer().body == "GET /y")
            wire.close()
        }
    }

    @Test func `a body that does not come is answered 408`() async throws {
        try await withServer(limits { $0.bodyMilliseconds = 50 }) { scene in
            let text = try await scene.tell("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            #expect(text.hasPrefix("HTTP/1.1 408 ") && text.contains("connection: close\r\n"))
        }
    }

    @Test func `a connection without requests is closed in silence`() async throws {
        try await withServer(limits { $0.idleMilliseconds = 50 }) { scene in
            #expect(try await scene.tell("") == "")
            let wire = try await scene.dial()
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAnswer().status == 200)
            #expect(try await wire.takeAll() == "")
            wire.close()
        }
    }

    @Test func `a reader that takes nothing holds little memory, and not for long`() async throws {
        try await withServer(limits { $0.writeMilliseconds = 50 }) { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await until { scene.server.connectionCount == 0 && scene.responder.seen == ["/flood"] })
            // What was taken lies in the kernel's buffers; the server holds one piece.
            #expect(scene.responder.streamed < 24 << 20)
            #expect(scene.responder.faults == [.unavailable])
            wire.close()
        }
    }

    @Test func `a reader that takes little at a time gets all`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /flood HTTP/1.0\r\n\r\n")
            _ = try await wire.takeHead()
            var count = 0
            while true {
                let bytes = try await wire.take(4096)
                count += bytes.count
                if bytes.count < 4096 { break }
            }
            #expect(count == 32 << 20)
            wire.close()
        }
    }

    // MARK: Sizes

    @Test func `a body beyond the limit is refused before it is read`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(Limits.requestBodyBytes + 1)\r\n\r\n")
            let answer = try await wire.takeAnswer()
            #expect(answer.status == 413 && answer.has("connection: close"))
            wire.close()
            #expect(scene.responder.faults == [.contentTooLarge])
        }
    }

    @Test func `a body at the limit is taken, in chunks too, and one byte more is not`() async throws {
        try await withServer { scene in
            for (framing, status) in [
                ("Content-Length: 10\r\n\r\n0123456789", 200), ("Content-Length: 11\r\n\r\n0123456789a", 413),
                ("Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", 200),
                ("Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n", 413),
            ] {
                let wire = try await scene.dial()
                try await wire.send("POST /small HTTP/1.1\r\nHost: a\r\n\(framing)")
                #expect(try await wire.takeAnswer().status == status, "\(framing)")
                wire.close()
            }
        }
    }

    @Test func `a head of the allowed size is taken and a larger one is answered 431`() async throws {
        try await withServer { scene in
            for (excess, status) in [(0, "200"), (1, "431"), (5_000, "431")] {
                let start = "GET /x HTTP/1.1\r\nHost: a\r\nX: "
                let filler = String(repeating: "a", count: Limits.requestHeadBytes - start.utf8.count - 4 + excess)
                let wire = try await scene.dial()
                try await wire.send(start + filler + "\r\n\r\n")
                #expect(try await wire.takeHead().hasPrefix("HTTP/1.1 \(status) "), "excess \(excess)")
                wire.close()
            }
        }
    }

    // MARK: Counts

    @Test func `requests beyond the bound are shed with 503 and a time to come back`() async throws {
        try await withServer(limits { $0.requestsInFlightPerLoop = 2 }) { scene in
            let waiting = [try await scene.dial(), try await scene.dial()]
            for wire in waiting { try await wire.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n") }
            #expect(await until { scene.responder.gate.waiting == 2 })
            let shed = try await scene.tell("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(shed.hasPrefix("HTTP/1.1 503 ") && shed.contains("\r\nretry-after: 1\r\n"))
            #expect(shed.contains("\r\nconnection: close\r\n"))
            #expect(scene.server.shedCount == 1)
            scene.responder.gate.open()
            for wire in waiting { #expect(try await wire.takeAnswer().body == "waited") }
            let wire = try await scene.dial()
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAnswer().status == 200)
            for wire in waiting + [wire] { wire.close() }
        }
    }

    @Test func `a connection beyond the bound is closed at once`() async throws {
        try await withServer(limits { $0.connectionsPerLoop = 3 }) { scene in
            var wires: [Wire] = []
            for _ in 0..<3 { wires.append(try await scene.dial()) }
            #expect(await until { scene.server.connectionCount == 3 })
            let extra = try await scene.dial()
            #expect(try await extra.takeAll() == "")
            for wire in wires {
                try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await wire.takeAnswer().status == 200)
                wire.close()
            }
            extra.close()
            #expect(await until { scene.server.connectionCount == 0 })
        }
    }

    /// Closes so that the peer is told of a fault and not of an end.
    private static func reset(_ wire: Wire) {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(wire.socket.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        wire.close()
    }

    @Test func `peers that vanish at every stage leave nothing behind`() async throws {
        let stages = [
            "", "GET", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
            "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", "GET /careless HTTP/1.1\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n",
        ]
        try await withServer(limits { $0.requestsInFlightPerLoop = 64 }) { scene in
            for (at, stage) in stages.enumerated() {
                for reads in [false, true] {
                    let wire = try await scene.dial()
                    try await wire.send(stage)
                    let held = stage.contains("/wait") || stage.contains("/careless")
                    if held { #expect(await until { scene.responder.gate.waiting > 0 }) }
                    if reads && stage.contains("/flood") { _ = try await wire.takeHead() }
                    if at % 2 == 0 || reads { Self.reset(wire) } else { wire.close() }
                    if held { #expect(await until { scene.server.connectionCount >= 1 }) }
                }
            }
            scene.responder.gate.open()
            #expect(await until { scene.server.connectionCount == 0 })
            #expect(try await scene.tell("GET /x HTTP/1.0\r\n\r\n").hasSuffix("GET /x"))
        }
    }

    @Test func `ten thousand connections come and go, and none is left`() async throws {
        try await withServer(limits { $0.requestsInFlightPerLoop = 256 }) { scene in
            for round in 0..<50 {
                var wires: [Wire] = []
                for _ in 0..<200 { wires.append(try await scene.dial()) }
                for (at, wire) in wires.enumerated() {
                    switch (at + round) % 4 {
                    case 0: break
                    case 1: try await wire.send("GET /x HT")
                    default: try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
                    }
                }
                for (at, wire) in wires.enumerated() {
                    if (at + round) % 4 == 2 { #expect(try await wire.takeAnswer().status == 200) }
                    if at % 7 == 0 { Self.reset(wire) } else { wire.close() }
                }
            }
            #expect(await until { scene.server.connectionCount == 0 })
            #expect(scene.server.shedCount == 0)
        }
    }

    // MARK: The end

    @Test func `stopping ends idle connections at once and lets busy ones finish with a close`() async throws {
        try await withServer { scene in
            let idle = try await scene.dial()
            try await idle.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await idle.takeAnswer().status == 200)
            let partial = try await scene.dial()
            try await partial.send("GET /x HT")
            let busy = try await scene.dial()
            try await busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await until { scene.responder.gate.waiting == 1 && scene.server.connectionCount == 3 })
            let stopped = Task { await scene.server.stop(graceMilliseconds: 10_000) }
            #expect(try await idle.takeAll() == "")
            #expect(try await partial.takeAll() == "")
            await #expect(throws: SocketFailure.self) { try await scene.dial() }
            scene.responder.gate.open()
            let answer = try await busy.takeAnswer()
            #expect(answer.body == "waited" && answer.has("connection: close"))
            #expect(try await busy.takeAll() == "")
            busy.close()
            await stopped.value
            #expect(scene.server.connectionCount == 0)
            #expect(scene.responder.seen == ["/x", "/wait"])
            idle.close()
            partial.close()
        }
    }

    @Test func `what does not end within the grace is cut`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await until { scene.responder.gate.waiting == 1 })
            await scene.server.stop(graceMilliseconds: 20)
            #expect(try await wire.takeAll() == "")
            scene.responder.gate.open()
            #expect(await until { scene.server.connectionCount == 0 })
            wire.close()
        }
    }

    @Test func `an address that is not ours can't be listened on`() async throws {
        try await withLoops(2) { group in
            let fault = await #expect(throws: Fault.self) {
                _ = try await Server(on: .v4(0x0808_0808, port: 0), group: group, responder: TestResponder())
            }
            #expect(fault?.code == .unavailable)
        }
    }
}
