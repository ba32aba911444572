// One connection of the fake server: the right answers, unless the test has said otherwise.

import Base
import Crypto
import HTTP
import Loop

/// One client of a `FakeSMTPServer`. Used on its loop alone.
final class FakeSMTPConversation {
    private let server: FakeSMTPServer
    private let stream: ByteStream
    private let number: Int
    private let deadline = Instant.now.advanced(milliseconds: 60_000)
    private var pending: [UInt8] = []
    private var sender = ""
    private var recipients: [String] = []
    private var login: String?

    /// The conversation is over.
    private struct End: Error {}

    init(_ server: FakeSMTPServer, _ stream: ByteStream, number: Int) {
        self.server = server
        self.stream = stream
        self.number = number
    }

    func run() async {
        do {
            if server.manner.isImplicit, let tls = server.tls { try await stream.secureAsServer(tls, deadline: deadline) }
            try await answer(.greeting, "220 fake ESMTP at your service\r\n")
            while true { try await take(try await line()) }
        } catch {
            stream.close()
        }
    }

    private func take(_ line: String) async throws {
        let verb = line.prefix { $0 != " " }.uppercased()
        switch FakeSMTPServer.Stage(rawValue: verb) {
        case .hello: try await answer(.hello, hello())
        case .startTLS:
            guard let tls = server.tls, !stream.isSecure else { return try await say("502 5.5.1 no\r\n") }
            try await answer(.startTLS, "220 2.0.0 go ahead\r\n")
            pending = []
            try await stream.secureAsServer(tls, deadline: deadline)
        case .authentication: try await authenticate(line)
        case .sender:
            sender = FakeSMTPConversation.path(line)
            try await answer(.sender, "250 2.1.0 ok\r\n")
        case .recipient:
            recipients.append(FakeSMTPConversation.path(line))
            try await answer(.recipient, "250 2.1.5 ok\r\n")
        case .data:
            try await answer(.data, "354 go ahead\r\n")
            let content = try await content()
            let taken = FakeSMTPServer.Taken(
                sender: sender, recipients: recipients, content: content, login: login, isSecure: stream.isSecure)
            // What is answered otherwise than with a yes is not taken.
            let deed = server.manner.deed(.content, number)
            if deed == nil { server.take(taken) }
            try await answer(.content, "250 2.0.0 taken\r\n")
        case .quit:
            try await answer(.quit, "221 2.0.0 bye\r\n")
            throw End()
        case .greeting, .content, nil: try await say("500 5.5.2 what?\r\n")
        }
    }

    private func hello() -> String {
        var lines = ["fake greets you", "SIZE 1000000"]
        if server.manner.offersStartTLS && !stream.isSecure { lines.append("STARTTLS") }
        if !server.manner.mechanisms.isEmpty { lines.append("AUTH " + server.manner.mechanisms.joined(separator: " ")) }
        return lines.dropLast().map { "250-\($0)\r\n" }.joined() + "250 \(lines.last ?? "")\r\n"
    }

    private func authenticate(_ line: String) async throws {
        let words = line.split(separator: " ")
        func decoded(_ text: some StringProtocol) -> [UInt8] { Base64.standard.decode(text) ?? [] }
        if words.count > 1, words[1] == "LOGIN" {
            try await say("334 VXNlcm5hbWU6\r\n")
            let user = decoded(try await self.line())
            try await say("334 UGFzc3dvcmQ6\r\n")
            let password = decoded(try await self.line())
            login = String(decoding: user + [UInt8(ascii: ":")] + password, as: UTF8.self)
        } else {
            var response = words.count > 2 ? decoded(words[2]) : []
            if words.count < 3 {
                try await say("334 \r\n")
                response = decoded(try await self.line())
            }
            let parts = response.split(separator: 0, omittingEmptySubsequences: false)
            login = parts.count == 3 ? String(decoding: parts[1] + [UInt8(ascii: ":")] + parts[2], as: UTF8.self) : nil
        }
        try await answer(.authentication, "235 2.7.0 welcome\r\n")
    }

    // MARK: Bytes

    private func answer(_ stage: FakeSMTPServer.Stage, _ usual: String) async throws {
        switch server.manner.deed(stage, number) {
        case nil: try await say(usual)
        case .say(let text): try await say(text)
        case .hang:
            while true { try await fill() }
        case .close: throw End()
        case .flood(let text):
            while true { try await say(text) }
        }
    }

    private func say(_ text: String) async throws {
        try await stream.write(Array(text.utf8), deadline: deadline)
    }

    private func fill() async throws {
        let more = try await stream.read(upTo: 65_536, deadline: deadline)
        guard !more.isEmpty else { throw End() }
        pending += more
    }

    private func line() async throws -> String {
        while true {
            if let end = pending.firstIndex(of: 0x0A) {
                let line = String(decoding: pending[..<end].filter { $0 != 0x0D }, as: UTF8.self)
                pending.removeFirst(end + 1)
                server.note(FakeSMTPServer.Command(line, isSecure: stream.isSecure))
                return line
            }
            try await fill()
        }
    }

    private func content() async throws -> [UInt8] {
        let end = Array("\r\n.\r\n".utf8)
        var at = pending.firstRange(of: end)
        while at == nil {
            try await fill()
            at = pending.firstRange(of: end)
        }
        let stuffed = pending[..<(at?.lowerBound ?? 0)] + [0x0D, 0x0A]
        pending.removeFirst(at?.upperBound ?? 0)
        var content: [UInt8] = []
        var atLineStart = true
        for byte in stuffed {
            if !(atLineStart && byte == UInt8(ascii: ".")) { content.append(byte) }
            atLineStart = byte == 0x0A
        }
        return content
    }

    private static func path(_ line: String) -> String {
        String(line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
    }
}
