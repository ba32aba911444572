// A declared input: each way in which a field can be wrong, all of them at once, and the description that comes from the same lines.

import Base
import JSON
import Testing

enum Effort: String, CaseIterable, Sendable { case low, high }

struct ToolUse: Equatable {
    var name: String
    var retries: Int

    static let input = Input<ToolUse>("ToolUse", "A tool and how it is used.") { fields in
        ToolUse(
            name: fields.required("name", .string(1...20, format: .slug), "Which tool."),
            retries: fields.defaulted("retries", .integer(0...9), 3, "How often it is tried again."))
    }
}

struct Blueprint {
    var tools: [ToolUse]
    var effort: Effort

    static let input = Input<Blueprint>("Blueprint") { fields in
        Blueprint(
            tools: fields.required("tools", .array(of: ToolUse.input, 0...3), "The tools, in order."),
            effort: fields.defaulted("effort", .enumeration(Effort.self), .low, "How hard to try."))
    }
}

struct CreateThing {
    var name: String
    var summary: String?
    var blueprint: Blueprint?
    var weight: Double?
    var isActive: Bool
    var parent: AgentID?
    var after: Timestamp?
    var labels: [String: String]
    var extra: JSONValue?
    var raw: JSONRaw?
    var even: Int?

    static let input = Input<CreateThing>("CreateThing", "What is needed to make a thing.") { fields in
        CreateThing(
            name: fields.required("name", .string(1...10, format: .line), "What it is called."),
            summary: fields.optional("summary", .string(0...100), "What it is for."),
            blueprint: fields.optional("blueprint", Blueprint.input, "How it works."),
            weight: fields.optional("weight", .number(0...1), "How heavy."),
            isActive: fields.defaulted("is_active", .boolean, true, "Whether it runs."),
            parent: fields.optional("parent", .id(AgentID.self), "Whose it is."),
            after: fields.optional("after", .timestamp, "When it begins."),
            labels: fields.defaulted("labels", .map(of: .string(0...5), 0...2), [:], "Any words."),
            extra: fields.optional("extra", .json(bytes: 40), "Anything."),
            raw: fields.optional("raw", .rawObject(bytes: 40), "Any object."),
            even: fields.optional(
                "even", IntegerShape(0...100).refined(.format, "This must be even.") { $0 % 2 == 0 }, "An even one."))
    }
}

/// The problems of a text as `path code`, in order; empty when it is taken.
func problems<Value>(of input: Input<Value>, _ text: String) -> [String] {
    do throws(Fault) {
        _ = try input.decode(Array(text.utf8))
        return []
    } catch {
        return error.fields.isEmpty ? [error.code.rawValue] : error.fields.map { "\($0.path) \($0.code)" }
    }
}

