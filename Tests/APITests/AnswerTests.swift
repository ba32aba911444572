// What every answer is like, whichever endpoint gave it: methods, head fields, names of requests, origins, and the pages about the API.

import Base
import Foundation
import HTML
import HTTP
import InsulaTesting
import JSON
import Postgres
import Testing

@Suite struct AnswerTests {
    /// What anybody may call, and nothing else.
    private static let open: Set<String> = [
        "/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/docs", "/account", "/.well-known/jwks.json", "/v1/signup",
        "/v1/register", "/v1/invitations/accept", "/v1/email/verify", "/v1/email/change", "/v1/password/forgot",
        "/v1/password/reset", "/v1/login", "/v1/login/mfa", "/v1/token/refresh", "/v1/token/revoke",
    ]

    /// The document, its paths with made-up ids in place of the parameters.
    private func offered() async throws -> [(path: String, methods: [String])] {
        try await TestServer.shared().paths.members.map { member in
            let path = member.name.replacing(/\{[a-z]+_id\}/) { _ in "\(AgentID.make())" }
            return (path, (member.value.object?.members ?? []).map { $0.name.uppercased() })
        }
    }

    @Test func `a method that a path does not take is refused with those that it takes`() async throws {
        let visit = try await Visit()
        for (path, methods) in try await offered() {
            let wanted = Set(methods + ["OPTIONS"] + (methods.contains("GET") ? ["HEAD"] : []))
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"]
            where !wanted.contains(method) {
                let answer = try await visit.client.send(method, path)
                #expect(answer.status == 405, "\(method) \(path)")
                if method != "HEAD" { expectProblem(answer, 405, "method_not_allowed") }
                #expect(Set(answer["allow"]?.split(separator: ", ").map(String.init) ?? []) == wanted, "\(method) \(path)")
            }
            let options = try await visit.server.client().call("OPTIONS", path)
            #expect(options.status == 204 && options.body.isEmpty, "\(path)")
            #expect(Set(options["allow"]?.split(separator: ", ").map(String.init) ?? []) == wanted, "\(path)")
        }
        let all = try await visit.server.client().call("OPTIONS", "*")
        #expect(all.status == 204 && all["allow"]?.contains("PATCH") == true)
    }

    @Test func `what is not there is not found, before anybody is asked for a credential`() async throws {
        let server = try await TestServer.shared()
        for path in [
            "/", "/v1", "/v1/", "/v1/agents/", "//v1/agents", "/v2/agents", "/v1/Agents", "/v1/agents/a/b/c", "/v1/./agents",
        ] {
            expectProblem(try await server.client().call("GET", path), 404, "not_found")
        }
    }

