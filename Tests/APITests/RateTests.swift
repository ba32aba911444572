// Limits over whole servers: what is promised holds for every tenant and address, on one node and on two, whatever headers say.

import Base
import HTTP
import Identity
import InsulaTesting
import JSON
import Postgres
import Testing

@Suite struct RateTests {
    private static let whole = "requests_per_minute"

    /// Sets what the tenant may use, as a change of plan does.
    private func set(_ server: TestServer, _ tenant: TestTenant, perMinute: Int) throws {
        let connection = try server.database.connectAsSuperuser()
        try connection.run(
            "UPDATE tenants SET quotas = '{\"\(RateTests.whole)\": \(perMinute)}' WHERE tenant_id = '\(tenant.id.uuid)'")
        try connection.run("SELECT pg_notify('\(Revocation.channel)', '\(tenant.id)')")
    }

    /// Sends `count` requests over `connections` connections, taking turns among the servers. Returns the answers and for how long it took.
    private func burst(
        _ servers: [TestServer], key: String, _ count: Int = 500, connections: Int = 64
    ) async throws -> (answers: [TestAnswer], seconds: Double) {
        let start = Instant.now
        let answers = try await withThrowingTaskGroup(of: [TestAnswer].self) { group in
            for number in 0..<connections {
                let client = servers[number % servers.count].client(key: key)
                let share = count / connections + (number < count % connections ? 1 : 0)
                group.addTask {
                    var answers: [TestAnswer] = []
                    for _ in 0..<share { answers.append(try await client.call("GET", "/v1/tenant")) }
                    return answers
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return (answers, Double(Instant.now.nanoseconds - start.nanoseconds) / 1e9)
    }

    private func expectLaw(_ outcome: (answers: [TestAnswer], seconds: Double), perMinute: Int) {
        let admitted = outcome.answers.count { $0.status == 200 }
        #expect(outcome.answers.allSatisfy { $0.status == 200 || $0.status == 429 })
        #expect(Double(admitted) <= Double(perMinute) * (1 + outcome.seconds / 60), "\(admitted) in \(outcome.seconds) s")
        for answer in outcome.answers where answer.status == 429 {
            expectProblem(answer, 429, "rate_limited")
            #expect((answer["retry-after"].flatMap { Int($0) } ?? 0) >= 1)
            #expect(answer.json["violated-policies"] == ["tenant"])
        }
    }

    @Test func `a burst of 500 requests on 64 connections gets what the plan holds and no more`() async throws {
        let server = try await TestServer.shared()
        let tenant = try await server.tenant()
        let other = try await server.tenant()
        try set(server, tenant, perMinute: 100)
        let outcome = try await burst([server], key: tenant.key)
        expectLaw(outcome, perMinute: 100)
        #expect(outcome.answers.count { $0.status == 200 } >= 100)
        // Nor is anybody else's budget touched.
        #expect(try await other.client().call("GET", "/v1/tenant").status == 200)
    }

    @Test func `on two nodes the same burst gets no more`() async throws {
        let database = try await TestDatabase.make()
        try await TestServer.run(on: database) { first in
            let tenant = try await first.tenant()
            try set(first, tenant, perMinute: 100)
            try await TestServer.run(on: database) { second in
                let outcome = try await burst([first, second], key: tenant.key)
                expectLaw(outcome, perMinute: 100)
                // A quarter of the burst is held by the first of them, which was there before.
                #expect(outcome.answers.count { $0.status == 200 } >= 25)
            }
        }
    }

    @Test func `a restart forgets nothing`() async throws {
        let database = try await TestDatabase.make()
        let start = Instant.now
        var admitted = 0
        let key = try await TestServer.run(on: database) { server in
            let tenant = try await server.tenant()
            try set(server, tenant, perMinute: 60)
            for _ in 0..<50 { #expect(try await tenant.client().call("GET", "/v1/tenant").status == 200) }
            return tenant.key
        }
        admitted += 50
        admitted += try await TestServer.run(on: database) { server in
            try await burst([server], key: key, 100, connections: 10).answers.count { $0.status == 200 }
        }
        let seconds = Double(Instant.now.nanoseconds - start.nanoseconds) / 1e9
        #expect(Double(admitted) <= 60 + seconds && admitted >= 60, "\(admitted) in \(seconds) s")
    }

    @Test func `a change of plan holds from the next request`() async throws {
        let server = try await TestServer.shared()
        let tenant = try await server.tenant()
        try set(server, tenant, perMinute: 10)
        let client = tenant.client()
        var last = try await client.call("GET", "/v1/tenant")
        while last.status == 200 { last = try await client.call("GET", "/v1/tenant") }
        #expect(last["x-ratelimit-limit"] == "10")
        try set(server, tenant, perMinute: 600_000)
        // The news of it travels by a notification; by then the larger rate has filled the bucket.
        var answers = 0
        repeat {
            last = try await client.call("GET", "/v1/tenant")
            answers += 1
        } while last.status == 429 && answers < 100_000
        #expect(last.status == 200 && last["x-ratelimit-limit"] == "600000")
    }

    @Test func `the fields are sound and count down`() async throws {
        let server = try await TestServer.shared()
        let tenant = try await server.tenant()
        try set(server, tenant, perMinute: 30)
        let client = tenant.client()
        let start = Instant.now
        var left = 30
        for path in ["/v1/tenant", "/v1/agents", "/v1/agents/agent_none", "/v1/agents?limit=x", "/v1/tenant"] {
            let answer = try await client.call("GET", path)
            let policy = try #require(StructuredField.list(Array((answer["ratelimit-policy"] ?? "").utf8))?.first?.item)
            #expect(policy.value == .string("tenant") && policy["q"] == .integer(30) && policy["w"] == .integer(60))
            let limit = try #require(StructuredField.list(Array((answer["ratelimit"] ?? "").utf8))?.first?.item)
            guard case .integer(let remaining) = limit["r"], case .integer(let seconds) = limit["t"] else {
                Issue.record("\(path): \(answer["ratelimit"] ?? "no field")")
                continue
            }
            left -= 1
            // One comes back in two seconds.
            let back = Instant.now.milliseconds(since: start) / 2_000 + 1
            #expect(limit.value == .string("tenant") && seconds >= 1)
            #expect(remaining >= left && remaining <= min(29, left + back), "\(remaining)")
            #expect(answer["x-ratelimit-limit"] == "30" && answer["x-ratelimit-remaining"] == "\(remaining)")
            let reset = Int(answer["x-ratelimit-reset"] ?? "") ?? 0
            #expect(abs(reset - Int(Timestamp.now.microseconds / 1_000_000) - seconds) <= 30)
        }
        for path in ["/healthz", "/readyz", "/metrics"] {
            #expect(try await server.client().call("GET", path)["ratelimit"] == nil, "\(path)")
        }
    }

    @Test func `without a good credential the address is counted, and no header changes whose it is`() async throws {
        try await TestServer.run(["INSULA_ANONYMOUS_PER_MINUTE": "20", "INSULA_TRUSTED_PROXIES": ""]) { server in
            let tenant = try await server.tenant()
            let start = Instant.now
            var passed = 0
            for number in 0..<100 {
                let headers = [
                    ("x-forwarded-for", "198.51.\(number).1"), ("forwarded", "for=198.51.\(number).1"),
                    ("x-real-ip", "198.51.\(number).1"), ("authorization", number % 2 == 0 ? "Bearer x\(number)" : "Basic eA=="),
                ]
                let path = ["/v1/tenant", "/docs", "/v1/nothing", "/v1/agents"][number % 4]
                let answer = try await server.client(headers: headers).call("GET", path)
                if answer.status == 429 {
                    expectProblem(answer, 429, "rate_limited")
                    #expect(answer.json["violated-policies"] == ["anonymous"])
                } else {
                    passed += 1
                }
            }
            #expect(Double(passed) <= 20 + Double(Instant.now.nanoseconds - start.nanoseconds) / 3e9, "\(passed)")
            #expect(passed >= 20)
            // Whoever has a credential is not held up by those who have none.
            #expect(try await tenant.client().call("GET", "/v1/tenant").status == 200)
        }
    }

    @Test func `behind a trusted proxy callers are told apart by what it says, and by nothing they say`() async throws {
        try await TestServer.run(["INSULA_ANONYMOUS_PER_MINUTE": "5", "INSULA_TRUSTED_PROXIES": "127.0.0.0/8"]) { server in
            func call(_ list: String) async throws -> Int {
                try await server.client(headers: [("x-forwarded-for", list)]).call("GET", "/v1/tenant").status
            }
            for number in 0..<5 { #expect(try await call("198.51.100.\(number), 203.0.113.1") == 401) }
            for number in 0..<5 { _ = try await call("198.51.101.\(number), 203.0.113.1") }
            #expect(try await call("198.51.100.77, 203.0.113.1") == 429)
            #expect(try await call("203.0.113.2") == 401)
            // The same network of version 6 is one caller.
            for number in 0..<8 { _ = try await call("2001:db8:1:1::\(number)") }
            #expect(try await call("2001:db8:1:1:ffff::1") == 429)
            #expect(try await call("2001:db8:1:2::1") == 401)
        }
    }

    @Test func `the limiter's figures are scraped`() async throws {
        let server = try await TestServer.shared()
        let text = try await server.client().call("GET", "/metrics").text
        for name in [
            "insula_rate_limit_checks_total{bucket=\"tenant\",outcome=\"admitted\"}", "insula_rate_limit_buckets ",
            "insula_rate_limit_crowded_total ", "insula_rate_limit_nodes ", "insula_rate_limit_leased_total ",
        ] {
            #expect(text.contains("\n\(name)"), "\(name)")
        }
    }
}