@Suite struct InputTests {
    @Test func `a sound body becomes a value`() throws {
        let id = AgentID.make()
        let text = """
            {"after":"2024-01-01T00:00:00Z","name":"née","summary":null,"weight":0.5,"parent":"\(id)","is_active":false,
             "blueprint":{"effort":"high","tools":[{"name":"ping"},{"retries":0,"name":"\\u0070ong"}]},"labels":{"a":"b"},
             "extra":[1, {"x":null}],"raw":{ "kept" : 1.50 },"even":4}
            """
        let thing = try CreateThing.input.decode(Array(text.utf8))
        #expect(thing.name == "née")
        #expect(thing.summary == nil)
        #expect(thing.weight == 0.5)
        #expect(!thing.isActive)
        #expect(thing.parent == id)
        #expect(thing.after == Timestamp(rfc3339: "2024-01-01T00:00:00Z"))
        #expect(thing.blueprint?.tools == [ToolUse(name: "ping", retries: 3), ToolUse(name: "pong", retries: 0)])
        #expect(thing.blueprint?.effort == .high)
        #expect(thing.labels == ["a": "b"])
        #expect(thing.extra == [1, ["x": nil]])
        #expect(thing.raw?.text == "{ \"kept\" : 1.50 }")
        #expect(thing.even == 4)
        let least = try CreateThing.input.decode(Array(#"{"name":"x"}"#.utf8))
        #expect(least.isActive && least.blueprint == nil && least.labels.isEmpty)
    }

    @Test(
        arguments: [
            ("{}", ["name required"]), (#"{"name":null}"#, ["name type"]), (#"{"name":5}"#, ["name type"]),
            (#"{"name":""}"#, ["name length"]), (#"{"name":"éééééééééé"}"#, []), (#"{"name":"éééééééééééé"}"#, ["name length"]),
            (#"{"name":"a\nb"}"#, ["name format"]), (#"{"name":"a\u0000"}"#, ["name format"]),
            (#"{"name":"x","summary":"\u0000"}"#, ["summary format"]),
            (#"{"name":"x","nope":1,"né":2}"#, ["nope unknown", "né unknown"]),
            (#"{"name":"x","weight":1.5}"#, ["weight range"]), (#"{"name":"x","weight":"1"}"#, ["weight type"]),
            (#"{"name":"x","weight":1e999}"#, ["weight range"]), (#"{"name":"x","is_active":1}"#, ["is_active type"]),
            (#"{"name":"x","parent":"user_01h455vb4pex5vsknk084sn02q"}"#, ["parent format"]),
            (#"{"name":"x","parent":{}}"#, ["parent type"]),
            (#"{"name":"x","after":"yesterday"}"#, ["after format"]), (#"{"name":"x","after":0}"#, ["after type"]),
            (#"{"name":"x","labels":{"a":1}}"#, ["labels.a type"]), (#"{"name":"x","labels":[]}"#, ["labels type"]),
            (#"{"name":"x","labels":{"a":"1","b":"2","c":"3"}}"#, ["labels length"]),
            (#"{"name":"x","even":3}"#, ["even format"]),
            (#"{"name":"x","even":101}"#, ["even range"]), (#"{"name":"x","even":1.5}"#, ["even type"]),
            (#"{"name":"x","even":99999999999999999999}"#, ["even range"]), (#"{"name":"x","raw":[]}"#, ["raw type"]),
            (#"{"name":"x","raw":{"a":"0123456789012345678901234567890123456789"}}"#, ["raw length"]),
            (#"{"name":"x","raw":{"a":"\u0000"}}"#, ["raw format"]), (#"{"name":"x","extra":{"\u0000":1}}"#, ["extra format"]),
            (#"{"name":"x","extra":[1e999]}"#, ["extra format"]), (#"{"name":"x","extra":[1e-10]}"#, []),
            (#"{"name":"x","blueprint":7}"#, ["blueprint type"]),
            (#"{"name":"x","blueprint":{"tools":{}}}"#, ["blueprint.tools type"]),
            (
                #"{"name":"x","blueprint":{"tools":[{"name":"a"},{"name":"b"},{"name":"No"}]}}"#,
                ["blueprint.tools[2].name format"]
            ),
            (#"{"name":"x","blueprint":{"tools":[{},{},{},{}]}}"#, ["blueprint.tools length"]),
            (#"{"name":"x","blueprint":{"tools":[],"effort":"medium"}}"#, ["blueprint.effort enum"]), ("[]", [" type"]),
            ("{", ["malformed_request"]), (#"{"name":"x","name":"y"}"#, ["malformed_request"]),
        ] as [(String, [String])])
    func `a wrong field is named with its reason`(_ text: String, _ expected: [String]) {
        #expect(problems(of: CreateThing.input, text) == expected)
    }

    @Test func `all problems come at once, with their paths`() {
        let text = """
            {"sumary":"","name":"","weight":2,"blueprint":{"tools":[{"name":"ok","retries":10,"x":1},{},3],"effort":"none"},"even":7}
            """
        #expect(
            problems(of: CreateThing.input, text) == [
                "name length", "blueprint.tools[0].retries range", "blueprint.tools[0].x unknown",
                "blueprint.tools[1].name required",
                "blueprint.tools[2] type", "blueprint.effort enum", "weight range", "even format", "sumary unknown",
            ])
    }

    @Test func `the number of problems and the length of repeated names are bounded`() {
        let many = (0..<5000).map { "\"unknown_\($0)\":0" }.joined(separator: ",")
        #expect(problems(of: CreateThing.input, "{\(many)}").count == Problems.most)
        let long = String(repeating: "n", count: 100_000)
        #expect(
            problems(of: CreateThing.input, "{\"name\":\"x\",\"\(long)\":0}") == [String(repeating: "n", count: 100) + " unknown"]
        )
    }

    @Test func `a rule between fields speaks only about sound fields`() {
        struct Span { var from: Int, to: Int }
        let input = Input<Span>("Span") { fields in
            let span = Span(
                from: fields.required("from", .integer(0...9), "First."), to: fields.required("to", .integer(0...9), "Last."))
            fields.refuse("to", .range, "This may not be below `from`.", when: span.to < span.from)
            return span
        }
        #expect(problems(of: input, #"{"from":3,"to":2}"#) == ["to range"])
        #expect(problems(of: input, #"{"from":3,"to":3}"#) == [])
        #expect(problems(of: input, #"{"from":3}"#) == ["to required"])
    }

    @Test func `a patch tells absent from null`() throws {
        struct Edit { var note: Change<String>, size: Change<Int> }
        let input = Input<Edit>("Edit") { fields in
            Edit(note: fields.patch("note", .string(0...5), "A note."), size: fields.patch("size", .integer(0...5), "A size."))
        }
        let edit = try input.decode(Array(#"{"note":null}"#.utf8))
        #expect(edit.note == .null)
        #expect(edit.size == .absent)
        #expect(edit.note.applied(to: "old") == nil)
        #expect(edit.size.applied(to: 4) == 4)
        #expect(try input.decode(Array(#"{"size":2}"#.utf8)).size == .value(2))
        #expect(problems(of: input, #"{"size":"2"}"#) == ["size type"])
    }

    // MARK: Description

    @Test func `the description comes from the same lines`() throws {
        var components = SchemaComponents()
        components.add(CreateThing.input.schema)
        let text = written { components.write(to: &$0) }
        let schemas = try JSONValue(parsing: Array(text.utf8))
        #expect(schemas.object?.members.map(\.name) == ["Blueprint", "CreateThing", "ToolUse"])
        let thing = try #require(schemas["CreateThing"])
        #expect(thing["type"] == "object")
        #expect(thing["additionalProperties"] == false)
        #expect(thing["required"] == ["name"])
        #expect(thing["description"] == "What is needed to make a thing.")
        let properties = try #require(thing["properties"])
        #expect(properties["name"]?["minLength"] == 1)
        #expect(properties["name"]?["maxLength"] == 10)
        #expect(properties["summary"]?["type"] == ["string", "null"])
        #expect(properties["weight"]?["maximum"] == 1)
        #expect(properties["is_active"]?["default"] == true)
        #expect(properties["after"]?["format"] == "date-time")
        #expect(properties["blueprint"]?["anyOf"] == [["$ref": "#/components/schemas/Blueprint"], ["type": "null"]])
        #expect(properties["labels"]?["additionalProperties"] == ["type": "string", "maxLength": 5])
        #expect(properties["extra"] == ["description": "Anything."])
        #expect(schemas["Blueprint"]?["properties"]?["tools"]?["items"] == ["$ref": "#/components/schemas/ToolUse"])
        #expect(schemas["Blueprint"]?["properties"]?["effort"]?["enum"] == ["low", "high"])
        #expect(schemas["Blueprint"]?["properties"]?["effort"]?["default"] == "low")
        #expect(schemas["ToolUse"]?["properties"]?["retries"]?["default"] == 3)
    }

    @Test func `a shape may contain itself`() throws {
        var components = SchemaComponents()
        components.add(Branch.input.schema)
        #expect(components.schemas.keys.sorted() == ["Branch"])
        let branch = try Branch.input.decode(Array(#"{"name":"a","branches":[{"name":"b"}]}"#.utf8))
        #expect(branch.branches.map(\.name) == ["b"])
        #expect(
            problems(of: Branch.input, #"{"name":"a","branches":[{"name":"b","branches":[{}]}]}"#) == [
                "branches[0].branches[0].name required"
            ])
    }
}

struct Branch {
    var name: String
    var branches: [Branch]

    static let input: Input<Branch> = Input("Branch") { fields in
        Branch(
            name: fields.required("name", .string(1...9), "Its name."),
            branches: fields.defaulted("branches", .array(of: Branch.input, 0...9), [], "What grows from it."))
    }
}
