// The scenarios of accounts: joining, links of mails, people, invitations.

import Base
import Crypto
import InsulaTesting
import JSON
import Tenancy
import Testing

extension Scenario {
    // MARK: Joining

    static let joining = [
        Scenario("POST", "/v1/signup") { _ in
            try await TestServer.run(["INSULA_SIGNUP": "open"]) { server in
                let visit = try await Visit(server)
                let owner: JSONValue = [
                    "username": "Ada", "email": "ada@example.com", "name": "Ada L.", "password": Visit.password,
                ]
                let answer = try await visit.open(201, "/v1/signup", ["slug": "acme", "name": "Acme", "owner": owner]).json
                #expect(answer["slug"] == "acme" && answer["name"] == "Acme")
                #expect(answer["owner"]?["username"] == "ada" && answer["owner"]?["role"] == "owner")
                #expect(answer["owner"]?["state"] == "unverified" && answer["owner"]?["email"] == "ada@example.com")
                let token = try await visit.token(to: "ada@example.com")
                let body: JSONValue = ["token": .string(token), "password": Visit.password]
                let verified = try await visit.open(200, "/v1/email/verify", body).json
                #expect(verified["state"] == "active" && verified["id"] == answer["owner"]?["id"])
            }
        },
        Scenario("POST", "/v1/register") { visit in
            try visit.openRegistration()
            let answer = try await visit.open(202, "/v1/register", visit.registration("Bob", ["name": "Bob B."]))
            #expect(answer.json == ["email": .string(visit.address("bob"))])
            let listed = try await visit.call(200, "GET", "/v1/users?filter[state]=unverified").json["data"]?.array
            #expect(listed?.count == 1 && listed?[0]["username"] == "bob" && listed?[0]["role"] == "member")
            #expect(listed?[0]["name"] == "Bob B." && listed?[0]["email_verified_at"] == .null)
            let mail = try #require(try await visit.server.mail(to: visit.address("bob"), count: 1).first)
            #expect(mail.subject == "Confirm your address for Tenant \(visit.tenant.slug)" && mail.text.contains("username bob"))
        },
        Scenario("POST", "/v1/invitations/accept") { visit in
            let token = try await visit.invited(visit.address("carol"), role: "admin")
            let body: JSONValue = ["token": .string(token), "username": "Carol", "name": "C", "password": Visit.password]
            let user = try await visit.open(201, "/v1/invitations/accept", body).json
            #expect(user["username"] == "carol" && user["role"] == "admin" && user["state"] == "active")
            #expect(user["email"]?.string == visit.address("carol") && user["email_verified_at"] != .null)
            expectProblem(try await visit.open(410, "/v1/invitations/accept", body), 410, "gone")
            let id = try #require(user["id"]?.string)
            #expect(try await visit.call(200, "GET", "/v1/users/\(id)").json == user)
            let invitation = try await visit.call(200, "GET", "/v1/invitations").json["data"]?[0]
            #expect(invitation?["state"] == "accepted" && invitation?["accepted_at"] != .null)
        },
    ]

    // MARK: Links

