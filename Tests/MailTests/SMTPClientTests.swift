// Mail over real sockets to a server that is right, and to servers that are wrong in every way we know.

import Base
import HTTP
import InsulaTesting
import Loop
import Testing

@testable import Mail

@Suite struct SMTPClientTests {
    typealias Stage = FakeSMTPServer.Stage
    typealias Deed = FakeSMTPServer.Deed

    @Test func `mail arrives whole by STARTTLS, and nothing that matters was said before`() async throws {
        let certificate = try TestCertificate()
        try await Post.run(certificate) { post in
            let mail = try Post.mail()
            try await post.client(.startTLS, credentials: Post.credentials, trusting: certificate).deliver(mail)
            let taken = try await post.server.taken(count: 1)[0]
            #expect(taken.content == mail.content && taken.isSecure && taken.login == Post.login)
            #expect(taken.sender == "insula@example.com" && taken.recipients == ["user@example.com"])
            #expect(taken.mail.subject == "Grüße" && taken.mail.text == "Hello\n.\n..\n.leading dot\n")
            try await post.server.heard("QUIT")
            let plain = post.server.commands.filter { !$0.isSecure }.map(\.line)
            #expect(plain == ["EHLO insula.example.com", "STARTTLS"])
        }
    }

    @Test func `mail arrives under TLS from the first byte, with either way to log in, by name and by address`() async throws {
        let certificate = try TestCertificate()
        for (mechanism, host) in [
            ("PLAIN", WebHost.domain("localhost")), ("LOGIN", .address(.v4(0x7F00_0001))), ("LOGIN PLAIN", .domain("localhost")),
        ] {
            try await Post.run(certificate) { manner in
                manner.isImplicit = true
                manner.mechanisms = [mechanism]
            } _: { post in
                let mail = try Post.mail()
                let client = post.client(.tls, credentials: Post.credentials, trusting: certificate, host: host)
                try await client.deliver(mail)
                try await client.deliver(mail)
                let taken = try await post.server.taken(count: 2)
                #expect(taken.allSatisfy { $0.content == mail.content && $0.login == Post.login && $0.isSecure })
                #expect(post.server.commands.allSatisfy { $0.isSecure })
            }
        }
    }

    @Test func `a password too long for one line follows on the next`() async throws {
        let certificate = try TestCertificate()
        let password = String(repeating: "p", count: 600)
        try await Post.run(certificate) { post in
            let credentials = SMTPEndpoint.Credentials(user: "mailer", password: Secret(password))
            try await post.client(.startTLS, credentials: credentials, trusting: certificate).deliver(try Post.mail())
            #expect(try await post.server.taken(count: 1)[0].login == "mailer:" + password)
            #expect(post.server.commands.contains(FakeSMTPServer.Command("AUTH PLAIN", isSecure: true)))
        }
    }

    @Test func `without TLS mail goes only where that was said, and no password does`() async throws {
        try await Post.run { post in
            let mail = try Post.mail()
            try await post.client(.none).deliver(mail)
            #expect(try await post.server.taken(count: 1)[0].content == mail.content)
        }
    }

    // MARK: TLS that is not to be trusted

    @Test func `a server without STARTTLS gets neither mail nor password`() async throws {
        try await Post.run {
            $0.offersStartTLS = false
        } _: { post in
            let failure = try await Post.failure(post.client(.startTLS, credentials: Post.credentials))
            #expect(failure == DeliveryFailure("EHLO: the server offers no STARTTLS"))
            try await post.server.heard("QUIT")
            #expect(post.server.commands.map(\.line) == ["EHLO insula.example.com", "QUIT"])
        }
    }

    @Test func `a server that refuses STARTTLS gets neither mail nor password`() async throws {
        try await Post.run(try TestCertificate()) { manner in
            manner.deed = { stage, _ in stage == .startTLS ? .say("454 4.7.0 not now\r\n") : nil }
        } _: { post in
            let failure = try await Post.failure(post.client(.startTLS, credentials: Post.credentials))
            #expect(failure == DeliveryFailure("STARTTLS: 454 4.7.0"))
            #expect(post.server.commands.map(\.line).prefix(2) == ["EHLO insula.example.com", "STARTTLS"])
            #expect(post.server.commands.allSatisfy { !$0.line.hasPrefix("AUTH") && !$0.line.hasPrefix("MAIL") })
        }
    }

    @Test func `a certificate for another name, or by nobody we trust, gets nothing`() async throws {
        let (ours, other) = (try TestCertificate(), try TestCertificate("DNS:elsewhere.example"))
        for (shown, trusted) in [(other, other), (ours, other)] {
            for isImplicit in [false, true] {
                try await Post.run(shown) {
                    $0.isImplicit = isImplicit
                } _: { post in
                    let security: SMTPEndpoint.Security = isImplicit ? .tls : .startTLS
                    let failure = try await Post.failure(
                        post.client(security, credentials: Post.credentials, trusting: trusted))
                    #expect(failure?.reason.contains("the certificate was not accepted") == true && failure?.isPermanent == false)
                    #expect(!post.server.commands.contains { $0.line.hasPrefix("AUTH") || $0.line.hasPrefix("MAIL") })
                }
            }
        }
    }

