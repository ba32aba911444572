// Mail of a whole server: enqueued in a transaction, written to the folder of its data, counted.

import Base
import Crypto
import Foundation
import InsulaTesting
import Loop
import Postgres
import Testing

@testable import Mail

@Suite struct WholeServerTests {
    @Test func `mail leaves with its transaction, into a folder that is the server's own`() async throws {
        try await TestServer.run { server in
            let tenant = try await server.tenant()
            let address = try #require(MailAddress("user@example.com"))
            let outbox = MailOutbox(sealing: server.rootKey.sealingKey("mail outbox"))
            try await server.database.run { database, _ in
                let scope = Scope.tenant(tenant.id)
                // One that is rolled back, one of a session, one of a batch.
                await #expect(throws: Fault.self) {
                    try await database.session(scope) { (session) async throws(Fault) in
                        try await outbox.enqueue(
                            MailMessage(to: address, subject: "Never", text: "no"), tenant: tenant.id, in: session)
                        throw Fault(.conflict, "Undone.")
                    }
                }
                try await database.session(scope) { (session) async throws(Fault) in
                    _ = try await outbox.enqueue(
                        MailMessage(to: address, subject: "Grüße", text: "https://x.y/z?a=b&c=d\n"), tenant: tenant.id,
                        in: session)
                }
                _ = try await server.mail(to: "user@example.com", count: 1)
                var batch = database.once(scope).batch()
                outbox.enqueue(try MailMessage(to: address, subject: "Two", text: "two"), tenant: tenant.id, into: &batch)
                _ = try await batch.run()
            }
            let mails = try await server.mail(to: "user@example.com", count: 2)
            #expect(mails.map(\.subject) == ["Grüße", "Two"])
            #expect(mails[0].link == "https://x.y/z?a=b&c=d" && mails[1].text == "two\n")
            #expect(await server.mail(to: "other@example.com").isEmpty)
            try checkModes(server)
            let metrics = try await server.client().call("GET", "/metrics").text
            #expect(metrics.contains("insula_mail_total{outcome=\"failed\"} 0") && metrics.contains("insula_mail_waiting"))
        }
    }

    private func checkModes(_ server: TestServer) throws {
        func mode(_ path: String) throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: server.mailPath)
        #expect(try mode(server.mailPath) == 0o700 && names.count == 2)
        for name in names {
            #expect(name.hasSuffix(".eml"))
            #expect(try mode("\(server.mailPath)/\(name)") == 0o600)
        }
    }
}
