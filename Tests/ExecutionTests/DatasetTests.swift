// Datasets on a real database: figures that are exact whatever comes at once, quotas that hold, and filters that mean the same in the store
// as in tools, with names and values that try to be more than that.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

@Suite struct DatasetTests {
    private static func records(_ values: [(String, JSONValue)]) -> PutRecords {
        PutRecords(values.map { NewRecord(key: $0.0, value: JSONRaw($0.1.bytes)) })
    }

    /// What a filter finds in the store and what it accepts here, both as keys.
    private static func compare(
        _ filter: JSONValue, _ values: [(String, JSONValue)], _ id: DatasetID, _ datasets: Datasets, _ shop: Workshop
    ) async throws -> [String] {
        let decoded = try RecordFilter.input.decode(filter.bytes)
        let found = try await datasets.query(DatasetQuery(filter: decoded, limit: 1_000), of: id, try shop.permit())
        let here = values.filter { decoded.accepts($0.1.object ?? JSONObject()) }.map(\.0).sorted()
        let keys = found.elements.map(\.key)
        #expect(keys == here, "\(String(decoding: filter.bytes, as: UTF8.self))")
        return keys
    }

    private static let zoo: [(String, JSONValue)] = [
        ("absent", [:]), ("array", ["f": ["a", 2, nil, true]]), ("big", ["f": 9_007_199_254_740_993]),
        ("empty", ["f": ""]), ("false", ["f": false]), ("float", ["f": 2.5]), ("less", ["f": -3]), ("null", ["f": nil]),
        ("object", ["f": ["g": ["x", ["h": 5]]]]), ("quote", ["f": "a\"b\\c.*"]), ("text", ["f": "alpha beta"]),
        ("true", ["f": true]), ("two", ["f": 2]), ("twotext", ["f": "2"]), ("über", ["f": "Übermut 🦜"]),
    ]