    @Test func `what is put in before TLS is not believed`() async throws {
        let certificate = try TestCertificate()
        // Replies that would otherwise be taken for those of the server behind TLS, and capabilities that were never there.
        let injections = [
            (Stage.startTLS, "220 go ahead\r\n250 ok\r\n"), (.startTLS, "220 go ahead\r\n2"),
            (.startTLS, "220 go ahead\r\n250-fake\r\n250 AUTH PLAIN\r\n235 welcome\r\n"),
            (.hello, "250-fake\r\n250 STARTTLS\r\n220 go ahead\r\n"), (.greeting, "220 hi\r\n250-fake\r\n250 AUTH LOGIN\r\n"),
        ]
        for (at, text) in injections {
            try await Post.run(certificate) { manner in
                manner.deed = { stage, _ in stage == at ? .say(text) : nil }
            } _: { post in
                let failure = try await Post.failure(
                    post.client(.startTLS, credentials: Post.credentials, trusting: certificate))
                #expect(failure?.reason.hasSuffix("the server spoke without being asked") == true, "\(text)")
                #expect(!post.server.commands.contains { $0.line.hasPrefix("AUTH") || $0.line.hasPrefix("MAIL") })
            }
        }
    }

    @Test func `a password is not sent where AUTH is offered before TLS alone`() async throws {
        try await Post.run(try TestCertificate()) { manner in
            manner.offersStartTLS = false
            manner.deed = { stage, _ in stage == .hello ? .say("250-fake\r\n250 AUTH PLAIN LOGIN\r\n") : nil }
        } _: { post in
            let failure = try await Post.failure(post.client(.startTLS, credentials: Post.credentials))
            #expect(failure != nil)
            #expect(!post.server.commands.contains { $0.line.hasPrefix("AUTH") })
        }
    }

    // MARK: Servers that are wrong

    @Test(arguments: [Stage.greeting, .hello, .authentication, .sender, .recipient, .data, .content])
    func `a refusal is worth another attempt, unless it is a final one of the mail itself`(_ at: Stage) async throws {
        let certificate = try TestCertificate()
        for (code, isFinal) in [("450 4.2.1", false), ("550 5.1.1", true), ("421 4.3.2", false)] {
            try await Post.run(certificate) { manner in
                manner.deed = { stage, _ in stage == at ? .say("\(code) <user@example.com> no, not you\r\n") : nil }
            } _: { post in
                let failure = try #require(
                    try await Post.failure(post.client(.startTLS, credentials: Post.credentials, trusting: certificate)))
                let concernsMail = ![.greeting, .hello, .authentication, .sender].contains(at)
                #expect(failure.isPermanent == (isFinal && concernsMail))
                // Neither the recipient nor anything else of the mail is in what goes to the log.
                #expect(failure.reason.hasPrefix("\(at.rawValue): \(code.prefix(3))") && !failure.reason.contains("user"))
                #expect(post.server.taken.isEmpty)
            }
        }
    }

    @Test(arguments: [Stage.greeting, .hello, .startTLS, .authentication, .sender, .recipient, .data, .content])
    func `a server that says nothing, goes away or talks nonsense is given up`(_ at: Stage) async throws {
        let certificate = try TestCertificate()
        let deeds: [(Deed, String)] = [
            (.hang, "did not answer in time"), (.close, "connection was "), (.say("hello there\r\n"), "no reply"),
            (.say("250\n"), "no reply"),
            (.say("99 x\r\n"), "no reply"), (.say("250-a\r\n251 b\r\n"), "no reply"), (.say("250_a\r\n"), "no reply"),
            (.say("250 a\rb\r\n"), "no reply"), (.flood("250-more and more\r\n"), "too long"),
            (.flood("250 without an end "), "too long"),
        ]
        for (deed, reason) in deeds {
            try await Post.run(certificate) { manner in
                manner.deed = { stage, _ in stage == at ? deed : nil }
            } _: { post in
                var milliseconds: Int?
                if case .hang = deed { milliseconds = 200 }
                let failure = try #require(
                    try await Post.failure(
                        post.client(
                            .startTLS, credentials: Post.credentials, trusting: certificate, stageMilliseconds: milliseconds)))
                #expect(failure.reason.contains(reason), "\(deed): \(failure.reason)")
                #expect(!failure.isPermanent && post.server.taken.isEmpty)
            }
        }
    }

    @Test func `nonsense after the mail was taken changes nothing`() async throws {
        for deed in [Deed.close, .say("\u{0}\r\n"), .say("500 never\r\n")] {
            try await Post.run { manner in
                manner.deed = { stage, _ in stage == .quit ? deed : nil }
            } _: { post in
                try await post.client(.none).deliver(try Post.mail())
                #expect(post.server.taken.count == 1)
            }
        }
    }

    @Test func `where nobody listens, and where a name has no address, is told`() async throws {
        try await Post.run { post in
            post.server.stop()
            let refused = try await Post.failure(post.client(.tls))
            #expect(refused?.reason.hasPrefix("connect: ") == true)
            let failure = try await Post.failure(post.client(.tls, host: .domain("none.invalid")))
            #expect(failure?.reason == "connect: The name none.invalid could not be resolved.")
        }
    }

    @Test func `a cancelled attempt ends at once, wherever it is`() async throws {
        for at in [Stage.greeting, .hello, .content] {
            try await Post.run { manner in
                manner.deed = { stage, _ in stage == at ? .hang : nil }
            } _: { post in
                let client = post.client(.none)
                let attempt = Task(executorPreference: post.loop) { try await Post.failure(client) }
                if at == .hello { try await post.server.heard("EHLO") }
                if at == .content { try await post.server.heard("DATA") }
                attempt.cancel()
                let failure = try await attempt.value
                #expect(failure != nil)
            }
        }
    }
}
