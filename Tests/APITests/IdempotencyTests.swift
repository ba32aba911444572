// What an Idempotency-Key promises: the same request twice is done once and answered twice, whoever crashes or races.

import Base
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@Suite struct IdempotencyTests {
    private let agent = Visit.agentBody("ping")

    @Test func `the same request under the same key is done once and answered alike`() async throws {
        let visit = try await Visit()
        let first = try await visit.call(201, "POST", "/v1/agents", agent, headers: [("idempotency-key", "k-1")])
        let again = try await visit.call(201, "POST", "/v1/agents", agent, headers: [("idempotency-key", "k-1")])
        #expect(first["idempotent-replayed"] == nil && again["idempotent-replayed"] == "true")
        #expect(again.body == first.body && again["etag"] == first["etag"] && first["etag"] == "\"1\"")
        #expect(again["content-type"] == "application/json" && again["x-request-id"] != first["x-request-id"])
        #expect(try await visit.call(200, "GET", "/v1/agents").json["data"]?.array?.count == 1)
        // What the agent is now does not matter: it is the first answer that is given.
        let id = try visit.id(of: first)
        try await visit.call(200, "PATCH", "/v1/agents/\(id)", ["name": "Other"])
        #expect(
            try await visit.call(201, "POST", "/v1/agents", agent, headers: [("idempotency-key", "k-1")]).body == first.body)
    }

    @Test func `another body, path, caller or tenant is another matter`() async throws {
        let visit = try await Visit()
        let key = [("idempotency-key", "shared")]
        let first = try await visit.call(201, "POST", "/v1/agents", agent, headers: key)
        expectProblem(
            try await visit.client.call("POST", "/v1/agents", Visit.agentBody("ping", name: "Other"), headers: key), 422,
            "idempotency_key_reused")
        let id = try visit.id(of: first)
        #expect(try await visit.call(200, "POST", "/v1/agents/\(id)/start", headers: key).json["state"] == "running")
        let colleague = try await visit.tenant.client(.member).call("POST", "/v1/agents", agent, headers: key)
        #expect(colleague.status == 201 && colleague.json["id"] != first.json["id"])
        let stranger = try await Visit().call(201, "POST", "/v1/agents", agent, headers: key)
        #expect(stranger["idempotent-replayed"] == nil && stranger.json["id"] != first.json["id"])
        // Without a key nothing is remembered.
        #expect(try await visit.call(201, "POST", "/v1/agents", agent).json["id"] != first.json["id"])
    }

    @Test func `fifty at once under one key do it once`() async throws {
        let visit = try await Visit()
        let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
            for _ in 0..<50 {
                let client = visit.tenant.client()
                group.addTask {
                    defer { Task { await client.close() } }
                    return try await client.call("POST", "/v1/agents", agent, headers: [("idempotency-key", "race")])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let made = answers.filter { $0.status == 201 }
        #expect(!made.isEmpty && Set(made.map { $0.text }).count == 1)
        #expect(made.filter { $0["idempotent-replayed"] == nil }.count == 1)
        for answer in answers where answer.status != 201 {
            expectProblem(answer, 409, "request_in_progress")
            #expect(answer["retry-after"] != nil)
        }
        #expect(try await visit.call(200, "GET", "/v1/agents").json["data"]?.array?.count == 1)
    }

    @Test func `what is shown once is shown to its asker again, and stands nowhere in the database`() async throws {
        let visit = try await Visit()
        let key = [("idempotency-key", "secret")]
        let first = try await visit.call(201, "POST", "/v1/keys", ["name": "robot"], headers: key)
        let secret = try #require(first.json["secret"]?.string)
        #expect(try await visit.call(201, "POST", "/v1/keys", ["name": "robot"], headers: key).json["secret"]?.string == secret)
        let superuser = try visit.server.database.connectAsSuperuser()
        let rows = try superuser.rows(
            "SELECT body, encode(body, 'escape') FROM idempotency_keys WHERE tenant_id = $1", [visit.tenant.id.uuid.description])
        #expect(rows.count == 1)
        #expect(rows.allSatisfy { $0[1]?.contains("ins_live_") == false && $0[1]?.contains("robot") == false })
    }

    @Test func `a refusal is given again, and leaves nothing half done`() async throws {
        let visit = try await Visit()
        let id = try await visit.agent()
        let key = [("idempotency-key", "refused")]
        let first = try await visit.client.call("POST", "/v1/agents/\(id)/trigger", ["input": [:]], headers: key)
        expectProblem(first, 409, "invalid_state_transition")
        try await visit.call(200, "POST", "/v1/agents/\(id)/start")
        let again = try await visit.client.call("POST", "/v1/agents/\(id)/trigger", ["input": [:]], headers: key)
        #expect(again.status == 409 && again.body == first.body && again["idempotent-replayed"] == "true")
        #expect(again["content-type"] == "application/problem+json")
        #expect(try await visit.call(200, "GET", "/v1/executions").json["data"] == [])
    }

    @Test func `what is triggered under a key runs`() async throws {
        let visit = try await Visit()
        let agent = try await visit.runningAgent()
        let made = try await visit.call(
            202, "POST", "/v1/agents/\(agent)/trigger", ["input": ["message": "once"]], headers: [("idempotency-key", "run")])
        #expect(try await visit.ended(try visit.id(of: made))["state"] == "succeeded")
    }

    @Test func `an operator's request is done once as well, and what it showed once is shown again`() async throws {
        let visit = try await Visit()
        let client = try await visit.server.operatorClient()
        let slug = "again-\(visit.tenant.slug)"
        let body: JSONValue = ["slug": .string(slug), "name": "Again", "owner": ["email": "boss@example.com"]]
        let key = [("idempotency-key", "provision")]
        let first = try await client.call("POST", "/v1/operator/tenants", body, headers: key)
        #expect(first.status == 201 && first["idempotent-replayed"] == nil, "\(first.text)")
        let again = try await client.call("POST", "/v1/operator/tenants", body, headers: key)
        #expect(again.status == 201 && again["idempotent-replayed"] == "true" && again.body == first.body)
        #expect(again.json["owner_password"]?.string?.count == 24)
        // Another body, and another operator.
        let other: JSONValue = ["slug": .string("other-\(slug)"), "name": "Other", "owner": ["email": "boss@example.com"]]
        expectProblem(
            try await client.call("POST", "/v1/operator/tenants", other, headers: key), 422, "idempotency_key_reused")
        let colleague = try await visit.server.operatorClient()
        let taken = try await colleague.call("POST", "/v1/operator/tenants", body, headers: key)
        expectProblem(taken, 409, "conflict")
        // A refusal is kept, and nothing of what it undid.
        let missing = "/v1/operator/tenants/\(TenantID.make())/resume"
        expectProblem(try await client.call("POST", missing, headers: key), 404, "not_found")
        #expect(try await client.call("POST", missing, headers: key)["idempotent-replayed"] == "true")
        // Acts in several scopes are one transaction.
        let path = "/v1/operator/tenants/\(visit.tenant.id)/suspend"
        for _ in 0..<2 {
            let halted = try await client.call("POST", path, ["reason": "unpaid"], headers: key)
            #expect(halted.status == 200 && halted.json["state"] == "suspended", "\(halted.text)")
        }
        let superuser = try visit.server.database.connectAsSuperuser()
        let log = try superuser.rows(
            "SELECT action FROM operator_log WHERE about_tenant = $1", [visit.tenant.id.uuid.description])
        #expect(log == [["tenant.suspended"]])
        // What is kept is sealed, and goes after a day.
        let kept = try superuser.rows("SELECT encode(body, 'escape') FROM operator_idempotency_keys")
        #expect(kept.allSatisfy { $0[0]?.contains("owner_password") == false })
    }

    @Test func `a key is good for a day, and has to be well formed`() async throws {
        let visit = try await Visit()
        let key = [("idempotency-key", "day")]
        let first = try await visit.call(201, "POST", "/v1/agents", agent, headers: key)
        let superuser = try visit.server.database.connectAsSuperuser()
        _ = try superuser.rows(
            "UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE tenant_id = $1",
            [visit.tenant.id.uuid.description])
        let second = try await visit.call(201, "POST", "/v1/agents", agent, headers: key)
        #expect(second["idempotent-replayed"] == nil && second.json["id"] != first.json["id"])
        #expect(try await visit.call(201, "POST", "/v1/agents", agent, headers: key).body == second.body)
        for bad in ["", "a b", String(repeating: "k", count: 256), "clé"] {
            expectProblem(
                try await visit.client.call("POST", "/v1/agents", agent, headers: [("idempotency-key", bad)]), 400,
                "malformed_request")
        }
    }
}
