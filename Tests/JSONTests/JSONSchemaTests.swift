// JSON Schema beyond the public suite: what violations say, what is refused when a schema is compiled, and what is bounded.

import Base
import Testing

@testable import JSON

@Suite struct JSONSchemaTests {
    private func refusal(_ schema: JSONValue) -> JSONSchemaError? {
        #expect(throws: JSONSchemaError.self) { try JSONSchema(schema) }
    }

    @Test func `every violation names the place in the value, the place in the schema and the keyword`() throws {
        let schema = try JSONSchema([
            "type": "object", "required": ["id", "a/b"],
            "properties": [
                "id": ["type": "integer", "minimum": 1], "tags": ["items": ["$ref": "#/$defs/tag"], "uniqueItems": true],
                "a/b": ["anyOf": [["type": "string"], ["type": "null"]]],
            ],
            "additionalProperties": false, "$defs": ["tag": ["pattern": "^[a-z]+$", "maxLength": 3]],
        ])
        #expect(try schema.violations(of: ["id": 1, "a/b": .null, "tags": ["a", "b"]]) == [])
        let violations = try schema.violations(of: ["id": 0, "a/b": 5, "tags": ["ok", "Long"], "more~": 1])
        #expect(
            violations.map { [$0.instancePath, $0.schemaPath, $0.keyword] } == [
                ["/id", "/properties/id/minimum", "minimum"], ["/a~1b", "/properties/a~1b/anyOf", "anyOf"],
                ["/tags/1", "/$defs/tag/maxLength", "maxLength"], ["/tags/1", "/$defs/tag/pattern", "pattern"],
                ["/more~0", "/additionalProperties", "false"],
            ])
        #expect(try schema.violations(of: [:]).map(\.keyword) == ["required", "required"])
        #expect(try !schema.isValid([:]) && schema.isValid(["id": 2, "a/b": "x"]))
    }

    @Test func `a schema that can't be is refused with its place`() {
        let refused: [(JSONValue, JSONSchemaError.Kind, String)] = [
            (["properties": ["a": ["type": "strnig"]]], .invalid, "/properties/a/type"),
            (["required": "a"], .invalid, "/required"),
            (["items": [[:]]], .invalid, "/items"), (["minLength": -1], .invalid, "/minLength"),
            (["pattern": "("], .invalid, "/pattern"), (["patternProperties": ["[": true]], .invalid, "/patternProperties/["),
            (["pattern": "(a)\\1"], .unsupported, "/pattern"), (["$ref": "#/$defs/none"], .unresolvedReference, "/$ref"),
            (["$ref": "#none"], .unresolvedReference, "/$ref"), (["multipleOf": 0], .invalid, "/multipleOf"),
            (["not": 5], .invalid, "/not"), (5, .invalid, ""), (["allOf": [:]], .invalid, "/allOf"),
            (["$schema": "http://json-schema.org/draft-04/schema#"], .unsupported, ""),
            (["$schema": "https://example.com/meta"], .remoteReference, ""),
        ]
        for (schema, kind, path) in refused {
            let error = refusal(schema)
            #expect(error?.kind == kind && error?.schemaPath == path, "\(schema): \(String(describing: error))")
        }
    }

    @Test func `what lies elsewhere is never fetched`() {
        for address in [
            "https://example.com/schema", "http://169.254.169.254/latest", "file:///etc/passwd", "other.json", "//host/x",
        ] {
            #expect(refusal(["$ref": .string(address)])?.kind == .remoteReference, "\(address)")
        }
    }

    @Test func `the meta-schemas take themselves and refuse what is no schema`() throws {
        for dialect in JSONSchema.Dialect.allCases {
            let meta = try JSONSchema(["$ref": .string(dialect.rawValue)], dialect: dialect)
            let document = try #require(SchemaLibrary.document(at: dialect.rawValue))
            #expect(try meta.violations(of: document) == [])
            #expect(
                try meta.violations(of: ["properties": ["a": ["minLength": -1]]]).map(\.instancePath) == [
                    "/properties/a/minLength"
                ])
        }
        #expect(SchemaLibrary.vocabularyNames.count == 7)
        for name in SchemaLibrary.vocabularyNames {
            #expect(SchemaLibrary.document(at: "https://json-schema.org/draft/2020-12/meta/\(name)") != nil, "\(name)")
        }
    }

    @Test func `a format is an annotation unless it is asked to be a rule`() throws {
        let schema: JSONValue = ["format": "date"]
        #expect(try JSONSchema(schema).isValid("never"))
        #expect(try !JSONSchema(schema, assertsFormats: true).isValid("2023-02-29"))
        #expect(try JSONSchema(["format": "made-up"], assertsFormats: true).isValid("x"))
    }

    @Test func `numbers are compared as decimals, names and text by their code points`() throws {
        #expect(try JSONSchema(["multipleOf": 0.01]).isValid(19.99))
        #expect(try JSONSchema(["multipleOf": 1e-8]).isValid(12_391_239_123))
        #expect(try !JSONSchema(["multipleOf": 0.3]).isValid(1e308))
        #expect(try !JSONSchema(["multipleOf": 3]).isValid(.integer(.min)))
        #expect(try !JSONSchema(["const": "\u{E9}"]).isValid("e\u{301}"))
        #expect(try JSONSchema(["uniqueItems": true]).isValid(["\u{E9}", "e\u{301}", 1, true, "1"]))
        #expect(try !JSONSchema(["uniqueItems": true]).isValid([1, 1.0]))
        #expect(try JSONSchema(["exclusiveMaximum": .integer(.max)]).isValid(.integer(.max - 1)))
    }

    @Test func `rules that lead into each other without end are bounded, and so is work that multiplies`() throws {
        for loop: JSONValue in [
            ["$ref": "#"], ["allOf": [["$ref": "#"]]], ["$dynamicAnchor": "a", "$dynamicRef": "#a"],
            ["$defs": ["a": ["$ref": "#/$defs/b"], "b": ["$ref": "#/$defs/a"]], "$ref": "#/$defs/a"],
        ] {
            let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(loop).violations(of: 1) }
            #expect(error?.kind == .limit)
        }
        var definitions = JSONObject()
        for level in 0..<40 {
            let next: JSONValue = ["$ref": .string("#/$defs/d\(level + 1)")]
            definitions["d\(level)"] = ["allOf": [next, next]]
        }
        definitions["d40"] = true
        let schema = try JSONSchema(["$defs": .object(definitions), "$ref": "#/$defs/d0"])
        let error = #expect(throws: JSONSchemaError.self) { try schema.isValid(1) }
        #expect(error?.kind == .limit)
    }

    @Test func `a schema is bounded in rules and patterns, a validation in what it names`() throws {
        let many = JSONValue.array(Array(repeating: true, count: JSONSchema.ruleLimit))
        #expect(refusal(["allOf": many])?.kind == .limit)
        let patterns = JSONValue.array((0..<6).map { _ in ["pattern": "a{4900}"] } + (0..<10).map { _ in ["pattern": "b{4000}"] })
        #expect(refusal(["allOf": patterns])?.kind == .limit)
        let schema = try JSONSchema(["items": ["type": "string"]])
        #expect(try schema.violations(of: .array(Array(repeating: 1, count: 1_000))).count == 64)
        #expect(throws: JSONSchemaError.self) {
            try schema.violations(of: .array(Array(repeating: "x", count: 1_000)), bounds: .init(steps: 100))
        }
    }
}
