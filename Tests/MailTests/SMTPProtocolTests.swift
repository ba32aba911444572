// The conversation without a socket: what is said to which reply, however the bytes are cut.

import Base
import Testing

@testable import Mail

@Suite struct SMTPProtocolTests {
    private func make(_ security: SMTPEndpoint.Security, _ credentials: SMTPEndpoint.Credentials? = nil) throws -> SMTPProtocol {
        SMTPProtocol(try Post.mail(), clientName: "me.example", security: security, credentials: credentials)
    }

    private func text(_ action: SMTPProtocol.Action) -> String? {
        if case .send(let bytes) = action { return String(decoding: bytes, as: UTF8.self) }
        return nil
    }

    @Test func `the whole conversation, a byte at a time`() throws {
        var conversation = try make(.startTLS, Post.credentials)
        func hear(_ text: String) throws -> SMTPProtocol.Action {
            let bytes = Array(text.utf8)
            for byte in bytes.dropLast() { #expect(try conversation.received([byte]) == .read) }
            return try conversation.received([bytes[bytes.count - 1]])
        }
        #expect(text(try hear("220-hi\r\n220\r\n")) == "EHLO me.example\r\n")
        #expect(text(try hear("250-fake\r\n250-AUTH LOGIN\r\n250 starttls\r\n")) == "STARTTLS\r\n")
        #expect(try hear("220 go\r\n") == .startTLS)
        #expect(text(conversation.secured()) == "EHLO me.example\r\n")
        // What AUTH was before TLS is forgotten.
        #expect(text(try hear("250-fake\r\n250 AUTH XOAUTH2 PLAIN\r\n"))?.hasPrefix("AUTH PLAIN AG1haWxlcgBodW50ZXIy") == true)
        #expect(text(try hear("235 ok\r\n")) == "MAIL FROM:<insula@example.com>\r\n")
        #expect(text(try hear("250 ok\r\n")) == "RCPT TO:<user@example.com>\r\n")
        #expect(text(try hear("251 will forward\r\n")) == "DATA\r\n")
        #expect(text(try hear("354 go\r\n"))?.hasSuffix("\r\n..\r\n...\r\n..leading dot\r\n.\r\n") == true)
        #expect(try hear("250 taken\r\n") == .delivered(goodbye: Array("QUIT\r\n".utf8)))
    }

    @Test func `a second word for a password is not answered twice`() throws {
        var conversation = try make(.tls, Post.credentials)
        _ = try conversation.received(Array("220 hi\r\n".utf8))
        _ = try conversation.received(Array("250-fake\r\n250 AUTH LOGIN\r\n".utf8))
        for _ in 0..<2 { #expect(text(try conversation.received(Array("334 more\r\n".utf8))) != nil) }
        #expect(throws: DeliveryFailure("AUTH: 334")) { _ = try conversation.received(Array("334 more\r\n".utf8)) }
    }

    @Test func `a password without TLS is refused by the protocol itself`() throws {
        var conversation = try make(.none, Post.credentials)
        _ = try conversation.received(Array("220 hi\r\n".utf8))
        #expect(throws: DeliveryFailure("EHLO: a password is never sent without TLS")) {
            _ = try conversation.received(Array("250-fake\r\n250 AUTH PLAIN\r\n".utf8))
        }
    }

    @Test func `dots at the beginnings of lines are doubled, and an end is added where there is none`() {
        for (content, stuffed) in [
            ("", "\r\n.\r\n"), (".", "..\r\n.\r\n"), ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"), ("..\r\n", "...\r\n.\r\n"),
            ("a.b", "a.b\r\n.\r\n"),
        ] {
            let out = SMTPProtocol.stuffed(Array(content.utf8))
            #expect(String(decoding: out, as: UTF8.self) == stuffed || content.isEmpty && out == Array(".\r\n".utf8))
        }
    }

    @Test func `replies have bounds, and are met`() throws {
        func take(_ text: String) throws -> SMTPReply? {
            var parser = SMTPReplyParser()
            return try parser.take(Array(text.utf8))
        }
        let longest = "250 " + String(repeating: "x", count: SMTPReplyParser.lineByteLimit - 6) + "\r\n"
        #expect(try take(longest)?.code == 250)
        #expect(throws: SMTPReplyParser.Malformed.tooLong) { _ = try take("2" + longest) }
        #expect(throws: SMTPReplyParser.Malformed.tooLong) {
            _ = try take(String(repeating: "2", count: SMTPReplyParser.lineByteLimit))
        }
        let lines = String(repeating: "250-x\r\n", count: SMTPReplyParser.lineLimit - 1)
        #expect(try take(lines + "250 x\r\n")?.lines.count == SMTPReplyParser.lineLimit)
        #expect(throws: SMTPReplyParser.Malformed.tooLong) { _ = try take(lines + "250-x\r\n250 x\r\n") }
        for text in [
            "\r\n", "25\r\n", "150 x\r\n", "650 x\r\n", "260 x\r\n", "2x0 x\r\n", "250\u{0}\r\n", "250 a\u{0}\r\n", "-250 x\r\n",
        ] {
            #expect(throws: SMTPReplyParser.Malformed.noReply) { _ = try take(text) }
        }
        #expect(throws: SMTPReplyParser.Malformed.unasked) { _ = try take("250 x\r\n250 y\r\n") }
    }

    @Test func `of a reply the log gets codes and no words`() {
        for (text, summary) in [
            ("5.1.1 <user@example.com> unknown", "550 5.1.1"), ("no", "550"), ("", "550"), ("5.1 x", "550"), ("5.1.1.1", "550"),
            ("5.a.1", "550"), ("user@1.2.3", "550"),
        ] {
            #expect(SMTPReply(code: 550, lines: [text]).summary == summary)
        }
    }
}
