// What those who run the installation do when all goes well.

import Base
import InsulaTesting
import JSON
import Testing

extension Scenario {
    /// A scenario of an operator, with his client and the path of the visit's tenant.
    private static func ofOperator(
        _ method: String, _ path: String, _ run: @escaping @Sendable (Visit, TestClient, String) async throws -> Void
    ) -> Scenario {
        Scenario(method, path) { visit in
            try await run(visit, try await visit.server.operatorClient(), "/v1/operator/tenants/\(visit.tenant.id)")
        }
    }

    static let operators = tenantsOfOperators + impersonation + statesOfTenants + installation

    private static let tenantsOfOperators = [
        ofOperator("GET", "/v1/operator/tenants") { visit, client, _ in
            let found = try await client.call("GET", "/v1/operator/tenants?filter[slug]=\(visit.tenant.slug)").json
            #expect(found["data"]?[0]?["id"]?.string == visit.tenant.id.description && found["has_more"] == false)
            let first = try await client.call("GET", "/v1/operator/tenants?limit=1&filter[state]=active").json
            let cursor = try #require(first["next_cursor"]?.string)
            let second = try await client.call("GET", "/v1/operator/tenants?limit=1&filter[state]=active&cursor=\(cursor)").json
            #expect(second["data"]?.array?.count == 1 && second["data"] != first["data"])
            // A cursor is one operator's and one list's.
            let another = try await visit.server.operatorClient()
            expectProblem(
                try await another.call("GET", "/v1/operator/tenants?limit=1&filter[state]=active&cursor=\(cursor)"), 422,
                "validation_failed", field: "cursor")
            expectProblem(
                try await client.call("GET", "/v1/operator/tenants?limit=1&cursor=\(cursor)"), 422, "validation_failed",
                field: "cursor")
        },
        ofOperator("POST", "/v1/operator/tenants") { visit, client, _ in
            let slug = "made-\(visit.tenant.slug)"
            let body: JSONValue = [
                "slug": .string(slug), "name": "Made", "plan": "developer", "owner": ["email": "boss@example.com"],
            ]
            let answer = try await client.call("POST", "/v1/operator/tenants", body)
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer.json["tenant"]?["plan"] == "developer" && answer.json["tenant"]?["usage"]?["users"] == 1)
            #expect(answer.json["owner_username"] == "owner" && answer.json["owner_password"]?.string?.count == 24)
            expectProblem(try await client.call("POST", "/v1/operator/tenants", body), 409, "conflict")
            expectProblem(
                try await client.call(
                    "POST", "/v1/operator/tenants", ["slug": .string("s-\(slug)"), "name": "M", "owner": ["email": "nobody"]]),
                422,
                "validation_failed", field: "owner.email")
        },
        ofOperator("GET", "/v1/operator/tenants/{tenant_id}") { visit, client, path in
            let tenant = try await client.call("GET", path).json
            #expect(tenant["slug"]?.string == visit.tenant.slug && tenant["usage"]?["keys"] == 1)
            expectProblem(try await client.call("GET", "/v1/operator/tenants/\(TenantID.make())"), 404, "not_found")
        },
        ofOperator("PATCH", "/v1/operator/tenants/{tenant_id}") { visit, client, path in
            let before = try await client.call("GET", path)
            let tag = try #require(before["etag"])
            let change: JSONValue = ["plan": "professional", "quotas": ["users": 7, "requests_per_minute": nil]]
            let answer = try await client.call("PATCH", path, change, headers: [("if-match", tag)])
            #expect(answer.json["plan"] == "professional", "\(answer.text)")
            #expect(answer.json["quotas"]?["users"] == 7 && answer.json["quotas"]?["requests_per_minute"] == 5_000)
            expectProblem(
                try await client.call("PATCH", path, change, headers: [("if-match", tag)]), 412, "precondition_failed")
            // It holds from the tenant's next request, and stands in its audit log.
            #expect(try await visit.call(200, "GET", "/v1/tenant").json["quotas"] == answer.json["quotas"])
            let log = try await visit.call(200, "GET", "/v1/audit?filter[action]=tenant.plan_changed").json["data"]?.array
            #expect(log?.count == 1 && log?[0]["actor_kind"] == "operator")
            #expect(log?[0]["actor_id"]?.string?.hasPrefix("operator_") == true)
        },
        ofOperator("GET", "/v1/operator/tenants/{tenant_id}/export") { visit, client, path in
            let lines = try Scenario.lines(try await client.call("GET", path + "/export"))
            #expect(lines.last?["type"] == "end")
            #expect(lines.contains { $0["data"]?["slug"]?.string == visit.tenant.slug })
            expectProblem(
                try await client.call("GET", "/v1/operator/tenants/\(TenantID.make())/export"), 404, "not_found")
        },
    ]

    private static let impersonation = [
        ofOperator("POST", "/v1/operator/tenants/{tenant_id}/users/{user_id}/impersonate") { visit, client, path in
            let person = try visit.tenant.person()
            let body: JSONValue = ["reason": "a ticket", "minutes": 5]
            let made = try await client.call("POST", path + "/users/\(person.id)/impersonate", body)
            #expect(made.status == 201 && made.json["kind"] == "impersonation" && made.json["expires_in"] == 300, "\(made.text)")
            let acting = visit.server.client(key: made.json["access_token"]?.string)
            #expect(try await acting.call("GET", "/v1/tenant").status == 200)
            expectProblem(
                try await acting.call("POST", "/v1/account/password", ["current_password": "x", "new_password": "y"]), 403,
                "forbidden")
            let line = try await visit.call(200, "GET", "/v1/audit?filter[action]=user.impersonation_started").json["data"]?[0]
            #expect(
                line?["target_id"]?.string == person.id.description && line?["details"]?["reason"] == "a ticket",
                "\(line ?? .null)")
            let log = try await client.call("GET", "/v1/operator/log?limit=100").json["data"]?.array ?? []
            let own = log.first { $0["tenant_id"]?.string == visit.tenant.id.description }
            #expect(own?["action"] == "user.impersonated" && own?["details"]?["reason"] == "a ticket")
            // There has to be a reason, a person and a tenant.
            expectProblem(
                try await client.call("POST", path + "/users/\(person.id)/impersonate", [:]), 422, "validation_failed",
                field: "reason")
            expectProblem(
                try await client.call("POST", path + "/users/\(UserID.make())/impersonate", body), 404, "not_found")
            expectProblem(
                try await client.call("POST", "/v1/operator/tenants/\(TenantID.make())/users/\(person.id)/impersonate", body),
                404, "not_found")
        }
    ]

    private static let statesOfTenants = [
        ofOperator("POST", "/v1/operator/tenants/{tenant_id}/suspend") { visit, client, path in
            let halted = try await client.call("POST", path + "/suspend", ["reason": "unpaid"])
            #expect(halted.status == 200 && halted.json["state"] == "suspended", "\(halted.text)")
            expectProblem(try await visit.client.call("GET", "/v1/tenant"), 401, "unauthenticated")
            expectProblem(try await client.call("POST", path + "/suspend", ["reason": "x"]), 409, "invalid_state_transition")
            expectProblem(try await client.call("POST", path + "/suspend", [:]), 422, "validation_failed", field: "reason")
        },
        ofOperator("POST", "/v1/operator/tenants/{tenant_id}/resume") { visit, client, path in
            expectProblem(try await client.call("POST", path + "/resume"), 409, "invalid_state_transition")
            _ = try await client.call("POST", path + "/suspend", ["reason": "unpaid"])
            let resumed = try await client.call("POST", path + "/resume").json
            #expect(resumed["state"] == "active" && resumed["suspended_at"] == .null)
            let log = try await visit.call(200, "GET", "/v1/audit?limit=2").json["data"]?.array ?? []
            #expect(log.compactMap { $0["action"]?.string } == ["tenant.resumed", "tenant.suspended"])
            #expect(log.last?["details"]?["reason"] == "unpaid")
        },
        ofOperator("DELETE", "/v1/operator/tenants/{tenant_id}") { visit, client, path in
            let gone = try await client.call("DELETE", path).json
            #expect(gone["state"] == "deleting" && gone["deletes_at"]?.string != nil)
            expectProblem(try await visit.client.call("GET", "/v1/tenant"), 401, "unauthenticated")
            expectProblem(try await client.call("DELETE", path), 409, "invalid_state_transition")
        },
        ofOperator("POST", "/v1/operator/tenants/{tenant_id}/undelete") { visit, client, path in
            // Suspended before, suspended after.
            _ = try await client.call("POST", path + "/suspend", ["reason": "unpaid"])
            _ = try await client.call("DELETE", path)
            #expect(try await client.call("POST", path + "/undelete").json["state"] == "suspended")
            _ = try await client.call("POST", path + "/resume")
            _ = try await client.call("DELETE", path)
            #expect(try await client.call("POST", path + "/undelete").json["state"] == "active")
            try await visit.call(200, "GET", "/v1/tenant")
            expectProblem(try await client.call("POST", path + "/undelete"), 409, "invalid_state_transition")
        },
    ]

    private static let installation = [
        ofOperator("GET", "/v1/operator/nodes") { _, client, _ in
            let page = try await client.call("GET", "/v1/operator/nodes").json
            let nodes = try #require(page["data"]?.array)
            #expect(nodes.contains { $0["alive"] == true && $0["role"] == "all" && $0["version"]?.string != nil })
            #expect(page["has_more"] == false)
        },
        ofOperator("POST", "/v1/operator/signup-codes") { _, client, _ in
            let made = try await client.call("POST", "/v1/operator/signup-codes", ["note": "for them"])
            #expect(made.status == 201 && made.json["secret"]?.string?.hasPrefix("ins_su_") == true, "\(made.text)")
            #expect(made.json["signup_code"]?["note"] == "for them" && made.json["signup_code"]?["used_at"] == .null)
        },
        ofOperator("GET", "/v1/operator/signup-codes") { _, client, _ in
            let made = try await client.call("POST", "/v1/operator/signup-codes", [:]).json
            let list = try await client.call("GET", "/v1/operator/signup-codes?limit=100")
            #expect(list.json["data"]?.array?.contains { $0 == made["signup_code"] } == true)
            #expect(!list.text.contains("ins_su_"))
        },
        ofOperator("DELETE", "/v1/operator/signup-codes/{code_id}") { _, client, _ in
            let made = try await client.call("POST", "/v1/operator/signup-codes", [:]).json
            let path = "/v1/operator/signup-codes/\(made["signup_code"]?["id"]?.string ?? "")"
            #expect(try await client.call("DELETE", path).status == 204)
            expectProblem(try await client.call("DELETE", path), 409, "invalid_state_transition")
            expectProblem(
                try await client.call("DELETE", "/v1/operator/signup-codes/\(SignupCodeID.make())"), 404, "not_found")
        },
        ofOperator("POST", "/v1/operator/signing-keys/rotate") { _, client, _ in
            #expect(try await client.call("POST", "/v1/operator/signing-keys/rotate").status == 204)
            let log = try await client.call("GET", "/v1/operator/log?limit=100").json["data"]?.array
            #expect(log?.contains { $0["action"] == "signing_keys.rotated" } == true)
        },
        ofOperator("GET", "/v1/operator/log") { visit, client, path in
            _ = try await client.call("POST", path + "/suspend", ["reason": "unpaid"])
            let log = try await client.call("GET", "/v1/operator/log?limit=100").json["data"]?.array ?? []
            let line = log.first { $0["tenant_id"]?.string == visit.tenant.id.description }
            #expect(line?["action"] == "tenant.suspended" && line?["details"]?["reason"] == "unpaid")
            #expect(line?["operator_id"]?.string?.hasPrefix("operator_") == true && line?["address"] == "127.0.0.1")
        },
    ]
}
