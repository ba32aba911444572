// The tools that work on data alone: JMESPath, JSON Schema and templates.

import Base
import JSON
import Loop
import Testing

@testable import Execution

@Suite struct DataToolTests {
    private func call(_ tool: any Tool, _ input: JSONValue) async throws -> JSONValue {
        let context = ToolContext(
            tenant: .make(), execution: .make(), stepKey: "tool[0]",
            deadline: Instant.now.advanced(milliseconds: 30_000), log: RunLog(epoch: 1))
        return try await tool.prepare(input.object ?? JSONObject()).act(context)
    }

    private func withPool<Value>(_ body: (BlockingPool) async throws -> Value) async throws -> Value {
        let pool = BlockingPool(name: "data", threads: 1)
        defer { pool.stop() }
        return try await body(pool)
    }

    @Test func `every example of a data tool runs as it stands`() async throws {
        try await withPool { pool in
            let tools: [any Tool] = [JSONTransformTool(pool: pool), ValidateTool(pool: pool), TemplateTool(pool: pool)]
            var outputs: [JSONValue] = []
            for tool in tools {
                for example in tool.examples {
                    try tool.checkConfiguration(example.configuration)
                    outputs.append(try await call(tool, .object(example.configuration.merging(example.input))))
                }
            }
            #expect(outputs[0] == ["Al", "Bo"])
            #expect(outputs[1] == ["count": 3, "largest": 3])
            #expect(outputs[2]["valid"] == false && outputs[2]["errors"]?[0]?["path"] == "/count")
            #expect(outputs[3] == ["valid": true, "errors": []])
            #expect(outputs[4] == ["text": "Dear friend, you have 2 mails."])
            #expect(outputs[5] == ["text": "<a href=\"/find?q=salt%20%26%20pepper\">salt &amp; pepper</a>"])
        }
    }

    @Test func `what came before is worked on when no data is given`() async throws {
        try await withPool { pool in
            let tool = JSONTransformTool(pool: pool)
            let before = try await call(tool, ["expression": "a", "previous": ["a": 1]])
            let given = try await call(tool, ["expression": "a", "previous": ["a": 1], "data": ["a": 2]])
            #expect(before == 1 && given == 2)
            let input: JSONValue = ["previous": 1, "data": 2]
            #expect(tool.redacted(input.object ?? JSONObject()).members.map(\.name) == ["data"])
        }
    }

    @Test func `an expression, a schema or a template that is wrong is refused when the blueprint is saved`() async throws {
        try await withPool { pool in
            let registry = ToolRegistry(
                tools: [JSONTransformTool(pool: pool), ValidateTool(pool: pool), TemplateTool(pool: pool)],
                strategies: [ReactiveStrategy()])
            let cases: [(String, JSONValue, String, String)] = [
                ("json_transform", ["expression": "a.["], "expression", "format"),
                ("json_transform", ["expression": ["x": "nothing(@)"]], "expression.x", "format"),
                ("json_transform", ["expression": 5], "expression", "type"),
                ("validate", ["schema": ["type": "strnig"]], "schema", "format"),
                ("validate", ["schema": ["$ref": "https://example.com/schema"]], "schema", "reference"),
                ("validate", ["schema": ["pattern": "((a{900}){900}){900}"]], "schema", "limit"),
                ("template", ["template": "{{ a |> nonsense }}"], "template", "format"),
                ("template", ["template": "{{ a"], "template", "format"),
                ("template", ["template": "{{ a..b }}"], "template", "format"),
                ("template", ["template": .string(String(repeating: "{{a}}", count: 600))], "template", "limit"),
            ]
            for (name, configuration, path, code) in cases {
                let use = Blueprint.ToolUse(name: name, configuration: configuration.object ?? JSONObject())
                let fault = #expect(throws: Fault.self) {
                    try Blueprint(tools: [use], strategy: .init(name: "reactive")).check(against: registry)
                }
                #expect(fault?.fields.map(\.path) == ["blueprint.tools[0].config.\(path)"], "\(configuration)")
                #expect(fault?.fields.map(\.code) == [code], "\(configuration)")
            }
        }
    }

    @Test func `a strict validation fails for good and names what is wrong`() async throws {
        try await withPool { pool in
            let tool = ValidateTool(pool: pool)
            let failure = await #expect(throws: StepFailure.self) {
                try await call(
                    tool, ["schema": ["items": ["format": "email"]], "strict": true, "data": ["a@b.c", "secret text"]])
            }
            #expect(failure?.kind == .permanent && failure?.fault.code == .invalid)
            #expect(failure?.fault.fields.map(\.path) == ["data/1"])
            #expect(failure?.fault.fields.contains { $0.message.contains("secret") } == false)
        }
    }

    @Test func `a function on what it doesn't take fails for good, and so does work beyond the bound`() async throws {
        try await withPool { pool in
            for (expression, code) in [
                ("abs(@)", "format"), (Array(repeating: "[@, @]", count: 60).joined(separator: " | "), "limit"),
            ] {
                let failure = await #expect(throws: StepFailure.self) {
                    try await call(JSONTransformTool(pool: pool), ["expression": .string(expression), "data": "x"])
                }
                #expect(failure?.kind == .permanent && failure?.fault.fields.map(\.code) == [code])
            }
        }
    }

    @Test func `a template spells values as its filters say, and braces in quotes are text`() throws {
        func fill(_ source: String, _ data: JSONValue, _ standard: Template.Filter = .text) throws -> String {
            try Template(source).filled(from: data, standard: standard)
        }
        #expect(try fill("{{a}}, {{b}}, {{c}}", ["a": "x", "b": 1.5, "c": ["d": [true]]]) == #"x, 1.5, {"d":[true]}"#)
        #expect(try fill("{{ a |> json }}", ["a": "say \"hi\""]) == #""say \"hi\"""#)
        #expect(try fill("{{ a }}{{ a |> text }}", ["a": "<b>'\"&"], .html) == "&lt;b&gt;&#39;&quot;&amp;<b>'\"&")
        #expect(try fill("{{ a |> url }}", ["a": "a/b?\u{E9}"]) == "a%2Fb%3F%C3%A9")
        #expect(try fill("{{ '{{ }}' }} {{ {x: {y: a}} }} }}", ["a": 1]) == #"{{ }} {"x":{"y":1}} }}"#)
        #expect(try fill("{{ 'a |> b' }}{{ a || 'none' |> html }}", [:]) == "a |> bnone")
        #expect(try fill("plain { text }", [:]) == "plain { text }")
    }

    @Test func `a value that is missing is an error, and a text is bounded`() throws {
        let fault = #expect(throws: Fault.self) { try Template("Hello {{ name }}").filled(from: [:], standard: .text) }
        #expect(fault?.fields.map(\.path) == ["template"] && fault?.fields.map(\.code) == ["required"])
        let long = JSONValue.string(String(repeating: "<", count: 200_000))
        for filter in Template.Filter.allCases {
            #expect(throws: Fault.self) { try Template("{{@}}{{@}}{{@}}").filled(from: long, standard: filter) }
        }
    }
}
