// Attacks on accounts, over HTTP: what is not to be known, not to be set, not to be used twice, and not to be somebody else's.

import Base
import Foundation
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@Suite struct AccountAttackTests {
    // MARK: What is not to be known

    /// An answer without what differs from one request to the next.
    private func shown(_ answer: TestAnswer, _ email: String) -> [String] {
        ["\(answer.status)", answer.text.replacing(email, with: "EMAIL")]
            + answer.headers.filter {
                ![
                    "date", "x-request-id", "server-timing", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset",
                ].contains($0.name)
            }.map {
                "\($0.name): \($0.value)"
            }
    }

    @Test func `asking for a password tells nothing about who exists`() async throws {
        let visit = try await Visit()
        let (active, disabled) = (try visit.tenant.person(), try visit.tenant.person(state: "disabled"))
        let slug = visit.tenant.slug
        var answers: Set<[String]> = []
        for (tenant, email) in [
            (slug, visit.address("nobody")), (slug, disabled.email), ("no-such-tenant", active.email), (slug, active.email),
        ] {
            let answer = try await visit.open(
                202, "/v1/password/forgot", ["tenant": .string(tenant), "email": .string(email)])
            // The length is that of the address, which the caller gave.
            #expect(answer["content-length"] == "\(answer.body.count)")
            var parts = shown(answer, email)
            parts.removeAll { $0.hasPrefix("content-length") }
            answers.insert(parts)
        }
        #expect(answers.count == 1)
        // The last one is there when his mail is, and the others got none.
        _ = try await visit.server.mail(to: active.email, count: 1)
        for email in [visit.address("nobody"), disabled.email] {
            #expect(await visit.server.mail(to: email).isEmpty)
        }
        #expect(await visit.server.mail(to: active.email).count == 1)
    }

    @Test func `mail that anybody can ask for is bounded, whether or not it goes out`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        for email in [person.email, visit.address("nobody")] {
            var statuses: [Int] = []
            for _ in 0..<7 {
                let answer = try await visit.server.client().call(
                    "POST", "/v1/password/forgot", ["tenant": .string(visit.tenant.slug), "email": .string(email)],
                    headers: [TestServer.ownAddress()])
                statuses.append(answer.status)
            }
            #expect(statuses == [202, 202, 202, 202, 202, 429, 429], "\(email)")
        }
    }

    @Test func `registering tells the mailbox alone who exists`() async throws {
        let visit = try await Visit()
        try visit.openRegistration()
        let person = try visit.tenant.person()
        let fresh = try await visit.open(202, "/v1/register", visit.registration("greta"))
        let known = try await visit.open(202, "/v1/register", visit.registration("hugo", ["email": .string(person.email)]))
        let named = try await visit.open(
            202, "/v1/register", visit.registration("ines", ["username": .string(person.username)]))
        let lookalike = person.username.replacing("person", with: "реrson")
        let mixed = try await visit.open(422, "/v1/register", visit.registration("jan", ["username": .string(lookalike)]))
        expectProblem(mixed, 422, "validation_failed", field: "username")
        #expect(fresh.json.object?.members.map(\.name) == known.json.object?.members.map(\.name))
        #expect(known.json.object?.members.map(\.name) == named.json.object?.members.map(\.name))
        let told = try #require(try await visit.server.mail(to: person.email, count: 1).first)
        #expect(told.subject.hasPrefix("You have an account") && told.link == nil)
        let taken = try #require(try await visit.server.mail(to: visit.address("ines"), count: 1).first)
        #expect(taken.subject.hasPrefix("Choose another username") && taken.link == nil)
        #expect(try visit.sql("SELECT count(*) FROM users WHERE tenant_id = $1")[0][0] == "3")
        // Nobody else's password was changed by that.
        #expect(try visit.sql("SELECT count(*) FROM users WHERE tenant_id = $1 AND username = 'hugo'")[0][0] == "0")
    }

    @Test func `a tenant that does not take everybody says so in one way, and so does one that is not there`() async throws {
        let visit = try await Visit()
        var details: Set<String> = []
        for settings in [#"{}"#, #"{"registration":"invite"}"#, #"{"registration":"closed"}"#] {
            try visit.sql("UPDATE tenants SET settings = $2::jsonb WHERE tenant_id = $1", [settings])
            let answer = try await visit.open(403, "/v1/register", visit.registration("karl"))
            expectProblem(answer, 403, "forbidden")
            details.insert(answer.json["detail"]?.string ?? "")
        }
        let nowhere = try await visit.open(403, "/v1/register", visit.registration("karl", ["tenant": "no-such-tenant"]))
        details.insert(nowhere.json["detail"]?.string ?? "")
        try visit.openRegistration()
        try visit.sql("UPDATE tenants SET state = 'suspended' WHERE tenant_id = $1")
        details.insert(try await visit.open(403, "/v1/register", visit.registration("karl")).json["detail"]?.string ?? "")
        #expect(details.count == 1)
        #expect(await visit.server.mail(to: visit.address("karl")).isEmpty)
    }

    // MARK: What is not to be set

    @Test func `fields that are not the caller's to set are refused by name`() async throws {
        let visit = try await Visit()
        try visit.openRegistration()
        for (field, value): (String, JSONValue) in [
            ("role", "owner"), ("role_id", "x"), ("state", "active"), ("tenant", ["x"]), ("id", "x"), ("email_verified_at", "x"),
            ("must_change_password", false), ("mfa_enabled", true), ("__proto__", [:]), ("password_hash", "x"),
        ] {
            let answer = try await visit.open(422, "/v1/register", visit.registration("lena", [field: value]))
            expectProblem(answer, 422, "validation_failed", field: field)
        }
        // The word itself is the name of a column, so it is looked for apart.
        let answer = try await visit.open(422, "/v1/register", visit.registration("lena", ["tenant_id": "x"]))
        #expect(answer.json["errors"]?[0]?["field"] == "tenant_id" && answer.json["errors"]?[0]?["code"] == "unknown")
        let person = try visit.tenant.person()
        for (field, value): (String, JSONValue) in [
            ("state", "disabled"), ("email", "x@example.com"), ("username", "x"), ("tenant", "x"), ("revision", 7),
            ("password", "x"), ("scopes", []),
        ] {
            let answer = try await visit.call(422, "PATCH", "/v1/users/\(person.id)", [field: value])
            expectProblem(answer, 422, "validation_failed", field: field)
            if field == "email" { continue }
            let body: JSONValue = ["email": .string(visit.address("mia")), field: value]
            let invitation = try await visit.call(422, "POST", "/v1/invitations", body)
            expectProblem(invitation, 422, "validation_failed", field: field)
        }
        let token = try await visit.invited(visit.address("nils"))
        for field in ["email", "role", "tenant"] {
            let body: JSONValue = ["token": .string(token), "username": "nils", "password": Visit.password, field: "owner"]
            let answer = try await visit.open(422, "/v1/invitations/accept", body)
            expectProblem(answer, 422, "validation_failed", field: field)
        }
    }

    @Test func `what would break out of a header or a line is refused, and no mail is written`() async throws {
        let visit = try await Visit()
        try visit.openRegistration()
        for email in [
            "a@b.example\r\nBcc: victim@example.com", "a\n@b.example", "a@b.example%0d%0aBcc: x@y.example",
            "\"a\r\n b\"@b.example",
            "a@b.example, c@d.example", "<script>@b.example", "a@[127.0.0.1]", "A <a@b.example>",
        ] {
            for (path, body): (String, JSONValue) in [
                ("/v1/register", visit.registration("olga", ["email": .string(email)])),
                ("/v1/password/forgot", ["tenant": .string(visit.tenant.slug), "email": .string(email)]),
            ] {
                expectProblem(try await visit.open(422, path, body), 422, "validation_failed", field: "email")
            }
            let answer = try await visit.call(422, "POST", "/v1/invitations", ["email": .string(email)])
            expectProblem(answer, 422, "validation_failed", field: "email")
        }
        for name in ["Olga\r\nBcc: victim@example.com", "Olga\u{2028}x", "\u{202E}agl", "Olga\u{85}x"] {
            let answer = try await visit.open(422, "/v1/register", visit.registration("olga", ["name": .string(name)]))
            expectProblem(answer, 422, "validation_failed", field: "name")
        }
        for username in ["olga\r\nx", "olga x", "o\u{200B}lga", "user_01j8z6c4vzf0hs2m7s2r6v9k3d", "olga@example.com"] {
            let answer = try await visit.open(422, "/v1/register", visit.registration("olga", ["username": .string(username)]))
            expectProblem(answer, 422, "validation_failed", field: "username")
        }
        #expect(try visit.sql("SELECT count(*) FROM mail_outbox WHERE tenant_id = $1")[0][0] == "0")
        // A tenant may be called what it likes: its name does not leave its line of the head.
        try visit.sql("UPDATE tenants SET name = E'Evil\\r\\nBcc: victim@example.com' WHERE tenant_id = $1")
        try await visit.open(202, "/v1/register", visit.registration("olga"))
        let mail = try #require(try await visit.server.mail(to: visit.address("olga"), count: 1).first)
        let head = try #require(mail.source.split(separator: "\r\n\r\n").first)
        #expect(!head.contains("\nBcc:") && mail.subject.contains("Evil"))
    }

    @Test func `weak passwords are refused with the field and the reason`() async throws {
        let visit = try await Visit()
        try visit.openRegistration()
        for (password, code): (String, String) in [
            ("short", "length"), ("fourteen chars", "length"), (String(repeating: "ab3 ", count: 33), "length"),
            ("Passw0rd12345678", "format"), ("aaaaaaaaaaaaaaaaaaaa", "format"), ("pauline.pauline.1", "format"),
        ] {
            let answer = try await visit.open(
                422, "/v1/register", visit.registration("pauline", ["password": .string(password)]))
            expectProblem(answer, 422, "validation_failed", field: "password")
            #expect(answer.json["errors"]?[0]?["code"]?.string == code, "\(password)")
            #expect(!answer.text.contains(password))
        }
        // Where a second factor is asked for, eight characters do.
        try visit.sql("UPDATE tenants SET settings = settings || '{\"mfa_required\":true}' WHERE tenant_id = $1")
        try await visit.open(202, "/v1/register", visit.registration("pauline", ["password": "vT9#kq2x"]))
    }

    // MARK: What is not to be somebody else's

    @Test func `an invitation is accepted by whoever got it, once, as it was meant`() async throws {
        let (visit, other) = (try await Visit(), try await Visit())
        let (mine, theirs) = (try await visit.invited(visit.address("quinn")), try await other.invited(other.address("rosa")))
        let second = try await visit.invited(visit.address("sam"), role: "admin")
        func accept(_ token: String, _ wanted: Int, _ name: String = "quinn") async throws -> TestAnswer {
            try await visit.open(
                wanted, "/v1/invitations/accept",
                ["token": .string(token), "username": .string(name), "password": Visit.password])
        }
        // The tenant of one, the row of one, the secret of another.
        for bad in [
            "\(theirs.prefix(26))\(mine.dropFirst(26))", "\(mine.prefix(52))\(second.dropFirst(52))",
            "\(second.prefix(52))\(mine.dropFirst(52))", "\(mine.dropLast())", "\(mine)0", mine.uppercased(), "x",
        ] {
            expectProblem(try await accept(bad, 410), 410, "gone")
        }
        // It is no link of another kind.
        expectProblem(
            try await visit.open(410, "/v1/password/reset", ["token": .string(mine), "password": Visit.password]), 410, "gone")
        expectProblem(
            try await visit.open(410, "/v1/email/verify", ["token": .string(mine), "password": Visit.password]), 410, "gone")
        // Of many at once one gets in.
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                let client = visit.server.client()
                let body: JSONValue = [
                    "token": .string(mine), "username": .string("quinn\(number)"), "password": Visit.password,
                ]
                group.addTask {
                    // They wait for each other; one who waited too long asks again.
                    var status = 409
                    while status == 409 || status == 503 {
                        let address = TestServer.ownAddress()
                        status = try await client.call("POST", "/v1/invitations/accept", body, headers: [address]).status
                    }
                    return status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [201] + Array(repeating: 410, count: 7), "\(statuses)")
        #expect(
            try visit.sql("SELECT count(*) FROM users WHERE tenant_id = $1 AND email = $2", [visit.address("quinn")])[0][0] == "1"
        )
        // Too late.
        try visit.sql("UPDATE invitations SET expires_at = now() - interval '1 second' WHERE tenant_id = $1")
        expectProblem(try await accept(second, 410, "sam"), 410, "gone")
        let states = try await visit.call(200, "GET", "/v1/invitations").json["data"]?.array?.compactMap { $0["state"]?.string }
        #expect(states == ["expired", "accepted"])
    }

    @Test func `nobody gets above himself through an invitation or a role`() async throws {
        let visit = try await Visit()
        let admin = try await visit.tenant.client(.admin)
        let email = JSONValue.string(visit.address("tom"))
        expectProblem(try await admin.call("POST", "/v1/invitations", ["email": email, "role": "owner"]), 403, "forbidden")
        #expect(try await admin.call("POST", "/v1/invitations", ["email": email, "role": "admin"]).status == 201)
        // What an owner promised is not an admin's to take back.
        try await visit.call(201, "POST", "/v1/invitations", ["email": .string(visit.address("una")), "role": "owner"])
        let id = try #require(try await visit.call(200, "GET", "/v1/invitations").json["data"]?[0]?["id"]?.string)
        expectProblem(try await admin.call("DELETE", "/v1/invitations/\(id)"), 403, "forbidden")
        let (owner, member) = (try visit.tenant.person(.owner), try visit.tenant.person(.member))
        expectProblem(try await admin.call("PATCH", "/v1/users/\(member.id)", ["role": "owner"]), 403, "forbidden")
        expectProblem(try await admin.call("PATCH", "/v1/users/\(owner.id)", ["name": "x"]), 403, "forbidden")
        for (method, path) in [
            ("POST", "disable"), ("POST", "enable"), ("POST", "unlock"), ("DELETE", "mfa"),
        ] {
            expectProblem(try await admin.call(method, "/v1/users/\(owner.id)/\(path)"), 403, "forbidden")
        }
        expectProblem(try await admin.call("DELETE", "/v1/users/\(owner.id)"), 403, "forbidden")
        for role in [Role.member, .viewer] {
            let client = try await visit.tenant.client(role)
            for (method, path) in [
                ("GET", "/v1/users"), ("PATCH", "/v1/users/\(member.id)"), ("DELETE", "/v1/users/\(member.id)"),
                ("POST", "/v1/invitations"), ("GET", "/v1/invitations"),
            ] {
                expectProblem(try await client.call(method, path), 403, "forbidden")
            }
        }
        #expect(try visit.sql("SELECT count(*) FROM users WHERE tenant_id = $1 AND role = 'owner'")[0][0] == "2")
    }

    @Test func `what was promised by somebody who lost the right is void`() async throws {
        let visit = try await Visit()
        let inviter = try visit.tenant.person(.owner)
        let token = try await visit.invited(visit.address("vera"), role: "owner")
        let body: JSONValue = ["token": .string(token), "username": "vera", "password": Visit.password]
        try visit.sql("UPDATE invitations SET invited_by = $2 WHERE tenant_id = $1", [inviter.id.uuid.description])
        try await visit.call(200, "PATCH", "/v1/users/\(inviter.id)", ["role": "admin"])
        expectProblem(try await visit.open(410, "/v1/invitations/accept", body), 410, "gone")
        try await visit.call(200, "PATCH", "/v1/users/\(inviter.id)", ["role": "owner"])
        try await visit.open(201, "/v1/invitations/accept", body)
    }

    // MARK: A tenant of one's own

    private func signUp(_ slug: String, _ further: JSONValue = [:]) -> JSONValue {
        let body: JSONValue = [
            "slug": .string(slug), "name": "T",
            "owner": ["username": "ada", "email": .string("ada@\(slug).example.com"), "password": Visit.password],
        ]
        return .object((body.object ?? JSONObject()).merging(further.object ?? JSONObject()))
    }

    @Test func `where the operator makes the tenants nobody else does`() async throws {
        let visit = try await Visit()
        expectProblem(try await visit.open(403, "/v1/signup", signUp("closed-here")), 403, "forbidden")
        try await TestServer.run(["INSULA_SIGNUP": "invite"]) { server in
            let visit = try await Visit(server)
            for code: JSONValue in [.null, "", "0000", "00000000000000000000000000000000"] {
                let answer = try await visit.server.client().call(
                    "POST", "/v1/signup", signUp("acme", ["code": code]), headers: [TestServer.ownAddress()])
                #expect(answer.status == 403 || answer.status == 422)
            }
            _ = try server.database.connectAsSuperuser().rows(
                """
                INSERT INTO signup_codes (hash, expires_at) VALUES
                    (sha256('goodc0de'), now() + interval '1 day'), (sha256('latec0de'), now() - interval '1 second')
                """)
            expectProblem(try await visit.open(403, "/v1/signup", signUp("acme", ["code": "latec0de"])), 403, "forbidden")
            // A slug that is taken uses no code up.
            let taken = try await visit.open(409, "/v1/signup", signUp(visit.tenant.slug, ["code": "goodc0de"]))
            expectProblem(taken, 409, "conflict", field: "slug")
            try await visit.open(201, "/v1/signup", signUp("acme", ["code": "GOOD-C0DE"]))
            expectProblem(try await visit.open(403, "/v1/signup", signUp("acme2", ["code": "goodc0de"])), 403, "forbidden")
        }
    }

    @Test func `slugs are one each, and some are nobody's`() async throws {
        try await TestServer.run(["INSULA_SIGNUP": "open"]) { server in
            let visit = try await Visit(server)
            for slug in ["admin", "default", "api", "www", "xn--e1afmkfd"] {
                expectProblem(try await visit.open(409, "/v1/signup", signUp(slug)), 409, "conflict", field: "slug")
            }
            for slug in ["Acme", "a_b", "-a", "a.b", "tenant_01j8z6c4vzf0hs2m7s2r6v9k3d", ""] {
                let answer = try await visit.server.client().call(
                    "POST", "/v1/signup", signUp(slug), headers: [TestServer.ownAddress()])
                expectProblem(answer, 422, "validation_failed", field: "slug")
            }
            for (field, value): (String, JSONValue) in [("plan", "enterprise"), ("settings", [:]), ("state", "active")] {
                let answer = try await visit.open(422, "/v1/signup", signUp("mine", [field: value]))
                expectProblem(answer, 422, "validation_failed", field: field)
            }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<5 {
                    let client = server.client()
                    group.addTask {
                        try await client.call("POST", "/v1/signup", signUp("race"), headers: [TestServer.ownAddress()]).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [201, 409, 409, 409, 409], "\(statuses)")
            let rows = try server.database.connectAsSuperuser().rows(
                "SELECT plan, (SELECT count(*) FROM users u WHERE u.tenant_id = t.tenant_id) FROM tenants t WHERE slug = 'race'")
            #expect(rows == [["free", "1"]])
        }
    }
}
