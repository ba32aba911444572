// Who may call: no credential, bad ones, ended ones, and what each role may do.

import Base
import Identity
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@Suite struct CredentialTests {
    private func status(_ server: TestServer, _ headers: [(String, String)]) async throws -> TestAnswer {
        try await server.client().call("GET", "/v1/tenant", headers: headers)
    }

    @Test func `what is no credential is refused, and always in the same words`() async throws {
        let visit = try await Visit()
        let key = visit.tenant.key
        let stranger = try await Visit()
        let last = key.last == "0" ? "1" : "0"
        // Sound in form, with the id of one key and the secret of another: only the checksum gives it away.
        let mixed = String(key.prefix(36)) + String(stranger.tenant.key.dropFirst(36))
        var bodies: Set<String> = []
        for bad in [
            String(key.dropLast()) + last, String(key.dropLast()), key + "0", key.uppercased(), mixed, "ins_live_", "x",
            key.replacing("ins_live_", with: "ins_test_"), String(repeating: "a", count: 95),
            String(repeating: "a", count: 8_000),
        ] {
            let answer = try await status(visit.server, [("authorization", "Bearer \(bad)")])
            expectProblem(answer, 401, "unauthenticated")
            #expect(answer["www-authenticate"]?.hasPrefix("Bearer") == true)
            bodies.insert(answer.json["detail"]?.string ?? "")
            expectProblem(try await status(visit.server, [("x-api-key", bad)]), 401, "unauthenticated")
        }
        #expect(bodies.count == 1)
        for headers in [
            [], [("authorization", "Basic dXNlcjpwYXNz")], [("authorization", "Bearer")], [("authorization", "Bearer ")],
            [("authorization", key)], [("authorization", "Bearer\t\(key)")], [("cookie", "key=\(key)")],
        ] {
            let answer = try await status(visit.server, headers)
            expectProblem(answer, 401, "unauthenticated")
            #expect(answer["www-authenticate"]?.hasPrefix("Bearer") == true)
        }
        expectProblem(try await visit.server.client().call("GET", "/v1/tenant?api_key=\(key)"), 401, "unauthenticated")
    }

    @Test func `a key counts in either header and whatever the case of the scheme, but not in both headers`() async throws {
        let visit = try await Visit()
        let key = visit.tenant.key
        for headers in [[("x-api-key", key)], [("authorization", "bearer \(key)")], [("Authorization", "BEARER   \(key)")]] {
            #expect(try await status(visit.server, headers).status == 200)
        }
        expectProblem(
            try await status(visit.server, [("authorization", "Bearer \(key)"), ("x-api-key", key)]), 400, "malformed_request")
        let twice = try await status(visit.server, [("authorization", "Bearer \(key)"), ("authorization", "Bearer \(key)")])
        expectProblem(twice, 400, "malformed_request")
    }

    @Test func `a key with a sound checksum and a wrong secret is refused like one that never was`() async throws {
        let visit = try await Visit()
        let made = try await visit.call(201, "POST", "/v1/keys", ["name": "a"]).json
        let secret = try #require(made["secret"]?.string)
        // The row is taken away, so that the text is as sound as ever and belongs to nothing.
        _ = try visit.server.database.connectAsSuperuser().rows(
            "DELETE FROM api_keys WHERE tenant_id = $1 AND name = 'a'", [visit.tenant.id.uuid.description])
        let gone = try await status(visit.server, [("authorization", "Bearer \(secret)")])
        expectProblem(gone, 401, "unauthenticated")
        // The row is there, and holds another secret's hash.
        let other = try await visit.call(201, "POST", "/v1/keys", ["name": "b"]).json
        _ = try visit.server.database.connectAsSuperuser().rows(
            "UPDATE api_keys SET hash = sha256('x') WHERE tenant_id = $1 AND name = 'b'", [visit.tenant.id.uuid.description])
        let wrong = try await status(visit.server, [("authorization", "Bearer \(other["secret"]?.string ?? "")")])
        expectProblem(wrong, 401, "unauthenticated")
        #expect(gone.json["detail"] == wrong.json["detail"])
    }

    @Test func `a revoked key is dead at once here, and soon on every other node`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let visit = try await Visit(first)
                let made = try await visit.call(201, "POST", "/v1/keys", ["name": "robot"]).json
                let (id, secret) = (made["key"]?["id"]?.string ?? "", made["secret"]?.string)
                // On several connections, so that both loops of both nodes know the key.
                let near = (0..<8).map { _ in first.client(key: secret) }
                let far = (0..<8).map { _ in second.client(key: secret) }
                for client in near + far {
                    for _ in 0..<2 { #expect(try await client.call("GET", "/v1/tenant").status == 200) }
                }
                try await visit.call(200, "DELETE", "/v1/keys/\(id)")
                for client in near { #expect(try await client.call("GET", "/v1/tenant").status == 401) }
                // Long before what is kept would be asked for again, which takes a minute.
                let deadline = Instant.now.advanced(milliseconds: 10_000)
                for client in far {
                    while try await client.call("GET", "/v1/tenant").status == 200 {
                        try #require(Instant.now < deadline, "the other node still takes a revoked key")
                    }
                }
            }
        }
    }

    @Test func `a key ends at its expiry, though it was known a moment before`() async throws {
        let visit = try await Visit()
        let expiry = Timestamp(microseconds: Timestamp.now.microseconds + 1_500_000)
        let key = try await visit.tenant.key(.member, expiresAt: expiry)
        let client = visit.server.client(key: key)
        var answers: [Int] = []
        let deadline = Instant.now.advanced(milliseconds: 30_000)
        repeat {
            answers.append(try await client.call("GET", "/v1/tenant").status)
            try #require(Instant.now < deadline, "the key never ended")
        } while answers.last == 200
        #expect(answers.last == 401 && Timestamp.now.microseconds >= expiry.microseconds)
        expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated")
    }

    @Test func `the keys of a tenant that may not act open nothing`() async throws {
        let visit = try await Visit()
        _ = try visit.server.database.connectAsSuperuser().rows(
            "UPDATE tenants SET state = 'suspended' WHERE tenant_id = $1", [visit.tenant.id.uuid.description])
        expectProblem(try await visit.client.call("GET", "/v1/tenant"), 401, "unauthenticated")
    }

    @Test func `a role does what it may, and asks in vain for the rest`() async throws {
        let visit = try await Visit()
        let agent = try await visit.runningAgent()
        let execution = try await visit.execution()
        let reads = [
            "/v1/tenant", "/v1/agents", "/v1/agents/\(agent)", "/v1/executions", "/v1/executions/\(execution)",
            "/v1/executions/\(execution)/output", "/v1/executions/\(execution)/steps", "/v1/executions/\(execution)/logs",
            "/v1/tools", "/v1/strategies",
        ]
        let work: [(String, String, JSONValue?)] = [
            ("POST", "/v1/agents", Visit.agentBody("ping")), ("PATCH", "/v1/agents/\(agent)", ["name": "x"]),
            ("POST", "/v1/agents/\(agent)/pause", nil), ("POST", "/v1/agents/\(agent)/start", nil),
            ("POST", "/v1/agents/\(agent)/trigger", nil),
        ]
        let management: [(String, String, JSONValue?)] = [
            ("GET", "/v1/keys", nil), ("POST", "/v1/keys", ["name": "x", "role": "viewer"]),
        ]
        for role in Role.allCases {
            let client = try await visit.tenant.client(role)
            for path in reads { #expect(try await client.call("GET", path).status == 200, "\(role) \(path)") }
            for (rows, least) in [(work, Role.member), (management, .admin)] {
                for (method, path, body) in rows {
                    let answer = try await client.call(method, path, body)
                    if role.rights.contains(least.rights) {
                        #expect(answer.status < 300, "\(role) \(method) \(path) \(answer.text)")
                    } else {
                        expectProblem(answer, 403, "forbidden")
                    }
                }
            }
        }
        let viewer = try await visit.tenant.client(.viewer)
        for (method, path) in [
            ("DELETE", "/v1/agents/\(agent)"), ("POST", "/v1/agents/\(agent)/stop"),
            ("POST", "/v1/executions/\(execution)/cancel"), ("DELETE", "/v1/keys/\(KeyID.make())"),
        ] {
            expectProblem(try await viewer.call(method, path), 403, "forbidden")
        }
        // The right comes before the question whether there is such a thing, and before the body.
        expectProblem(try await viewer.call("POST", "/v1/agents/agent_1/start"), 403, "forbidden")
        expectProblem(try await viewer.send("POST", "/v1/agents", body: Array("{".utf8)), 403, "forbidden")
        try await visit.call(200, "GET", "/v1/agents/\(agent)")
    }

    @Test func `a key holds at most what its maker holds, and does not end one that holds more`() async throws {
        let visit = try await Visit()
        let admin = try await visit.tenant.client(.admin)
        expectProblem(try await admin.call("POST", "/v1/keys", ["name": "a", "role": "owner"]), 403, "forbidden")
        #expect(try await admin.call("POST", "/v1/keys", ["name": "a", "role": "admin"]).status == 201)
        expectProblem(
            try await admin.call("POST", "/v1/keys", ["name": "a", "role": "root"]), 422, "validation_failed", field: "role")
        let keys = try #require(try await visit.call(200, "GET", "/v1/keys").json["data"]?.array)
        let owner = try #require(keys.first { $0["role"] == "owner" }?["id"]?.string)
        expectProblem(try await admin.call("DELETE", "/v1/keys/\(owner)"), 403, "forbidden")
        #expect(try await visit.client.call("GET", "/v1/tenant").status == 200)
    }

    @Test func `a tenant that is named beside the credential has to be the credential's`() async throws {
        let visit = try await Visit()
        let other = try await Visit()
        for named in [other.tenant.id.description, TenantID.make().description, "tenant_1", "", visit.tenant.slug] {
            let answer = try await visit.client.call("GET", "/v1/tenant", headers: [("x-tenant-id", named)])
            expectProblem(answer, 403, "forbidden")
        }
        let named = [("x-tenant-id", visit.tenant.id.description)]
        #expect(try await visit.client.call("GET", "/v1/tenant", headers: named).status == 200)
        // Without a credential it says nothing.
        expectProblem(try await visit.server.client().call("GET", "/v1/tenant", headers: named), 401, "unauthenticated")
    }

    @Test func `makers of keys that come at once don't pass the bound together`() async throws {
        let visit = try await Visit()
        // A contract of ten keys, one of which is the owner's.
        _ = try visit.server.database.connectAsSuperuser().rows(
            "UPDATE tenants SET quotas = '{\"keys\": 10, \"requests_per_minute\": 1000000}' WHERE tenant_id = $1",
            [visit.tenant.id.uuid.description])
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                let client = visit.tenant.client()
                group.addTask {
                    // Makers wait for each other; one who waited too long asks again.
                    var status = 503
                    while status == 503 { status = try await client.call("POST", "/v1/keys", ["name": "late"]).status }
                    return status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 9 && statuses.count { $0 == 409 } == 91, "\(statuses)")
        #expect(try await visit.call(200, "GET", "/v1/keys?limit=100").json["data"]?.array?.count == 10)
        expectProblem(try await visit.client.call("POST", "/v1/keys", ["name": "late"]), 409, "limit_reached")
        // A place that comes free can be taken.
        let keys = try await visit.call(200, "GET", "/v1/keys").json["data"]?.array ?? []
        try await visit.call(200, "DELETE", "/v1/keys/\(keys.first?["id"]?.string ?? "")")
        try await visit.call(201, "POST", "/v1/keys", ["name": "late"])
        // A key that has expired is none, until it gets another expiry: then it is one too many.
        let expired = try visit.sql(
            "UPDATE api_keys SET expires_at = now() - interval '1 minute' WHERE id IN (SELECT id FROM api_keys WHERE tenant_id = $1 "
                + "AND name = 'late' AND revoked_at IS NULL LIMIT 1) RETURNING id")
        let id = KeyID(try #require(expired.first?.first?.flatMap { UUIDBits(hyphenated: $0.utf8) }))
        try await visit.call(201, "POST", "/v1/keys", ["name": "later"])
        expectProblem(
            try await visit.client.call("PATCH", "/v1/keys/\(id)", ["expires_at": .null]), 409, "limit_reached")
        try await visit.call(200, "PATCH", "/v1/keys/\(id)", ["name": "still expired"])
    }
}
