// A server for tests: a responder with a path for each behaviour, a gate that holds requests, and what they saw. All on one loop.

import Base
import Loop
import Testing

@testable import HTTP

/// Holds tasks of one loop until it is opened, and tells when enough of them wait.
final class Gate: @unchecked Sendable {
    // Touched on its loop alone.
    private var sleepers: [Sleeper] = []
    private(set) var isOpen = false

    var waiting: Int { sleepers.count }

    func wait(_ loop: EventLoop) async {
        guard !isOpen else { return }
        let sleeper = Sleeper(loop: loop)
        sleepers.append(sleeper)
        await sleeper.wait(until: Instant.now.advanced(milliseconds: 10_000))
    }

    func open() {
        isOpen = true
        for sleeper in sleepers { sleeper.wake() }
        sleepers = []
    }
}

/// Gives other tasks of the loop their turn until `condition` holds; `false` when ten seconds did not suffice.
func until(_ condition: () -> Bool) async -> Bool {
    let deadline = Instant.now.advanced(milliseconds: 10_000)
    while !condition() {
        guard Instant.now < deadline else { return false }
        await Task.yield()
    }
    return true
}

final class TestResponder: Responder, @unchecked Sendable {
    // Touched on its loop alone.

    /// The targets that reached `respond`, in order.
    private(set) var seen: [String] = []
    /// The bytes of bodies that were streamed and taken.
    private(set) var streamed = 0
    /// Faults that handlers met.
    private(set) var faults: [Fault.Code] = []
    let gate = Gate()

    func respond(to exchange: Exchange) async {
        let path = exchange.head.pathText
        seen.append(path)
        do throws(Fault) {
            switch path {
            case "/echo": try await answer(exchange, exchange.readBody())
            case "/small": try await answer(exchange, exchange.readBody(limitBytes: 10))
            case "/twice":
                _ = try await exchange.readBody()
                try await answer(exchange, exchange.readBody())
            case "/ignore": answer(exchange, Array("ignored".utf8))
            case "/empty": exchange.respond(status: 204)
            case "/unchanged":
                exchange.respond(status: 304) {
                    $0.appendHeader(.etag, "\"1\"")
                } body: {
                    $0 += "no".utf8
                }
            case "/wait":
                await gate.wait(exchange.loop)
                answer(exchange, Array("waited".utf8))
            default: try await stream(path, exchange)
            }
        } catch {
            faults.append(error.code)
            refuse(error, on: exchange)
        }
    }

    private func stream(_ path: String, _ exchange: Exchange) async throws(Fault) {
        switch path {
        case "/stream", "/stream-nothing", "/stream-204":
            exchange.beginStream(status: path == "/stream-204" ? 204 : 200)
            if path != "/stream-nothing" {
                for piece in ["one", "", "two"] { try await exchange.write(Array(piece.utf8)) }
            }
            exchange.endStream()
        case "/flood":
            exchange.beginStream(status: 200)
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
            for _ in 0..<512 {
                try await exchange.write(piece)
                streamed += piece.count
            }
            exchange.endStream()
        case "/break":
            exchange.beginStream(status: 200)
            try await exchange.write(Array("part".utf8))
            throw Fault(.internalError, "The stream broke off.")
        case "/careless":
            // Goes on as if nothing had happened when its peer is gone.
            await gate.wait(exchange.loop)
            exchange.beginStream(status: 200)
            for _ in 0..<64 { try? await exchange.write([UInt8](repeating: 0, count: 64 << 10)) }
            exchange.endStream()
            exchange.respond(status: 500)
        default:
            answer(exchange, Array("\(exchange.head.methodText) \(path)".utf8))
        }
    }

    private func answer(_ exchange: Exchange, _ body: [UInt8]) {
        exchange.respond(status: 200) {
            $0.appendHeader(.contentType, "text/plain")
        } body: {
            $0 += body
        }
    }

    func refuse(_ fault: Fault, on exchange: Exchange) {
        exchange.respond(status: fault.code.status) {
            if let seconds = fault.retryAfterSeconds { $0.appendHeader(.retryAfter, "\(seconds)") }
        } body: {
            $0 += fault.message.utf8
        }
    }
}

/// What a test of a server works with.
struct Scene: Sendable {
    let server: Server
    let responder: TestResponder
    let group: LoopGroup

    var loop: EventLoop { group.loops[0] }

    func dial() async throws -> Wire { try await Wire.dial(server.address.port, on: loop) }

    /// Sends `text` on a new connection, ends our side, and takes all that comes back.
    func tell(_ text: String) async throws -> String {
        let wire = try await dial()
        defer { wire.close() }
        try await wire.send(text)
        return try await wire.takeAll()
    }
}

/// Runs `test` beside a server on one loop, and stops the server.
func withServer<Value: Sendable>(
    _ limits: ServerLimits = ServerLimits(), tls: TLSContext? = nil, _ test: @escaping @Sendable (Scene) async throws -> Value
) async throws -> Value {
    try await withLoops { group in
        let responder = TestResponder()
        let server = try await Server(
            on: .v4(0x7F00_0001, port: 0), group: group, responder: responder, tls: tls, limits: limits)
        let value = try await test(Scene(server: server, responder: responder, group: group))
        responder.gate.open()
        await server.stop(graceMilliseconds: 5_000)
        #expect(server.connectionCount == 0)
        return value
    }
}

/// A final answer, read to its end.
struct Answer: Sendable {
    let status: Int
    let head: String
    let body: String

    /// Whether the head has this line, letters' case ignored.
    func has(_ line: String) -> Bool {
        head.lowercased().split(separator: "\r\n").contains { $0 == line.lowercased() }
    }

    func hasField(_ name: String) -> Bool {
        head.lowercased().split(separator: "\r\n").contains { $0.hasPrefix(name.lowercased() + ":") }
    }
}

extension Wire {
    /// Takes one answer by its own framing. `toHead`: the request was HEAD.
    func takeAnswer(toHead: Bool = false) async throws -> Answer {
        let head = try await takeHead()
        let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        let lower = head.lowercased()
        var body: [UInt8] = []
        if toHead || status < 200 || status == 204 || status == 304 {
            body = []
        } else if lower.contains("transfer-encoding: chunked") {
            body = try await takeChunks()
        } else if let line = lower.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }) {
            body = try await take(Int(line.dropFirst(15).filter { $0 != " " }) ?? 0)
        } else {
            body = Array(try await takeAll().utf8)
        }
        return Answer(status: status, head: head, body: String(decoding: body, as: UTF8.self))
    }

    private func takeChunks() async throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            var line: [UInt8] = []
            repeat {
                let byte = try await take(1)
                guard !byte.isEmpty else { return body }
                line += byte
            } while line.suffix(2) != [13, 10]
            let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) ?? 0
            body += try await take(size)
            _ = try await take(2)
            if size == 0 { return body }
        }
    }
}
