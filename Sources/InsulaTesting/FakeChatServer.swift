// A server of models on loopback that says what a test tells it to, and misbehaves in every way that real ones are known to: chunks split
// anywhere, answers that break off, errors in the middle, silence, floods. It keeps what it was asked.

import Base
import HTTP
import JSON
import Loop
import Synchronization

/// A server that speaks chat completions.
public final class FakeChatServer: Responder {
    /// What was asked.
    public struct Request: Sendable {
        public let path: String
        public let authorization: String?
        public let idempotencyKey: String?
        public let body: JSONValue

        /// What the last message says.
        public var lastContent: String { body["messages"]?.array?.last?["content"]?.string ?? "" }
    }

    /// What it does.
    public enum Deed: Sendable {
        /// These pieces as a stream, and what follows.
        case stream([[UInt8]], ending: Ending = .whole)
        /// A whole answer.
        case answer(status: Int, headers: [(String, String)] = [], body: String)
        /// Nothing, until the client gives up.
        case hang
        /// Pieces of this without an end, until the client gives up.
        case flood(String)
    }

    /// How a stream ends.
    public enum Ending: Sendable {
        case whole
        /// The connection is cut.
        case cut
        /// Silence, until the client gives up.
        case silence
    }

    /// The address for `INSULA_LLM_URL`.
    public let url: String
    private let script: @Sendable (Request, Int) -> Deed
    private let seen = Mutex<[Request]>([])

    private init(port: UInt16, _ script: @escaping @Sendable (Request, Int) -> Deed) {
        url = "http://127.0.0.1:\(port)/v1"
        self.script = script
    }

    /// All that was asked.
    public var requests: [Request] { seen.withLock { $0 } }

    // MARK: Running

    /// Hands requests to whoever is there when they come, since the address is known only when it listens.
    private final class Door: Responder {
        let server = Mutex<FakeChatServer?>(nil)

        func respond(to exchange: Exchange) async {
            guard let server = server.withLock({ $0 }) else { return exchange.respond(status: 503) }
            await server.respond(to: exchange)
        }

        func refuse(_ fault: Fault, on exchange: Exchange) {
            exchange.respond(status: fault.code.status)
        }
    }

    /// Runs `body` with a server that does what `script` says, given the request and its number, from 1.
    public static func run<Value>(
        _ script: @escaping @Sendable (Request, Int) -> Deed, _ body: (FakeChatServer) async throws -> Value
    ) async throws -> Value {
        let group = LoopGroup(count: 1)
        let door = Door()
        let server = try await Server(on: .v4(0x7F00_0001, port: 0), group: group, responder: door)
        let fake = FakeChatServer(port: server.address.port, script)
        door.server.withLock { $0 = fake }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(fake))
        } catch {
            result = .failure(error)
        }
        await server.stop(graceMilliseconds: 0)
        group.stop()
        return try result.get()
    }

    // MARK: Answering

    public func respond(to exchange: Exchange) async {
        let body = (try? await exchange.readBody(limitBytes: 8 << 20)) ?? []
        let head = exchange.head
        let request = Request(
            path: head.pathText, authorization: head.headers.text(of: .authorization),
            idempotencyKey: head.headers.text(of: .idempotencyKey), body: (try? JSONValue(parsing: body)) ?? .null)
        let number = seen.withLock { seen in
            seen.append(request)
            return seen.count
        }
        switch script(request, number) {
        case .answer(let status, let headers, let body):
            exchange.respond(status: status) { head in
                for (name, value) in headers { head.append(contentsOf: "\(name): \(value)\r\n".utf8) }
            } body: {
                $0.append(contentsOf: body.utf8)
            }
        case .stream(let pieces, let ending):
            beginStream(exchange)
            for piece in pieces { try? await exchange.write(piece) }
            switch ending {
            case .whole: exchange.endStream()
            case .cut: exchange.abandonStream()
            case .silence: await silence(exchange)
            }
        case .hang:
            await silence(exchange, hasBegun: false)
        case .flood(let piece):
            beginStream(exchange)
            do throws(Fault) {
                while true { try await exchange.write(Array(piece.utf8)) }
            } catch {
                // The client has gone.
            }
        }
    }

    private func beginStream(_ exchange: Exchange) {
        exchange.beginStream(status: 200) { $0.append(contentsOf: "content-type: text/event-stream\r\n".utf8) }
    }

    private static let silenceMilliseconds = 60_000

    private func silence(_ exchange: Exchange, hasBegun: Bool = true) async {
        let deadline = Instant.now.advanced(milliseconds: FakeChatServer.silenceMilliseconds)
        while Instant.now < deadline, let loop = EventLoop.current, !Task.isCancelled {
            await loop.sleep(milliseconds: 20)
            // Only what is written shows that the client has gone.
            guard hasBegun else { continue }
            do throws(Fault) { try await exchange.write([0x3A, 0x0A, 0x0A]) } catch { return }
        }
        exchange.abandonStream()
    }

    public func refuse(_ fault: Fault, on exchange: Exchange) {
        exchange.respond(status: fault.code.status)
    }
}