    @Test func `HEAD answers as GET does, without the body`() async throws {
        let visit = try await Visit()
        let agent = try await visit.agent()
        for path in [
            "/healthz", "/docs", "/v1/openapi.json", "/v1/tenant", "/v1/agents/\(agent)", "/v1/agents/\(AgentID.make())",
        ] {
            let get = try await visit.client.call("GET", path)
            let head = try await visit.client.call("HEAD", path)
            #expect(head.status == get.status && head.body.isEmpty, "\(path)")
            let varying = ["x-request-id", "server-timing", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"]
            func shown(_ answer: TestAnswer) -> [String] {
                answer.headers.filter { !varying.contains($0.name) }.map { "\($0.name): \($0.value)" }
            }
            #expect(shown(head) == shown(get), "\(path)")
            // The connection is where the next answer begins.
            #expect(try await visit.client.call("GET", "/healthz").json == ["status": "ok"])
        }
    }

    @Test func `what is authenticated is timed, and kept by no cache`() async throws {
        let visit = try await Visit()
        let agent = try await visit.agent()
        for (method, path, body) in [
            ("GET", "/v1/tenant", nil), ("GET", "/v1/agents", nil), ("PATCH", "/v1/agents/\(agent)", ["name": "x"]),
            ("GET", "/v1/agents/\(AgentID.make())", nil), ("POST", "/v1/agents", [:]), ("DELETE", "/v1/agents/\(agent)", nil),
        ] as [(String, String, JSONValue?)] {
            let answer = try await visit.client.call(method, path, body)
            #expect(answer["cache-control"] == "no-store", "\(method) \(path)")
            let timing = try #require(answer["server-timing"], "\(method) \(path)")
            #expect(timing.wholeMatch(of: /[a-z]+;dur=\d+\.\d{3}(, [a-z]+;dur=\d+\.\d{3})*/) != nil, "\(timing)")
            #expect(timing.hasPrefix("auth;dur="))
            #expect(answer["x-content-type-options"] == "nosniff")
        }
    }

    @Test func `a request keeps the name it was given, when that is well formed`() async throws {
        let visit = try await Visit()
        for name in ["a", "trace-1.2_3:4", String(repeating: "x", count: 64)] {
            for path in ["/healthz", "/v1/tenant", "/v1/agents/1"] {
                let answer = try await visit.client.call("GET", path, headers: [("X-Request-Id", name)])
                #expect(answer["x-request-id"] == name)
            }
        }
        var names: Set<String> = []
        for name in ["", String(repeating: "x", count: 65), "a b", "a\"b", "é", "<script>", "a;b", "{}"] {
            let answer = try await visit.client.call("GET", "/v1/agents/1", headers: [("x-request-id", name)])
            let given = try #require(answer["x-request-id"])
            #expect(RequestID(given) != nil && answer.json["request_id"]?.string == given)
            names.insert(given)
        }
        #expect(names.count == 8)
        // A request that could not be read has a name too, and it is ours.
        let broken = try await visit.server.client().exchange(Array("GET / HTTP/1.1\r\nhost : a\r\nx-request-id: a\r\n\r\n".utf8))
        expectProblem(broken, 400, "malformed_request")
        #expect(RequestID(broken["x-request-id"] ?? "") != nil)
    }

    @Test func `pages of configured origins may call, and no others`() async throws {
        try await TestServer.run(["INSULA_CORS_ORIGINS": "https://app.example, https://other.example:8443"]) { server in
            let visit = try await Visit(server)
            let preflight = [("origin", "https://app.example"), ("access-control-request-method", "PATCH")]
            let agent = try await visit.agent()
            let allowed = try await server.client().call("OPTIONS", "/v1/agents/\(agent)", headers: preflight)
            #expect(allowed.status == 204 && allowed["access-control-allow-origin"] == "https://app.example")
            #expect(allowed["access-control-allow-methods"]?.contains("PATCH") == true)
            #expect(allowed["access-control-allow-headers"]?.contains("authorization") == true)
            #expect(allowed["access-control-allow-credentials"] == nil && allowed["access-control-max-age"] == "600")
            for (path, status) in [("/v1/agents/\(agent)", 200), ("/v1/agents/1", 404)] {
                let answer = try await visit.client.call("GET", path, headers: [("origin", "https://other.example:8443")])
                #expect(answer.status == status)
                #expect(answer["access-control-allow-origin"] == "https://other.example:8443" && answer["vary"] == "origin")
                #expect(answer["access-control-expose-headers"]?.contains("x-request-id") == true)
            }
            for origin in [
                "https://evil.example", "http://app.example", "https://app.example.evil", "https://app.example:444", "null", "*",
                "HTTPS://APP.EXAMPLE",
            ] {
                let answer = try await visit.client.call("GET", "/v1/tenant", headers: [("origin", origin)])
                #expect(answer.status == 200 && answer["access-control-allow-origin"] == nil, "\(origin)")
                let refused = try await server.client().call(
                    "OPTIONS", "/v1/tenant", headers: [("origin", origin), ("access-control-request-method", "GET")])
                #expect(!refused.headers.contains { $0.name.hasPrefix("access-control-") }, "\(origin)")
            }
            // What a cache keeps of one caller must not be given to another who may do more.
            #expect(try await server.client().call("GET", "/v1/openapi.json")["vary"] == "origin")
        }
        // Without configured origins nobody's page may.
        let answer = try await TestServer.shared().client().call("GET", "/docs", headers: [("origin", "https://app.example")])
        #expect(!answer.headers.contains { $0.name.hasPrefix("access-control-") || $0.name == "vary" })
    }

    @Test func `metrics want their token, when there is one`() async throws {
        try await TestServer.run(["INSULA_METRICS_TOKEN": "let-me-count"]) { server in
            let visit = try await Visit(server)
            for headers in [[], [("authorization", "Bearer let-me-coun")], [("authorization", "Bearer let-me-count2")]] {
                expectProblem(
                    try await server.client().call("GET", "/metrics", headers: headers), 401, "unauthenticated")
            }
            expectProblem(try await visit.client.call("GET", "/metrics"), 401, "unauthenticated")
            let given = [("authorization", "Bearer let-me-count")]
            #expect(try await server.client().call("GET", "/metrics", headers: given).status == 200)
        }
    }

    @Test func `the page about the API needs nothing from anywhere else`() async throws {
        let answer = try await TestServer.shared().client().call("GET", "/docs")
        let page = HTMLPage(answer.body, contentType: answer["content-type"]) { $0 }
        #expect(page.title == "Insula API" && page.headings.map(\.text).first == "Insula API")
        #expect(page.links.map(\.address) == ["/v1/openapi.json"])
        #expect(!answer.text.contains("http://") && !answer.text.contains("https://") && !answer.text.contains("src="))
        #expect(!answer.text.contains("url(") && !answer.text.contains("@import") && !answer.text.contains("=\"//"))
        let policy = try #require(answer["content-security-policy"])
        #expect(policy.hasPrefix("default-src 'none'; connect-src 'self'") && policy.contains("frame-ancestors 'none'"))
        #expect(answer["x-content-type-options"] == "nosniff" && answer["referrer-policy"] == "no-referrer")
        // What the page looks for in the document is there.
        let document = try await TestServer.shared().client().call("GET", "/v1/openapi.json").json
        #expect(
            document["components"]?["schemas"]?["Problem"]?["properties"]?["code"]?["enum"]?.array?.count
                == Fault.Code.allCases.count)
    }

