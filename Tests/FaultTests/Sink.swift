// The server that executions talk to: it counts what it is asked, and can hold its answers back until it is told.

import Base
import Foundation
import Loop
import Synchronization

/// Answers every request with the same few words.
final class Sink: Sendable {
    /// A request.
    struct Hit: Sendable {
        let path: String
        let idempotencyKey: String?
    }

    private struct State {
        var hits: [Hit] = []
        var held: Set<String> = []
    }

    let port: UInt16
    private let listener: Listener
    private let state = Mutex(State())

    private init(_ listener: Listener) {
        self.listener = listener
        port = listener.address.port
    }

    /// Runs `body` with a sink.
    /// - Parameter held: paths that are not answered until `release`.
    static func run(holding held: String..., body: (Sink) async throws -> Void) async throws {
        let made = await testLoop.call { () -> Result<Sink, Fault> in
            Result { () throws(Fault) in
                let sink = Sink(try Listener(.v4(0x7F00_0001, port: 0), on: testLoop))
                sink.state.withLock { $0.held = Set(held) }
                sink.listener.start { socket, _ in
                    testLoop.spawn { await sink.serve(socket) }
                }
                return sink
            }
        }
        let sink = try made.get()
        do {
            try await body(sink)
        } catch {
            await sink.stop()
            throw error
        }
        await sink.stop()
    }

    private func stop() async {
        release()
        await testLoop.call { [self] in listener.stop() }
    }

    /// The setting that lets a server's tools reach this sink.
    var settings: [String: String] { ["INSULA_OUTBOUND_ALLOW": "127.0.0.1/32:\(port)"] }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// What was asked so far, in order.
    var hits: [Hit] { state.withLock { $0.hits } }

    func count(_ path: String) -> Int { hits.count { $0.path == path } }

    /// Answers what is held back, and holds back no more.
    func release() { state.withLock { $0.held = [] } }

    private func serve(_ socket: StreamSocket) async {
        defer { socket.close() }
        var taken = ""
        while !taken.contains("\r\n\r\n") {
            guard let more = try? await socket.read(upTo: 65_536), !more.isEmpty else { return }
            taken += String(decoding: more, as: UTF8.self)
        }
        let lines = taken.components(separatedBy: "\r\n")
        let path = lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let key = lines.first { $0.lowercased().hasPrefix("idempotency-key:") }
        let hit = Hit(path: path, idempotencyKey: key?.dropFirst("idempotency-key:".count).trimmingCharacters(in: .whitespaces))
        state.withLock { $0.hits.append(hit) }
        while state.withLock({ $0.held.contains(path) }) { await testLoop.sleep(milliseconds: 5) }
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\nconnection: close\r\n\r\ndone"
        try? await socket.write(Array(answer.utf8))
    }
}
