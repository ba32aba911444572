// The outbox and its nodes over a database and a fake server: what is sent, what is tried again, what is given up, and what becomes of mail
// whose node dies.

import Base
import Crypto
import HTTP
import InsulaTesting
import Loop
import Postgres
import Testing

@testable import Mail

/// A database with a tenant, and an outbox whose mail goes to a fake server without TLS. Used on the first of its loops.
private struct Office: Sendable {
    let url: TestDatabase
    let database: Database
    let loop: EventLoop
    let server: FakeSMTPServer
    let tenant: TenantID
    let outbox: MailOutbox
    let names: BlockingPool

    static func run(
        _ change: (inout FakeSMTPServer.Manner) -> Void = { _ in }, _ body: @escaping @Sendable (Office) async throws -> Void
    ) async throws {
        var manner = FakeSMTPServer.Manner()
        change(&manner)
        let url = try await TestDatabase.make()
        let tenant = TenantID.make()
        _ = try url.connectAsSuperuser().rows(
            "INSERT INTO tenants (tenant_id, slug, name, signing_key) VALUES ($1, 'test', 'Test', sha256('t'))",
            [tenant.uuid.description])
        try await url.run(statements: MailOutbox.statements) { [manner] database, group in
            let names = BlockingPool(name: "names", threads: 1)
            defer { names.stop() }
            let server = try FakeSMTPServer(on: group.loops[0], manner)
            defer { server.stop() }
            try await body(
                Office(
                    url: url, database: database, loop: group.loops[0], server: server, tenant: tenant,
                    outbox: MailOutbox(sealing: RootKey.generate().sealingKey("mail outbox")), names: names))
        }
    }

