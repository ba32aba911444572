// What the tests of SMTP share: a loop with a fake server on it, and mail to send.

import Base
import HTTP
import InsulaTesting
import Loop
import Testing

@testable import Mail

/// A fake server and what speaks to it, on one loop.
struct Post: Sendable {
    let server: FakeSMTPServer
    let loop: EventLoop
    let names: BlockingPool

    /// Runs `body` on a loop beside a fake server.
    static func run<Value: Sendable>(
        _ certificate: TestCertificate? = nil, _ change: (inout FakeSMTPServer.Manner) -> Void = { _ in },
        _ body: @escaping @Sendable (Post) async throws -> Value
    ) async throws -> Value {
        var manner = FakeSMTPServer.Manner()
        change(&manner)
        let group = LoopGroup(count: 1)
        let names = BlockingPool(name: "names", threads: 2)
        let outcome = await group.loops[0].call { [manner] () -> Result<Value, any Error> in
            do {
                let server = try FakeSMTPServer(on: group.loops[0], certificate: certificate, manner)
                let value = try await body(Post(server: server, loop: group.loops[0], names: names))
                server.stop()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        group.stop()
        names.stop()
        return try outcome.get()
    }

    static let credentials = SMTPEndpoint.Credentials(user: "mailer", password: Secret("hunter2 with ümlaut"))
    static let login = "mailer:hunter2 with ümlaut"

    /// A client of the server.
    func client(
        _ security: SMTPEndpoint.Security, credentials: SMTPEndpoint.Credentials? = nil,
        trusting certificate: TestCertificate? = nil,
        host: WebHost = .domain("localhost"), stageMilliseconds: Int? = nil
    ) -> SMTPClient {
        SMTPClient(
            SMTPEndpoint(host: host, port: Int(server.port), security: security, credentials: credentials),
            host: .domain("insula.example.com"), names: names, trustFile: certificate?.file, stageMilliseconds: stageMilliseconds)
    }

    static func mail(text: String = "Hello\n.\n..\n.leading dot\n") throws -> RenderedMail {
        let message = try MailMessage(to: try #require(MailAddress("user@example.com")), subject: "Grüße", text: text)
        return RenderedMail(
            message, id: .make(), from: try #require(MailSender("Insula <insula@example.com>")), host: "insula.example.com",
            date: .now)
    }

    /// How sending a mail fails; `nil` when it does not.
    static func failure(_ client: SMTPClient) async throws -> DeliveryFailure? {
        let mail = try mail()
        do throws(DeliveryFailure) {
            try await client.deliver(mail)
            return nil
        } catch {
            return error
        }
    }
}
