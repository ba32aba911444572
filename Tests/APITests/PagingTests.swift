// Lists a page at a time: everything once, and cursors that work for nobody and nothing else.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct PagingTests {
    /// All ids of a list, page by page, and how many came with each.
    private func walk(_ visit: Visit, _ path: String) async throws -> (ids: [String], counts: [Int]) {
        var ids: [String] = []
        var counts: [Int] = []
        var next = path
        while true {
            let page = try await visit.call(200, "GET", next).json
            let data = try #require(page["data"]?.array)
            ids += data.compactMap { $0["id"]?.string }
            counts.append(data.count)
            #expect(page["has_more"] == .bool(page["next_cursor"]?.string != nil))
            guard let cursor = page["next_cursor"]?.string else { return (ids, counts) }
            try #require(counts.count < 10)
            next = path + "&cursor=\(cursor)"
        }
    }

    @Test func `walking 25 agents ten at a time gives each once, newest first`() async throws {
        let visit = try await Visit()
        var made: [String] = []
        for _ in 0..<25 { made.append(try await visit.agent()) }
        let (ids, counts) = try await walk(visit, "/v1/agents?limit=10")
        #expect(ids == made.sorted(by: >) && counts == [10, 10, 5])
        #expect(try await walk(visit, "/v1/agents?limit=5").counts == [5, 5, 5, 5, 5])
        #expect(try await visit.call(200, "GET", "/v1/agents").json["data"]?.array?.count == 20)
    }

    @Test func `a list can begin with the oldest, and its cursors fit that order alone`() async throws {
        let visit = try await Visit()
        var made: [String] = []
        for _ in 0..<7 { made.append(try await visit.agent()) }
        let (ids, counts) = try await walk(visit, "/v1/agents?limit=3&sort=created_at:asc")
        #expect(ids == made.sorted() && counts == [3, 3, 1])
        #expect(try await walk(visit, "/v1/agents?limit=3&sort=created_at:desc").ids == made.sorted(by: >))
        let first = try await visit.call(200, "GET", "/v1/agents?limit=3&sort=created_at:asc").json
        let cursor = try #require(first["next_cursor"]?.string)
        expectProblem(
            try await visit.client.call("GET", "/v1/agents?limit=3&cursor=\(cursor)"), 422, "validation_failed", field: "cursor")
        for bad in ["name:asc", "created_at", "created_at:ASC", ""] {
            expectProblem(
                try await visit.client.call("GET", "/v1/agents?sort=\(bad)"), 422, "validation_failed", field: "sort")
        }
    }

    @Test func `every list can begin with the oldest`() async throws {
        let visit = try await Visit()
        for number in 0..<3 {
            _ = try await visit.agent()
            for (path, body) in [
                ("/v1/keys", ["name": .string("key \(number)"), "role": "viewer"]),
                ("/v1/roles", ["name": .string("role-\(number)"), "scopes": ["agents:read"]]),
                ("/v1/invitations", ["email": .string("guest\(number)@example.org"), "role": "viewer"]),
            ] as [(String, JSONValue)] {
                _ = try await visit.call(201, "POST", path, body)
            }
        }
        for list in ["agents", "keys", "roles", "invitations", "audit"] {
            // What is built in has no place in the order.
            let newest = try await walk(visit, "/v1/\(list)?limit=100&sort=created_at:desc").ids.filter { $0.contains("_") }
            let oldest = try await walk(visit, "/v1/\(list)?limit=2&sort=created_at:asc").ids.filter { $0.contains("_") }
            #expect(newest.count >= 3 && newest == newest.sorted(by: >), "\(list)")
            // What is asked for may itself be written down meanwhile.
            #expect(oldest.starts(with: newest.reversed()), "\(list)")
        }
    }

    @Test func `a page goes on behind where it ended, whatever came or went meanwhile`() async throws {
        let visit = try await Visit()
        var made: [String] = []
        for _ in 0..<4 { made.append(try await visit.agent()) }
        // Two that were made in the same millisecond stand in the order of their ids.
        made.sort()
        let first = try await visit.call(200, "GET", "/v1/agents?limit=2").json
        let cursor = try #require(first["next_cursor"]?.string)
        _ = try await visit.agent()
        // The last one of the page before is gone, and so is the next.
        try await visit.call(204, "DELETE", "/v1/agents/\(made[2])")
        try await visit.call(204, "DELETE", "/v1/agents/\(made[1])")
        let second = try await visit.call(200, "GET", "/v1/agents?limit=2&cursor=\(cursor)").json
        #expect(second["data"]?.array?.compactMap { $0["id"]?.string } == [made[0]] && second["has_more"] == false)
    }

    @Test func `a cursor fits its own list, its own filters and its own tenant`() async throws {
        let visit = try await Visit()
        let other = try await Visit()
        for who in [visit, other] {
            for _ in 0..<2 { _ = try await who.runningAgent() }
        }
        let path = "/v1/agents?limit=1&filter[state]=running"
        let cursor = try #require(try await visit.call(200, "GET", path).json["next_cursor"]?.string)
        #expect(try await visit.call(200, "GET", "\(path)&cursor=\(cursor)").json["data"]?.array?.count == 1)
        func refused(_ who: Visit, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            expectProblem(
                try await who.client.call("GET", path), 422, "validation_failed", field: "cursor", sourceLocation: sourceLocation)
        }
        try await refused(other, "\(path)&cursor=\(cursor)")
        try await refused(visit, "/v1/agents?limit=1&cursor=\(cursor)")
        try await refused(visit, "/v1/agents?limit=1&filter[state]=paused&cursor=\(cursor)")
        try await refused(visit, "/v1/executions?limit=1&cursor=\(cursor)")
        // Made up, cut, changed in one place, empty.
        for bad in [
            "a", "", String(cursor.dropLast()), cursor + "A", "B" + cursor.dropFirst(), String(repeating: "A", count: 43),
        ] {
            guard bad != cursor else { continue }
            try await refused(visit, "\(path)&cursor=\(bad)")
        }
    }

    @Test func `keys are walked page by page too`() async throws {
        let visit = try await Visit()
        var made: [String] = []
        for _ in 0..<5 {
            let key = try await visit.call(201, "POST", "/v1/keys", ["name": "k"]).json["key"]
            made.append(try #require(key?["id"]?.string))
        }
        let (ids, counts) = try await walk(visit, "/v1/keys?limit=4")
        #expect(Array(ids.prefix(5)) == made.sorted(by: >) && counts == [4, 2])
    }

    @Test func `the lines of a log are walked with the cursor that each page gives`() async throws {
        let visit = try await Visit()
        let id = try await visit.execution()
        let path = "/v1/executions/\(id)/logs"
        let all = try #require(try await visit.call(200, "GET", path).json["data"]?.array)
        var lines: [JSONValue] = []
        var next: String? = "\(path)?limit=1"
        while let step = next {
            let page = try await visit.call(200, "GET", step).json
            lines += page["data"]?.array ?? []
            try #require(lines.count <= all.count)
            next = page["next_cursor"]?.string.map { "\(path)?limit=1&cursor=\($0)" }
        }
        #expect(lines == all && all.count >= 2)
    }
}
