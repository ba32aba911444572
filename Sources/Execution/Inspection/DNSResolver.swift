// Asks name servers for records of a kind, over TCP (RFC 7766): nothing is cut off, and nobody beside the way can slip in an answer. The
// servers are those of the machine, which the operator has chosen, so that no guard judges them.
// Bounds: `serverLimit` servers are tried, `answerMilliseconds` each.

import Base
import Glibc
import HTTP
import Loop

/// Looks records up.
struct DNSResolver: Sendable {
    /// A name server.
    struct Server: Sendable, Hashable {
        let address: IPAddress
        var port = 53
    }

    static let serverLimit = 3
    static let answerMilliseconds = 5_000
    private static let configurationBytes = 16 << 10

    let servers: [Server]
    private let pool: BlockingPool

    /// - Parameter pool: takes what blocks.
    init(servers: [Server], pool: BlockingPool) {
        self.servers = Array(servers.prefix(DNSResolver.serverLimit))
        self.pool = pool
    }

    /// The servers that the machine is configured for, or the machine itself when it names none (resolv.conf(5)).
    static func system(pool: BlockingPool) -> DNSResolver {
        var text: [UInt8] = []
        if let file = unsafe fopen("/etc/resolv.conf", "r") {
            text = [UInt8](repeating: 0, count: configurationBytes)
            let count = unsafe fread(&text, 1, text.count, file)
            text.removeLast(text.count - count)
            unsafe fclose(file)
        }
        let servers = DNSResolver.servers(in: String(decoding: text, as: UTF8.self))
        return DNSResolver(servers: servers.isEmpty ? [Server(address: .v4(0x7F00_0001))] : servers, pool: pool)
    }

    /// The servers that a configuration names.
    static func servers(in configuration: String) -> [Server] {
        configuration.split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            return IPAddress(words[1]).map { Server(address: $0) }
        }
    }

    /// The records of that kind, aliases on the way to them included; none for a name that has none or does not exist.
    /// - Throws: `.invalid` for what is no name; `.outboundFailed` or `.timedOut` when no server answers.
    func records(_ type: DNSRecordType, of name: String, deadline: Instant) async throws(Fault) -> [DNSRecord] {
        let id = UInt16.random(in: 0...UInt16.max)
        guard let question = DNSMessage.question(name, type, id: id) else {
            throw .invalid("target", "format", "This is no name that can be looked up.")
        }
        var failure = Fault(.outboundFailed, "There is no name server.")
        for server in servers {
            do throws(Fault) {
                let alone = Instant.now.advanced(milliseconds: DNSResolver.answerMilliseconds)
                let message = try await ask(server, question, deadline: min(alone, deadline))
                guard message.id == id else { throw Fault(.outboundFailed, "The name server answered another question.") }
                guard message.code == 0 || message.code == 3 else {
                    throw Fault(.outboundFailed, "The name server could not answer (code \(message.code)).")
                }
                return message.records
            } catch {
                if error.code == .cancelled || Instant.now >= deadline { throw error }
                failure = error
            }
        }
        throw failure
    }

    private func ask(_ server: Server, _ question: [UInt8], deadline: Instant) async throws(Fault) -> DNSMessage {
        guard let loop = EventLoop.current else { preconditionFailure("names are looked up by tasks that live on a loop") }
        let stream = try await ByteStream.dial(
            .address(server.address), port: server.port, on: loop, names: pool, deadline: deadline)
        defer { stream.close() }
        try await stream.write([UInt8(question.count >> 8), UInt8(question.count & 255)] + question, deadline: deadline)
        var bytes: [UInt8] = []
        var wanted = 2
        while bytes.count < wanted {
            let piece = try await stream.read(upTo: wanted - bytes.count, deadline: deadline)
            guard !piece.isEmpty else { throw Fault(.outboundFailed, "The name server broke off.") }
            bytes += piece
            if wanted == 2, bytes.count == 2 { wanted = 2 + (Int(bytes[0]) << 8 | Int(bytes[1])) }
        }
        return try DNSMessage(Array(bytes.dropFirst(2)))
    }
}
