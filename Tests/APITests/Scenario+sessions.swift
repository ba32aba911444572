// What callers do with keys, sessions and tokens when all goes well.

import Base
import Identity
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

extension Scenario {
    // MARK: Keys

    static let furtherKeys = [
        Scenario("GET", "/v1/keys/{key_id}") { visit in
            let made = try await visit.call(201, "POST", "/v1/keys", ["name": "robot"]).json
            let answer = try await visit.call(200, "GET", "/v1/keys/\(made["key"]?["id"]?.string ?? "")")
            #expect(answer.json == made["key"] && answer["etag"] == "\"1\"")
        },
        Scenario("PATCH", "/v1/keys/{key_id}") { visit in
            let body: JSONValue = [
                "name": "robot", "scopes": ["agents:read"], "allowed_addresses": ["127.0.0.1", "2001:db8::/32"],
                "requests_per_minute": 60,
            ]
            let made = try await visit.call(201, "POST", "/v1/keys", body).json
            let path = "/v1/keys/\(made["key"]?["id"]?.string ?? "")"
            #expect(made["key"]?["scopes"] == ["agents:read"] && made["key"]?["requests_per_minute"] == 60)
            #expect(made["key"]?["allowed_addresses"] == ["127.0.0.1/32", "2001:db8::/32"])
            let robot = visit.server.client(key: made["secret"]?.string)
            #expect(try await robot.call("GET", "/v1/agents").status == 200)
            expectProblem(try await robot.call("GET", "/v1/tenant"), 403, "forbidden")
            let change: JSONValue = [
                "name": "other", "scopes": ["tenant:read"], "allowed_addresses": nil, "requests_per_minute": nil,
            ]
            let changed = try await visit.call(200, "PATCH", path, change, headers: [("if-match", "\"1\"")])
            #expect(changed.json["name"] == "other" && changed.json["scopes"] == ["tenant:read"] && changed["etag"] == "\"2\"")
            #expect(changed.json["allowed_addresses"] == .null && changed.json["requests_per_minute"] == .null)
            // It holds at once.
            #expect(try await robot.call("GET", "/v1/tenant").status == 200)
            expectProblem(try await robot.call("GET", "/v1/agents"), 403, "forbidden")
            expectProblem(
                try await visit.client.call("PATCH", path, ["name": "late"], headers: [("if-match", "\"1\"")]), 412,
                "precondition_failed")
        },
        Scenario("POST", "/v1/keys/{key_id}/rotate") { visit in
            let made = try await visit.call(201, "POST", "/v1/keys", ["name": "robot"]).json
            let path = "/v1/keys/\(made["key"]?["id"]?.string ?? "")/rotate"
            let (old, secret) = (visit.server.client(key: made["secret"]?.string), made["secret"]?.string)
            let rotated = try await visit.call(200, "POST", path, ["overlap_seconds": 3600]).json
            #expect(rotated["key"]?["id"] == made["key"]?["id"] && rotated["secret"]?.string != secret)
            #expect(Timestamp(rfc3339: rotated["key"]?["previous_until"]?.string ?? "") ?? .now > .now)
            let new = visit.server.client(key: rotated["secret"]?.string)
            for client in [old, new] { #expect(try await client.call("GET", "/v1/tenant").status == 200) }
            // Without an overlap the old texts are over at once, both of them.
            let last = try await visit.call(200, "POST", path, ["overlap_seconds": 0]).json
            #expect(last["key"]?["previous_until"] == .null)
            for client in [old, new] { expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated") }
            #expect(try await visit.server.client(key: last["secret"]?.string).call("GET", "/v1/tenant").status == 200)
        },
    ]

    // MARK: Sessions

    static let sessions = [
        Scenario("POST", "/v1/logout") { visit in
            let person = try visit.tenant.person()
            for kind in [LoginSession.Kind.token, .cookie] {
                let session = try await person.session(kind)
                let client = session.client(headers: [("sec-fetch-site", "same-origin")])
                #expect(try await client.call("GET", "/v1/tenant").status == 200)
                let answer = try await client.call("POST", "/v1/logout")
                #expect(answer.status == 204 && (kind == .cookie) == (answer["set-cookie"]?.contains("Max-Age=0") == true))
                expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated")
            }
            // Keys have no sessions.
            expectProblem(try await visit.client.call("POST", "/v1/logout"), 403, "forbidden")
        },
        Scenario("GET", "/v1/sessions") { visit in
            let person = try visit.tenant.person()
            let other = try await person.session(.cookie)
            let mine = try await person.session()
            _ = try await visit.tenant.person().session()
            let list = try #require(try await mine.client().call("GET", "/v1/sessions").json["data"]?.array)
            #expect(list.map { $0["id"]?.string } == [mine.id, other.id])
            #expect(list.map { $0["current"] } == [true, false] && list.map { $0["kind"] } == ["token", "cookie"])
            #expect(list[0]["amr"] == ["pwd"] && list[0]["expires_at"]?.string?.hasSuffix("Z") == true)
        },
        Scenario("DELETE", "/v1/sessions/{session_id}") { visit in
            let person = try visit.tenant.person()
            let (mine, other) = (try await person.session(), try await person.session())
            #expect(try await other.client().call("GET", "/v1/tenant").status == 200)
            #expect(try await mine.client().call("DELETE", "/v1/sessions/\(other.id)").status == 204)
            expectProblem(try await other.client().call("GET", "/v1/tenant"), 401, "unauthenticated")
            expectProblem(try await mine.client().call("DELETE", "/v1/sessions/\(other.id)"), 404, "not_found")
            let stranger = try await visit.tenant.person().session()
            expectProblem(try await mine.client().call("DELETE", "/v1/sessions/\(stranger.id)"), 404, "not_found")
        },
        Scenario("DELETE", "/v1/sessions") { visit in
            let person = try visit.tenant.person()
            let (mine, other) = (try await person.session(), try await person.session())
            #expect(try await mine.client().call("DELETE", "/v1/sessions").json == ["ended": 1])
            expectProblem(try await other.client().call("GET", "/v1/tenant"), 401, "unauthenticated")
            #expect(try await mine.client().call("GET", "/v1/tenant").status == 200)
            #expect(try await mine.client().call("DELETE", "/v1/sessions?include=current").json == ["ended": 1])
            expectProblem(try await mine.client().call("GET", "/v1/tenant"), 401, "unauthenticated")
        },
        Scenario("DELETE", "/v1/users/{user_id}/sessions") { visit in
            let person = try visit.tenant.person()
            let sessions = [try await person.session(), try await person.session(.cookie)]
            let admin = try await visit.tenant.person(.admin).session().client()
            #expect(try await admin.call("DELETE", "/v1/users/\(person.id)/sessions").json == ["ended": 2])
            for session in sessions {
                expectProblem(try await session.client().call("GET", "/v1/tenant"), 401, "unauthenticated")
            }
            let owner = try visit.tenant.person(.owner)
            expectProblem(try await admin.call("DELETE", "/v1/users/\(owner.id)/sessions"), 403, "forbidden")
        },
        Scenario("POST", "/v1/users/{user_id}/impersonate") { visit in
            let admin = try visit.tenant.person(.admin)
            let person = try visit.tenant.person()
            let made = try await admin.session().client().call(
                "POST", "/v1/users/\(person.id)/impersonate", ["reason": "a ticket", "minutes": 5])
            #expect(made.status == 201 && made.json["kind"] == "impersonation" && made.json["expires_in"] == 300)
            #expect(made.json["refresh_token"] == nil && made.json["user_id"]?.string == person.id.description)
            let client = visit.server.client(key: made.json["access_token"]?.string)
            let agent = try await client.call("POST", "/v1/agents", Visit.agentBody("ping"))
            #expect(agent.status == 201)
            let lines = try visit.server.database.connectAsSuperuser().rows(
                """
                SELECT actor_id, impersonator_kind, impersonator_id FROM audit_log
                WHERE tenant_id = $1 AND action IN ('agent.created', 'user.impersonation_started') ORDER BY id DESC
                """, [visit.tenant.id.uuid.description])
            #expect(lines[0] == [person.id.uuid.description, "user", admin.id.uuid.description])
            #expect(lines[1][0] == admin.id.uuid.description)
            #expect(try await client.call("POST", "/v1/logout").status == 204)
            expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated")
        },
    ]

    // MARK: Tokens

    static let tokens = [
        Scenario("GET", "/.well-known/jwks.json") { visit in
            let answer = try await visit.call(200, "GET", "/.well-known/jwks.json")
            #expect(answer["cache-control"] == "public, max-age=300" && answer["content-type"] == "application/json")
            let keys = try #require(answer.json["keys"]?.array)
            // The one in use, and the one to come.
            #expect(keys.count >= 2)
            for key in keys {
                #expect(key["kty"] == "OKP" && key["crv"] == "Ed25519" && key["alg"] == "EdDSA" && key["use"] == "sig")
                #expect(key["d"] == nil && key["kid"]?.string?.isEmpty == false && key["x"]?.string?.count == 43)
            }
        },
        Scenario("POST", "/v1/token/refresh") { visit in
            let session = try await visit.tenant.person().session()
            let answer = try await visit.server.client().call(
                "POST", "/v1/token/refresh", ["refresh_token": .string(session.refreshToken)])
            #expect(answer.status == 200 && answer["cache-control"] == "no-store")
            #expect(answer.json["token_type"] == "Bearer" && answer.json["expires_in"] == 1800)
            #expect(answer.json["session_id"]?.string == session.id)
            #expect(answer.json["refresh_token"]?.string != session.refreshToken)
            let client = visit.server.client(key: answer.json["access_token"]?.string)
            #expect(try await client.call("GET", "/v1/tenant").status == 200)
        },
        Scenario("POST", "/v1/token/introspect") { visit in
            let person = try visit.tenant.person()
            let session = try await person.session()
            let access = try await visit.call(200, "POST", "/v1/token/introspect", ["token": .string(session.accessToken)]).json
            #expect(access["active"] == true && access["token_type"] == "access_token" && access["sid"]?.string == session.id)
            #expect(access["sub"]?.string == person.id.description && access["tid"]?.string == visit.tenant.id.description)
            #expect(access["scope"]?.string?.split(separator: " ").contains("agents:write") == true)
            #expect((access["exp"]?.int ?? 0) - (access["iat"]?.int ?? 0) == 1800)
            let refresh = try await visit.call(200, "POST", "/v1/token/introspect", ["token": .string(session.refreshToken)]).json
            #expect(refresh["active"] == true && refresh["token_type"] == "refresh_token")
            let key = try await visit.tenant.key(.viewer)
            let form = Array("token=\(key)&token_type_hint=access_token".utf8)
            let type = [("content-type", "application/x-www-form-urlencoded")]
            let answer = try await visit.client.send("POST", "/v1/token/introspect", headers: type, body: form)
            #expect(answer.json["active"] == true && answer.json["token_type"] == "api_key")
            #expect(
                answer.json["scope"]
                    == "tenant:read agents:read tasks:read flows:read automations:read executions:read tools:read events:read")
            // Of what is no good or another tenant's nothing is told.
            let stranger = try await Visit()
            let foreign = try await stranger.tenant.person().session()
            let foreignKey = try await stranger.tenant.key(.viewer)
            for other in [foreign.accessToken, foreign.refreshToken, foreignKey, "x", key + "0"] {
                let told = try await visit.call(200, "POST", "/v1/token/introspect", ["token": .string(other)])
                #expect(told.json == ["active": false])
            }
        },
        Scenario("POST", "/v1/token/revoke") { visit in
            let person = try visit.tenant.person()
            let (first, second) = (try await person.session(), try await person.session())
            let key = try await visit.tenant.key(.viewer)
            let type = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")]
            let nobody = visit.server.client()
            for (token, holder) in [(first.accessToken, first.client()), (second.refreshToken, second.client())]
                + [(key, visit.server.client(key: key))]
            {
                #expect(try await holder.call("GET", "/v1/tenant").status == 200)
                let form = Array("token=\(token)".utf8)
                #expect(try await nobody.send("POST", "/v1/token/revoke", headers: type, body: form).status == 200)
                expectProblem(try await holder.call("GET", "/v1/tenant"), 401, "unauthenticated")
                // Once more, or for what never was: the same answer.
                #expect(try await nobody.send("POST", "/v1/token/revoke", headers: type, body: form).status == 200)
            }
            #expect(try await nobody.call("POST", "/v1/token/revoke", ["token": "unknown"]).status == 200)
        },
    ]
}
