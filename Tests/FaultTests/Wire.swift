// A client that shows every byte, and can stop in the middle of a request. All connections of these tests live on one loop.

import Base
import Foundation
import JSON
import Loop

/// The loop of the tests' own connections.
let testLoops = LoopGroup(count: 1)
var testLoop: EventLoop { testLoops.loops[0] }

/// An answer.
struct Answer: Sendable {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    /// Reads an answer that ends where the connection does.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { return nil }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        self.headers = headers
        body = Array(text[end.upperBound...].utf8)
        if let length = headers["content-length"].flatMap({ Int($0) }), length != body.count { return nil }
    }
}

/// One connection to loopback.
final class Wire: @unchecked Sendable {
    // Used on the loop alone.
    private let socket: StreamSocket
    private static let patienceMilliseconds = 60_000

    private init(_ socket: StreamSocket) {
        self.socket = socket
    }

    /// Connects; `nil` when nobody listens.
    static func dial(_ port: UInt16) async -> Wire? {
        await testLoop.call {
            let deadline = Instant.now.advanced(milliseconds: patienceMilliseconds)
            guard let socket = try? await StreamSocket.connect(to: .v4(0x7F00_0001, port: port), on: testLoop, deadline: deadline)
            else { return nil }
            socket.setDeadline(deadline)
            return Wire(socket)
        }
    }

    /// Sends bytes; `false` when the connection is gone.
    func send(_ text: String) async -> Bool {
        await testLoop.call { [self] in (try? await socket.write(Array(text.utf8))) != nil }
    }

    /// Everything to the end of the connection, which is then closed.
    func takeAll() async -> [UInt8] {
        await testLoop.call { [self] in
            var taken: [UInt8] = []
            while let more = try? await socket.read(upTo: 65_536), !more.isEmpty { taken += more }
            socket.close()
            return taken
        }
    }

    func close() async { await testLoop.call { [self] in socket.close() } }

    /// The head of a request whose body has `length` bytes; the connection ends with the answer.
    static func head(_ method: String, _ path: String, key: String?, length: Int?) -> String {
        var head = "\(method) \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        if let key { head += "authorization: Bearer \(key)\r\n" }
        if let length { head += "content-type: application/json\r\ncontent-length: \(length)\r\n" }
        return head + "\r\n"
    }

    /// One request on a connection of its own; `nil` when nobody answers.
    static func call(_ port: UInt16, _ method: String, _ path: String, key: String?, _ body: JSONValue?) async -> Answer? {
        guard let wire = await dial(port) else { return nil }
        let content = body.map { String(decoding: $0.bytes, as: UTF8.self) }
        _ = await wire.send(head(method, path, key: key, length: content?.utf8.count) + (content ?? ""))
        return Answer(await wire.takeAll())
    }
}
