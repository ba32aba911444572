// Registering with an address that is somebody else's: it neither gets anybody in, nor keeps its owner out, nor floods him.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

@Suite struct RegistrationTests {
    @Test func `who registers with somebody else's address gains nothing by it`() async throws {
        let visit = try await Visit()
        try visit.openRegistration()
        let email = visit.address("victim")
        let theirs: JSONValue = "stranger knows this one sentence"
        try await visit.open(202, "/v1/register", visit.registration("victim"))
        try await visit.open(202, "/v1/register", visit.registration("ghost", ["email": .string(email), "password": theirs]))
        // The newest link confirms with the password of whoever has the mailbox, and with none it confirms nothing.
        let token = JSONValue.string(try await visit.token(to: email, 2))
        for refused: JSONValue in [["token": token], ["token": token, "password": "short"]] {
            let answer = try await visit.open(422, "/v1/email/verify", refused)
            expectProblem(answer, 422, "validation_failed", field: "password")
        }
        let own: JSONValue = "the owner of the mailbox chose this"
        #expect(try await visit.open(200, "/v1/email/verify", ["token": token, "password": own]).json["state"] == "active")
        for (password, status) in [(theirs, 401), (Visit.password, 401), (own, 200)] {
            let body: JSONValue = ["tenant": .string(visit.tenant.slug), "login": .string(email), "password": password]
            try await visit.open(status, "/v1/login", body)
        }
    }

    @Test func `a registration keeps nobody from being invited`() async throws {
        let visit = try await Visit()
        try visit.openRegistration()
        let email = visit.address("guest")
        try await visit.open(202, "/v1/register", visit.registration("squatter", ["email": .string(email)]))
        try await visit.call(201, "POST", "/v1/invitations", ["email": .string(email)])
        let token = try await visit.token(to: email, 2)
        // Nor does one that comes behind the invitation.
        try await visit.open(202, "/v1/register", visit.registration("squatter", ["email": .string(email)]))
        let body: JSONValue = ["token": .string(token), "username": "guest", "password": Visit.password]
        #expect(try await visit.open(201, "/v1/invitations/accept", body).json["username"] == "guest")
        #expect(try visit.sql("SELECT count(*) FROM users WHERE tenant_id = $1 AND email = $2", [email])[0][0] == "1")
    }

    @Test func `sign-ups send an address no more mail than it may get, and go when nobody confirms them`() async throws {
        try await TestServer.run(["INSULA_SIGNUP": "open"]) { server in
            let visit = try await Visit(server)
            var statuses: [Int] = []
            for number in 0..<7 {
                let owner: JSONValue = ["username": "ada", "email": "ada@flood.example.com", "password": Visit.password]
                let answer = try await server.client().call(
                    "POST", "/v1/signup", ["slug": .string("flood\(number)"), "name": "F", "owner": owner],
                    headers: [TestServer.ownAddress()])
                statuses.append(answer.status)
            }
            #expect(statuses == [201, 201, 201, 201, 201, 429, 429])
            let token = try await visit.token(to: "ada@flood.example.com", 5)
            let superuser = try server.database.connectAsSuperuser()
            func slugs() throws -> [String?] {
                try superuser.rows("SELECT slug FROM tenants WHERE slug LIKE 'flood%' ORDER BY 1").map { $0[0] }
            }
            try await server.keepHouse()
            #expect(try slugs().count == 5)
            // The last one is confirmed in time, the others are not.
            try await visit.open(200, "/v1/email/verify", ["token": .string(token), "password": Visit.password])
            _ = try superuser.rows("UPDATE tenants SET confirm_by = now() - interval '1 second' WHERE confirm_by IS NOT NULL")
            try await server.keepHouse()
            #expect(try slugs() == ["flood4"])
            #expect(try superuser.rows("SELECT state, confirm_by FROM tenants WHERE slug = 'flood4'")[0] == ["active", nil])
        }
    }
}
