// A WebSocket client for tests, by the other side of the product's own state machine: it says what a test wants, sound or not, and shows what
// comes back. What it does not ask for it does not read, so that it can also be a reader who is slow.

import Base
import HTTP
import JSON
import Loop

/// One WebSocket to a server under test.
public final class TestWebSocket: @unchecked Sendable {
    // What varies is touched on `loop` alone, by one call at a time.

    /// What came.
    public enum Incoming: Sendable, Equatable {
        case message(JSONValue)
        case closed(Int?)
    }

    private let loop: EventLoop
    private let socket: StreamSocket
    private var machine: WebSocketProtocol
    private var arrived: [Incoming] = []
    /// The head of the answer to the handshake.
    public let answer: TestAnswer

    private init(_ socket: StreamSocket, _ answer: TestAnswer, on loop: EventLoop) {
        self.socket = socket
        self.answer = answer
        self.loop = loop
        var limits = WebSocketLimits()
        (limits.framesPerSecond, limits.framesAtOnce) = (1_000_000, 1_000_000)
        machine = WebSocketProtocol(.client, limits: limits)
    }

    /// Opens one.
    /// - Throws: a fault with the answer's head as its cause when the server opens none.
    public static func open(
        _ path: String = "/v1/events", port: UInt16, on loop: EventLoop, headers: [(String, String)] = []
    ) async throws -> TestWebSocket {
        var text = "GET \(path) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        text += "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        let request = Array((text + "\r\n").utf8)
        let outcome = await loop.call { () -> Result<TestWebSocket, any Error> in
            do {
                let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
                let socket = try await StreamSocket.connect(to: .v4(0x7F00_0001, port: port), on: loop, deadline: deadline)
                socket.setDeadline(deadline)
                try await socket.write(request)
                var bytes: [UInt8] = []
                // Byte by byte, so that no frame is read with the head.
                while !bytes.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
                    let more = try await socket.read(upTo: 1)
                    guard !more.isEmpty else { throw Fault(.unavailable, "The server closed the connection.") }
                    bytes += more
                }
                let answer = TestAnswer(head: String(decoding: bytes.dropLast(4), as: UTF8.self), body: [])
                guard answer.status == 101 else {
                    socket.close()
                    throw Fault(.unavailable, "No WebSocket was opened.", cause: "\(answer.status)")
                }
                return .success(TestWebSocket(socket, answer, on: loop))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    // MARK: Saying

    /// Sends a message.
    public func say(_ message: JSONValue) async throws {
        var bytes: [UInt8] = []
        bytes.appendWebSocketFrame(.text, message.bytes, mask: .random())
        try await send(bytes)
    }

    /// Sends bytes as they are.
    public func send(_ bytes: [UInt8]) async throws {
        try await onLoop { try await $0.socket.write(bytes) }
    }

    /// Goes away without a word.
    public func drop() async {
        await loop.call { [self] in socket.close() }
    }

    // MARK: Hearing

    /// The next message, or the end.
    public func next() async throws -> Incoming {
        try await onLoop { client in
            while client.arrived.isEmpty {
                let bytes = try await client.socket.read(upTo: 65_536)
                if bytes.isEmpty { return .closed(nil) }
                for action in client.machine.receive(bytes, now: .now) {
                    switch action {
                    case .text(let text): client.arrived.append(.message(try JSONValue(parsing: text)))
                    case .binary, .pong: break
                    case .send(let answer): try await client.socket.write(answer)
                    case .ended(let code, _): client.arrived.append(.closed(code.map { Int($0.rawValue) }))
                    }
                }
            }
            return client.arrived.removeFirst()
        }
    }

    /// The next message of that type; what comes before it is passed over.
    /// - Throws: when the connection ends first.
    public func next(_ type: String) async throws -> JSONValue {
        while true {
            switch try await next() {
            case .message(let message):
                if message["type"]?.string == type { return message }
            case .closed(let code): throw Fault(.unavailable, "The socket was closed.", cause: "\(code ?? 0)")
            }
        }
    }

    /// The code of the end; what comes before it is passed over.
    public func end() async throws -> Int? {
        while true {
            if case .closed(let code) = try await next() { return code }
        }
    }

    private func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (TestWebSocket) async throws -> Value
    ) async throws -> Value {
        let outcome = await loop.call { [self] () -> Result<Value, any Error> in
            do {
                socket.setDeadline(Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds))
                return .success(try await body(self))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

extension TestServer {
    /// Opens a WebSocket to watch events.
    /// - Parameter port: that of another server, when it is one.
    public func watch(at other: UInt16? = nil, key: String? = nil, headers: [(String, String)] = []) async throws -> TestWebSocket
    {
        try await TestWebSocket.open(
            port: other ?? port, on: visitors.loops[0], headers: (key.map { [("authorization", "Bearer \($0)")] } ?? []) + headers
        )
    }

    /// Writes events into the outbox, as a change would.
    /// - Parameter payload: the text of a JSON object; `n` in it is the number of the event among these.
    public func happen(_ type: String, in tenant: TenantID, about ref: ExecutionID = .make(), count: Int = 1, size: Int = 0)
        throws
    {
        try rows(
            """
            INSERT INTO event_outbox (tenant_id, type, ref, payload)
            SELECT $1::uuid, $2, $3::uuid, jsonb_build_object('n', n, 'filling', repeat('x', $5::int)) FROM generate_series(1, $4::int) n
            """, tenant.uuid, type, ref.uuid, count, size)
    }
}
