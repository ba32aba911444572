// What the scenarios share: a tenant of the shared server with its owner's client, and the things that most of them need first.

import Base
import InsulaTesting
import JSON
import Testing

/// A fresh tenant, looked at through the API.
struct Visit: Sendable {
    let server: TestServer
    let tenant: TestTenant
    let client: TestClient

    /// A new tenant on the shared server, or on the given one.
    init(_ given: TestServer? = nil) async throws {
        if let given { server = given } else { server = try await TestServer.shared() }
        tenant = try await server.tenant()
        client = tenant.client()
    }

    /// The body that makes an agent of these tools.
    static func agentBody(_ tools: String..., name: String = "Agent") -> JSONValue {
        [
            "name": .string(name),
            "blueprint": [
                "tools": .array(tools.map { ["name": .string($0), "config": [:]] }),
                "strategy": ["name": "reactive", "config": [:]],
            ],
        ]
    }

    /// Calls, and fails unless the status is the wanted one.
    @discardableResult func call(
        _ wanted: Int, _ method: String, _ path: String, _ body: JSONValue? = nil, headers: [(String, String)] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> TestAnswer {
        let answer = try await client.call(method, path, body, headers: headers)
        try #require(answer.status == wanted, "\(method) \(path): \(answer.text)", sourceLocation: sourceLocation)
        return answer
    }

    /// The id of a new agent with the tool `ping`.
    func agent() async throws -> String {
        try id(of: try await call(201, "POST", "/v1/agents", Visit.agentBody("ping")))
    }

    /// The id of a new agent that is running.
    func runningAgent() async throws -> String {
        let agent = try await agent()
        try await call(200, "POST", "/v1/agents/\(agent)/start")
        return agent
    }

    /// The id of an execution that has ended.
    func execution() async throws -> String {
        let agent = try await runningAgent()
        let execution = try id(of: try await call(202, "POST", "/v1/agents/\(agent)/trigger", ["input": ["word": "hello"]]))
        _ = try await ended(execution)
        return execution
    }

    /// Waits until the execution has ended, and gives it.
    func ended(_ execution: String) async throws -> JSONValue {
        let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
        while true {
            let answer = try await call(200, "GET", "/v1/executions/\(execution)")
            let state = try #require(answer.json["state"]?.string)
            if !["scheduled", "queued", "running", "waiting", "paused", "retry_wait", "cancelling"].contains(state) {
                return answer.json
            }
            try #require(Instant.now < deadline, "\(execution) never ended: \(state)")
        }
    }

    func id(of answer: TestAnswer) throws -> String { try #require(answer.json["id"]?.string, "\(answer.text)") }
}

/// Whether a body is a problem of that code with all that belongs to one, and tells nothing about the inside.
func expectProblem(
    _ answer: TestAnswer, _ status: Int, _ code: String, field: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
    #expect(answer["content-type"] == "application/problem+json", sourceLocation: sourceLocation)
    let body = answer.json
    #expect(body["code"]?.string == code, "\(answer.text)", sourceLocation: sourceLocation)
    #expect(body["status"]?.int == status, sourceLocation: sourceLocation)
    let type = code == "rate_limited" ? "https://iana.org/assignments/http-problem-types#quota-exceeded" : "/docs#\(code)"
    #expect(body["type"]?.string == type, sourceLocation: sourceLocation)
    #expect(body["title"]?.string?.isEmpty == false && body["detail"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
    #expect(body["request_id"]?.string == answer["x-request-id"], sourceLocation: sourceLocation)
    if let field {
        let fields = (body["errors"]?.array ?? []).compactMap { $0["field"]?.string }
        #expect(fields.contains(field), "\(answer.text)", sourceLocation: sourceLocation)
        for entry in body["errors"]?.array ?? [] {
            #expect(entry["code"]?.string?.isEmpty == false && entry["message"]?.string?.isEmpty == false)
        }
    }
    expectNothingInternal(answer, sourceLocation: sourceLocation)
}

/// Whether an error tells nothing about statements, tables, files, addresses or the program.
func expectNothingInternal(_ answer: TestAnswer, sourceLocation: SourceLocation = #_sourceLocation) {
    // The path and the name of the request are no words of ours.
    var body = answer.json.object ?? JSONObject()
    body["instance"] = nil
    body["request_id"] = nil
    let text = String(decoding: JSONValue.object(body).bytes, as: UTF8.self).lowercased()
    for word in [
        "select", "insert", "sqlstate", "postgres", "libpq", "api_keys", "execution_queue", "definition", "tenant_id", "relation",
        "constraint", "insula_app", ".swift", "/tmp/", "/usr/", "/work", "swift", "fatal", "0x",
    ] {
        #expect(!text.contains(word), "\(word) in \(text)", sourceLocation: sourceLocation)
    }
}
