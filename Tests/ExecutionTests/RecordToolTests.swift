// The tools that work on data: what they read out of texts, what they make of records, and what of it stands in datasets afterwards.

import Base
import HTTP
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

extension Workshop {
    /// Calls a tool by itself, as a step of some run of the tenant.
    func call<Called: Tool>(_ tool: Called, _ input: JSONValue, execution: ExecutionID = .make()) async throws -> JSONValue {
        let context = ToolContext(
            tenant: tenant, execution: execution, stepKey: "tool[0]", deadline: Instant.now.advanced(milliseconds: 60_000),
            log: RunLog(epoch: 1))
        if let staged = tool as? any StagedTool { return try await call(staged, input, context) }
        return try await tool.call(try tool.arguments.decode(input.bytes), in: context)
    }

    /// The same of one that writes in a transaction of its own.
    private func call<Called: StagedTool>(
        _ tool: Called, _ input: JSONValue, _ context: ToolContext
    ) async throws -> JSONValue {
        let write = try await tool.stage(try tool.arguments.decode(input.bytes), in: context)
        var output: Result<JSONValue, StepFailure>?
        do {
            try await database.session(.tenant(tenant)) { session throws(Fault) in
                do throws(StepFailure) {
                    output = .success(try await write(session))
                } catch {
                    output = .failure(error)
                    throw error.fault
                }
            }
        } catch {
            guard case .failure? = output else { throw error }
        }
        return try #require(output).get()
    }

    /// What a tool refuses.
    func refusal<Called: Tool>(_ tool: Called, _ input: JSONValue) async throws -> Fault {
        do {
            let output = try await call(tool, input)
            Issue.record("\(String(decoding: output.bytes, as: UTF8.self))")
            throw Fault(.internalError, "it was not refused")
        } catch let failure as StepFailure {
            return failure.fault
        } catch let fault as Fault {
            return fault
        }
    }
}

@Suite struct RecordToolTests {
    // MARK: Texts

    @Test func `delimited text is read as RFC 4180 says`() throws {
        func rows(_ text: String, _ delimiter: UInt8 = UInt8(ascii: ",")) throws -> [[String]] {
            var reader = DelimitedText(Array(text.utf8), delimiter: delimiter)
            var rows: [[String]] = []
            while let row = try reader.next() { rows.append(row) }
            return rows
        }
        #expect(try rows("a,b\r\n1,2\r\n") == [["a", "b"], ["1", "2"]])
        #expect(try rows("a,b\n1,") == [["a", "b"], ["1", ""]])
        #expect(try rows("\"a\"\"b\",\"x,y\",\"l1\r\nl2\"\rz,,") == [["a\"b", "x,y", "l1\r\nl2"], ["z", "", ""]])
        #expect(try rows("\u{FEFF}é;🦜", UInt8(ascii: ";")) == [["é", "🦜"]])
        #expect(try rows("") == [] && rows("\n\n") == [[""], [""]])
        for (text, line) in [("a\n\"b", 2), ("a\n\"b\nc\"d", 3), ("a\nb\"c", 2), ("\"a\" ,b", 1), ("a\0", 1)] {
            let fault = try #require(throws: Fault.self) { _ = try rows(text) }
            #expect(fault.code == .malformed && fault.message.contains("Line \(line) "), "\(text): \(fault.message)")
        }
        let wide = Array(repeating: "x", count: DelimitedText.columnLimit).joined(separator: ",")
        #expect(try rows(wide).first?.count == DelimitedText.columnLimit)
        #expect(throws: Fault.self) { _ = try rows(wide + ",x") }
        #expect(throws: Fault.self) { _ = try rows(String(repeating: "x", count: DelimitedText.fieldBytes + 1)) }
    }

    @Test func `a pattern fits whole texts, in time that does not explode`() {
        for (pattern, text, fits) in [
            ("*", "", true), ("a*c", "abbc", true), ("a*c", "abcd", false), ("##-@@", "12-éz", true), ("##", "1", false),
            ("?", "🦜", true), ("\\*", "*", true), ("\\*", "x", false), ("*@*.*", "me@b.c", true), ("", "", true),
            ("", "a", false),
        ] {
            #expect(TextPattern(pattern).fits(text) == fits, "\(pattern) and \(text)")
        }
        let evil = TextPattern(String(repeating: "*a", count: 60) + "b")
        #expect(!evil.fits(String(repeating: "a", count: 20_000)))
    }

