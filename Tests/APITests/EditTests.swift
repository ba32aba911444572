// Definitions that are changed and run by many at once: each finds what it names, whoever waits for whom.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct EditTests {
    @Test func `edits and runs of one definition at the same time all find it`() async throws {
        let visit = try await Visit()
        let ends: JSONValue = [["id": "in", "type": "input"], ["id": "out", "type": "output"]]
        let flow = try visit.id(
            of: try await visit.call(
                201, "POST", "/v1/flows", ["name": "f", "nodes": ends, "edges": [["from": "in", "to": "out"]]]))
        let blueprint: JSONValue = ["tools": [["name": "ping"]], "strategy": ["name": "reactive"]]
        let agent = try visit.id(of: try await visit.call(201, "POST", "/v1/agents", ["name": "a", "blueprint": blueprint]))
        try await visit.call(200, "POST", "/v1/agents/\(agent)/start")
        func edited(_ number: Int) -> [(path: String, body: JSONValue)] {
            let limits: JSONValue = ["timeout_seconds": .integer(100 + number)]
            return [
                ("/v1/flows/\(flow)", ["limits": limits]),
                (
                    "/v1/agents/\(agent)",
                    ["blueprint": ["tools": [["name": "ping"]], "strategy": ["name": "reactive"], "limits": limits]]
                ),
            ]
        }
        let statuses = try await withThrowingTaskGroup(of: (String, Int).self) { group in
            for number in 0..<8 {
                for (path, body) in edited(number) {
                    let client = visit.tenant.client()
                    group.addTask { ("PATCH \(path)", try await client.call("PATCH", path, body).status) }
                }
                for path in ["/v1/flows/\(flow)/run", "/v1/agents/\(agent)/trigger"] {
                    let client = visit.tenant.client()
                    group.addTask { ("POST \(path)", try await client.call("POST", path).status) }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (call, status) in statuses { #expect(status == (call.hasPrefix("PATCH") ? 200 : 202), "\(call)") }
        #expect(try await visit.call(200, "GET", "/v1/flows/\(flow)").json["version"] == 9)
        #expect(try await visit.call(200, "GET", "/v1/agents/\(agent)").json["version"] == 9)
    }
}
