// What somebody tries who looks for a gap between the rules: guesses at operators, another method or path than it seems, things of other
// tenants named in bodies.

import Base
import Crypto
import InsulaTesting
import JSON
import Testing

@testable import API
@testable import Tenancy

@Suite struct AttackTests {
    @Test func `guesses at an operator's key are counted before they cost a connection`() async throws {
        try await TestServer.run(["INSULA_ANONYMOUS_PER_MINUTE": "5", "INSULA_TRUSTED_PROXIES": "127.0.0.1"]) { server in
            let text = try await server.operatorKey()
            // An id that nobody has, with a check sum that fits.
            let guess = server.client(
                key: OperatorKeyText.make(for: .make()).withSpan { bytes in
                    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
                })
            var statuses: [Int] = []
            for _ in 0..<8 {
                statuses.append(
                    try await guess.call("GET", "/v1/operator/tenants", headers: [("x-forwarded-for", "198.51.100.9")]).status)
            }
            #expect(statuses.prefix(5).allSatisfy { $0 == 401 } && statuses.suffix(3).allSatisfy { $0 == 429 }, "\(statuses)")
            for _ in 0..<12 {
                let answer = try await server.client(key: text).call(
                    "GET", "/v1/operator/tenants", headers: [("x-forwarded-for", "198.51.100.10")])
                #expect(answer.status == 200, "\(answer.text)")
            }
        }
    }

    @Test func `a method is what the request line says, whatever else names another`() async throws {
        let visit = try await Visit()
        let agent = try await visit.agent()
        for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
            for method in ["DELETE", "PATCH"] {
                let answer = try await visit.client.call(
                    "POST", "/v1/agents/\(agent)?_method=\(method)", ["_method": .string(method)], headers: [(header, method)])
                #expect(answer.status == 405, "\(header): \(answer.text)")
            }
        }
        for path in [
            "/v1/agents/../agents/\(agent)", "/v1//agents/\(agent)", "/v1/agents/%2e%2e/agents/\(agent)", "/V1/agents/\(agent)",
            "/v1/agents/\(agent);a=b", "/v1/agents/\(agent)/", "/v1/./agents/\(agent)", "/v1/agents%2f\(agent)",
        ] {
            let answer = try await visit.client.call("GET", path)
            #expect([400, 404].contains(answer.status), "\(path): \(answer.text)")
        }
        #expect(try await visit.call(200, "GET", "/v1/agents/\(agent)").json["state"] == "created")
    }

    @Test func `a role of another tenant is as unknown as one that nobody has`() async throws {
        let (visit, other) = (try await Visit(), try await Visit())
        let role: JSONValue = ["name": "r", "scopes": ["agents:read"]]
        let foreign = try other.id(of: try await other.call(201, "POST", "/v1/roles", role))
        let missing = "\(RoleID.make())"
        let person = try visit.tenant.person()
        let calls: [(String, String, JSONValue)] = [
            ("POST", "/v1/keys", ["name": "k"]), ("POST", "/v1/invitations", ["email": .string(visit.address("z"))]),
            ("PATCH", "/v1/users/\(person.id)", [:]),
        ]
        for (method, path, body) in calls {
            var texts: [String] = []
            for role in [foreign, missing] {
                var body = body.object ?? JSONObject()
                body["role"] = .string(role)
                let answer = try await visit.client.call(method, path, .object(body))
                #expect((400..<500).contains(answer.status), "\(path): \(answer.text)")
                let errors = answer.json["errors"].map { "\($0)" } ?? ""
                texts.append("\(answer.status) \(answer.json["code"]?.string ?? "") \(errors)".replacing(role, with: "ROLE"))
            }
            #expect(texts[0] == texts[1], "\(path): \(texts)")
        }
    }

    @Test func `a tag that is none of ours matches nothing`() async throws {
        let visit = try await Visit()
        let answer = try await visit.call(200, "GET", "/v1/roles/owner", headers: [("if-none-match", "x")])
        #expect(answer.json["scopes"]?.array?.isEmpty == false, "\(answer.text)")
    }

    @Test func `a tenant has so many places at once on a loop, and another one has its own`() {
        let limit = ConcurrencyLimit(loopCount: 2)
        let (tenant, other) = (TenantID.make(), TenantID.make())
        for _ in 0..<ConcurrencyLimit.perTenant { #expect(limit.enter(tenant, loop: 0)) }
        #expect(!limit.enter(tenant, loop: 0) && limit.enter(tenant, loop: 1) && limit.enter(other, loop: 0))
        limit.leave(tenant, loop: 0)
        #expect(limit.enter(tenant, loop: 0) && !limit.enter(tenant, loop: 0))
    }
}