    @Test func `a line gives its fields by what stands between them`() throws {
        let pattern = try #require(LinePattern("Order {id} of {}: {total} €"))
        let text = "Order 7 of May: 12 €\nOrder 8 of June: x: 3 €\nnone\nOrder 9 of July: 4 € more\n"
        let records = try pattern.records(Array(text.utf8), limit: 10)
        #expect(records == [["id": "7", "total": "12"], ["id": "8", "total": "x: 3"]].map { ($0 as JSONValue).object })
        for text in ["{a}{b}", "{a} {a}", "{a", "a}", "none", ""] { #expect(LinePattern(text) == nil, "\(text)") }
        #expect(throws: Fault.self) { _ = try pattern.records(Array(text.utf8), limit: 1) }
    }

    @Test func `records are read out of pages, tables and lines`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let tool = ExtractTool(pool: shop.pool)
            let page = """
                <div class="x"><a href="/no">no</a></div><ul id=list><li class="item big"><b>One</b><a href="/1">first</a>
                <li class=item><b>Two &amp; more</b><p><a href='/2'>second</a></p></ul>
                """
            let found = try await shop.call(
                tool,
                [
                    "format": "html", "content": .string(page), "each": "#list > li.item",
                    "fields": ["name": "b", "url": "li a@href", "none": "em"],
                ])
            #expect(
                found["records"] == [
                    ["name": "One", "none": nil, "url": "/1"], ["name": "Two & more", "none": nil, "url": "/2"],
                ])
            let whole = try await shop.call(
                tool, ["format": "html", "content": .string(page), "fields": ["first": "[href=\"/1\"]", "any": "*.big b"]])
            #expect(whole["records"] == [["any": "One", "first": "first"]])
            let table = try await shop.call(
                tool, ["format": "csv", "content": "n;x\r\n1;\"a;b\"\r\n", "delimiter": ";", "fields": ["number": "n"]])
            #expect(table["records"] == [["number": "1"]])
            let json = try await shop.call(
                tool,
                [
                    "path": "data.rows", "previous": ["json": ["data": ["rows": [["a": ["b": [1, 2]]]]]]],
                    "fields": ["x": "a.b[1]"],
                ])
            #expect(json["records"] == [["x": 2]] && json["count"] == 1)
            let lines = try await shop.call(tool, ["format": "ndjson", "previous": ["text": "{\"a\":1}\n\n{\"a\":2}\n"]])
            #expect(lines["records"] == [["a": 1], ["a": 2]])
            for (input, field) in [
                (["format": "html", "content": "x", "fields": ["a": "li:hover("]], "fields.a"),
                (["format": "text", "content": "x"], "pattern"),
                (["format": "text", "pattern": "{a}{b}"], "pattern"), (["format": "csv"], "content"),
                (["format": "csv", "content": "", "delimiter": "é"], "delimiter"),
            ] as [(JSONValue, String)] {
                #expect(try await shop.refusal(tool, input).fields.first?.path == field)
            }
            for content in ["a,b\n1\n", "a,a\n1,2"] {
                #expect(try await shop.refusal(tool, ["format": "csv", "content": .string(content)]).code == .malformed)
            }
            #expect(try await shop.refusal(tool, ["format": "ndjson", "content": "{\"a\":1}\n[1]\n"]).message.contains("Line 2"))
        }
    }

    // MARK: Records

    @Test func `records are changed step by step`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let tool = TransformTool(pool: shop.pool)
            func made(_ records: JSONValue, _ steps: JSONValue) async throws -> JSONValue? {
                try await shop.call(tool, ["records": records, "steps": steps])["records"]
            }
            let one: JSONValue = [["a": ["b": 1, "c": [1, 2]], "s": " x "]]
            #expect(try await made(one, [["flatten": "_"]]) == [["a_b": 1, "a_c": [1, 2], "s": " x "]])
            #expect(try await made(one, [["rename": ["a.b": "n"]], ["keep": ["n"]]]) == [["n": 1]])
            #expect(try await made(one, [["drop": ["a.c", "s", "none.x"]]]) == [["a": ["b": 1]]])
            #expect(try await made(one, [["set": ["k.l": nil]], ["keep": ["k"]]]) == [["k": ["l": nil]]])
            let texts: JSONValue = [["i": "9007199254740993", "n": "1.5e3", "b": "YES", "t": "2024-02-29", "s": 7]]
            #expect(
                try await made(
                    texts, [["cast": ["i": "integer", "n": "number", "b": "boolean", "t": "timestamp", "s": "string"]]])
                    == [["i": 9_007_199_254_740_993, "n": 1500, "b": true, "t": "2024-02-29T00:00:00.000Z", "s": "7"]])
            let numbers: JSONValue = [["a": 7, "b": 2], ["a": 6, "b": 2], ["a": nil, "b": 1], ["a": 1, "b": 0]]
            #expect(
                try await made(
                    numbers,
                    [["derive": ["field": "q", "op": "divide", "of": [["field": "a"], ["field": "b"]]]], ["keep": ["q"]]])
                    == [["q": 3.5], ["q": 3], ["q": nil], ["q": nil]])
            let huge: JSONValue = [["a": 9_223_372_036_854_775_806]]
            #expect(
                try await made(huge, [["derive": ["field": "a", "op": "add", "of": [["field": "a"], ["value": 1]]]]])
                    == [["a": 9_223_372_036_854_775_807]])
            let list: JSONValue = [
                ["k": 2, "v": "b"], ["k": 1, "v": "c"], ["k": 2, "v": "a"], ["v": "d"], ["k": 1.0, "v": "c"],
            ]
            #expect(
                try await made(
                    list, [["dedupe": []], ["sort": [["field": "k", "descending": true], ["field": "v"]]], ["limit": 3]])
                    == [["k": 2, "v": "a"], ["k": 2, "v": "b"], ["k": 1, "v": "c"]])
            #expect(
                try await made(list, [["dedupe": ["k"]], ["filter": ["field": "k", "op": "exists"]]]).map { $0.array?.count } == 2
            )
            let fault = try await shop.refusal(
                tool, ["records": [["a": "1"], ["a": "x"]], "steps": [["cast": ["a": "integer"]]]])
            #expect(fault.code == .invalid && fault.fields.map(\.path) == ["records[1].a"])
            #expect(
                try await shop.refusal(tool, ["records": [], "steps": [["limit": 1, "dedupe": []]]]).fields[0].path
                    == "steps[0].rename")
            #expect(try await shop.refusal(tool, ["records": [1]]).code == .malformed)
            #expect(try await shop.refusal(tool, [:]).fields.first?.path == "records")
            let large = JSONValue.array(
                (0..<900).map { ["t": .string(String(repeating: "x", count: 1_000)), "n": .integer($0)] })
            #expect(try await shop.refusal(tool, ["records": large]).code == .limitReached)
        }
    }

    @Test func `figures of groups are exact where numbers are integers`() throws {
        func groups(_ records: [JSONValue], _ aggregation: JSONValue) throws -> [JSONValue] {
            try Aggregation.input.decode(aggregation.bytes).groups(of: records.compactMap(\.object)).map { .object($0) }
        }
        let measures: JSONValue = [
            "sum": ["op": "sum", "field": "n"], "avg": ["op": "avg", "field": "n"], "min": ["op": "min", "field": "n"],
            "max": ["op": "max", "field": "n"], "median": ["op": "median", "field": "n"], "rows": ["op": "count"],
            "there": ["op": "count", "field": "n"], "kinds": ["op": "distinct", "field": "n"],
        ]
        let odd = try groups(
            [
                ["g": "a", "n": 9_007_199_254_740_993], ["g": "b", "n": 2], ["g": "a", "n": 9_007_199_254_740_995], ["g": "a"],
                ["g": "a", "n": nil],
            ],
            ["by": ["g"], "measures": measures])
        #expect(odd.count == 2 && odd[0]["g"] == "a")
        #expect(odd[0]["sum"] == 18_014_398_509_481_988 && odd[0]["avg"] == 9_007_199_254_740_994)
        #expect(odd[0]["median"] == 9_007_199_254_740_994 && odd[0]["min"] == 9_007_199_254_740_993)
        #expect(odd[0]["rows"] == 4 && odd[0]["there"] == 2 && odd[0]["kinds"] == 2)
        // Beyond 64 bits on the way, and back.
        let wide = try groups(
            [["n": .integer(.max)], ["n": .integer(.max)], ["n": .integer(.min)], ["n": .integer(.min)]], ["measures": measures])
        #expect(wide[0]["sum"] == -2 && wide[0]["avg"] == -0.5)
        let tenths = try groups((0..<10).map { _ in ["n": 0.1] }, ["measures": measures])
        #expect(tenths[0]["sum"] == 1 && tenths[0]["median"] == 0.1)
        let none = try groups([], ["measures": measures])
        #expect(
            none[0]["sum"] == 0 && none[0]["avg"] == nil as JSONValue && none[0]["max"] == nil as JSONValue
                && none[0]["rows"] == 0)
        #expect(try groups([], ["by": ["g"], "measures": measures]).isEmpty)
        let fault = try #require(throws: Fault.self) {
            _ = try groups([["n": "x"]], ["measures": ["s": ["op": "sum", "field": "n"]]])
        }
        #expect(fault.fields.map(\.path) == ["n"])
        let many = (0...Aggregation.groupLimit).map { ["n": .integer($0)] as JSONValue }
        let limit = try #require(throws: Fault.self) { _ = try groups(many, ["by": ["n"], "measures": measures]) }
        #expect(limit.code == .limitReached)
    }

    // MARK: The whole way

    private static let plan: JSONValue = [
        "clean": [
            "collapse_space": true, "null_words": ["", "n/a"], "case": ["city": "upper"], "types": ["amount": "integer"],
            "dedupe": [], "drop_incomplete": ["city"],
        ],
        "validate": [
            "fields": [
                "amount": ["type": "integer", "required": true, "min": 0, "max": 100],
                "code": ["pattern": "##-@", "max_length": 4],
                "kind": ["one_of": ["a", "b"]],
            ]
        ],
        "enrich": [
            "lookup": [["dataset": "countries", "field": "city", "take": ["country.name": "country"]]],
            "derive": [["field": "label", "op": "concat", "of": [["field": "city"], ["value": "/"], ["field": "country"]]]],
            "set": ["year": 2024],
        ],
        "destination": ["dataset": "sales", "key": ["city", "code"]],
    ]

    private static let table = """
        city,amount,code,kind\r
         Bergen ,3,12-x,a\r
        bergen,3,12-X ,a\r
        Bergen,3,12-x,a\r
        n/a,1,11-a,b\r
        Porto,-1,13-a,b\r
        Porto,many,14-a,c\r
        "New   York",100,15-a,n/a\r

        """

    @Test func `data goes from a file through every stage into a dataset, with a report that adds up`() async throws {
        let site = Site { request, _ in
            request.path == "/sales.csv" ? (200, [("content-type", "text/csv; charset=utf-8")], Self.table) : (404, [], "")
        }
        try await Workshop.run([PingTool()]) { shop in
            let server = try await Server(on: .v4(0x7F00_0001, port: 0), group: shop.group, responder: site)
            let rule = try AddressGuard(allowing: "127.0.0.1/32:\(server.address.port)")
            let client = OutgoingClient(group: shop.group, rule: rule, pool: shop.pool)
            let tool = DataProcessingTool(database: shop.database, client: client, pool: shop.pool)
            let datasets = Datasets(database: shop.database)
            let countries = try await datasets.create(CreateDataset(name: "countries"), try shop.permit()).id
            let known = NewRecord(key: "BERGEN", value: JSONRaw(Array("{\"country\":{\"name\":\"Norway\"}}".utf8)))
            _ = try await datasets.put(PutRecords([known]), into: countries, try shop.permit())

            var plan = try #require(Self.plan.object)
            plan["source"] = ["url": .string("http://127.0.0.1:\(server.address.port)/sales.csv")]
            let execution = ExecutionID.make()
            let report = try await shop.call(tool, .object(plan), execution: execution)
            #expect(report["read"] == 7 && report["repeats"] == 1 && report["incomplete"] == 1)
            #expect(report["invalid"] == 2 && report["dropped"] == 2 && report["found"] == 2 && report["missed"] == 1)
            #expect(report["count"] == 3 && report["inserted"] == 3 && report["updated"] == 0)
            let problems = try #require(report["problems"]?.array)
            #expect(
                problems.map { "\($0["row"]?.int ?? 0) \($0["field"]?.string ?? "") \($0["code"]?.string ?? "")" } == [
                    "5 amount range", "6 amount type", "6 kind enum",
                ])
            #expect(report["records"]?[0]?["label"] == "BERGEN/Norway" && report["records"]?[0]?["year"] == 2024)
            #expect(report["records"]?[2]?["city"] == "NEW YORK" && report["records"]?[2]?["kind"] == nil as JSONValue)
            // A repetition replaces what it wrote.
            let again = try await shop.call(tool, .object(plan), execution: execution)
            #expect(again["inserted"] == 0 && again["updated"] == 3)

            // And what is stored can be read, found and gathered.
            let query = QueryTool(database: shop.database)
            let found = try await shop.call(
                query,
                [
                    "dataset": "sales", "filter": ["field": "amount", "op": "lt", "value": 50], "sort": ["field": "code"],
                    "limit": 1,
                ])
            #expect(found["keys"] == ["BERGEN/12-X"] && found["next"]?["key"] == "BERGEN/12-X")
            let rest = try await shop.call(
                query,
                [
                    "dataset": "sales", "filter": ["field": "amount", "op": "lt", "value": 50], "sort": ["field": "code"],
                    "after": found["next"] ?? nil,
                ])
            #expect(rest["keys"] == ["BERGEN/12-x"] && rest["next"] == nil as JSONValue)
            let sums = try await shop.call(
                tool,
                [
                    "source": ["dataset": "sales"],
                    "aggregate": ["by": ["city"], "measures": ["total": ["op": "sum", "field": "amount"]]],
                ])
            #expect(
                sums["groups"] == 2 && sums["records"] == [["city": "BERGEN", "total": 6], ["city": "NEW YORK", "total": 100]])

            plan["validate"] = ["fields": ["amount": ["max": 1]], "invalid": "fail"]
            let fault = try await shop.refusal(tool, .object(plan))
            #expect(fault.code == .invalid && fault.fields.first?.path == "rows[1].amount")
            plan["source"] = ["url": .string("http://127.0.0.1:\(server.address.port)/none.csv")]
            #expect(try await shop.refusal(tool, .object(plan)).fields.first?.path == "source.url")
            plan["source"] = ["url": "http://127.0.0.1:1/"]
            #expect(try await shop.refusal(tool, .object(plan)).code == .outboundRefused)
            plan["source"] = ["dataset": "none"]
            #expect(try await shop.refusal(tool, .object(plan)).code == .notFound)
            plan["source"] = ["dataset": "none", "records": []]
            #expect(try await shop.refusal(tool, .object(plan)).fields.first?.path == "source.records")
            await client.stop()
            await server.stop(graceMilliseconds: 0)
        }
    }

    @Test func `one tenant's data is nothing to another`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let datasets = Datasets(database: shop.database)
            let other = try Workshop.makeTenant(in: shop.url)
            let theirs = try await datasets.create(CreateDataset(name: "secret"), try shop.permit(of: other)).id
            let client = OutgoingClient(group: shop.group, rule: AddressGuard(), pool: shop.pool)
            for name in ["secret", "\(theirs)"] {
                let query = try await shop.refusal(QueryTool(database: shop.database), ["dataset": .string(name)])
                #expect(query.code == .notFound)
                let processing = DataProcessingTool(database: shop.database, client: client, pool: shop.pool)
                #expect(try await shop.refusal(processing, ["source": ["dataset": .string(name)]]).code == .notFound)
            }
            await client.stop()
        }
    }

    @Test func `the examples of the tools for data run as they stand`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let client = OutgoingClient(group: shop.group, rule: AddressGuard(), pool: shop.pool)
            func run<Called: Tool>(_ tool: Called) async throws {
                for example in tool.examples {
                    try tool.checkConfiguration(example.configuration)
                    let output = try await shop.call(tool, .object(example.configuration.merging(example.input)))
                    #expect(output["count"]?.int ?? 0 > 0, "\(tool.name): \(example.title)")
                }
            }
            try await run(ExtractTool(pool: shop.pool))
            try await run(TransformTool(pool: shop.pool))
            try await run(DataProcessingTool(database: shop.database, client: client, pool: shop.pool))
            await client.stop()
        }
    }
}
