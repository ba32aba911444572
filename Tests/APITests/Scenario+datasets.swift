// What the endpoints of datasets do when all goes well.

import Base
import InsulaTesting
import JSON
import Testing

extension Visit {
    /// The path of a new dataset with records `a`, `b` and `c` that have numbers 1, 2 and 3.
    func dataset() async throws -> String {
        let path = "/v1/datasets/\(try id(of: try await call(201, "POST", "/v1/datasets", ["name": "Numbers"])))"
        let records = ["a", "b", "c"].enumerated().map { index, key -> JSONValue in
            ["key": .string(key), "value": ["n": .integer(index + 1), "name": .string("item " + key)]]
        }
        try await call(200, "POST", path + "/records", ["records": .array(records)])
        return path
    }
}

extension Scenario {
    static let datasets = [
        Scenario("POST", "/v1/datasets") { visit in
            let answer = try await visit.call(201, "POST", "/v1/datasets", ["name": "Îles", "description": "All of\nthem"])
            #expect(answer.json["id"]?.string?.hasPrefix("dataset_") == true && answer["etag"] == "\"1\"")
            #expect(answer.json["record_count"] == 0 && answer.json["bytes"] == 0 && answer.json["name"] == "Îles")
            expectProblem(try await visit.client.call("POST", "/v1/datasets", ["name": "Îles"]), 409, "conflict")
            expectProblem(
                try await visit.client.call("POST", "/v1/datasets", ["name": ""]), 422, "validation_failed", field: "name")
        },
        Scenario("GET", "/v1/datasets") { visit in
            for name in ["one", "two", "three"] { try await visit.call(201, "POST", "/v1/datasets", ["name": .string(name)]) }
            let page = try await visit.call(200, "GET", "/v1/datasets?limit=2").json
            #expect(page["data"]?.array?.compactMap { $0["name"]?.string } == ["three", "two"])
            let cursor = try #require(page["next_cursor"]?.string)
            let last = try await visit.call(200, "GET", "/v1/datasets?limit=2&cursor=\(cursor)").json
            #expect(last["data"]?.array?.compactMap { $0["name"]?.string } == ["one"] && last["has_more"] == false)
        },
        Scenario("GET", "/v1/datasets/{dataset_id}") { visit in
            let path = try await visit.dataset()
            let answer = try await visit.call(200, "GET", path)
            #expect(answer.json["record_count"] == 3 && (answer.json["bytes"]?.int ?? 0) > 60)
            let tag = try #require(answer["etag"])
            try await visit.call(304, "GET", path, headers: [("if-none-match", tag)])
            // Records are part of what the tag is of.
            try await visit.call(204, "DELETE", path + "/records/a")
            #expect(try await visit.call(200, "GET", path, headers: [("if-none-match", tag)]).json["record_count"] == 2)
        },
        Scenario("PATCH", "/v1/datasets/{dataset_id}") { visit in
            let path = try await visit.dataset()
            let tag = try #require(try await visit.call(200, "GET", path)["etag"])
            let changed = try await visit.call(200, "PATCH", path, ["description": "New"], headers: [("if-match", tag)])
            #expect(changed.json["description"] == "New" && changed.json["name"] == "Numbers" && changed["etag"] != tag)
            expectProblem(
                try await visit.client.call("PATCH", path, ["name": "Lost"], headers: [("if-match", tag)]), 412,
                "precondition_failed")
        },
        Scenario("DELETE", "/v1/datasets/{dataset_id}") { visit in
            let path = try await visit.dataset()
            try await visit.call(204, "DELETE", path)
            expectProblem(try await visit.client.call("GET", path), 404, "not_found")
            expectProblem(try await visit.client.call("POST", path + "/query", [:]), 404, "not_found")
            expectProblem(try await visit.client.call("GET", path + "/export"), 404, "not_found")
            expectProblem(
                try await visit.client.call("POST", path + "/records", ["records": [["key": "a", "value": [:]]]]), 404,
                "not_found")
        },
        Scenario("POST", "/v1/datasets/{dataset_id}/records") { visit in
            let path = try await visit.dataset()
            let body: JSONValue = [
                "records": [["key": "c", "value": ["n": 30]], ["key": "d/é", "value": ["n": 9_007_199_254_740_993]]]
            ]
            let headers = [("idempotency-key", "put-1")]
            let written = try await visit.call(200, "POST", path + "/records", body, headers: headers)
            #expect(written.json["inserted"] == 1 && written.json["updated"] == 1 && written.json["record_count"] == 4)
            let again = try await visit.call(200, "POST", path + "/records", body, headers: headers)
            #expect(again["idempotent-replayed"] == "true" && again.json == written.json)
            let figures = try await visit.call(200, "GET", path).json
            #expect(figures["bytes"] == written.json["bytes"])
            expectProblem(
                try await visit.client.call("POST", path + "/records", ["records": [["key": "e", "value": 1]]]), 422,
                "validation_failed", field: "records[0].value")
            expectProblem(
                try await visit.client.call(
                    "POST", path + "/records", ["records": [["key": "e", "value": [:]], ["key": "e", "value": [:]]]]), 422,
                "validation_failed", field: "records[1].key")
            #expect(try await visit.call(200, "GET", path).json["record_count"] == 4)
            let lines = try await visit.call(200, "GET", "/v1/audit?filter[action]=dataset.records_written").json["data"]?.array
            #expect(lines?.count == 2 && lines?[0]["details"]?["inserted"] == 1)
        },
        Scenario("GET", "/v1/datasets/{dataset_id}/records/{key}") { visit in
            let path = try await visit.dataset()
            let record: JSONValue = ["records": [["key": "d/é", "value": ["n": 9_007_199_254_740_993]]]]
            try await visit.call(200, "POST", path + "/records", record)
            let found = try await visit.call(200, "GET", path + "/records/d%2F%C3%A9").json
            #expect(found["key"] == "d/é" && found["value"] == ["n": 9_007_199_254_740_993])
            #expect(Timestamp(rfc3339: found["updated_at"]?.string ?? "") != nil)
            expectProblem(try await visit.client.call("GET", path + "/records/z"), 404, "not_found")
        },
        Scenario("DELETE", "/v1/datasets/{dataset_id}/records/{key}") { visit in
            let path = try await visit.dataset()
            try await visit.call(204, "DELETE", path + "/records/b")
            expectProblem(try await visit.client.call("DELETE", path + "/records/b"), 404, "not_found")
            #expect(try await visit.call(200, "GET", path).json["record_count"] == 2)
        },
        Scenario("POST", "/v1/datasets/{dataset_id}/query") { visit in
            let path = try await visit.dataset()
            func keys(_ body: JSONValue?) async throws -> [String] {
                try await visit.call(200, "POST", path + "/query", body).json["data"]?.array?.compactMap { $0["key"]?.string }
                    ?? []
            }
            #expect(try await keys(nil) == ["a", "b", "c"])
            #expect(try await keys(["filter": ["field": "n", "op": "gte", "value": 2]]) == ["b", "c"])
            #expect(
                try await keys([
                    "filter": ["or": [["field": "n", "value": 1], ["field": "name", "op": "contains", "value": "item c"]]],
                    "sort": ["field": "n", "descending": true],
                ]) == ["c", "a"])
            let question: JSONValue = ["limit": 2, "sort": ["field": "n", "descending": true]]
            let page = try await visit.call(200, "POST", path + "/query", question).json
            let cursor = try #require(page["next_cursor"]?.string)
            let next: JSONValue = ["limit": 2, "sort": ["field": "n", "descending": true], "cursor": .string(cursor)]
            #expect(try await keys(next) == ["a"])
            // A cursor fits its question alone.
            expectProblem(
                try await visit.client.call("POST", path + "/query", ["cursor": .string(cursor)]), 422, "validation_failed",
                field: "cursor")
            expectProblem(
                try await visit.client.call(
                    "POST", path + "/query", ["filter": ["and": [["field": "n", "op": "like", "value": 1]]]]), 422,
                "validation_failed", field: "filter.and[0].op")
        },
        Scenario("GET", "/v1/datasets/{dataset_id}/export") { visit in
            let path = try await visit.dataset()
            let answer = try await visit.call(200, "GET", path + "/export")
            #expect(answer["content-type"] == "application/x-ndjson")
            let lines = try Scenario.lines(answer)
            #expect(lines.compactMap { $0["key"]?.string } == ["a", "b", "c"] && lines[2]["value"]?["n"] == 3)
        },
    ]
}
