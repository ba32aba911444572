// What people can do with their own accounts, and what somebody can't who only has their session.

import Base
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@Suite struct OwnAccountTests {
    private func change(_ current: String, _ new: JSONValue) -> JSONValue {
        ["current_password": .string(current), "new_password": new]
    }

    @Test func `a password is changed by whoever knows the present one, and guessing it is bounded`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let client = try await person.login()
        for number in 0..<10 {
            let answer = try await client.call("POST", "/v1/account/password", change("wrong \(number)", Visit.password))
            expectProblem(answer, 403, "forbidden")
        }
        let bounded = try await client.call("POST", "/v1/account/password", change(person.password, Visit.password))
        expectProblem(bounded, 429, "rate_limited")
        #expect(bounded["retry-after"] != nil)
        let refused = try visit.sql(
            """
            SELECT count(*) FROM audit_log
            WHERE tenant_id = $1 AND action = 'user.password_changed' AND result = 'refused' AND target_id = $2
            """, [person.id.uuid.description])
        #expect(refused[0][0] == "10")
        // An admin lets him try again.
        try await visit.call(200, "POST", "/v1/users/\(person.id)/unlock")
        #expect(try await client.call("POST", "/v1/account/password", change(person.password, Visit.password)).status == 200)
    }

    @Test func `a new password is refused that is weak, about the person, or the present one`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let client = try await person.login()
        for bad: JSONValue in ["password", "correct horse", .string(person.username), .string(person.password)] {
            let answer = try await client.call("POST", "/v1/account/password", change(person.password, bad))
            expectProblem(answer, 422, "validation_failed", field: "new_password")
        }
        #expect(try await person.logIn().status == 200)
    }

    @Test func `a one-time password opens nothing but the way to a new one`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person(.owner)
        try visit.sql(
            "UPDATE users SET must_change_password = true WHERE tenant_id = $1 AND id = $2", [person.id.uuid.description])
        let client = try await person.login()
        #expect(try await client.call("GET", "/v1/account").json["must_change_password"] == true)
        for (method, path) in [("GET", "/v1/users"), ("GET", "/v1/agents"), ("POST", "/v1/invitations")] {
            expectProblem(try await client.call(method, path), 403, "forbidden")
        }
        let changed = try await client.call("POST", "/v1/account/password", change(person.password, Visit.password))
        #expect(changed.status == 200 && changed.json["must_change_password"] == false)
        #expect(try await client.call("GET", "/v1/users").status == 200)
    }

    @Test func `a reset skips no second factor and ends what was begun`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        _ = try await person.enrol()
        let before = try await person.logIn()
        #expect(before.json["state"] == "mfa_required")
        try await visit.open(
            202, "/v1/password/forgot", ["tenant": .string(visit.tenant.slug), "email": .string(person.email)])
        let token = JSONValue.string(try await visit.token(to: person.email))
        let reset = try await visit.open(200, "/v1/password/reset", ["token": token, "password": Visit.password])
        #expect(!reset.text.contains("token") && reset.headers.allSatisfy { $0.name != "set-cookie" })
        let after = try await person.logIn(Visit.newPassword)
        #expect(after.status == 200 && after.json["state"] == "mfa_required" && after.json["access_token"] == nil)
    }

    @Test func `an address that somebody else has is told to him, not to the one who asks`() async throws {
        let visit = try await Visit()
        let (person, other) = (try visit.tenant.person(), try visit.tenant.person())
        let client = try await person.login()
        let answer = try await client.call("POST", "/v1/account/email", ["email": .string(other.email)])
        #expect(answer.status == 202 && answer.json == ["email": .string(other.email)])
        let told = try #require(try await visit.server.mail(to: other.email, count: 1).first)
        #expect(told.link == nil && told.subject.hasPrefix("You have an account"))
        #expect(try await visit.server.mail(to: person.email, count: 1).count == 1)
        let same = try await client.call("POST", "/v1/account/email", ["email": .string(person.email.uppercased())])
        expectProblem(same, 422, "validation_failed", field: "email")
    }

    @Test func `a change of the address that somebody began is over with a new password`() async throws {
        let visit = try await Visit()
        for isForgotten in [false, true] {
            let person = try visit.tenant.person()
            let client = try await person.login()
            let theirs = visit.address("thief\(isForgotten)")
            #expect(try await client.call("POST", "/v1/account/email", ["email": .string(theirs)]).status == 202)
            let link = JSONValue.string(try await visit.token(to: theirs))
            if isForgotten {
                try await visit.open(
                    202, "/v1/password/forgot", ["tenant": .string(visit.tenant.slug), "email": .string(person.email)])
                let reset = JSONValue.string(try await visit.token(to: person.email, 2))
                try await visit.open(200, "/v1/password/reset", ["token": reset, "password": Visit.password])
            } else {
                let change: JSONValue = ["current_password": .string(person.password), "new_password": Visit.password]
                let changed = try await client.call("POST", "/v1/account/password", change)
                #expect(changed.status == 200, "\(changed.text)")
            }
            try await visit.open(410, "/v1/email/verify", ["token": link])
            let email = try visit.sql("SELECT email FROM users WHERE tenant_id = $1 AND id = $2", [person.id.uuid.description])
            #expect(email == [[person.email]])
        }
    }

    @Test func `who is let in again without a confirmed address still has to confirm it`() async throws {
        let visit = try await Visit()
        let (person, known) = (try visit.tenant.person(state: "unverified"), try visit.tenant.person())
        for (id, state) in [(person.id, "unverified"), (known.id, "active")] {
            try await visit.call(200, "POST", "/v1/users/\(id)/disable")
            #expect(try await visit.call(200, "POST", "/v1/users/\(id)/enable").json["state"]?.string == state)
        }
    }

    @Test func `a short password that is left alone has to be changed`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        try person.setPassword("nine char")
        var body = JSONObject()
        body["password"] = "nine char"
        let login = try await person.logIn(body)
        #expect(login.json["password_change_required"] == true, "\(login.text)")
        let client = visit.server.client(key: try #require(login.json["access_token"]?.string))
        expectProblem(try await client.call("GET", "/v1/agents"), 403, "forbidden")
        let change: JSONValue = ["current_password": "nine char", "new_password": Visit.password]
        #expect(try await client.call("POST", "/v1/account/password", change).status == 200)
        #expect(try await client.call("GET", "/v1/agents").status == 200)
    }

    @Test func `of two owners who demote each other at once on two nodes, one stays owner`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                let owners = [try visit.tenant.person(.owner), try visit.tenant.person(.owner)]
                let keys = [try await owners[0].session().accessToken, try await owners[1].session().accessToken]
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for at in 0..<2 {
                        let node = (at == 0 ? first : second).client(key: keys[at])
                        group.addTask {
                            try await node.call("PATCH", "/v1/users/\(owners[1 - at].id)", ["role": "viewer"]).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses.contains(200), "\(statuses)")
                let left = try visit.sql(
                    "SELECT count(*) FROM users WHERE tenant_id = $1 AND role = 'owner' AND state = 'active'")
                #expect(left[0][0].flatMap { Int($0) } ?? 0 >= 1, "\(left)")
            }
        }
    }

    @Test func `what can't be undone wants a fresh proof`() async throws {
        let visit = try await Visit()
        let (owner, other) = (try visit.tenant.person(.owner), try visit.tenant.person())
        let client = try await owner.login()
        try visit.sql(
            "UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE tenant_id = $1 AND user_id = $2",
            [owner.id.uuid.description])
        let fresh = try visit.server.database.connectAsSuperuser()
        // What the nodes know of the session is a moment old.
        _ = try fresh.rows("SELECT pg_notify('insula_credentials', 'everything')")
        let calls: [(String, String, JSONValue?)] = [
            ("DELETE", "/v1/account", nil), ("POST", "/v1/account/email", ["email": .string(visit.address("x"))]),
            ("PATCH", "/v1/users/\(other.id)", ["role": "viewer"]), ("POST", "/v1/users/\(other.id)/disable", nil),
            ("POST", "/v1/users/\(other.id)/enable", nil), ("DELETE", "/v1/users/\(other.id)", nil),
            ("DELETE", "/v1/users/\(other.id)/mfa", nil), ("POST", "/v1/keys", ["name": "k", "role": "admin"]),
            ("PATCH", "/v1/keys/\(KeyID.make())", ["name": "k"]), ("POST", "/v1/keys/\(KeyID.make())/rotate", nil),
            ("POST", "/v1/invitations", ["email": .string(visit.address("y")), "role": "owner"]),
            ("POST", "/v1/roles", ["name": "r", "scopes": ["users:write"]]), ("PATCH", "/v1/tenant", ["name": "T"]),
        ]
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        while try await client.call("POST", "/v1/users/\(other.id)/enable").json["code"] != "step_up_required" {
            try #require(Instant.now < deadline, "the session counts as fresh for ever")
        }
        for (method, path, body) in calls {
            expectProblem(try await client.call(method, path, body), 401, "step_up_required")
        }
        #expect(try await client.call("GET", "/v1/account").status == 200)
        let proof = try await client.call("POST", "/v1/account/step-up", ["password": .string(owner.password)])
        #expect(proof.status == 200)
        #expect(try await client.call("PATCH", "/v1/users/\(other.id)", ["role": "viewer"]).status == 200)
    }

    @Test func `whoever is disabled, demoted or deleted is out at once, on every node`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                for act in ["disable", "role", "delete"] {
                    let person = try visit.tenant.person(.admin)
                    let answer = try await person.logIn()
                    let token = try #require(answer.json["access_token"]?.string)
                    let clients = (0..<4).map { _ in first.client(key: token) } + (0..<4).map { _ in second.client(key: token) }
                    for client in clients { #expect(try await client.call("GET", "/v1/account").status == 200) }
                    switch act {
                    case "disable": try await visit.call(200, "POST", "/v1/users/\(person.id)/disable")
                    case "role": try await visit.call(200, "PATCH", "/v1/users/\(person.id)", ["role": "viewer"])
                    default: try await visit.call(204, "DELETE", "/v1/users/\(person.id)")
                    }
                    for client in clients.prefix(4) {
                        #expect(try await client.call("GET", "/v1/account").status == 401, "\(act)")
                    }
                    let deadline = Instant.now.advanced(milliseconds: 10_000)
                    for client in clients.suffix(4) {
                        while try await client.call("GET", "/v1/account").status == 200 {
                            try #require(Instant.now < deadline, "the other node still knows whom \(act) concerned")
                        }
                    }
                    #expect(try await person.logIn().status == (act == "role" ? 200 : 401))
                }
            }
        }
    }
}
