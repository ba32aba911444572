// What the tenant's own endpoints do when all goes well: its settings, its roles, its audit log, its export and its end.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

extension Scenario {
    /// The lines of an NDJSON answer.
    static func lines(_ answer: TestAnswer) throws -> [JSONValue] {
        try answer.body.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
    }

    static let tenancy = [
        Scenario("PATCH", "/v1/tenant") { visit in
            let before = try await visit.call(200, "GET", "/v1/tenant")
            #expect(before.json["settings"]?["registration"] == "invite" && before.json["quotas"]?["audit_days"] == 30)
            #expect(before.json["usage"]?["users"] == 1 && before.json["usage"]?["keys"] == 1)
            #expect(before.json["usage"]?["definitions"] == 0 && before.json["quotas"]?["definitions"] == 100_000)
            let tag = try #require(before["etag"])
            let change: JSONValue = ["name": "Renamed", "settings": ["registration": "open", "session_idle_minutes": 60]]
            let after = try await visit.call(200, "PATCH", "/v1/tenant", change, headers: [("if-match", tag)])
            #expect(after.json["name"] == "Renamed" && after["etag"] != tag)
            #expect(after.json["settings"]?["registration"] == "open" && after.json["settings"]?["session_idle_minutes"] == 60)
            #expect(after.json["settings"]?["mfa_required"] == false)
            // What is left out stays, what is null goes back.
            let reset = try await visit.call(200, "PATCH", "/v1/tenant", ["settings": ["session_idle_minutes": nil]]).json
            #expect(reset["settings"]?["session_idle_minutes"] == 20_160 && reset["settings"]?["registration"] == "open")
            expectProblem(
                try await visit.client.call("PATCH", "/v1/tenant", ["name": "Lost"], headers: [("if-match", tag)]), 412,
                "precondition_failed")
        },
        Scenario("DELETE", "/v1/tenant") { visit in
            expectProblem(
                try await visit.client.call("DELETE", "/v1/tenant", ["slug": "another"]), 422, "validation_failed", field: "slug")
            let gone = try await visit.call(200, "DELETE", "/v1/tenant", ["slug": .string(visit.tenant.slug)]).json
            #expect(gone["state"] == "deleting" && Timestamp(rfc3339: gone["deletes_at"]?.string ?? "") != nil)
            expectProblem(try await visit.client.call("GET", "/v1/tenant"), 401, "unauthenticated")
        },
        Scenario("GET", "/v1/tenant/export") { visit in
            let execution = try await visit.execution()
            let answer = try await visit.call(200, "GET", "/v1/tenant/export")
            #expect(answer["content-type"] == "application/x-ndjson" && answer["cache-control"] == "no-store")
            let lines = try Scenario.lines(answer)
            #expect(lines.first?["type"] == "export" && lines.first?["data"]?["tenant_id"]?.string == visit.tenant.id.description)
            #expect(lines.last?["type"] == "end" && lines.last?["data"]?["rows"]?.int == lines.count - 2)
            let types = Set(lines.compactMap { $0["type"]?.string })
            #expect(
                types.isSuperset(of: ["tenant", "user", "key", "definition", "definition_version", "execution", "execution_step"])
            )
            #expect(lines.contains { $0["data"]?["id"]?.string == execution })
            #expect(lines.contains { $0["type"] == "audit_entry" && $0["data"]?["action"] == "tenant.exported" })
        },
    ]

    // MARK: Roles

    static let roles = [
        Scenario("POST", "/v1/roles") { visit in
            let answer = try await visit.call(
                201, "POST", "/v1/roles",
                ["name": "Runner", "description": "Runs", "scopes": ["executions:write", "agents:read", "agents:read"]])
            let role = answer.json
            #expect(role["id"]?.string?.hasPrefix("role_") == true && role["built_in"] == false)
            // Each once, in the order of the catalogue.
            #expect(role["scopes"] == ["agents:read", "executions:write"])
            #expect(answer["etag"] == "\"1\"")
            expectProblem(
                try await visit.client.call("POST", "/v1/roles", ["name": "Runner", "scopes": ["agents:read"]]), 409, "conflict")
        },
        Scenario("GET", "/v1/roles") { visit in
            let made = try await visit.call(201, "POST", "/v1/roles", ["name": "R", "scopes": ["agents:read"]]).json
            let all = try #require(try await visit.call(200, "GET", "/v1/roles").json["data"]?.array)
            #expect(all.compactMap { $0["id"]?.string } == ["owner", "admin", "member", "viewer", made["id"]?.string ?? ""])
            #expect(all[0]["built_in"] == true && all[4] == made)
            // In parts, either way.
            for order in ["desc", "asc"] {
                var found: [JSONValue] = []
                var cursor = ""
                repeat {
                    let page = try await visit.call(200, "GET", "/v1/roles?limit=2&sort=created_at:\(order)\(cursor)").json
                    found += page["data"]?.array ?? []
                    cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(found == (order == "desc" ? all : all.reversed()))
            }
        },
        Scenario("GET", "/v1/roles/{role_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/roles", ["name": "R", "scopes": ["agents:read"]])
            #expect(try await visit.call(200, "GET", "/v1/roles/\(try visit.id(of: made))").json == made.json)
            let viewer = try await visit.call(200, "GET", "/v1/roles/viewer").json
            #expect(
                viewer["scopes"] == [
                    "tenant:read", "agents:read", "tasks:read", "flows:read", "automations:read", "executions:read", "tools:read",
                    "events:read",
                    "datasets:read",
                ])
        },
        Scenario("PATCH", "/v1/roles/{role_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/roles", ["name": "R", "scopes": ["agents:read"]])
            let path = "/v1/roles/\(try visit.id(of: made))"
            let tag = try #require(made["etag"])
            let changed = try await visit.call(
                200, "PATCH", path, ["scopes": ["agents:read", "audit:read"]], headers: [("if-match", tag)])
            #expect(changed.json["scopes"] == ["audit:read", "agents:read"] && changed.json["name"] == "R")
            expectProblem(
                try await visit.client.call("PATCH", path, ["name": "S"], headers: [("if-match", tag)]), 412,
                "precondition_failed")
            expectProblem(try await visit.client.call("PATCH", "/v1/roles/admin", ["name": "S"]), 409, "conflict")
        },
        Scenario("DELETE", "/v1/roles/{role_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/roles", ["name": "R", "scopes": ["agents:read"]])
            let path = "/v1/roles/\(try visit.id(of: made))"
            let superuser = try visit.server.database.connectAsSuperuser()
            let uuid = try #require(RoleID(try visit.id(of: made))).uuid.description
            let tenant = visit.tenant.id.uuid.description
            _ = try superuser.rows(
                "UPDATE users SET role = NULL, role_id = $1 WHERE tenant_id = $2", [uuid, tenant])
            expectProblem(try await visit.client.call("DELETE", path), 409, "conflict")
            _ = try superuser.rows("UPDATE users SET role = 'owner', role_id = NULL WHERE tenant_id = $1", [tenant])
            // A key that is revoked holds nothing any more.
            _ = try superuser.rows(
                """
                INSERT INTO api_keys (tenant_id, id, name, role_id, hash, revoked_at)
                VALUES ($1, gen_random_uuid(), 'dead', $2, sha256('x'), now())
                """, [tenant, uuid])
            try await visit.call(204, "DELETE", path)
            expectProblem(try await visit.client.call("GET", path), 404, "not_found")
            expectProblem(try await visit.client.call("DELETE", "/v1/roles/owner"), 409, "conflict")
        },
    ]

    // MARK: The audit log

    static let audit = [
        Scenario("GET", "/v1/audit") { visit in
            let agent = try await visit.runningAgent()
            let role = try visit.id(of: try await visit.call(201, "POST", "/v1/roles", ["name": "R", "scopes": ["agents:read"]]))
            let all = try #require(try await visit.call(200, "GET", "/v1/audit").json["data"]?.array)
            #expect(all.compactMap { $0["action"]?.string }.prefix(3) == ["role.created", "agent.started", "agent.created"])
            #expect(all[0]["target_id"]?.string == role && all[1]["target_id"]?.string == agent)
            #expect(all[0]["actor_kind"] == "key" && all[0]["actor_id"]?.string?.hasPrefix("key_") == true)
            #expect(all[0]["address"] == "127.0.0.1" && all[0]["result"] == "succeeded")
            let actor = try #require(all[0]["actor_id"]?.string)
            for (query, count) in [
                ("filter[target]=\(agent)", 2), ("filter[action]=agent.started", 1), ("filter[actor]=\(actor)", 3),
                ("filter[target]=\(agent)&filter[action]=role.created", 0), ("filter[result]=refused", 0),
                ("filter[to]=2020-01-01T00:00:00Z", 0), ("filter[from]=2020-01-01T00:00:00Z&filter[actor]=\(actor)", 3),
                // The same bits with another prefix name something else.
                ("filter[target]=user_\(agent.dropFirst(6))", 0), ("filter[actor]=user_\(actor.dropFirst(4))", 0),
            ] {
                let found = try await visit.call(200, "GET", "/v1/audit?\(query)").json["data"]?.array
                #expect(found?.count == count, "\(query)")
            }
        },
        Scenario("GET", "/v1/audit/export") { visit in
            try await visit.call(201, "POST", "/v1/roles", ["name": "R", "scopes": ["agents:read"]])
            let lines = try Scenario.lines(try await visit.call(200, "GET", "/v1/audit/export"))
            #expect(lines.prefix(2).compactMap { $0["action"]?.string } == ["audit.exported", "role.created"])
            let page = try #require(try await visit.call(200, "GET", "/v1/audit?limit=100").json["data"]?.array)
            #expect(page == lines)
            let some = try await visit.call(200, "GET", "/v1/audit/export?filter[action]=role.created")
            #expect(try Scenario.lines(some).count == 1)
        },
    ]
}