    func attempts(_ node: NodeID = .make()) throws -> MailAttempts {
        let settings = MailSettings(
            sender: try #require(MailSender("Insula <insula@example.com>")), host: .domain("insula.example.com"))
        let client = SMTPClient(
            SMTPEndpoint(host: .domain("localhost"), port: Int(server.port), security: .none), host: settings.host, names: names)
        return MailAttempts(database: database, outbox: outbox, settings: settings, transport: .smtp(client), node: node)
    }

    func delivery(_ node: NodeID = .make()) throws -> MailDelivery {
        MailDelivery(try attempts(node), database: database, home: loop, times: MailDelivery.Times())
    }

    /// Delivers until `body` returns, and then what is under way.
    func delivering(_ node: NodeID = .make(), _ body: () async throws -> Void) async throws {
        let delivery = try delivery(node)
        await delivery.start()
        try await body()
        await delivery.stop(graceMilliseconds: 20_000)
    }

    @discardableResult func enqueue(_ text: String = "Secret text\n", to recipient: String = "user@example.com") async throws
        -> MailID
    {
        let message = try MailMessage(to: try #require(MailAddress(recipient)), subject: "A subject", text: text)
        var batch = database.once(.tenant(tenant)).batch()
        let id = outbox.enqueue(message, tenant: tenant, into: &batch)
        _ = try await batch.run()
        return id
    }

    /// Takes what is due as a node that then dies.
    func claim(as node: NodeID, leaseMilliseconds: Int = 3_600_000) async throws -> [MailClaim] {
        try await database.worker.query(OutboxStatements.claim, node, leaseMilliseconds, 100)
    }

    /// What the rows hold, as text: state, attempts, whether the body is gone, whether no node has it, the last failure.
    func rows() throws -> [String] {
        try url.connectAsSuperuser().rows(
            """
            SELECT concat_ws(' ', state, attempts, body IS NULL, node_id IS NULL, last_failure) FROM mail_outbox ORDER BY id
            """
        ).map { $0[0] ?? "" }
    }

    func run(_ sql: String) throws { try url.connectAsSuperuser().run(sql) }
}

@Suite struct DeliveryTests {
    @Test func `mail is sealed while it waits, and its text is gone once it was sent`() async throws {
        try await Office.run { office in
            let id = try await office.enqueue()
            let stored = try office.url.connectAsSuperuser().rows("SELECT row_to_json(m)::text FROM mail_outbox m")[0][0] ?? ""
            // Of bytes the text of a row has the hexadecimal form.
            for plain in ["user@example.com", "A subject", "Secret"] {
                #expect(!stored.contains(plain) && !stored.contains(Hexadecimal.encode(Array(plain.utf8))))
            }
            try await office.delivering {
                let taken = try await office.server.taken(count: 1)[0]
                #expect(taken.mail.text == "Secret text\n" && taken.mail.subject == "A subject")
                #expect(taken.mail.source.contains("Message-ID: <\(id)@insula.example.com>\r\n"))
            }
            #expect(try office.rows() == ["sent 1 t t"])
        }
    }

    @Test func `what was moved from another mail is not opened`() async throws {
        try await Office.run { office in
            try await office.enqueue("one")
            try await office.enqueue("two")
            try office.run("UPDATE mail_outbox SET body = (SELECT body FROM mail_outbox ORDER BY id DESC LIMIT 1)")
            try await office.delivering { _ = try await office.server.taken(count: 1) }
            #expect(try office.rows() == ["waiting 1 f t outbox: A stored value could not be opened.", "sent 1 t t"])
            #expect(office.server.taken.map(\.mail.text) == ["two\n"])
        }
    }

    @Test func `mail that was put off is sent again, the same bytes`() async throws {
        try await Office.run { manner in
            manner.deed = { stage, number in
                switch (stage, number) {
                case (.recipient, 1): .say("450 4.2.1 later\r\n")
                case (.content, 2): .close
                default: nil
                }
            }
        } _: { office in
            try await office.enqueue()
            try await office.delivering { try await office.server.heard("RCPT") }
            #expect(try office.rows() == ["waiting 1 f t RCPT: 450 4.2.1"])
            let waits = try office.url.connectAsSuperuser().rows(
                "SELECT next_attempt_at - now() BETWEEN interval '40 s' AND interval '70 s' FROM mail_outbox")
            #expect(waits == [["t"]])
            try office.run("UPDATE mail_outbox SET next_attempt_at = now()")
            try await office.delivering { try await office.server.heard("DATA") }
            #expect(try office.rows() == ["waiting 2 f t content: the connection was closed"])
            try office.run("UPDATE mail_outbox SET next_attempt_at = now()")
            try await office.delivering { _ = try await office.server.taken(count: 1) }
            #expect(try office.rows() == ["sent 3 t t"])
        }
    }

    @Test func `what is refused for good is given up, and its text goes too`() async throws {
        try await Office.run { manner in
            manner.deed = { stage, _ in stage == .recipient ? .say("550 5.1.1 <user@example.com> unknown\r\n") : nil }
        } _: { office in
            try await office.enqueue()
            try await office.delivering { try await office.server.heard("RCPT") }
            #expect(try office.rows() == ["failed 1 t t RCPT: 550 5.1.1"])
        }
    }

    @Test func `after the last attempt mail has failed, and one that killed its nodes is not tried at all`() async throws {
        try await Office.run { manner in
            manner.deed = { stage, _ in stage == .recipient ? .say("450 later\r\n") : nil }
        } _: { office in
            try await office.enqueue()
            try office.run("UPDATE mail_outbox SET attempts = \(MailSchedule.attemptLimit - 1)")
            try await office.delivering { try await office.server.heard("RCPT") }
            #expect(try office.rows() == ["failed 10 t t RCPT: 450"])
            try await office.enqueue()
            try office.run("UPDATE mail_outbox SET attempts = \(MailSchedule.attemptLimit) WHERE state = 'waiting'")
            let claims = try await office.claim(as: .make(), leaseMilliseconds: 0)
            #expect(claims.map(\.attempt) == [11])
            let node = NodeID.make()
            let claim = try #require(try await office.claim(as: node).first)
            #expect(await (try office.attempts(node)).perform(claim, patienceMilliseconds: 10_000) == .failed)
            #expect(try office.rows().last == "failed 12 t t the nodes that sent it were lost")
            #expect(office.server.connectionCount == 1)
        }
    }

    // MARK: Nodes that die

    @Test func `a node that was killed before it sent takes its mail up at once when it is back`() async throws {
        try await Office.run { office in
            let node = NodeID.make()
            try await office.enqueue()
            #expect(try await office.claim(as: node).count == 1)
            try await office.delivering(node) { _ = try await office.server.taken(count: 1) }
            #expect(try office.rows() == ["sent 2 t t"] && office.server.taken.count == 1)
        }
    }

    @Test func `mail of a node that does not come back is another's once the lease is over, and not before`() async throws {
        try await Office.run { office in
            let dead = NodeID.make()
            try await office.enqueue()
            try await office.enqueue()
            let held = try await office.claim(as: dead)
            try office.run("UPDATE mail_outbox SET next_attempt_at = now() WHERE id = '\(held[0].mail.uuid)'")
            try await office.delivering { _ = try await office.server.taken(count: 1) }
            #expect(try office.rows().sorted() == ["sending 1 f f", "sent 2 t t"] && office.server.taken.count == 1)
            // Whatever the dead node still writes of the one that it lost, nothing comes of it.
            let late = try await office.database.once(.tenant(office.tenant)).execute(
                OutboxStatements.retry, held[0].mail, held[0].attempt, dead, "late", 0)
            #expect(late == 0)
        }
    }

    @Test func `mail whose node was killed after the handing over comes twice, as one message`() async throws {
        try await Office.run { office in
            let dead = NodeID.make()
            let id = try await office.enqueue()
            let claim = try #require(try await office.claim(as: dead, leaseMilliseconds: 0).first)
            // All but the writing down.
            let attempts = try office.attempts(dead)
            try await attempts.transport.deliver(try #require(try await attempts.read(claim)))
            try await office.delivering { _ = try await office.server.taken(count: 2) }
            let taken = office.server.taken
            #expect(taken.count == 2 && taken[0].content == taken[1].content)
            #expect(taken[0].mail.source.contains("<\(id)@insula.example.com>"))
            #expect(try office.rows() == ["sent 2 t t"])
        }
    }

    @Test func `nodes beside each other send each mail once`() async throws {
        try await Office.run { office in
            let nodes = [try office.delivery(), try office.delivery(), try office.delivery()]
            for number in 0..<30 { try await office.enqueue("\(number)") }
            for node in nodes { await node.start() }
            for number in 30..<60 {
                try await office.enqueue("\(number)")
                nodes[number % 3].wake()
            }
            let taken = try await office.server.taken(count: 60)
            for node in nodes { await node.stop(graceMilliseconds: 20_000) }
            #expect(Set(taken.map(\.mail.text)) == Set((0..<60).map { "\($0)\n" }) && office.server.taken.count == 60)
            #expect(try office.rows().allSatisfy { $0 == "sent 1 t t" })
            #expect(nodes.reduce(0) { $0 + $1.metrics.sent.current } == 60)
        }
    }

    @Test func `no more than so many at once, and a node that stops hands back what it had`() async throws {
        try await Office.run { manner in
            manner.deed = { stage, number in stage == .sender && number <= MailDelivery.concurrency ? .hang : nil }
        } _: { office in
            for _ in 0..<10 { try await office.enqueue() }
            let delivery = try office.delivery()
            await delivery.start()
            try await office.server.heard("MAIL", count: MailDelivery.concurrency)
            // Another look finds no room.
            delivery.wake()
            await delivery.stop(graceMilliseconds: 0)
            #expect(office.server.connectionCount == MailDelivery.concurrency)
            #expect(try office.rows() == Array(repeating: "waiting 0 f t", count: 10))
            try await office.delivering { _ = try await office.server.taken(count: 10) }
            #expect(try office.rows() == Array(repeating: "sent 1 t t", count: 10))
        }
    }

    // MARK: What is left behind

    @Test func `mail that is long over is removed, in parts, and no other`() async throws {
        try await Office.run { office in
            func insert(_ count: Int, _ state: String, _ columns: String) throws {
                try office.run(
                    """
                    INSERT INTO mail_outbox (tenant_id, id, recipient, subject, state, finished_at, body)
                    SELECT '\(office.tenant.uuid)', gen_random_uuid(), 'r', 's', '\(state)', \(columns)
                    FROM generate_series(1, \(count))
                    """)
            }
            try insert(MailDelivery.removeLimit + 1, "sent", "now() - interval '31 days', NULL")
            try insert(1, "failed", "now() - interval '31 days', NULL")
            try insert(1, "sent", "now() - interval '29 days', NULL")
            try insert(1, "waiting", "NULL, 'b'")
            await (try office.delivery()).removeFinished()
            #expect(try office.rows().sorted() == ["sent 0 t t", "waiting 0 f t"])
            #expect(try await office.database.worker.first(OutboxStatements.waiting, 10) == 1)
        }
    }

    @Test func `a message in the scope of another tenant is not taken`() async throws {
        try await Office.run { office in
            let message = try MailMessage(to: try #require(MailAddress("a@b.c")), subject: "", text: "")
            var batch = office.database.once(.tenant(.make())).batch()
            office.outbox.enqueue(message, tenant: office.tenant, into: &batch)
            let outcome: Fault?
            do throws(Fault) {
                _ = try await batch.run()
                outcome = nil
            } catch {
                outcome = error
            }
            #expect(outcome != nil)
            #expect(try office.rows().isEmpty)
        }
    }
}
