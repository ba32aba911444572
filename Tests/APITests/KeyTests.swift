// API keys: what they hold, from where they work, until when, and what becomes of their texts.

import Base
import Identity
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@Suite struct KeyTests {
    private func made(_ visit: Visit, _ body: JSONValue) async throws -> (id: String, secret: String) {
        let answer = try await visit.call(201, "POST", "/v1/keys", body)
        return (try #require(answer.json["key"]?["id"]?.string), try #require(answer.json["secret"]?.string))
    }

    private func status(_ visit: Visit, _ secret: String) async throws -> Int {
        try await visit.server.client(key: secret).call("GET", "/v1/tenant").status
    }

    @Test func `both texts of a key work to the very end of the overlap, and then one`() async throws {
        let visit = try await Visit()
        let connection = try visit.server.database.connectAsSuperuser()
        for (moment, wanted) in [("now() + interval '1 minute'", 200), ("now()", 401), ("now() - interval '1 second'", 401)] {
            let key = try await made(visit, ["name": "robot"])
            let rotated = try await visit.call(200, "POST", "/v1/keys/\(key.id)/rotate", ["overlap_seconds": 604_800])
            _ = try connection.rows(
                "UPDATE api_keys SET previous_until = \(moment) WHERE id = $1",
                [try #require(KeyID(key.id)).uuid.description])
            #expect(try await status(visit, key.secret) == wanted, "\(moment)")
            #expect(try await status(visit, try #require(rotated.json["secret"]?.string)) == 200)
        }
        // One that was known a moment before ends as well, and not too early.
        let key = try await made(visit, ["name": "robot"])
        let rotated = try await visit.call(200, "POST", "/v1/keys/\(key.id)/rotate", ["overlap_seconds": 1]).json
        let end = try #require(Timestamp(rfc3339: rotated["key"]?["previous_until"]?.string ?? ""))
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        let client = visit.server.client(key: key.secret)
        while try await client.call("GET", "/v1/tenant").status == 200 { try #require(Instant.now < deadline) }
        #expect(Timestamp.now >= end)
        expectProblem(
            try await visit.client.call("POST", "/v1/keys/\(key.id)/rotate", ["overlap_seconds": 604_801]), 422,
            "validation_failed", field: "overlap_seconds")
    }

    @Test func `a key works from the addresses of its list alone, known or not`() async throws {
        let visit = try await Visit()
        for (list, wanted) in [
            (["127.0.0.1"], 200), (["10.0.0.0/8", "127.0.0.0/8"], 200), (["192.0.2.0/24"], 401), (["::1/128"], 401),
            (["2001:db8::/32", "0.0.0.0/0"], 200), (["::/0"], 401),
        ] {
            let key = try await made(visit, ["name": "k", "allowed_addresses": .array(list.map { .string($0) })])
            for _ in 0..<2 { #expect(try await status(visit, key.secret) == wanted, "\(list)") }
        }
        // A list that changes holds for a key that is known.
        let key = try await made(visit, ["name": "k"])
        let client = visit.server.client(key: key.secret)
        #expect(try await client.call("GET", "/v1/tenant").status == 200)
        try await visit.call(200, "PATCH", "/v1/keys/\(key.id)", ["allowed_addresses": ["192.0.2.1"]])
        let refused = try await client.call("GET", "/v1/tenant")
        expectProblem(refused, 401, "unauthenticated")
        #expect(refused.json["detail"] == "The credential is not valid.")
        for wrong: JSONValue in [["10.0.0.1/8"], ["x"], ["127.0.0.1/33"], [], "127.0.0.1", ["1.2.3"], ["::1%eth0"]] {
            let answer = try await visit.client.call("POST", "/v1/keys", ["name": "k", "allowed_addresses": wrong])
            #expect(answer.status == 422, "\(wrong)")
        }
    }

    @Test func `a key holds of its role what its scopes name, and its maker can give no more than he has`() async throws {
        let visit = try await Visit()
        let admin = try await visit.tenant.client(.admin)
        for (body, status, code) in [
            (["name": "k", "role": "viewer", "scopes": ["agents:write"]], 422, "validation_failed"),
            (["name": "k", "role": "admin", "scopes": ["account:write"]], 422, "validation_failed"),
            (["name": "k", "scopes": ["everything"]], 422, "validation_failed"),
            (["name": "k", "scopes": []], 422, "validation_failed"),
            (["name": "k", "role": "owner", "scopes": ["tenant:delete"]], 403, "forbidden"),
            (["name": "k", "role": "role_00000000000000000000000001"], 422, "validation_failed"),
        ] as [(JSONValue, Int, String)] {
            expectProblem(try await admin.call("POST", "/v1/keys", body), status, code)
        }
        // Less than the role is less, also for who holds the key.
        let made = try await admin.call(
            "POST", "/v1/keys", ["name": "k", "role": "admin", "scopes": ["keys:write", "keys:read"]])
        let holder = visit.server.client(key: made.json["secret"]?.string)
        #expect(try await holder.call("GET", "/v1/keys").status == 200)
        expectProblem(try await holder.call("POST", "/v1/keys", ["name": "k", "role": "viewer"]), 403, "forbidden")
        let same: JSONValue = ["name": "k", "role": "admin", "scopes": ["keys:read"]]
        #expect(try await holder.call("POST", "/v1/keys", same).status == 201)
        // What holds more can't be touched by him: not read of, but changed, rotated or revoked.
        let keys = try await holder.call("GET", "/v1/keys").json["data"]?.array ?? []
        let owner = keys.first { $0["role"] == "owner" }?["id"]?.string ?? ""
        for (method, path, body) in [
            ("PATCH", "", ["name": "x"]), ("POST", "/rotate", [:]), ("DELETE", "", nil),
        ] as [(String, String, JSONValue?)] {
            expectProblem(try await holder.call(method, "/v1/keys/\(owner)\(path)", body), 403, "forbidden")
        }
        // Nor can he widen his own.
        let id = made.json["key"]?["id"]?.string ?? ""
        expectProblem(try await holder.call("PATCH", "/v1/keys/\(id)", ["scopes": nil]), 403, "forbidden")
        #expect(try await holder.call("PATCH", "/v1/keys/\(id)", ["scopes": ["keys:read", "keys:write"]]).status == 200)
    }

    @Test func `a key that was revoked stays as it is`() async throws {
        let visit = try await Visit()
        let key = try await made(visit, ["name": "k"])
        expectProblem(
            try await visit.client.call("DELETE", "/v1/keys/\(key.id)", headers: [("if-match", "\"7\"")]), 412,
            "precondition_failed")
        try await visit.call(200, "DELETE", "/v1/keys/\(key.id)")
        expectProblem(
            try await visit.client.call("PATCH", "/v1/keys/\(key.id)", ["name": "x"]), 409, "invalid_state_transition")
        expectProblem(try await visit.client.call("POST", "/v1/keys/\(key.id)/rotate"), 409, "invalid_state_transition")
        let lines = try visit.server.database.connectAsSuperuser().rows(
            "SELECT action FROM audit_log WHERE tenant_id = $1 AND target_id = $2 ORDER BY id",
            [visit.tenant.id.uuid.description, try #require(KeyID(key.id)).uuid.description])
        #expect(lines == [["key.created"], ["key.revoked"]])
    }

    @Test func `when a key was last used is written down, and never goes back`() async throws {
        let visit = try await Visit()
        let key = try await made(visit, ["name": "k"])
        #expect(try await visit.call(200, "GET", "/v1/keys/\(key.id)").json["last_used_at"] == .null)
        #expect(try await status(visit, key.secret) == 200)
        func used() async throws -> Timestamp? {
            try await visit.call(200, "GET", "/v1/keys/\(key.id)").json["last_used_at"]?.string.flatMap { Timestamp(rfc3339: $0) }
        }
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        while try await used() == nil { try #require(Instant.now < deadline, "the use was never written down") }
        // One that lies ahead, as another node may have written it, is not taken back.
        let connection = try visit.server.database.connectAsSuperuser()
        let uuid = try #require(KeyID(key.id)).uuid.description
        _ = try connection.rows("UPDATE api_keys SET last_used_at = now() + interval '1 hour' WHERE id = $1", [uuid])
        try connection.run("SELECT pg_notify('insula_credentials', '\(key.id)')")
        let other = try await made(visit, ["name": "other"])
        #expect(try await status(visit, key.secret) == 200)
        #expect(try await status(visit, other.secret) == 200)
        while try await visit.call(200, "GET", "/v1/keys/\(other.id)").json["last_used_at"] == .null {
            try #require(Instant.now < deadline, "the use was never written down")
        }
        #expect(try await used() ?? .now > .now)
    }

    @Test func `the word in a key is that of the installation`() async throws {
        try await TestServer.run(["INSULA_KEY_ENVIRONMENT": "test"]) { server in
            let visit = try await Visit(server)
            let key = try await made(visit, ["name": "k"])
            #expect(key.secret.hasPrefix("ins_test_"))
            #expect(try await status(visit, key.secret) == 200)
        }
        for wrong in ["", "LIVE", "op", "ninechars", "a-b"] where !wrong.isEmpty {
            #expect(throws: Fault.self) { try Configuration(environment: ["INSULA_KEY_ENVIRONMENT": wrong], coreCount: 1) }
        }
    }
}