    static let links = [
        Scenario("GET", "/account") { visit in
            let page = try await visit.call(200, "GET", "/account")
            #expect(page["content-type"] == "text/html; charset=utf-8" && page["cache-control"] == "no-store")
            #expect(page["referrer-policy"] == "no-referrer" && page["x-frame-options"] == "DENY")
            let policy = try #require(page["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
            // What the page holds is what the policy lets run, and nothing is fetched from elsewhere.
            for (name, rule) in [("script", "script-src"), ("style", "style-src")] {
                let content = try #require(page.text.split(separator: "<\(name)>").last?.split(separator: "</\(name)>").first)
                let hash = Base64.standard.encode(SHA256.digest(Array(content.utf8)).array)
                #expect(policy.contains("\(rule) 'sha256-\(hash)'"), "\(name)")
            }
            #expect(!page.text.contains("http://") && !page.text.contains("https://") && !page.text.contains("src="))
            // A token that somebody puts where servers see it is not taken.
            expectProblem(try await visit.client.call("GET", "/account?token=x"), 422, "validation_failed", field: "token")
        },
        Scenario("POST", "/v1/email/verify") { visit in
            try visit.openRegistration()
            try await visit.open(202, "/v1/register", visit.registration("dora"))
            let body: JSONValue = [
                "token": .string(try await visit.token(to: visit.address("dora"))), "password": Visit.password,
            ]
            let user = try await visit.open(200, "/v1/email/verify", body).json
            #expect(user["state"] == "active" && user["username"] == "dora" && user["email_verified_at"] != .null)
            expectProblem(try await visit.open(410, "/v1/email/verify", body), 410, "gone")
        },
        Scenario("POST", "/v1/password/forgot") { visit in
            let person = try visit.tenant.person()
            let answer = try await visit.open(
                202, "/v1/password/forgot", ["tenant": .string(visit.tenant.slug), "email": .string(person.email.uppercased())])
            #expect(answer.json == ["email": .string(person.email)])
            let mail = try #require(try await visit.server.mail(to: person.email, count: 1).first)
            #expect(
                mail.text.contains("the account \(person.username) at")
                    && mail.link?.contains("#purpose=reset_password&token=") == true)
            #expect(!mail.source.contains(person.password))
        },
        Scenario("POST", "/v1/password/reset") { visit in
            let person = try visit.tenant.person()
            try await visit.open(
                202, "/v1/password/forgot", ["tenant": .string(visit.tenant.slug), "email": .string(person.email)])
            let token = JSONValue.string(try await visit.token(to: person.email))
            let weak = try await visit.open(422, "/v1/password/reset", ["token": token, "password": "password"])
            expectProblem(weak, 422, "validation_failed", field: "password")
            let user = try await visit.open(200, "/v1/password/reset", ["token": token, "password": Visit.password]).json
            #expect(user["id"]?.string == person.id.description)
            expectProblem(
                try await visit.open(410, "/v1/password/reset", ["token": token, "password": Visit.password]), 410, "gone")
            let notice = try #require(try await visit.server.mail(to: person.email, count: 2).last)
            #expect(notice.subject.hasSuffix("was changed") && notice.link == nil)
        },
    ]

    // MARK: One's own

    static let account = [
        Scenario("GET", "/v1/account") { visit in
            let person = try visit.tenant.person(.viewer)
            let answer = try await person.login().call("GET", "/v1/account")
            #expect(answer.status == 200 && answer.json["username"]?.string == person.username, "\(answer.text)")
            #expect(answer.json["tenant_id"]?.string == visit.tenant.id.description && answer["etag"] != nil)
            let scopes = (answer.json["scopes"]?.array ?? []).compactMap(\.string)
            #expect(scopes.contains("agents:read") && scopes.contains("account:write") && !scopes.contains("users:read"))
            #expect(!answer.text.contains("hash") && !answer.text.contains("argon2"))
            // A key has no account.
            expectProblem(try await visit.client.call("GET", "/v1/account"), 403, "forbidden")
        },
        Scenario("PATCH", "/v1/account") { visit in
            let (person, other) = (try visit.tenant.person(), try visit.tenant.person())
            let client = try await person.login()
            let changed = try await client.call("PATCH", "/v1/account", ["name": "Wanda", "username": "Wanda.W"])
            #expect(changed.status == 200 && changed.json["username"] == "wanda.w" && changed.json["name"] == "Wanda")
            let taken = try await client.call("PATCH", "/v1/account", ["username": .string(other.username.uppercased())])
            expectProblem(taken, 409, "conflict", field: "username")
            let late = try await client.call("PATCH", "/v1/account", ["name": "x"], headers: [("if-match", "\"1\"")])
            expectProblem(late, 412, "precondition_failed")
        },
        Scenario("DELETE", "/v1/account") { visit in
            let person = try visit.tenant.person()
            let client = try await person.login()
            #expect(try await client.call("DELETE", "/v1/account").status == 204)
            expectProblem(try await client.call("GET", "/v1/account"), 401, "unauthenticated")
            expectProblem(try await visit.call(404, "GET", "/v1/users/\(person.id)"), 404, "not_found")
        },
        Scenario("POST", "/v1/account/password") { visit in
            let person = try visit.tenant.person()
            let (client, other) = (try await person.login(), try await person.login())
            let body: JSONValue = ["current_password": .string(person.password), "new_password": Visit.password]
            let changed = try await client.call("POST", "/v1/account/password", body)
            #expect(changed.status == 200 && changed.json["id"]?.string == person.id.description, "\(changed.text)")
            #expect(try await client.call("GET", "/v1/account").status == 200)
            expectProblem(try await other.call("GET", "/v1/account"), 401, "unauthenticated")
            expectProblem(try await person.logIn(), 401, "unauthenticated")
            #expect(try await person.logIn(Visit.newPassword).status == 200)
            #expect(try await visit.server.mail(to: person.email, count: 1).first?.subject.hasSuffix("was changed") == true)
        },
        Scenario("POST", "/v1/account/email") { visit in
            let person = try visit.tenant.person()
            let client = try await person.login()
            let new = visit.address("new")
            let asked = try await client.call("POST", "/v1/account/email", ["email": .string(new)])
            #expect(asked.status == 202 && asked.json == ["email": .string(new)], "\(asked.text)")
            #expect(try await client.call("GET", "/v1/account").json["email"]?.string == person.email)
            #expect(try await visit.server.mail(to: person.email, count: 1).first?.link == nil)
            let user = try await visit.open(200, "/v1/email/verify", ["token": .string(try await visit.token(to: new))]).json
            #expect(user["email"]?.string == new && user["id"]?.string == person.id.description)
            #expect(try await visit.server.mail(to: person.email, count: 2).last?.subject.hasSuffix("was changed") == true)
        },
    ]

    // MARK: People

    static let people = [
        Scenario("GET", "/v1/users") { visit in
            let (admin, member) = (try visit.tenant.person(.admin), try visit.tenant.person(.member))
            _ = try visit.tenant.person(.viewer, state: "disabled")
            let all = try await visit.call(200, "GET", "/v1/users").json
            #expect(all["data"]?.array?.count == 4 && all["has_more"] == false)
            #expect(try await visit.ids("/v1/users?filter[role]=admin") == [admin.id.description])
            #expect(try await visit.ids("/v1/users?filter[email]=\(member.email.uppercased())") == [member.id.description])
            #expect(try await visit.ids("/v1/users?filter[state]=disabled").count == 1)
            #expect(try await visit.ids("/v1/users?filter[role]=\(RoleID.make())") == [])
            let first = try await visit.call(200, "GET", "/v1/users?limit=3").json
            let cursor = try #require(first["next_cursor"]?.string)
            let second = try await visit.call(200, "GET", "/v1/users?limit=3&cursor=\(cursor)").json
            #expect((first["data"]?.array ?? []) + (second["data"]?.array ?? []) == all["data"]?.array)
            expectProblem(
                try await visit.client.call("GET", "/v1/users?filter[role]=boss"), 422, "validation_failed", field: "filter[role]"
            )
        },
        Scenario("GET", "/v1/users/{user_id}") { visit in
            let person = try visit.tenant.person(.viewer)
            let answer = try await visit.call(200, "GET", "/v1/users/\(person.id)")
            let user = answer.json
            #expect(user["username"]?.string == person.username && user["email"]?.string == person.email)
            #expect(user["role"] == "viewer" && user["state"] == "active" && user["mfa_enabled"] == false)
            #expect(!answer.text.contains("hash") && !answer.text.contains("argon2") && !answer.text.contains("totp"))
            let tag = try #require(answer["etag"])
            let known = try await visit.client.call("GET", "/v1/users/\(person.id)", headers: [("if-none-match", tag)])
            #expect(known.status == 304)
        },
        Scenario("PATCH", "/v1/users/{user_id}") { visit in
            let person = try visit.tenant.person(.viewer)
            let before = try await visit.call(200, "GET", "/v1/users/\(person.id)")
            let tag = try #require(before["etag"])
            let changed = try await visit.call(
                200, "PATCH", "/v1/users/\(person.id)", ["name": "Nora", "role": "member"], headers: [("if-match", tag)])
            #expect(changed.json["name"] == "Nora" && changed.json["role"] == "member")
            let late = try await visit.call(
                412, "PATCH", "/v1/users/\(person.id)", ["name": "Late"], headers: [("if-match", tag)])
            expectProblem(late, 412, "precondition_failed")
            let missing = try await visit.call(404, "PATCH", "/v1/users/\(UserID.make())", ["name": "x"])
            expectProblem(missing, 404, "not_found")
        },
        Scenario("POST", "/v1/users/{user_id}/disable") { visit in
            let person = try visit.tenant.person()
            #expect(try await visit.call(200, "POST", "/v1/users/\(person.id)/disable").json["state"] == "disabled")
            let again = try await visit.call(409, "POST", "/v1/users/\(person.id)/disable")
            expectProblem(again, 409, "invalid_state_transition")
        },
        Scenario("POST", "/v1/users/{user_id}/enable") { visit in
            let person = try visit.tenant.person(state: "disabled")
            #expect(try await visit.call(200, "POST", "/v1/users/\(person.id)/enable").json["state"] == "active")
        },
        Scenario("POST", "/v1/users/{user_id}/unlock") { visit in
            let person = try visit.tenant.person()
            #expect(
                try await visit.call(200, "POST", "/v1/users/\(person.id)/unlock").json["id"]?.string == person.id.description)
        },
        Scenario("DELETE", "/v1/users/{user_id}") { visit in
            let person = try visit.tenant.person()
            try await visit.call(204, "DELETE", "/v1/users/\(person.id)")
            expectProblem(try await visit.call(404, "GET", "/v1/users/\(person.id)"), 404, "not_found")
            expectProblem(try await visit.call(404, "DELETE", "/v1/users/\(person.id)"), 404, "not_found")
        },
        Scenario("DELETE", "/v1/users/{user_id}/mfa") { visit in
            let person = try visit.tenant.person()
            let none = try await visit.call(409, "DELETE", "/v1/users/\(person.id)/mfa")
            expectProblem(none, 409, "invalid_state_transition")
            try visit.sql(
                "UPDATE users SET totp_secret = 's', totp_confirmed_at = now() WHERE tenant_id = $1 AND id = $2",
                [person.id.uuid.description])
            #expect(try await visit.call(200, "GET", "/v1/users/\(person.id)").json["mfa_enabled"] == true)
            try await visit.call(204, "DELETE", "/v1/users/\(person.id)/mfa")
            #expect(try await visit.call(200, "GET", "/v1/users/\(person.id)").json["mfa_enabled"] == false)
            #expect(try await visit.server.mail(to: person.email, count: 1).first?.subject.contains("second factor") == true)
        },
        Scenario("POST", "/v1/invitations") { visit in
            let email = visit.address("eve")
            let made = try await visit.call(
                201, "POST", "/v1/invitations", ["email": .string(email.uppercased()), "role": "viewer"])
            #expect(made.json["email"]?.string == email && made.json["role"] == "viewer" && made.json["state"] == "pending")
            let token = try await visit.token(to: email)
            #expect(!made.text.contains(token) && !made.text.contains("hash"))
            let taken = try await visit.call(
                409, "POST", "/v1/invitations", ["email": .string(try visit.tenant.person().email)])
            expectProblem(taken, 409, "conflict", field: "email")
        },
        Scenario("GET", "/v1/invitations") { visit in
            for name in ["a", "b", "b"] {
                try await visit.call(201, "POST", "/v1/invitations", ["email": .string(visit.address(name))])
            }
            let page = try await visit.call(200, "GET", "/v1/invitations").json["data"]?.array
            // The newer one of an address makes the older one void.
            #expect(page?.compactMap { $0["state"]?.string } == ["pending", "revoked", "pending"])
        },
        Scenario("DELETE", "/v1/invitations/{invitation_id}") { visit in
            let token = try await visit.invited(visit.address("finn"))
            let id = try #require(try await visit.call(200, "GET", "/v1/invitations").json["data"]?[0]?["id"]?.string)
            #expect(try await visit.call(200, "DELETE", "/v1/invitations/\(id)").json["state"] == "revoked")
            let body: JSONValue = ["token": .string(token), "username": "finn", "password": Visit.password]
            expectProblem(try await visit.open(410, "/v1/invitations/accept", body), 410, "gone")
            expectProblem(
                try await visit.call(409, "DELETE", "/v1/invitations/\(id)"), 409, "invalid_state_transition")
        },
    ]
}
