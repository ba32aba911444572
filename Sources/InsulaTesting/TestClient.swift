// A raw HTTP/1.1 client for tests of whole servers: it sends the bytes that a test wants, sound or not, over one kept connection, and
// shows the answer. One request at a time; every wait ends within `deadlineMilliseconds`.

import Base
import JSON
import Loop

/// One connection to a server under test.
public final class TestClient: @unchecked Sendable {
    // What varies is touched on `loop` alone, by one request at a time.

    public static let deadlineMilliseconds = 60_000

    private let port: UInt16
    private let loop: EventLoop
    private let headers: [(String, String)]
    private var socket: StreamSocket?
    private var pending: [UInt8] = []

    /// - Parameter headers: what every request carries.
    public init(port: UInt16, on loop: EventLoop, headers: [(String, String)] = []) {
        self.port = port
        self.loop = loop
        self.headers = headers
    }

    /// Sends a request with a JSON body, or without any.
    public func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, headers: [(String, String)] = []
    ) async throws -> TestAnswer {
        guard let body else { return try await send(method, path, headers: headers) }
        return try await send(method, path, headers: headers + [("content-type", "application/json")], body: body.bytes)
    }

    /// Sends a request whose body is `body`, byte for byte.
    public func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> TestAnswer {
        try await exchange(request(method, path, headers, body), isHead: method == "HEAD")
    }

    /// Sends a request and goes away at once, or when `count` bytes of it are sent.
    public func abandon(_ method: String, _ path: String, _ body: JSONValue? = nil, after count: Int = .max) async throws {
        let type = body == nil ? [] : [("content-type", "application/json")]
        let bytes = Array(request(method, path, type, body?.bytes).prefix(count))
        try await onLoop { client in
            try await client.connect().write(bytes)
            client.drop()
        }
    }

    /// Sends `bytes` as they are and reads one answer.
    public func exchange(_ bytes: [UInt8], isHead: Bool = false) async throws -> TestAnswer {
        try await onLoop { client in
            let socket = try await client.connect()
            try await socket.write(bytes)
            return try await client.read(socket, isHead: isHead)
        }
    }

    /// Closes the connection.
    public func close() async {
        await loop.call { self.drop() }
    }

    private func request(
        _ method: String, _ path: String, _ further: [(String, String)], _ body: [UInt8]?
    ) -> [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n"
        for (name, value) in headers + further { text += "\(name): \(value)\r\n" }
        if let body { text += "content-length: \(body.count)\r\n" }
        return Array((text + "\r\n").utf8) + (body ?? [])
    }

    // MARK: On the loop

    private func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (TestClient) async throws -> Value
    ) async throws -> Value {
        let outcome = await loop.call { () -> Result<Value, any Error> in
            do {
                return .success(try await body(self))
            } catch {
                self.drop()
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func connect() async throws -> StreamSocket {
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        if let socket {
            socket.setDeadline(deadline)
            return socket
        }
        let made = try await StreamSocket.connect(to: .v4(0x7F00_0001, port: port), on: loop, deadline: deadline)
        made.setDeadline(deadline)
        socket = made
        return made
    }

    private func drop() {
        socket?.close()
        socket = nil
        pending = []
    }

    private func read(_ socket: StreamSocket, isHead: Bool) async throws -> TestAnswer {
        let mark = Array("\r\n\r\n".utf8)
        var end = pending.firstIndex(of: mark)
        while end == nil {
            try await fill(socket)
            end = pending.firstIndex(of: mark)
        }
        let head = String(decoding: pending[..<(end ?? 0)], as: UTF8.self)
        pending.removeFirst((end ?? 0) + mark.count)
        let answer = TestAnswer(head: head, body: [])
        if !isHead, answer["transfer-encoding"] == "chunked" {
            let body = try await readChunks(socket)
            if answer["connection"] == "close" { drop() }
            return TestAnswer(head: head, body: body)
        }
        let length = isHead || answer.status == 204 ? 0 : answer["content-length"].flatMap { Int($0) } ?? 0
        while pending.count < length { try await fill(socket) }
        let body = Array(pending.prefix(length))
        pending.removeFirst(length)
        if answer["connection"] == "close" { drop() }
        return TestAnswer(head: head, body: body)
    }

    /// The chunks of a body, put together. A stream that breaks off is an error.
    private func readChunks(_ socket: StreamSocket) async throws -> [UInt8] {
        let end = Array("\r\n".utf8)
        var body: [UInt8] = []
        while true {
            while pending.firstIndex(of: end) == nil { try await fill(socket) }
            let at = pending.firstIndex(of: end) ?? 0
            guard let size = Int(String(decoding: pending[..<at], as: UTF8.self), radix: 16) else {
                throw Fault(.malformed, "A chunk has no size.")
            }
            while pending.count < at + size + 4 { try await fill(socket) }
            body += pending[(at + 2)..<(at + 2 + size)]
            pending.removeFirst(at + size + 4)
            if size == 0 { return body }
        }
    }

    private func fill(_ socket: StreamSocket) async throws {
        let more = try await socket.read(upTo: 65_536)
        guard !more.isEmpty else { throw Fault(.unavailable, "The server closed the connection before its answer was whole.") }
        pending += more
    }
}

extension [UInt8] {
    /// Where `part` begins for the first time.
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        guard count >= part.count else { return nil }
        return (0...count - part.count).first { at in
            self[at] == part[0] && self[at..<at + part.count].elementsEqual(part)
        }
    }
}
