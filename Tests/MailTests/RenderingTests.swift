// Mail as bytes: checked against the RFCs by hand, and read back by Python's `email` package.

import Base
import Foundation
import Testing

@testable import Mail

@Suite struct RenderingTests {
    private static let recipient = MailAddress("user@example.com")
    private static let sender = MailSender("Insula <insula@example.com>")
    private static let id = MailID(UUIDBits(high: 0x018F_0000_0000_7000, low: 0x8000_0000_0000_0001))

    private func render(subject: String, text: String, sender: MailSender? = nil) throws -> [UInt8] {
        let message = try MailMessage(to: try #require(RenderingTests.recipient), subject: subject, text: text)
        let mail = RenderedMail(
            message, id: RenderingTests.id, from: try sender ?? #require(RenderingTests.sender), host: "insula.example.com",
            date: Timestamp(microseconds: 784_111_777_000_000))
        return mail.content
    }

    @Test func `a plain mail is what the RFC says, byte by byte`() throws {
        let content = try render(subject: "Hello", text: "One\nTwo = 2\n")
        #expect(
            String(decoding: content, as: UTF8.self) == """
                Date: Sun, 06 Nov 1994 08:49:37 +0000\r
                From: "Insula"\r
                 <insula@example.com>\r
                To: user@example.com\r
                Subject: Hello\r
                Message-ID: <\(RenderingTests.id)@insula.example.com>\r
                MIME-Version: 1.0\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Transfer-Encoding: quoted-printable\r
                Auto-Submitted: auto-generated\r
                \r
                One\r
                Two =3D 2\r

                """)
    }

    private static let subjects = [
        "Hello", "Grüße aus Köln", String(repeating: "ä", count: 200), String(repeating: "word ", count: 60), "=?utf-8?B?SGk=?=",
        "a\r\nBcc: evil@example.com", "a\nb", "a\u{0}b", "日本語の件名がここにあります、とても長いのでいくつかの語に分かれます。", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
        "a\u{85}b\u{2028}c", "", "   ", "\"quoted\" \\ back",
    ]
    private static let texts = [
        "", "short", "ends\n", "a\r\nb\rc\nd", "trailing \nspaces\t\n end ", ".\n..\n.leading\n", "From here\n",
        String(repeating: "x", count: 1_000), String(repeating: "é", count: 500), String(repeating: "=", count: 300),
        String(repeating: " ", count: 200) + "\n" + String(repeating: "y", count: 75) + "=" + String(repeating: "z", count: 76),
        "zero \u{0} bell \u{7}\n", "https://insula.example.com/reset?token=abc=def&x=1\n", "日本語\n👩‍👩‍👧‍👦\n",
    ]

    @Test func `every line has a proper length and seven bits, and no field is added`() throws {
        for subject in RenderingTests.subjects {
            for text in RenderingTests.texts {
                let content = try render(subject: subject, text: text)
                #expect(content.allSatisfy { $0 < 0x80 && $0 != 0 })
                let all = String(decoding: content, as: UTF8.self)
                #expect(all.hasSuffix("\r\n"))
                let lines = all.components(separatedBy: "\r\n")
                #expect(lines.allSatisfy { !$0.contains("\r") && !$0.contains("\n") })
                for line in lines { #expect(line.utf8.count <= 78, "\(line)") }
                let end = try #require(lines.firstIndex(of: ""))
                for line in lines[(end + 1)...] {
                    #expect(line.utf8.count <= 76 && !line.hasSuffix(" ") && !line.hasSuffix("\t"))
                }
                let names = lines[..<end].filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
                #expect(
                    names == [
                        "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type",
                        "Content-Transfer-Encoding",
                        "Auto-Submitted",
                    ])
            }
        }
    }

    @Test func `Python reads back what was written`() throws {
        let python = "/usr/bin/python3"
        let found = ["/usr/local/bin/python3", python].first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else {
            print("python3 is absent: 0 mails were read back")
            return
        }
        // Subject, sender's name and text of a mail, each in base64, since they hold everything.
        let script = """
            import base64, email, email.policy, sys
            mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
            show = lambda text: print(base64.b64encode(text.encode()).decode())
            assert not mail.defects, mail.defects
            assert mail['Auto-Submitted'] == 'auto-generated' and mail['To'].addresses[0].addr_spec == 'user@example.com'
            assert mail['Message-ID'].endswith('@insula.example.com>') and mail['Date'].datetime.timestamp() == 784111777
            show(mail['Subject']); show(mail['From'].addresses[0].display_name); show(mail.get_content())
            """
        var count = 0
        let names = ["Insula", "Ä Firma, \"GmbH\"", "O\"Neil \\ Co"]
        for at in 0..<max(RenderingTests.subjects.count, RenderingTests.texts.count) {
            let subject = RenderingTests.subjects[at % RenderingTests.subjects.count]
            let text = RenderingTests.texts[at % RenderingTests.texts.count]
            let name = names[at % names.count]
            let sender = MailSender(name: name, address: try #require(MailAddress("insula@example.com")))
            let output = try RenderingTests.run(found, script, try render(subject: subject, text: text, sender: sender))
            let read = output.split(separator: "\n", omittingEmptySubsequences: false).prefix(3).map {
                String(decoding: Data(base64Encoded: String($0)) ?? Data("no base64: \($0)".utf8), as: UTF8.self)
            }
            var lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            if !lines.isEmpty && !lines.hasSuffix("\n") { lines += "\n" }
            #expect(
                read == [
                    try MailMessage(to: try #require(RenderingTests.recipient), subject: subject, text: "").subject, name, lines,
                ])
            count += 1
        }
        print("\(count) mails were read back by Python")
    }

    private static func run(_ program: String, _ script: String, _ input: [UInt8]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-c", script]
        let (inside, outside) = (Pipe(), Pipe())
        process.standardInput = inside
        process.standardOutput = outside
        try process.run()
        try inside.fileHandleForWriting.write(contentsOf: Data(input))
        try inside.fileHandleForWriting.close()
        let data = outside.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }

    @Test func `what is too long is cut in a subject and refused in a text`() throws {
        let recipient = try #require(RenderingTests.recipient)
        let long = try MailMessage(to: recipient, subject: String(repeating: "é", count: 300), text: "")
        #expect(long.subject.utf8.count == MailMessage.subjectByteLimit && long.subject.allSatisfy { $0 == "é" })
        let most = String(repeating: "x", count: MailMessage.textByteLimit)
        #expect(try MailMessage(to: recipient, subject: "", text: most).text == most)
        let fault = #expect(throws: Fault.self) { try MailMessage(to: recipient, subject: "", text: most + "x") }
        #expect(fault?.code == .contentTooLarge)
    }

    @Test func `an attempt that is repeated sends the same bytes`() throws {
        #expect(try render(subject: "Grüße", text: "x") == render(subject: "Grüße", text: "x"))
    }
}
