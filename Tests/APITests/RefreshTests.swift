// Refresh tokens: many tabs, many nodes, thieves.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

@Suite struct RefreshTests {
    private func refresh(_ server: TestServer, _ token: String) async throws -> TestAnswer {
        try await server.client().call("POST", "/v1/token/refresh", ["refresh_token": .string(token)])
    }

    private func age(_ server: TestServer, _ session: TestSession) throws {
        _ = try server.database.connectAsSuperuser().rows(
            "UPDATE sessions SET refreshed_at = refreshed_at - interval '11 seconds' WHERE id = $1",
            [try #require(SessionID(session.id)).uuid.description])
    }

    @Test func `fifty refreshes at once, on two nodes, have one answer and log nobody out`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                var session = try await visit.tenant.person().session()
                var token = session.refreshToken
                for _ in 0..<3 {
                    let present = token
                    let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
                        for number in 0..<50 {
                            let server = number.isMultiple(of: 2) ? first : second
                            group.addTask { try await refresh(server, present) }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(answers.allSatisfy { $0.status == 200 }, "\(answers.map(\.status))")
                    #expect(Set(answers.map(\.body)).count == 1)
                    let json = try #require(answers.first?.json)
                    for server in [first, second] {
                        let client = server.client(key: json["access_token"]?.string)
                        #expect(try await client.call("GET", "/v1/tenant").status == 200)
                    }
                    token = try #require(json["refresh_token"]?.string)
                }
                let rows = try first.database.connectAsSuperuser().rows(
                    "SELECT refresh_counter, ended_at FROM sessions WHERE id = $1",
                    [try #require(SessionID(session.id)).uuid.description])
                #expect(rows == [["3", nil]])
                session = try await visit.tenant.person().session()
            }
        }
    }

    @Test func `a token that comes again after ten seconds ends the session, whoever has it`() async throws {
        let visit = try await Visit()
        let session = try await visit.tenant.person().session()
        let next = try await refresh(visit.server, session.refreshToken)
        // A tab that was slow is answered as the first one was.
        #expect(try await refresh(visit.server, session.refreshToken).body == next.body)
        let client = visit.server.client(key: next.json["access_token"]?.string)
        #expect(try await client.call("GET", "/v1/tenant").status == 200)
        try age(visit.server, session)
        expectProblem(try await refresh(visit.server, session.refreshToken), 401, "unauthenticated")
        expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated")
        expectProblem(
            try await refresh(visit.server, try #require(next.json["refresh_token"]?.string)), 401, "unauthenticated")
        let lines = try visit.server.database.connectAsSuperuser().rows(
            """
            SELECT a.result, s.end_reason FROM audit_log a JOIN sessions s ON s.id = a.target_id
            WHERE a.tenant_id = $1 AND a.action = 'session.refresh_token_reused'
            """, [visit.tenant.id.uuid.description])
        #expect(lines == [["refused", "reused"]])
    }

    @Test func `a token from before the last ends the session even at once`() async throws {
        let visit = try await Visit()
        let session = try await visit.tenant.person().session()
        let second = try await refresh(visit.server, session.refreshToken)
        let third = try await refresh(visit.server, try #require(second.json["refresh_token"]?.string))
        #expect(third.status == 200)
        expectProblem(try await refresh(visit.server, session.refreshToken), 401, "unauthenticated")
        expectProblem(
            try await refresh(visit.server, try #require(third.json["refresh_token"]?.string)), 401, "unauthenticated")
        expectProblem(
            try await visit.server.client(key: third.json["access_token"]?.string).call("GET", "/v1/tenant"), 401,
            "unauthenticated")
    }

    @Test func `the key that signs can change at any moment, and what it signed stays good`() async throws {
        try await TestServer.run { server in
            let visit = try await Visit(server)
            let before = try await visit.tenant.person().session()
            let kids = try await visit.call(200, "GET", "/.well-known/jwks.json").json["keys"]?.array?.compactMap {
                $0["kid"]?.string
            }
            // The next key begins now. It was published long before, so that whoever kept the set knows it.
            let connection = try server.database.connectAsSuperuser()
            _ = try connection.rows("UPDATE signing_keys SET activates_at = now() WHERE activates_at > now()", [])
            try connection.run("NOTIFY insula_signing_keys")
            // The node hears of it and makes another one to come.
            let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
            var after: [String] = []
            repeat {
                let set = try await visit.call(200, "GET", "/.well-known/jwks.json").json["keys"]?.array ?? []
                after = set.compactMap { $0["kid"]?.string }
                try #require(Instant.now < deadline, "no key to come was made")
            } while after.count < 3
            #expect(Set(kids ?? []).isSubset(of: after))
            let session = try await visit.tenant.person().session()
            func kid(_ token: String) -> Substring? { token.split(separator: ".").first }
            #expect(kid(session.accessToken) != kid(before.accessToken))
            for session in [before, session] { #expect(try await session.client().call("GET", "/v1/tenant").status == 200) }
        }
    }
}
