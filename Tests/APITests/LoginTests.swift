// Logging in by password: every way of naming oneself, one answer for every way of failing, and what a login leads to.

import Base
import InsulaTesting
import JSON
import Tenancy
import Testing

@Suite struct LoginTests {
    /// An answer without what differs from one request to the next.
    private func essence(_ answer: TestAnswer) -> [String] {
        var body = answer.json.object ?? JSONObject()
        body["request_id"] = nil
        let varying: Set<String> = [
            "x-request-id", "date", "server-timing", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset",
        ]
        let headers = answer.headers.filter { !varying.contains($0.name) && $0.name != "content-length" }
        return ["\(answer.status)"] + headers.map { "\($0.name): \($0.value)" } + [
            String(decoding: JSONValue.object(body).bytes, as: UTF8.self)
        ]
    }

    /// From an address that nobody else calls from.
    private func log(in server: TestServer, _ body: JSONValue, headers: [(String, String)] = []) async throws -> TestAnswer {
        try await server.client().call("POST", "/v1/login", body, headers: [TestServer.ownAddress()] + headers)
    }

    @Test func `whatever is wrong, the answer is the same`() async throws {
        let visit = try await Visit()
        let server = visit.server
        let person = try visit.tenant.person()
        let disabled = try visit.tenant.person(.member, state: "disabled")
        let unverified = try visit.tenant.person(.member, state: "unverified")
        let suspended = try await server.tenant()
        let left = try suspended.person()
        let elsewhere = try await server.tenant()
        let withFactor = try visit.tenant.person()
        _ = try await withFactor.enrol()
        try server.rows("UPDATE tenants SET state = 'suspended', suspended_at = now() WHERE tenant_id = $1", suspended.id.uuid)
        let right = JSONValue.string(TestTenant.password)
        let slug = JSONValue.string(visit.tenant.slug)
        let name = JSONValue.string(person.username)
        let bodies: [(String, JSONValue, [(String, String)])] = [
            ("wrong password", ["login": name, "password": "wrong password", "tenant": slug], []),
            ("wrong password, by e-mail", ["login": .string(person.email), "password": "wrong password", "tenant": slug], []),
            (
                "wrong password before a second factor",
                ["login": .string(withFactor.username), "password": "no", "tenant": slug], []
            ),
            ("unknown user", ["login": "nobody-at-all", "password": right, "tenant": slug], []),
            ("unknown user, by e-mail", ["login": "nobody@example.com", "password": right, "tenant": slug], []),
            ("disabled", ["login": .string(disabled.username), "password": right, "tenant": slug], []),
            ("disabled, wrong password", ["login": .string(disabled.username), "password": "wrong", "tenant": slug], []),
            ("unverified", ["login": .string(unverified.username), "password": right, "tenant": slug], []),
            ("suspended tenant", left.loginBody, []),
            ("unknown tenant", ["login": name, "password": right, "tenant": "no-such-tenant"], []),
            ("unknown tenant, by id", ["login": name, "password": right, "tenant": .string(TenantID.make().description)], []),
            ("no tenant at all", ["login": name, "password": right, "tenant": "Not A Slug!"], []),
            ("another tenant", ["login": name, "password": right, "tenant": .string(elsewhere.slug)], []),
            ("the default tenant", ["login": name, "password": right], []),
            ("contradiction", ["login": name, "password": right, "tenant": slug], [("x-tenant-id", elsewhere.id.description)]),
            (
                "contradiction before the name",
                ["login": .string("\(elsewhere.slug)/\(person.username)"), "password": right, "tenant": slug], []
            ),
            ("a longer password", ["login": name, "password": .string(TestTenant.password + " "), "tenant": slug], []),
            (
                "a twin of another script",
                ["login": .string(person.username.replacing("e", with: "\u{435}")), "password": right, "tenant": slug], []
            ),
        ]
        var answers: [[String]: [String]] = [:]
        for (what, body, headers) in bodies {
            let answer = try await log(in: server, body, headers: headers)
            expectProblem(answer, 401, "unauthenticated")
            answers[essence(answer), default: []].append(what)
        }
        #expect(answers.count == 1, "\(answers)")
        // And nothing of it counts against the right one, from elsewhere.
        #expect(try await log(in: server, person.loginBody).status == 200)
    }

