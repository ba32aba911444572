// Attacks on tenants' own affairs: somebody reaches for what is another's, for more than he holds, or goes on when he should have stopped.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@Suite struct TenancyAttackTests {
    private static let operatorPaths: [(method: String, path: String)] = [
        ("GET", "/v1/operator/tenants"), ("POST", "/v1/operator/tenants"), ("GET", "/v1/operator/log"),
        ("POST", "/v1/operator/signing-keys/rotate"), ("GET", "/v1/operator/signup-codes"),
        ("POST", "/v1/operator/signup-codes"),
    ]

    // MARK: Operators

    @Test func `a tenant's owner gets nowhere on the operators' routes, whatever he names`() async throws {
        let visit = try await Visit()
        let other = try await visit.server.tenant()
        let own = ["suspend", "resume", "undelete", "export"].flatMap { act in
            [visit.tenant.id, other.id, .make()].map { (act == "export" ? "GET" : "POST", "/v1/operator/tenants/\($0)/\(act)") }
        }
        for (method, path) in TenancyAttackTests.operatorPaths + own {
            expectProblem(try await visit.client.call(method, path, method == "POST" ? ["reason": "x"] : nil), 403, "forbidden")
            expectProblem(try await visit.server.client().call(method, path), 401, "unauthenticated")
        }
        #expect(try await other.client().call("GET", "/v1/tenant").status == 200)
    }

    @Test func `an operator's key opens nothing of a tenant's, whatever it claims`() async throws {
        let visit = try await Visit()
        let key = try await visit.server.operatorKey()
        for (method, path) in [
            ("GET", "/v1/tenant"), ("GET", "/v1/keys"), ("POST", "/v1/roles"), ("GET", "/v1/tenant/export"), ("GET", "/v1/audit"),
            ("DELETE", "/v1/tenant"),
        ] {
            for headers in [[("authorization", "Bearer \(key)")], [("x-api-key", key)]] {
                let answer = try await visit.server.client().call(
                    method, path, headers: headers + [("x-tenant-id", visit.tenant.id.description)])
                expectProblem(answer, 403, "forbidden")
            }
        }
        // Nor does it go beside a tenant's.
        let both = [("authorization", "Bearer \(key)"), ("x-api-key", visit.tenant.key)]
        let answer = try await visit.server.client().call("GET", "/v1/operator/tenants", headers: both)
        #expect([400, 401, 403].contains(answer.status), "\(answer.text)")
    }

    @Test func `an operator's key that is made up, mistyped or revoked is refused with one answer`() async throws {
        let visit = try await Visit()
        let key = try await visit.server.operatorKey(name: "leaving")
        let client = visit.server.client(key: key)
        #expect(try await client.call("GET", "/v1/operator/tenants").status == 200)
        _ = try visit.server.database.connectAsSuperuser().rows("UPDATE operators SET revoked_at = now() WHERE name = 'leaving'")
        let revoked = try await client.call("GET", "/v1/operator/tenants")
        expectProblem(revoked, 401, "unauthenticated")
        let last = key.last == "0" ? "1" : "0"
        for text in ["ins_op_", key.dropLast() + last, key + "0", "ins_op_" + String(repeating: "0", count: 86)] {
            let answer = try await visit.server.client(key: String(text)).call("GET", "/v1/operator/tenants")
            expectProblem(answer, 401, "unauthenticated")
            #expect(answer.json["detail"] == revoked.json["detail"])
            expectProblem(try await visit.server.client(key: String(text)).call("GET", "/v1/tenant"), 401, "unauthenticated")
        }
    }

    // MARK: Whose tenant

    @Test func `a tenant that a header names is not believed`() async throws {
        let visit = try await Visit()
        let other = try await visit.server.tenant()
        for named in [other.id.description, other.slug, other.id.uuid.description, "", "*"] {
            for (method, path) in [("GET", "/v1/tenant"), ("GET", "/v1/audit"), ("GET", "/v1/tenant/export")] {
                expectProblem(
                    try await visit.client.call(method, path, headers: [("x-tenant-id", named)]), 403, "forbidden")
            }
        }
        let own = try await visit.client.call("GET", "/v1/tenant", headers: [("x-tenant-id", visit.tenant.id.description)])
        #expect(own.status == 200)
    }

    @Test func `nothing beyond its own fields can be assigned to a tenant`() async throws {
        let visit = try await Visit()
        let before = try await visit.call(200, "GET", "/v1/tenant").json
        for (field, value): (String, JSONValue) in [
            ("plan", "enterprise"), ("state", "active"), ("quotas", ["users": 1_000_000]), ("id", .string("\(TenantID.make())")),
            ("slug", "another"), ("revision", 7), ("signing_key", "x"), ("deletes_at", nil),
            ("created_at", "x"),
        ] {
            var body = JSONObject()
            body["name"] = "Taken"
            body[field] = value
            expectProblem(
                try await visit.client.call("PATCH", "/v1/tenant", .object(body)), 422, "validation_failed", field: field)
        }
        #expect(try await visit.client.call("PATCH", "/v1/tenant", ["name": "Taken", "tenant_id": "x"]).status == 422)
        expectProblem(
            try await visit.client.call("PATCH", "/v1/tenant", ["settings": ["plan": "enterprise"]]), 422, "validation_failed",
            field: "settings.plan")
        #expect(try await visit.call(200, "GET", "/v1/tenant").json == before)
    }

    @Test func `who may only read or work changes, exports and ends nothing`() async throws {
        let visit = try await Visit()
        for role in [Role.viewer, .member, .admin] {
            let client = try await visit.tenant.client(role)
            for (method, path) in [("GET", "/v1/tenant/export"), ("DELETE", "/v1/tenant")] {
                expectProblem(
                    try await client.call(method, path, method == "DELETE" ? ["slug": .string(visit.tenant.slug)] : nil), 403,
                    "forbidden")
            }
            guard role != .admin else { continue }
            for (method, path) in [("GET", "/v1/audit"), ("GET", "/v1/audit/export"), ("GET", "/v1/roles")] {
                expectProblem(try await client.call(method, path), 403, "forbidden")
            }
            expectProblem(try await client.call("PATCH", "/v1/tenant", ["name": "x"]), 403, "forbidden")
            expectProblem(try await client.call("POST", "/v1/roles", ["name": "x", "scopes": ["agents:read"]]), 403, "forbidden")
        }
    }

    // MARK: Roles

    @Test func `nobody grants what he lacks, neither by a new role nor by one that somebody holds`() async throws {
        let visit = try await Visit()
        let admin = try await visit.tenant.client(.admin)
        for scope in ["tenant:export", "tenant:delete"] {
            expectProblem(
                try await admin.call("POST", "/v1/roles", ["name": "up", "scopes": ["agents:read", .string(scope)]]), 403,
                "forbidden")
        }
        let low = try await admin.call("POST", "/v1/roles", ["name": "low", "scopes": ["agents:read"]])
        let path = "/v1/roles/\(try visit.id(of: low))"
        expectProblem(try await admin.call("PATCH", path, ["scopes": ["tenant:export"]]), 403, "forbidden")
        // One that holds more than he does he may neither weaken nor remove nor rename.
        let high = try await visit.call(201, "POST", "/v1/roles", ["name": "high", "scopes": ["tenant:export", "agents:read"]])
        let above = "/v1/roles/\(try visit.id(of: high))"
        expectProblem(try await admin.call("PATCH", above, ["scopes": ["agents:read"]]), 403, "forbidden")
        expectProblem(try await admin.call("PATCH", above, ["name": "mine"]), 403, "forbidden")
        expectProblem(try await admin.call("DELETE", above), 403, "forbidden")
        // What only comes with being logged in can't be given at all, nor what does not exist.
        for scope in ["account:read", "account:write", "tenant:*", "*", "", "Agents:Read"] {
            expectProblem(
                try await visit.client.call("POST", "/v1/roles", ["name": "own", "scopes": [.string(scope)]]), 422,
                "validation_failed", field: "scopes[0]")
        }
        for name in ["owner", "Admin", "a\u{0}b", ""] {
            expectProblem(
                try await visit.client.call("POST", "/v1/roles", ["name": .string(name), "scopes": ["agents:read"]]), 422,
                "validation_failed", field: "name")
        }
    }

    @Test func `120 roles made at once are exactly a hundred`() async throws {
        let visit = try await Visit()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for at in 0..<12 {
                let client = visit.tenant.client()
                group.addTask {
                    var made = 0
                    for number in 0..<10 {
                        let body: JSONValue = ["name": .string("r\(at)-\(number)"), "scopes": ["agents:read"]]
                        var answer = try await client.call("POST", "/v1/roles", body)
                        // Makers wait for each other; one who waited too long asks again.
                        while answer.json["code"] == "conflict" { answer = try await client.call("POST", "/v1/roles", body) }
                        if answer.status == 201 { made += 1 } else { expectProblem(answer, 409, "limit_reached") }
                    }
                    return made
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(statuses == 100)
    }

    // MARK: Cursors

    @Test func `a cursor that is forged, another tenant's or another list's is refused`() async throws {
        let visit = try await Visit()
        let other = try await Visit()
        for one in [visit, other] {
            for name in ["a", "b"] {
                try await one.call(201, "POST", "/v1/roles", ["name": .string(name), "scopes": ["agents:read"]])
            }
        }
        let cursor = try #require(try await visit.call(200, "GET", "/v1/audit?limit=1").json["next_cursor"]?.string)
        let theirs = try #require(try await other.call(200, "GET", "/v1/audit?limit=1").json["next_cursor"]?.string)
        let flipped = cursor.dropLast() + (cursor.last == "A" ? "Q" : "A")
        for path in [
            "/v1/audit?limit=1&cursor=\(theirs)", "/v1/audit?cursor=\(flipped)", "/v1/audit?cursor=AAAA",
            "/v1/roles?cursor=\(cursor)",
            "/v1/audit?filter[action]=role.created&cursor=\(cursor)", "/v1/audit?sort=created_at:asc&cursor=\(cursor)",
        ] { expectProblem(try await visit.client.call("GET", path), 422, "validation_failed", field: "cursor") }
        for query in [
            "filter[actor]=x", "filter[target]=agent_", "filter[from]=yesterday", "filter[action]=all", "filter[other]=1",
        ] {
            let field = String(query.prefix { $0 != "=" })
            expectProblem(try await visit.client.call("GET", "/v1/audit?\(query)"), 422, "validation_failed", field: field)
        }
    }

    // MARK: Exports

    @Test func `an export holds everything of its tenant, nothing of another, and nothing that opens something`() async throws {
        let visit = try await Visit()
        let other = try await Visit()
        let agent = try await other.agent()
        _ = try await visit.execution()
        let answer = try await visit.call(200, "GET", "/v1/tenant/export")
        for word in [other.tenant.slug + "\"", other.tenant.id.description, agent, other.tenant.id.uuid.description] {
            #expect(!answer.text.contains(word), "\(word)")
        }
        for word in ["ins_live_", "argon2", "signing_key", "password_hash", "\"hash\"", visit.tenant.key] {
            #expect(!answer.text.contains(word), "\(word)")
        }
        // The rows that the database counts are there, each once.
        let superuser = try visit.server.database.connectAsSuperuser()
        let lines = try Scenario.lines(answer)
        for (type, table) in [("user", "users"), ("execution_log_line", "execution_logs"), ("execution_step", "execution_steps")]
        {
            let count = try superuser.rows(
                "SELECT count(*) FROM \(table) WHERE tenant_id = $1", [visit.tenant.id.uuid.description])[0][0]
            #expect("\(lines.count { $0["type"]?.string == type })" == count, "\(table)")
        }
    }

    @Test func `an export of many rows comes whole, in pieces, in the order of the key`() async throws {
        let visit = try await Visit()
        let superuser = try visit.server.database.connectAsSuperuser()
        _ = try superuser.rows(
            """
            INSERT INTO audit_log (tenant_id, id, at, action, result, actor_kind, request_id, details)
            SELECT $1, insula_uuid7(), now(), 'role.created', 'succeeded', 'nobody', 'r', jsonb_build_object('number', n)
            FROM generate_series(1, 3000) n
            """, [visit.tenant.id.uuid.description])
        let lines = try Scenario.lines(try await visit.call(200, "GET", "/v1/tenant/export"))
        let entries = lines.filter { $0["type"] == "audit_entry" }
        #expect(entries.count { $0["data"]?["action"] == "role.created" } == 3_000)
        let ids = entries.compactMap { $0["data"]?["id"]?.string }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count)
        let log = try Scenario.lines(try await visit.call(200, "GET", "/v1/audit/export?filter[action]=role.created"))
        #expect(log.count == 3_000)
        #expect(Set(log.compactMap { $0["details"]?["number"]?.int }) == Set(1...3_000))
    }

    @Test func `who is suspended while he reads an export gets no further`() async throws {
        let visit = try await Visit()
        let superuser = try visit.server.database.connectAsSuperuser()
        // More than the kernel holds for a reader who does not read.
        _ = try superuser.rows(
            """
            INSERT INTO audit_log (tenant_id, id, at, action, result, actor_kind, request_id, details)
            SELECT $1, insula_uuid7(), now(), 'a', 'succeeded', 'nobody', 'r', jsonb_build_object('text', repeat('x', 20000))
            FROM generate_series(1, 2000) n
            """, [visit.tenant.id.uuid.description])
        let reader = StreamReader(visit)
        let begun = try await reader.begin("/v1/audit/export")
        #expect(begun > 0)
        let client = try await visit.server.operatorClient()
        let path = "/v1/operator/tenants/\(visit.tenant.id)"
        #expect(try await client.call("POST", path + "/suspend", ["reason": "attack"]).status == 200)
        let total = try await reader.rest() + begun
        // It broke off: without its last chunk, and long before its end.
        #expect(!reader.isWhole && total < 30_000_000, "\(total)")
    }

    // MARK: States

    @Test func `a halted tenant's work stops where it is, and goes on when the tenant does`() async throws {
        let visit = try await Visit()
        let agent = try await visit.runningAgent()
        let client = try await visit.server.operatorClient()
        let path = "/v1/operator/tenants/\(visit.tenant.id)"
        let superuser = try visit.server.database.connectAsSuperuser()
        let tenant = visit.tenant.id.uuid.description
        // What waits for later is out of reach while the tenant is halted, and ready when it goes on.
        _ = try superuser.rows(
            """
            INSERT INTO executions (tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts,
                timeout_milliseconds)
            SELECT tenant_id, insula_uuid7(), id, 1, 'queued', 'manual', '{}', 3, 60000 FROM definitions WHERE tenant_id = $1
            """, [tenant])
        _ = try superuser.rows(
            """
            INSERT INTO execution_queue (tenant_id, execution_id, definition_id, ready_at)
            SELECT tenant_id, id, definition_id, now() + interval '1 hour' FROM executions WHERE tenant_id = $1
            """, [tenant])
        #expect(try await client.call("POST", path + "/suspend", ["reason": "x"]).status == 200)
        let parked = try superuser.rows("SELECT ready_at, epoch FROM execution_queue WHERE tenant_id = $1", [tenant])
        #expect(parked.count == 1 && parked[0][1] == "0")
        _ = try superuser.rows("UPDATE execution_queue SET ready_at = now() WHERE tenant_id = $1", [tenant])
        expectProblem(try await visit.client.call("POST", "/v1/agents/\(agent)/trigger"), 401, "unauthenticated")
        #expect(try await client.call("POST", path + "/resume").status == 200)
        let execution = try #require(
            try await visit.call(200, "GET", "/v1/executions").json["data"]?[0]?["id"]?.string)
        #expect(try await visit.ended(execution)["state"] == "succeeded")
    }

    @Test func `a tenant that was given up can be brought back until its time has come, and then is gone`() async throws {
        try await TestServer.run(["INSULA_DELETION_DELAY_HOURS": "0"]) { server in
            let visit = try await Visit(server)
            let other = try await Visit(server)
            _ = try await visit.execution()
            let client = try await server.operatorClient()
            let path = "/v1/operator/tenants/\(visit.tenant.id)"
            try await visit.call(200, "DELETE", "/v1/tenant", ["slug": .string(visit.tenant.slug)])
            expectProblem(try await client.call("POST", path + "/undelete"), 410, "gone")
            expectProblem(try await client.call("POST", path + "/resume"), 409, "invalid_state_transition")
            try await server.keepHouse()
            expectProblem(try await client.call("GET", path), 404, "not_found")
            expectProblem(try await visit.client.call("GET", "/v1/tenant"), 401, "unauthenticated")
            try await other.call(200, "GET", "/v1/tenant")
            // The log of those who run the installation keeps that it was there.
            let log = try await client.call("GET", "/v1/operator/log").json["data"]?.array ?? []
            #expect(log.contains { $0["action"] == "tenant.removed" && $0["tenant_id"]?.string == visit.tenant.id.description })
        }
    }

    @Test func `a change of a role's scopes holds from the next request`() async throws {
        let visit = try await Visit()
        let role = try visit.id(of: try await visit.call(201, "POST", "/v1/roles", ["name": "r", "scopes": ["agents:read"]]))
        let uuid = try #require(RoleID(role)).uuid.description
        let key = try await visit.tenant.key(.viewer)
        let keyID = try #require(
            try await visit.server.client(key: visit.tenant.key).call("GET", "/v1/keys").json["data"]?[0]?["id"]?.string)
        _ = try visit.server.database.connectAsSuperuser().rows(
            "UPDATE api_keys SET role = NULL, role_id = $1 WHERE id = $2", [uuid, try #require(KeyID(keyID)).uuid.description])
        let client = visit.server.client(key: key)
        #expect(try await client.call("GET", "/v1/agents").status == 200)
        try await visit.call(200, "PATCH", "/v1/roles/\(role)", ["scopes": ["tools:read"]])
        expectProblem(try await client.call("GET", "/v1/agents"), 403, "forbidden")
        #expect(try await client.call("GET", "/v1/tools").status == 200)
    }
}
