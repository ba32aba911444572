// How large records may get while tools change, join and write them, how long it takes to look something up in them, and what may be read
// and written at once.

import Base
import HTTP
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct RecordBoundTests {
    // MARK: Sizes

    @Test func `a text that is put together from itself is refused at the step where it gets too long`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let operand: JSONValue = ["field": "a"]
            let step: JSONValue = [
                "derive": ["field": "a", "op": "concat", "of": .array([JSONValue](repeating: operand, count: 16))]
            ]
            let fault = try await shop.refusal(
                TransformTool(pool: shop.pool),
                ["records": [["a": "12345678"]], "steps": .array([JSONValue](repeating: step, count: 8))])
            #expect(fault.code == .limitReached && fault.message.contains("Step 4 "), "\(fault.message)")
            #expect(fault.fields == [Fault.Field("records[0].a", "limit", "a would have more than 819200 bytes.")])
        }
    }

    @Test func `what is shared in memory counts as often as it stands there`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            // Each step puts all there is into itself once more.
            let steps = (0..<40).map { number in
                ["derive": ["field": .string("r.m\(number)"), "op": "coalesce", "of": [["field": "r"]]]] as JSONValue
            }
            let fault = try await shop.refusal(
                TransformTool(pool: shop.pool), ["records": [["r": ["x": 1]]], "steps": .array(steps)])
            #expect(fault.code == .limitReached && fault.fields.count == 1)
            #expect(fault.fields.first?.path.hasPrefix("steps[") == true && fault.fields.first?.code == "limit")
        }
    }

    @Test func `a step is stopped at the record that is too much, not behind the last one`() throws {
        let text = JSONValue.string(String(repeating: "x", count: 16_000))
        let set = RecordStep.set((0..<50).map { (field: FieldPath(name: "f\($0)"), value: text) })
        var records = [JSONObject](repeating: JSONObject(), count: 50_000)
        let fault = try #require(throws: Fault.self) { try set.apply(to: &records) }
        // 50 texts a record: the eleventh record is beyond the bound.
        #expect(fault.code == .limitReached && fault.message.contains("place 10 "), "\(fault.message)")

        var inner = JSONObject()
        for number in 0..<400 { inner["\(number)"] = 1 }
        var wide = [JSONObject()]
        wide[0][String(repeating: "n", count: 100_000)] = .object(inner)
        let names = try #require(throws: Fault.self) { try RecordStep.flatten(separator: "_").apply(to: &wide) }
        #expect(names.code == .limitReached)
    }

    @Test func `records to be written are bounded together, and of one key there is one`() throws {
        func record(_ id: Int, _ bytes: Int) -> JSONObject {
            var record = JSONObject()
            record["id"] = .integer(id)
            record["t"] = .string(String(repeating: "x", count: bytes))
            return record
        }
        let key = [FieldPath(name: "id")]
        let fault = try #require(throws: Fault.self) {
            _ = try (0..<200).map { record($0, 60_000) }.keyed(by: key, otherwise: "s")
        }
        #expect(fault.code == .limitReached && fault.fields.first?.path == "records[139]")
        #expect(fault.message.contains("repeats the names of its fields"))
        // The same key of another kind, and fields that are the same joined.
        let values: [[JSONValue]] = [
            [["id": 1], ["id": 2], ["id": "1"]], [["id": true], ["id": 0], ["id": "true"]],
            [["id": "\u{E9}"], ["id": "x"], ["id": "\u{E9}"]],
        ]
        for list in values {
            let twice = try #require(throws: Fault.self) { _ = try list.compactMap(\.object).keyed(by: key, otherwise: "s") }
            #expect(twice.fields.map(\.path) == ["records[2].id"] && twice.fields[0].code == "duplicate", "\(twice)")
            #expect(twice.fields[0].message.contains("place 0"), "\(twice)")
        }
        // Two spellings of one letter are two keys, as for the store.
        let letters: [JSONValue] = [["id": "\u{E9}"], ["id": "e\u{301}"]]
        #expect(try letters.compactMap(\.object).keyed(by: key, otherwise: "s").count == 2)
        for name in [".", ".."] {
            let unnamed = try #require(throws: Fault.self) {
                _ = try [["id": .string(name)] as JSONValue].compactMap(\.object).keyed(by: key, otherwise: "s")
            }
            #expect(unnamed.fields.map(\.path) == ["records[0].id"])
            let put: JSONValue = ["records": [["key": "...", "value": [:]], ["key": .string(name), "value": [:]]]]
            let refused = try #require(throws: Fault.self) { _ = try PutRecords.input.decode(put.bytes) }
            #expect(refused.fields.map(\.path) == ["records[1].key"] && refused.fields[0].code == "format")
        }
        let long = try #require(throws: Fault.self) { _ = try [record(1, 70_000)].keyed(by: [], otherwise: "s") }
        #expect(long.code == .invalid && long.fields.map(\.path) == ["records[0]"])
    }

    @Test func `a lookup takes what it names, and is stopped when that is too much for all records`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let client = OutgoingClient(group: shop.group, rule: AddressGuard(), pool: shop.pool)
            let tool = DataProcessingTool(database: shop.database, client: client, pool: shop.pool)
            let datasets = Datasets(database: shop.database)
            let known = try await datasets.create(CreateDataset(name: "known"), try shop.permit()).id
            let body = "{\"small\":1,\"large\":\"\(String(repeating: "x", count: 60_000))\"}"
            _ = try await datasets.put(
                PutRecords([NewRecord(key: "k", value: JSONRaw(Array(body.utf8)))]), into: known, try shop.permit())
            let rows = JSONValue.array([JSONValue](repeating: ["id": "k"], count: 200))
            func plan(_ field: String) -> JSONValue {
                var take = JSONObject()
                take[field] = "taken"
                return [
                    "source": ["records": rows], "output": false,
                    "enrich": ["lookup": [["dataset": "known", "field": "id", "take": .object(take)]]],
                ]
            }
            let report = try await shop.call(tool, plan("small"))
            #expect(report["found"] == 200 && report["missed"] == 0 && report["count"] == 200)
            let large = try await shop.refusal(tool, plan("large"))
            #expect(large.code == .limitReached && large.fields.map(\.path) == ["enrich.lookup[0]"], "\(large)")
            await client.stop()
        }
    }

    // MARK: Time

    @Test func `bytes in a row are found where they first stand, in time that is linear`() {
        // Every text of two letters up to a length, and every run in it, as a plain comparison finds them.
        let texts = (0..<(1 << 9)).map { bits in (0..<9).map { UInt8(bits >> $0 & 1) } }
        for length in 0...5 {
            for bits in 0..<(1 << length) {
                let run = (0..<length).map { UInt8(bits >> $0 & 1) }
                let search = ByteSearch(run)
                for text in texts {
                    let part = text[2...]
                    let plain = (2...(9 - length)).first { text[$0..<($0 + length)].elementsEqual(run) }
                    #expect(search.first(in: part) == plain)
                }
            }
        }
        // Compared at every place this would be 10^12 steps.
        let run = [UInt8](repeating: 0x61, count: 1 << 20) + [0x62]
        let text = [UInt8](repeating: 0x61, count: 2 << 20)
        #expect(ByteSearch(run).first(in: text[...]) == nil)
        #expect(ByteSearch(run).first(in: (text + [0x62])[...]) == 1 << 20)
    }

    // MARK: Reading and writing at once

    @Test func `a destination that is read as well is refused, by whatever name`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let client = OutgoingClient(group: shop.group, rule: AddressGuard(), pool: shop.pool)
            let tool = DataProcessingTool(database: shop.database, client: client, pool: shop.pool)
            let datasets = Datasets(database: shop.database)
            let counts = try await datasets.create(CreateDataset(name: "counts"), try shop.permit()).id
            let one = NewRecord(key: "k", value: JSONRaw(Array("{\"id\":\"k\",\"n\":1}".utf8)))
            _ = try await datasets.put(PutRecords([one]), into: counts, try shop.permit())
            let more: JSONValue = [["field": "n", "op": "add", "of": [["field": "n"], ["value": 1]]]]
            for target in ["counts", "\(counts)"] {
                let plans: [JSONValue] = [
                    ["source": ["dataset": "counts"], "enrich": ["derive": more]],
                    [
                        "source": ["records": [["id": "k"]]],
                        "enrich": ["lookup": [["dataset": "counts", "field": "id", "take": ["n": "n"]]], "derive": more],
                    ],
                ]
                for plan in plans {
                    var whole = try #require(plan.object)
                    whole["destination"] = ["dataset": .string(target), "key": ["id"]]
                    let fault = try await shop.refusal(tool, .object(whole))
                    #expect(fault.code == .invalid && fault.fields.map(\.path) == ["destination"], "\(fault)")
                    if target == "counts" { #expect(throws: Fault.self) { try tool.checkConfiguration(whole) } }
                }
            }
            let kept = try await shop.call(tool, ["source": ["dataset": "counts"]])
            #expect(kept["records"] == [["id": "k", "n": 1]])
            await client.stop()
        }
    }
}