    @Test func `a name counts in every spelling of it, and the tenant wherever it is named`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let password = JSONValue.string(TestTenant.password)
        let (slug, id) = (visit.tenant.slug, visit.tenant.id.description)
        let ways: [(JSONValue, [(String, String)])] = [
            (person.loginBody, []),
            (["login": .string(person.email), "password": password, "tenant": .string(slug)], []),
            (["login": .string(person.email.uppercased()), "password": password, "tenant": .string(slug.uppercased())], []),
            (["login": .string(person.username.uppercased()), "password": password, "tenant": .string(id)], []),
            (["login": .string("\(slug)/\(person.username)"), "password": password], []),
            (["login": .string(person.username), "password": password], [("x-tenant-id", id)]),
            (["login": .string(person.username), "password": password], [("x-tenant-id", slug)]),
            (["login": .string(person.username), "password": password, "tenant": .string(slug)], [("x-tenant-id", id)]),
            // Full-width letters are the same letters.
            (
                [
                    "login": .string(person.username.replacing("person", with: "ｐｅｒｓｏｎ")), "password": password,
                    "tenant": .string(slug),
                ], []
            ),
        ]
        for (body, headers) in ways {
            let answer = try await log(in: visit.server, body, headers: headers)
            #expect(answer.status == 200, "\(body): \(answer.text)")
            #expect(answer.json["user"]?["id"]?.string == person.id.description)
        }
    }

    @Test func `a password counts in every spelling of the same characters`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        try person.setPassword("caf\u{E9} \u{1100}\u{1161} au lait")
        var body = try #require(person.loginBody.object)
        body["password"] = "cafe\u{301} \u{AC00} au lait"
        #expect(try await log(in: visit.server, .object(body)).status == 200)
        body["password"] = "cafe \u{AC00} au lait"
        #expect(try await log(in: visit.server, .object(body)).status == 401)
    }

    @Test func `a login leads to a session that works, and is written down`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person(.viewer)
        let answer = try await log(in: visit.server, person.loginBody)
        let body = answer.json
        #expect(body["state"] == "complete" && body["token_type"] == "Bearer" && body["challenge"] == nil)
        #expect(body["expires_in"]?.int == 1800 && body["refresh_token"]?.string?.isEmpty == false)
        #expect(body["mfa_enrolment_required"] == false && body["password_change_required"] == false)
        #expect(body["user"]?["username"]?.string == person.username && body["user"]?["email"]?.string == person.email)
        #expect(SessionID(body["session_id"]?.string ?? "") != nil && answer["cache-control"] == "no-store")
        #expect(!answer.text.contains("argon2") && answer["set-cookie"] == nil)
        let client = visit.server.client(key: body["access_token"]?.string)
        #expect(try await client.call("GET", "/v1/tenant").json["id"]?.string == visit.tenant.id.description)
        expectProblem(try await client.call("GET", "/v1/keys"), 403, "forbidden")
        var wrong = try #require(person.loginBody.object)
        wrong["password"] = "wrong password"
        _ = try await log(in: visit.server, .object(wrong))
        let lines = try visit.server.rows(
            """
            SELECT action, result, actor_kind, details->>'reason', address IS NOT NULL, request_id FROM audit_log
            WHERE tenant_id = $1 AND target_id = $2 ORDER BY id
            """, visit.tenant.id.uuid, person.id.uuid)
        #expect(
            lines.map { $0.prefix(5).map { $0 ?? "-" } } == [
                ["session.login_succeeded", "succeeded", "user", "-", "t"],
                ["session.login_failed", "refused", "nobody", "wrong_password", "t"],
            ])
        #expect(lines[0][5] == answer["x-request-id"])
        let seen = try visit.server.rows("SELECT last_login_at IS NOT NULL FROM users WHERE id = $1", person.id.uuid)
        #expect(seen == [["t"]])
    }

    private func stored(_ server: TestServer, _ person: TestPerson) throws -> String {
        try server.rows("SELECT password_hash FROM users WHERE id = $1", person.id.uuid)[0][0] ?? ""
    }

    @Test func `a hash that was made with less is made anew at the next login`() async throws {
        let database = try await TestDatabase.make()
        try await TestServer.run(on: database, ["INSULA_PASSWORD_PASSES": "3"]) { server in
            let person = try await server.tenant().person()
            #expect(try stored(server, person).contains("t=2"))
            #expect(try await log(in: server, person.loginBody).status == 200)
            let renewed = try stored(server, person)
            #expect(renewed.contains("m=19456,t=3,p=1"))
            #expect(try await log(in: server, person.loginBody).status == 200)
            #expect(try stored(server, person) == renewed)
            var wrong = try #require(person.loginBody.object)
            wrong["password"] = "wrong password"
            #expect(try await log(in: server, .object(wrong)).status == 401)
        }
    }

    @Test func `a one-time password, or a second factor that is still to be enrolled, opens the own account alone`() async throws
    {
        let visit = try await Visit()
        let person = try visit.tenant.person(.admin)
        try visit.server.rows("UPDATE users SET must_change_password = true WHERE id = $1", person.id.uuid)
        let first = try await log(in: visit.server, person.loginBody)
        #expect(first.json["password_change_required"] == true && first.json["mfa_enrolment_required"] == false)
        try visit.server.rows(
            "UPDATE tenants SET settings = '{\"mfa_required\":true}' WHERE tenant_id = $1", visit.tenant.id.uuid)
        try visit.server.rows("UPDATE users SET must_change_password = false WHERE id = $1", person.id.uuid)
        let second = try await log(in: visit.server, person.loginBody)
        #expect(second.json["password_change_required"] == false && second.json["mfa_enrolment_required"] == true)
        for answer in [second] {
            let client = visit.server.client(key: answer.json["access_token"]?.string)
            #expect(try await client.call("GET", "/v1/agents").status == 403)
            #expect(try await client.call("GET", "/v1/account/mfa").status == 200)
        }
        // Once it is confirmed, the same session opens what the role holds.
        let factor = try await person.enrol()
        #expect(try await person.login(factor).call("GET", "/v1/agents").status == 200)
    }

    @Test func `a body is taken as it is declared, and nothing else in it`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        for (name, value) in [
            ("role", "owner"), ("user_id", JSONValue.string(person.id.description)), ("mfa", true), ("amr", ["mfa"]),
            ("is_admin", true),
        ] as [(String, JSONValue)] {
            var body = try #require(person.loginBody.object)
            body[name] = value
            expectProblem(try await log(in: visit.server, .object(body)), 422, "validation_failed", field: name)
        }
        for (body, field) in [
            (["password": "x"], "login"), (["login": "x"], "password"), (["login": 1, "password": "x"], "login"),
            (["login": "x", "password": ["x"]], "password"), (["login": "x", "password": ""], "password"),
            (["login": "x", "password": .string(String(repeating: "x", count: 513))], "password"),
            (["login": "x\u{0}", "password": "x"], "login"), (["login": "x", "password": "x\u{0}"], "password"),
            (["login": .string(String(repeating: "x", count: 321)), "password": "x"], "login"),
            (["login": "x", "password": "x", "cookie": "yes"], "cookie"),
        ] as [(JSONValue, String)] {
            expectProblem(try await log(in: visit.server, body), 422, "validation_failed", field: field)
        }
        expectProblem(try await visit.server.client().call("GET", "/v1/login"), 405, "method_not_allowed")
        let query = try await visit.server.client().call(
            "POST", "/v1/login?password=x", person.loginBody, headers: [TestServer.ownAddress()])
        expectProblem(query, 422, "validation_failed", field: "password")
    }

    // MARK: Browsers

    @Test func `a browser gets a session in a cookie, new at every login, and nothing to keep in its scripts`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        var body = try #require(person.loginBody.object)
        body["cookie"] = true
        var sessions: Set<String> = []
        let page = ("origin", "http://127.0.0.1:\(visit.server.port)")
        // Somebody planted a cookie before: it is neither taken over nor good for anything.
        let planted = "00000000000000000000000000." + String(repeating: "0", count: 52)
        for cookie in [planted, planted] {
            let answer = try await log(in: visit.server, .object(body), headers: [page, ("cookie", "__Host-session=\(cookie)")])
            #expect(answer.status == 200, "\(answer.text)")
            let cookies = answer.headers.filter { $0.name == "set-cookie" }.map(\.value)
            let session = try #require(cookies.first { $0.hasPrefix("__Host-session=") })
            let device = try #require(cookies.first { $0.hasPrefix("__Host-device=") })
            for text in [session, device] {
                for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age="] {
                    #expect(text.contains(part), "\(text)")
                }
            }
            for name in ["access_token", "refresh_token", "device_token", "token_type"] {
                #expect(answer.json[name] == nil, "\(name)")
            }
            let value = String(session.dropFirst("__Host-session=".count).prefix { $0 != ";" })
            #expect(!answer.text.contains(value) && value != planted)
            sessions.insert(value)
            let client = visit.server.client(headers: [("cookie", "__Host-session=\(value)")])
            #expect(try await client.call("GET", "/v1/account/mfa").status == 200)
        }
        #expect(sessions.count == 2)
        let client = visit.server.client(headers: [("cookie", "__Host-session=\(planted)")])
        expectProblem(try await client.call("GET", "/v1/account/mfa"), 401, "unauthenticated")
    }

    @Test func `another site can't log a browser in`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        var body = try #require(person.loginBody.object)
        body["cookie"] = true
        for headers in [[], [("origin", "https://evil.example")], [("origin", "null")], [("sec-fetch-site", "cross-site")]] {
            let answer = try await log(in: visit.server, .object(body), headers: headers)
            #expect(answer.status == 403 && answer["set-cookie"] == nil, "\(answer.text)")
        }
    }
}
