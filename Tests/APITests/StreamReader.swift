// A reader of a streamed answer that takes its time: it reads the beginning, waits for the test, and reads what is left.

import Base
import InsulaTesting
import Loop

/// One connection on which one streamed answer is read in two parts.
final class StreamReader: @unchecked Sendable {
    // Touched on `loop` alone, by one call at a time.
    private let visit: Visit
    private let loop: EventLoop
    private var socket: StreamSocket?
    private var tail: [UInt8] = []
    /// Whether the last chunk came.
    private(set) var isWhole = false

    init(_ visit: Visit) {
        self.visit = visit
        loop = visit.server.readersLoop
    }

    /// Asks, and reads the first bytes of the answer.
    func begin(_ path: String) async throws -> Int {
        let request = "GET \(path) HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \(visit.tenant.key)\r\n\r\n"
        let port = visit.server.port
        return try await onLoop { reader in
            let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
            let made = try await StreamSocket.connect(to: .v4(0x7F00_0001, port: port), on: reader.loop, deadline: deadline)
            made.setDeadline(deadline)
            reader.socket = made
            try await made.write(Array(request.utf8))
            let first = try await made.read(upTo: 1_024)
            guard String(decoding: first, as: UTF8.self).hasPrefix("HTTP/1.1 200") else {
                throw Fault(.internalError, String(decoding: first, as: UTF8.self))
            }
            return first.count
        }
    }

    /// Reads until the server closes or the last chunk came.
    func rest() async throws -> Int {
        try await onLoop { reader in
            guard let socket = reader.socket else { return 0 }
            var count = 0
            while !reader.isWhole {
                guard let piece = try? await socket.read(upTo: 65_536), !piece.isEmpty else { break }
                count += piece.count
                reader.tail = Array((reader.tail + piece).suffix(7))
                reader.isWhole = reader.tail == Array("\r\n0\r\n\r\n".utf8)
            }
            socket.close()
            return count
        }
    }

    private func onLoop(_ body: @escaping @Sendable (StreamReader) async throws -> Int) async throws -> Int {
        let outcome = await loop.call { () -> Result<Int, any Error> in
            do { return .success(try await body(self)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}
