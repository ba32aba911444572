// What the tests of connections share: a loop to run on, a peer that does what a test scripts, and a raw dialler that shows every byte.

import Base
import Loop

@testable import HTTP

/// Loops for one test, stopped when it ends.
func withLoops<Value: Sendable>(
    _ count: Int = 1, _ body: @escaping @Sendable (LoopGroup) async throws -> Value
) async throws -> Value {
    let group = LoopGroup(count: count)
    defer { group.stop() }
    let result = await group.loops[0].call { () -> Result<Value, any Error> in
        do { return .success(try await body(group)) } catch { return .failure(error) }
    }
    return try result.get()
}

/// One connection, seen as bytes. Used on its loop alone.
final class Wire: @unchecked Sendable {
    let socket: StreamSocket
    /// Which connection of its peer this is, from 1.
    let number: Int
    private(set) var pending: [UInt8] = []

    init(_ socket: StreamSocket, number: Int = 1) {
        self.socket = socket
        self.number = number
    }

    /// Dials a port of loopback. Every read and write of the test has to end within ten seconds.
    static func dial(_ port: UInt16, on loop: EventLoop) async throws -> Wire {
        let deadline = Instant.now.advanced(milliseconds: 10_000)
        let wire = Wire(try await StreamSocket.connect(to: .v4(0x7F00_0001, port: port), on: loop, deadline: deadline))
        wire.socket.setDeadline(deadline)
        return wire
    }

    func send(_ text: String) async throws { try await socket.write(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) async throws { try await socket.write(bytes) }
    func close() { socket.close() }

    /// Reads more; `false` at the end of the stream, or when it was cut.
    private func fill() async throws -> Bool {
        do throws(SocketFailure) {
            let more = try await socket.read(upTo: 65_536)
            pending += more
            return !more.isEmpty
        } catch .kernel {
            return false
        }
    }

    /// Takes `count` bytes, or fewer at the end.
    func take(_ count: Int) async throws -> [UInt8] {
        while pending.count < count, try await fill() {}
        defer { pending.removeFirst(min(count, pending.count)) }
        return Array(pending.prefix(count))
    }

    /// Takes everything to the end of the stream.
    func takeAll() async throws -> String {
        while try await fill() {}
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Takes a head with its empty line; what there is at the end.
    func takeHead() async throws -> String {
        let mark = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            if pending.count >= 4 {
                for at in searched...(pending.count - 4) where pending[at] == 13 && Array(pending[at..<at + 4]) == mark {
                    return String(decoding: try await take(at + 4), as: UTF8.self)
                }
                searched = pending.count - 3
            }
            guard try await fill() else { return try await takeAll() }
        }
    }

    /// Takes a message whose body has the length that its head tells.
    func takeMessage() async throws -> (head: String, body: String) {
        let head = try await takeHead()
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        let length = line.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
        return (head, String(decoding: try await take(length), as: UTF8.self))
    }
}

/// A server on loopback that does with each connection what a test says.
final class Peer: @unchecked Sendable {
    // Made and stopped on its loop; the count is touched there alone.

    let port: UInt16
    private let listener: Listener
    private(set) var accepted = 0

    init(on loop: EventLoop, _ serve: @escaping @Sendable (Wire) async throws -> Void) throws {
        listener = try Listener(.v4(0x7F00_0001, port: 0), on: loop)
        port = listener.address.port
        listener.start { socket, _ in
            self.accepted += 1
            let wire = Wire(socket, number: self.accepted)
            socket.setDeadline(Instant.now.advanced(milliseconds: 10_000))
            loop.spawn {
                try? await serve(wire)
                wire.close()
            }
        }
    }

    func stop() { listener.stop() }
}

/// Runs `test` on a loop with a client that may reach loopback, and a peer that does `serve` with each connection.
func withClient<Value: Sendable>(
    serve: @escaping @Sendable (Wire) async throws -> Void,
    _ test: @escaping @Sendable (OutgoingClient, Peer) async throws -> Value
) async throws -> Value {
    try await withLoops { group in
        let peer = try Peer(on: group.loops[0], serve)
        let client = OutgoingClient(
            group: group, rule: try AddressGuard(allowing: "127.0.0.0/8,::1/128"), pool: BlockingPool(name: "names"))
        let value = try await test(client, peer)
        await client.stop()
        peer.stop()
        return value
    }
}

/// The fault that `body` throws; `nil` when it throws none.
func fault(_ body: () async throws(Fault) -> some Any) async -> Fault? {
    do throws(Fault) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

extension Peer {
    /// A request for `path` of this peer.
    func request(_ method: Method = .get, _ path: String = "/", _ change: (inout ClientRequest) -> Void = { _ in }) throws
        -> ClientRequest
    {
        var request = try ClientRequest(method, "http://127.0.0.1:\(port)\(path)")
        change(&request)
        return request
    }
}