    @Test func `the page's program is one that a browser can read`() async throws {
        let text = try await TestServer.shared().client().call("GET", "/docs").text
        let from = try #require(text.range(of: "<script>")?.upperBound)
        let to = try #require(text.range(of: "</script>")?.lowerBound)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("insula-docs-\(UUID().uuidString).js")
        try String(text[from..<to]).write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        try Program.check("node", ["--check", file.path], isThere: ["--version"])
    }

    @Test func `the OpenAPI document is valid`() async throws {
        let answer = try await TestServer.shared().client().call("GET", "/v1/openapi.json")
        #expect(answer["cache-control"] == "public, max-age=60")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("insula-openapi-\(UUID().uuidString).json")
        try Data(answer.body).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let program = """
            import json, sys
            from openapi_spec_validator import validate
            validate(json.load(open(sys.argv[1])))
            """
        try Program.check("python3", ["-c", program, file.path], isThere: ["-c", "import openapi_spec_validator"])
        // Every operation says who may call it, what it may answer and what its errors look like.
        for (path, operations) in try #require(answer.json["paths"]?.object).members.map({ ($0.name, $0.value) }) {
            for operation in operations.object?.members ?? [] {
                let responses = try #require(operation.value["responses"]?.object)
                #expect(responses["default"]?["content"]?["application/problem+json"] != nil, "\(path)")
                // One of them can also become a WebSocket.
                let isLive = responses["101"] != nil
                #expect(isLive == (path == "/v1/events"))
                #expect(responses.members.count == (isLive ? 3 : 2) && operation.value["summary"]?.string?.isEmpty == false)
                let isOpen = operation.value["security"] == nil
                // What is the operators' wants none of a tenant's rights.
                let isOperators = path.hasPrefix("/v1/operator/")
                #expect((isOpen || isOperators) == (operation.value["x-required-scope"] == nil), "\(path)")
                #expect(isOpen == AnswerTests.open.contains(path), "\(path) \(operation.name)")
            }
        }
    }

    @Test func `without a database the server lives, and says when to come back`() async throws {
        let database = try await TestDatabase.make()
        try await TestServer.run(on: database) { lone in
            let visit = try await Visit(lone)
            try await visit.call(200, "GET", "/v1/agents")
            let superuser = try await TestDatabase.make().connectAsSuperuser()
            _ = try superuser.rows("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS false")
            _ = try superuser.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [database.name])
            let deadline = Instant.now.advanced(milliseconds: 30_000)
            while try await visit.client.call("GET", "/readyz").status != 503 { try #require(Instant.now < deadline) }
            #expect(try await visit.client.call("GET", "/healthz").status == 200)
            for (method, path, body) in [
                ("GET", "/v1/agents", nil), ("GET", "/v1/tenant", nil), ("POST", "/v1/agents", Visit.agentBody("ping")),
                ("POST", "/v1/keys", ["name": "x"]),
            ] as [(String, String, JSONValue?)] {
                let answer = try await visit.client.call(method, path, body)
                expectProblem(answer, 503, "unavailable")
                #expect(answer["retry-after"].flatMap { Int($0) } ?? 0 >= 1)
            }
            _ = try superuser.rows("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS true")
            while try await visit.client.call("GET", "/v1/agents").status != 200 { try #require(Instant.now < deadline) }
            // Ready is said when the lanes of every loop are back, each of which has its own pauses.
            let ready = Instant.now.advanced(milliseconds: 30_000)
            while try await visit.client.call("GET", "/readyz").status != 200 { try #require(Instant.now < ready) }
        }
    }
}

/// A program of the machine that checks something for a test.
private enum Program {
    /// Runs it, and records what it says when it fails. Where it is not installed, that is said and nothing is checked.
    static func check(_ name: String, _ arguments: [String], isThere probe: [String]) throws {
        guard try run(name, probe).status == 0 else { return print("\(name) \(probe.last ?? "") is absent: not checked") }
        let (status, output) = try run(name, arguments)
        #expect(status == 0, "\(output)")
    }

    private static func run(_ name: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
