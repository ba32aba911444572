// Sessions: who may use them, from where, until when; and how fast everybody hears that one is over.

import Base
import Glibc
import Identity
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@Suite struct SessionTests {
    private func update(_ visit: Visit, _ sql: String, _ id: String) throws {
        let uuid = try #require(SessionID(id)).uuid.description
        _ = try visit.server.database.connectAsSuperuser().rows("UPDATE sessions SET \(sql) WHERE id = $1", [uuid])
    }

    @Test func `a session that is idle, past its end, ended or of somebody who may not act opens nothing`() async throws {
        let visit = try await Visit()
        for change in [
            "last_used_at = now() - make_interval(secs => idle_seconds)", "expires_at = now()",
            "ended_at = now(), end_reason = 'revoked'",
        ] {
            for kind in [LoginSession.Kind.token, .cookie] {
                let session = try await visit.tenant.person().session(kind)
                try update(visit, change, session.id)
                expectProblem(try await session.client().call("GET", "/v1/tenant"), 401, "unauthenticated")
                guard kind == .token else { continue }
                let refresh = try await visit.server.client().call(
                    "POST", "/v1/token/refresh", ["refresh_token": .string(session.refreshToken)])
                expectProblem(refresh, 401, "unauthenticated")
            }
        }
        for state in ["disabled", "unverified"] {
            let person = try visit.tenant.person()
            let session = try await person.session()
            _ = try visit.server.database.connectAsSuperuser().rows(
                "UPDATE users SET state = $2 WHERE id = $1", [person.id.uuid.description, state])
            expectProblem(try await session.client().call("GET", "/v1/tenant"), 401, "unauthenticated")
        }
        let sessions = [try await visit.tenant.person().session(), try await visit.tenant.person().session(.cookie)]
        _ = try visit.server.database.connectAsSuperuser().rows(
            "UPDATE tenants SET state = 'suspended' WHERE tenant_id = $1", [visit.tenant.id.uuid.description])
        for session in sessions { expectProblem(try await session.client().call("GET", "/v1/tenant"), 401, "unauthenticated") }
    }

    @Test func `who has to change his password or to take a second factor reaches his own account alone`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person(.owner)
        let session = try await person.session()
        let connection = try visit.server.database.connectAsSuperuser()
        let id = person.id.uuid.description
        _ = try connection.rows("UPDATE users SET must_change_password = true WHERE id = $1", [id])
        expectProblem(try await session.client().call("GET", "/v1/tenant"), 403, "forbidden")
        #expect(try await session.client().call("GET", "/v1/sessions").status == 200)
        _ = try connection.rows("UPDATE users SET must_change_password = false WHERE id = $1", [id])
        _ = try connection.rows(
            "UPDATE tenants SET settings = '{\"mfa_required\": true}' WHERE tenant_id = $1", [visit.tenant.id.uuid.description])
        let second = try await person.session()
        expectProblem(try await second.client().call("GET", "/v1/tenant"), 403, "forbidden")
        #expect(try await second.client().call("GET", "/v1/sessions").status == 200)
        _ = try connection.rows("UPDATE users SET totp_secret = 'x', totp_confirmed_at = now() WHERE id = $1", [id])
        #expect(try await person.session().client().call("GET", "/v1/tenant").status == 200)
    }

    @Test func `a session's id is new at every login, and never the caller's choice`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let (first, second) = (try await person.session(.cookie), try await person.session(.cookie))
        #expect(first.id != second.id && first.cookie != second.cookie)
        // The id of one session with the secret of another, and an id without its secret.
        let mixed = String(first.cookie.prefix(27)) + String(second.cookie.suffix(52))
        for value in [mixed, String(first.cookie.prefix(26)), first.id, first.cookie + "0", first.cookie.uppercased()] {
            let client = visit.server.client(headers: [("cookie", "\(SessionCookie.name)=\(value)")])
            expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated")
        }
        // Nothing of the secret is in the database.
        let rows = try visit.server.database.connectAsSuperuser().rows(
            "SELECT s::text FROM sessions s WHERE user_id = $1", [person.id.uuid.description])
        #expect(rows.count == 2)
        for row in rows { #expect(row[0]?.contains(first.cookie.suffix(52)) == false) }
    }

    @Test func `a cookie changes something only for a page of this server`() async throws {
        let visit = try await Visit()
        let session = try await visit.tenant.person(.admin).session(.cookie)
        let port = visit.server.port
        let origins: [String?] = [
            nil, "http://127.0.0.1:\(port)", "https://127.0.0.1:\(port)", "http://127.0.0.1:1", "https://evil.example", "null",
            "http://127.0.0.1:\(port).evil.example", "http://127.0.0.1", "",
        ]
        let own = Set(["http://127.0.0.1:\(port)", "https://127.0.0.1:\(port)"])
        var cases = 0
        for site: String? in [nil, "same-origin", "none", "same-site", "cross-site", "", "Same-Origin"] {
            for origin in origins {
                let headers = (site.map { [("sec-fetch-site", $0)] } ?? []) + (origin.map { [("origin", $0)] } ?? [])
                let client = session.client(headers: headers)
                let isOurs = site.map { $0 == "same-origin" || $0 == "none" } ?? origin.map(own.contains) ?? false
                for (method, path, body) in [
                    ("DELETE", "/v1/sessions", nil), ("POST", "/v1/agents", Visit.agentBody("ping")),
                    ("PATCH", "/v1/agents/\(AgentID.make())", ["name": "x"]),
                ] as [(String, String, JSONValue?)] {
                    let answer = try await client.call(method, path, body)
                    #expect((answer.status != 403) == isOurs, "\(method) \(site ?? "-") \(origin ?? "-"): \(answer.text)")
                    cases += 1
                }
                #expect(try await client.call("GET", "/v1/tenant").status == 200)
            }
        }
        print("\(cases) cases ran of requests with a cookie")
        // A key or a token is nothing that a browser sends along by itself.
        let client = visit.server.client(key: visit.tenant.key, headers: [("sec-fetch-site", "cross-site")])
        #expect(try await client.call("POST", "/v1/agents", Visit.agentBody("ping")).status == 201)
        // A body that a form of any page could send is no JSON.
        let form = session.client(headers: [("sec-fetch-site", "same-origin"), ("content-type", "text/plain")])
        expectProblem(
            try await form.send("POST", "/v1/agents", body: Visit.agentBody("ping").bytes), 415, "unsupported_media_type")
    }

    @Test func `two credentials are none, and other cookies are no business of ours`() async throws {
        let visit = try await Visit()
        let session = try await visit.tenant.person().session(.cookie)
        let cookie = "\(SessionCookie.name)=\(session.cookie)"
        let bearer = ("authorization", "Bearer \(visit.tenant.key)")
        for headers in [
            [("cookie", cookie), bearer], [("cookie", cookie), ("x-api-key", visit.tenant.key)],
            [("cookie", "\(cookie); \(cookie)")],
            [("cookie", cookie), ("cookie", cookie)],
        ] {
            expectProblem(try await visit.server.client(headers: headers).call("GET", "/v1/tenant"), 400, "malformed_request")
        }
        for headers in [
            [("cookie", "a=b; \(cookie); c=d")], [("cookie", "a=b; session=1"), bearer], [("cookie", "x\(cookie)"), bearer],
        ] {
            #expect(try await visit.server.client(headers: headers).call("GET", "/v1/tenant").status == 200)
        }
        let answer = try await visit.server.client().call("GET", "/v1/tenant", headers: [("cookie", "a=b")])
        #expect(answer.status == 401 && answer["www-authenticate"] == #"Bearer realm="insula""#)
    }

    @Test func `a logout here is heard at once on every node, and leaves the others logged in`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                let person = try visit.tenant.person()
                let (mine, other) = (try await person.session(), try await person.session(.cookie))
                // On several connections, so that both loops of both nodes know the credentials.
                let near = (0..<6).map { _ in mine.client() }
                let far = (0..<6).map { _ in mine.client(second) }
                for client in near + far { #expect(try await client.call("GET", "/v1/tenant").status == 200) }
                for _ in 0..<4 { #expect(try await other.client(second).call("GET", "/v1/tenant").status == 200) }
                #expect(try await mine.client().call("POST", "/v1/logout").status == 204)
                for client in near { #expect(try await client.call("GET", "/v1/tenant").status == 401) }
                try await expectEnded(far)
                for _ in 0..<4 { #expect(try await other.client(second).call("GET", "/v1/tenant").status == 200) }
            }
        }
    }

    @Test func `a node whose listening connection is dead without knowing it keeps nothing for long`() async throws {
        try await TestServer.run { server in
            let visit = try await Visit(server)
            let session = try await visit.tenant.person().session()
            let clients = (0..<4).map { _ in session.client() }
            let superuser = try server.database.connectAsSuperuser()
            for client in clients { #expect(try await client.call("GET", "/v1/tenant").status == 200) }
            let listeners = try superuser.rows(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'insula listener%' AND datname = current_database()"
            ).compactMap { $0[0].flatMap { pid_t($0) } }
            #expect(listeners.count == 1)
            for pid in listeners { #expect(kill(pid, SIGSTOP) == 0) }
            defer { for pid in listeners { kill(pid, SIGCONT) } }
            // Nobody tells of it: only by asking anew can the node find out. What is kept would last for minutes.
            try update(visit, "ended_at = now(), end_reason = 'revoked'", session.id)
            try await expectEnded(clients)
        }
    }

    /// Waits until all are refused: long before what is kept ends by itself.
    private func expectEnded(_ clients: [TestClient]) async throws {
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        for client in clients {
            while try await client.call("GET", "/v1/tenant").status == 200 {
                try #require(Instant.now < deadline, "an ended session is still taken")
            }
        }
    }

    /// Clients of both servers with the token of somebody who acts as another.
    private func acting(_ made: TestAnswer, on servers: [TestServer]) async throws -> [TestClient] {
        let token = try #require(made.json["access_token"]?.string, "\(made.text)")
        let clients = servers.flatMap { server in (0..<4).map { _ in server.client(key: token) } }
        for client in clients { #expect(try await client.call("GET", "/v1/agents").status == 200) }
        return clients
    }

    private func expectEnd(of clients: [TestClient], after act: String) async throws {
        let deadline = Instant.now.advanced(milliseconds: 10_000)
        for client in clients {
            while try await client.call("GET", "/v1/agents").status != 401 {
                try #require(Instant.now < deadline, "who acts as another goes on after \(act)")
            }
        }
    }

    @Test func `who acts as another does so no longer than his own session lasts, on every node`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                let member = try visit.tenant.person()
                let theirs = try await member.session().client()
                for act in ["logout", "end", "others", "password", "disable", "role", "delete"] {
                    let admin = try visit.tenant.person(.admin)
                    let own = try await admin.login()
                    let made = try await own.call("POST", "/v1/users/\(member.id)/impersonate", ["reason": "a ticket"])
                    let clients = try await acting(made, on: [first, second])
                    switch act {
                    case "logout": #expect(try await own.call("POST", "/v1/logout").status == 204)
                    case "end":
                        let id = try await own.call("GET", "/v1/sessions").json["data"]?[0]?["id"]?.string ?? ""
                        #expect(try await admin.login().call("DELETE", "/v1/sessions/\(id)").status == 204)
                    case "others": #expect(try await admin.login().call("DELETE", "/v1/sessions").status == 200)
                    case "password":
                        let body: JSONValue = ["current_password": .string(admin.password), "new_password": Visit.password]
                        #expect(try await admin.login().call("POST", "/v1/account/password", body).status == 200)
                    case "disable": try await visit.call(200, "POST", "/v1/users/\(admin.id)/disable")
                    case "role": try await visit.call(200, "PATCH", "/v1/users/\(admin.id)", ["role": "owner"])
                    default: try await visit.call(204, "DELETE", "/v1/users/\(admin.id)")
                    }
                    try await expectEnd(of: clients, after: act)
                }
                // The person himself goes on as before.
                #expect(try await theirs.call("GET", "/v1/agents").status == 200)
            }
        }
    }

    @Test func `who acts as another may do no more than he may himself, as of now`() async throws {
        let visit = try await Visit()
        let colleague = try visit.tenant.person(.admin)
        let own = try await visit.tenant.person(.admin).session()
        let made = try await own.client().call("POST", "/v1/users/\(colleague.id)/impersonate", ["reason": "a ticket"])
        let client = try await acting(made, on: [visit.server])[0]
        #expect(try await client.call("GET", "/v1/audit").status == 200)
        // As if the role had changed behind the back of all that ends sessions.
        _ = try visit.server.database.connectAsSuperuser().rows(
            "UPDATE users SET role = 'viewer' WHERE id = (SELECT user_id FROM sessions WHERE id = $1)",
            [try #require(SessionID(own.id)).uuid.description])
        _ = try visit.server.database.connectAsSuperuser().rows("SELECT pg_notify('insula_credentials', 'everything')")
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        while try await client.call("GET", "/v1/audit").status != 403 {
            try #require(Instant.now < deadline, "rights of before are kept for ever")
        }
        #expect(try await client.call("GET", "/v1/agents").status == 200)
        // It ends when the session does that it was begun from.
        let late = try await visit.tenant.person(.admin).session()
        try update(visit, "expires_at = now() + interval '2 minutes'", late.id)
        let short = try await late.client().call("POST", "/v1/users/\(colleague.id)/impersonate", ["reason": "a ticket"])
        #expect((1...120).contains(short.json["expires_in"]?.int ?? 0), "\(short.text)")
    }

    @Test func `an operator acts as somebody no longer than his key is good, on every node`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                let member = try visit.tenant.person()
                let path = "/v1/operator/tenants/\(visit.tenant.id)/users/\(member.id)/impersonate"
                let made = try await first.operatorClient().call("POST", path, ["reason": "a ticket"])
                let clients = try await acting(made, on: [first, second])
                let superuser = try first.database.connectAsSuperuser()
                let row = try superuser.rows(
                    "SELECT impersonator_id FROM sessions WHERE impersonator_kind = 'operator' AND tenant_id = $1",
                    [visit.tenant.id.uuid.description])
                let id = OperatorID(try #require(UUIDBits(hyphenated: (row[0][0] ?? "").utf8)))
                try await first.revokeOperator(id)
                try await expectEnd(of: clients, after: "the operator's key")
                // Neither a tenant's people nor its keys come that way.
                for client in [visit.client, try await visit.tenant.person(.owner).session().client()] {
                    expectProblem(try await client.call("POST", path, ["reason": "a ticket"]), 403, "forbidden")
                }
                // Who may not act has nobody act for him.
                let disabled = try visit.tenant.person(state: "disabled")
                let refused = try await first.operatorClient().call(
                    "POST", path.replacing(member.id.description, with: disabled.id.description), ["reason": "a ticket"])
                expectProblem(refused, 409, "invalid_state_transition")
            }
        }
    }

    @Test func `nobody acts as somebody who may do more, as himself, or while he acts as another`() async throws {
        let visit = try await Visit()
        let admin = try await visit.tenant.person(.admin).session()
        let owner = try visit.tenant.person(.owner)
        let member = try visit.tenant.person()
        let body: JSONValue = ["reason": "a ticket"]
        func path(_ person: TestPerson) -> String { "/v1/users/\(person.id)/impersonate" }
        expectProblem(try await admin.client().call("POST", path(owner), body), 403, "forbidden")
        expectProblem(try await visit.client.call("POST", path(member), body), 403, "forbidden")
        expectProblem(try await member.session().client().call("POST", path(member), body), 403, "forbidden")
        for refused: JSONValue in [["reason": ""], ["reason": "x", "minutes": 61], ["reason": "x", "minutes": 0], [:]] {
            let answer = try await admin.client().call("POST", path(member), refused)
            expectProblem(answer, 422, "validation_failed")
        }
        // As another admin he still can't touch a credential, nor go on to a third.
        let colleague = try visit.tenant.person(.admin)
        let made = try await admin.client().call("POST", path(colleague), body)
        let client = visit.server.client(key: made.json["access_token"]?.string)
        #expect(try await client.call("GET", "/v1/keys").status == 200)
        for (method, path) in [
            ("POST", "/v1/keys"), ("POST", path(member)), ("DELETE", "/v1/sessions"),
            ("DELETE", "/v1/users/\(member.id)/sessions"),
        ] {
            expectProblem(try await client.call(method, path, method == "POST" ? body : nil), 403, "forbidden")
        }
        // Somebody who may not act has nobody act for him.
        let disabled = try visit.tenant.person(.member, state: "disabled")
        expectProblem(try await admin.client().call("POST", path(disabled), body), 409, "invalid_state_transition")
        // The proof of who he is has to be fresh.
        try update(visit, "authenticated_at = now() - interval '11 minutes'", admin.id)
        let stale = try await visit.tenant.person(.admin).session()
        try update(visit, "authenticated_at = now() - interval '11 minutes'", stale.id)
        let answer = try await stale.client().call("POST", path(member), body)
        expectProblem(answer, 401, "step_up_required")
        #expect(
            answer["www-authenticate"]
                == #"Bearer realm="insula", error="insufficient_user_authentication", max_age=600"#)
    }
}