    @Test func `a filter finds in the store what it accepts here`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let datasets = Datasets(database: shop.database)
            let id = try await datasets.create(CreateDataset(name: "zoo"), try shop.permit()).id
            _ = try await datasets.put(Self.records(Self.zoo), into: id, try shop.permit())
            let values: [JSONValue] = [
                nil, true, false, 2, 2.5, -3, 9_007_199_254_740_992, 9_007_199_254_740_993, "", "2", "a", "alpha beta",
                "a\"b\\c.*", ".*", "Übermut 🦜", "b\\c",
            ]
            var count = 0
            for op in ["eq", "ne", "lt", "lte", "gt", "gte", "contains"] {
                for value in values where !(op != "eq" && op != "ne" && value.isNull) && !(op == "contains" && value == "") {
                    _ = try await Self.compare(
                        ["field": "f", "op": .string(op), "value": value], Self.zoo, id, datasets, shop)
                    count += 1
                }
            }
            print("\(count) comparisons ran in the store and here")
            let some: [(JSONValue, [String])] = [
                (["field": "f", "op": "exists"], Self.zoo.map(\.0).filter { $0 != "absent" }),
                (["field": "f", "op": "exists", "value": false], ["absent"]),
                (["field": "f", "op": "in", "value": [2, "2", true]], ["true", "two", "twotext"]),
                (["field": "f[0]", "value": "a"], ["array"]), (["field": "f.g[1].h", "op": "gt", "value": 4], ["object"]),
                (["field": "f.g", "op": "contains", "value": "x"], ["object"]),
                (
                    [
                        "and": [
                            ["field": "f", "op": "gt", "value": 0],
                            ["or": [["field": "f", "value": 2], ["field": "f", "value": 2.5]]],
                        ]
                    ],
                    ["float", "two"]
                ),
            ]
            for (filter, keys) in some {
                #expect(try await Self.compare(filter, Self.zoo, id, datasets, shop) == keys)
            }
        }
    }

    @Test func `names and values of a filter can't end their literals`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let datasets = Datasets(database: shop.database)
            let id = try await datasets.create(CreateDataset(name: "attack"), try shop.permit()).id
            let names = [
                "a\"b", "a'b", "a\\\\", "$", "@", "\" || true || \"", "x\") || (1 == 1", "'; DROP TABLE datasets; --", "\u{1}\n",
                "a\\.b", "\\[0\\]", "é🦜", "$v0",
            ]
            let values = names.enumerated().map { index, name -> (String, JSONValue) in
                let path = FieldPath(name)
                var record = JSONObject()
                #expect(path?.put("here\" || true", in: &record) == true, "\(name)")
                return ("k\(index + 10)", .object(record))
            }
            _ = try await datasets.put(Self.records(values), into: id, try shop.permit())
            for (index, name) in names.enumerated() {
                for value in ["here\" || true", "here\\\" || true", "$v0"] {
                    for op in ["eq", "contains"] {
                        let filter: JSONValue = ["field": .string(name), "op": .string(op), "value": .string(value)]
                        let keys = try await Self.compare(filter, values, id, datasets, shop)
                        #expect(keys == (value == "here\" || true" ? ["k\(index + 10)"] : []))
                    }
                }
                let sorted = try await datasets.query(
                    DatasetQuery(sort: .init(field: try #require(FieldPath(name)), isDescending: true), limit: 1), of: id,
                    try shop.permit())
                #expect(sorted.elements.map(\.key) == ["k\(index + 10)"])
            }
            #expect(try shop.force("SELECT count(*) FROM datasets")[0][0] == "1")
        }
    }

    @Test func `an order by a field goes through all records in parts, each once`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let datasets = Datasets(database: shop.database)
            let id = try await datasets.create(CreateDataset(name: "order"), try shop.permit()).id
            _ = try await datasets.put(Self.records(Self.zoo), into: id, try shop.permit())
            let ties = (0..<230).map { ("tie\($0)", ["f": .integer($0 % 3)] as JSONValue) }
            _ = try await datasets.put(Self.records(ties), into: id, try shop.permit())
            for isDescending in [false, true] {
                let sort = DatasetQuery.Sort(field: FieldPath(name: "f"), isDescending: isDescending)
                let whole = try await datasets.query(DatasetQuery(sort: sort, limit: 1_000), of: id, try shop.permit())
                #expect(whole.elements.count == 245 && whole.next == nil)
                var (found, query) = ([String](), DatasetQuery(sort: sort, limit: 7))
                repeat {
                    let part = try await datasets.query(query, of: id, try shop.permit())
                    found += part.elements.map(\.key)
                    query.after = part.next
                } while query.after != nil
                #expect(found == whole.elements.map(\.key))
                let kinds = whole.elements.map(\.key).filter { !$0.hasPrefix("tie") }
                #expect(Set([kinds.first, kinds.last]) == (isDescending ? ["object", "absent"] : ["absent", "object"]))
            }
            var small = DatasetQuery(limit: 100)
            small.bytes = 40
            #expect(try await datasets.query(small, of: id, try shop.permit()).elements.count == 2)
            small.bytes = 1
            #expect(try await datasets.query(small, of: id, try shop.permit()).elements.count == 1)
        }
    }

    @Test func `the figures are exact whatever is written at once`() async throws {
        try await Workshop.run(loops: 2, [PingTool()]) { shop in
            let datasets = Datasets(database: shop.database)
            let id = try await datasets.create(CreateDataset(name: "figures"), try shop.permit()).id
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for writer in 0..<8 {
                    tasks.addTask(executorPreference: shop.group.loops[writer % 2]) {
                        for round in 0..<10 {
                            let values = (0..<5).map {
                                ("k\(($0 * 5 + writer + round) % 12)", ["w": .integer(writer * round)] as JSONValue)
                            }
                            _ = try await datasets.put(Self.records(values), into: id, try shop.permit())
                            if round % 3 == 0 {
                                let permit = try shop.permit(DatasetsWrite.self)
                                do throws(Fault) {
                                    try await datasets.remove("k\(round)", of: id, permit)
                                } catch {
                                    #expect(error.code == .notFound)
                                }
                            }
                        }
                    }
                }
                try await tasks.waitForAll()
            }
            let wrong = try shop.force(
                """
                SELECT d.record_count, d.bytes, count(r.key), sum(r.bytes), sum(octet_length(r.key) + octet_length(r.body::text))
                FROM datasets d JOIN dataset_records r ON r.dataset_id = d.id GROUP BY 1, 2
                """)
            #expect(wrong.count == 1 && wrong[0][0] == wrong[0][2] && wrong[0][1] == wrong[0][3] && wrong[0][1] == wrong[0][4])
        }
    }

    @Test func `a plan's figures hold, and what passes them is undone whole`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let datasets = Datasets(database: shop.database)
            try shop.force(
                "UPDATE tenants SET quotas = '{\"datasets\": 2, \"dataset_records\": 3, \"dataset_bytes\": 200}' WHERE tenant_id = $1",
                [shop.tenant.uuid.description])
            let id = try await datasets.create(CreateDataset(name: "1"), try shop.permit()).id
            let other = try await datasets.create(CreateDataset(name: "2"), try shop.permit()).id
            func refused(_ what: String, _ body: () async throws -> Void) async throws {
                let fault = try await #require(throws: Fault.self) { try await body() }
                #expect(fault.code == .limitReached && fault.message.contains(what), "\(fault.message)")
            }
            try await refused("2 datasets") { _ = try await datasets.create(CreateDataset(name: "3"), try shop.permit()) }
            _ = try await datasets.put(Self.records([("a", [:]), ("b", [:])]), into: id, try shop.permit())
            try await refused("3 records") {
                _ = try await datasets.put(Self.records([("a", [:]), ("c", [:])]), into: other, try shop.permit())
            }
            // What is there already may be replaced.
            _ = try await datasets.put(Self.records([("a", ["n": 1]), ("b", [:]), ("c", [:])]), into: id, try shop.permit())
            try await refused("200 bytes") {
                let long: JSONValue = ["t": .string(String(repeating: "x", count: 200))]
                _ = try await datasets.put(Self.records([("a", long)]), into: id, try shop.permit())
            }
            #expect(try await datasets.record("a", of: id, try shop.permit()).value.text == "{\"n\": 1}")
            #expect(try await datasets.get(id, try shop.permit()).recordCount == 3)
            #expect(try shop.force("SELECT count(*) FROM audit_log WHERE action LIKE 'dataset.%'")[0][0] == "4")
        }
    }

    @Test func `a path leads through names and arrays, and is refused when it is malformed`() throws {
        for text in ["a", "a.b", "a[0]", "a[0][12].c", "a\\.b.c\\[0\\]", "\\\\", " sp ace ", "é.🦜"] {
            #expect(try #require(FieldPath(text)).description == text)
        }
        for text in [
            "", ".", "a.", ".a", "a..b", "[0]x", "a[", "a[]", "a[x]", "a[-1]", "a[123456]", "a]", "a[0]b", "a\\", "a\0b",
        ] {
            #expect(FieldPath(text) == nil, "\(text)")
        }
        #expect(FieldPath(Array(repeating: "a", count: FieldPath.stepLimit).joined(separator: ".")) != nil)
        #expect(FieldPath(Array(repeating: "a", count: FieldPath.stepLimit + 1).joined(separator: ".")) == nil)
        #expect(FieldPath(String(repeating: "a", count: FieldPath.nameBytes + 1)) == nil)
        var record = try #require((["a": [["b": 1]], "s": 1] as JSONValue).object)
        #expect(FieldPath("a[0].b")?.value(in: record) == 1 && FieldPath("a[1].b")?.value(in: record) == nil)
        #expect(FieldPath("x.y.z")?.put(3, in: &record) == true && record["x"] == ["y": ["z": 3]])
        #expect(FieldPath("s.y")?.put(3, in: &record) == false && FieldPath("a[5]")?.put(1, in: &record) == false)
        #expect(FieldPath("a[0].b")?.put(nil, in: &record) == true && record["a"] == [[:]])
    }

    @Test func `a filter beyond its bounds is refused by the field that is too much`() throws {
        func refusal(_ filter: JSONValue) throws -> [String] {
            try #require(throws: Fault.self) { _ = try RecordFilter.input.decode(filter.bytes) }.fields.map(\.path)
        }
        let one: JSONValue = ["field": "a", "value": 1]
        let many = (0...RecordFilter.conditions).map { _ in one }
        #expect(try refusal(["and": .array(many)]) == ["and"])
        let half = JSONValue.array(Array(many.prefix(17)))
        #expect(try refusal(["and": [["or": half], ["or": half]]]) == ["and"])
        var deep = one
        for _ in 0...RecordFilter.depth { deep = ["or": [deep]] }
        #expect(try refusal(deep).count == 1)
        #expect(try refusal([:]) == ["field"] && refusal(["field": "a", "and": [one]]) == ["field"])
        #expect(try refusal(["field": "a..b", "value": 1]) == ["field"])
        #expect(try refusal(["field": "a", "value": [1]]) == ["value"])
        #expect(try refusal(["field": "a", "op": "in", "value": []]) == ["value"])
        #expect(
            try refusal(["field": "a", "op": "in", "value": .array((0...RecordFilter.listed).map { .integer($0) })]) == ["value"])
        #expect(try refusal(["field": "a", "op": "contains", "value": ""]) == ["value"])
        #expect(try refusal(["and": [["field": "a", "op": "exists", "value": 3]]]) == ["and[0].value"])
        #expect(try refusal(["or": [one], "op": "ne", "value": 3]) == ["op"])
        #expect(try refusal(["and": [one], "value": .null]) == ["value"])
    }

    @Test func `an export ends after a while however slowly it is read, and a tenant has one at a time`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let clock = Mutex(Instant.now)
            let datasets = Datasets(database: shop.database) { clock.withLock { $0 } }
            let id = try await datasets.create(CreateDataset(name: "export"), try shop.permit()).id
            let text = JSONValue.string(String(repeating: "x", count: 2_000))
            _ = try await datasets.put(Self.records((0..<100).map { ("k\($0)", ["t": text]) }), into: id, try shop.permit())
            func code(_ body: () async throws(Fault) -> Void) async -> Fault.Code? {
                do throws(Fault) {
                    try await body()
                    return nil
                } catch {
                    return error.code
                }
            }
            var pieces = 0
            var inside: [Fault.Code?] = []
            let permit = try shop.permit(DatasetsRead.self)
            let ended = await code { () throws(Fault) in
                try await datasets.export(id, permit) { piece throws(Fault) in
                    pieces += 1
                    guard pieces == 2 else { return }
                    inside.append(await code { () throws(Fault) in try await datasets.export(id, permit) { _ in } })
                    inside.append(
                        await code { () throws(Fault) in try await Exports(database: shop.database).run(shop.tenant) { _ in } })
                    clock.withLock { $0 = $0.advanced(milliseconds: ExportTurn.milliseconds) }
                }
            }
            #expect(ended == .timedOut && pieces == 2)
            #expect(inside == [.limitReached, .limitReached])
            var lines = 0
            try await datasets.export(id, permit) { piece throws(Fault) in lines += piece.count { $0 == UInt8(ascii: "\n") } }
            #expect(lines == 100)
        }
    }
}
