// A declared output: its bytes and its description.

import Base
import JSON
import Testing

enum Mood: String, CaseIterable, JSONRepresentable { case calm, busy }

struct Part: Sendable {
    var name: String

    static let output = Output<Part>("Part", "A part.", [.field("name", "Its name.") { $0.name }])
}

struct Thing: Sendable {
    var id = AgentID(UUIDBits(high: 1, low: 2))
    var name = "a \"thing\""
    var mood = Mood.busy
    var size: Int?
    var ratio = 0.5
    var isOpen = true
    var created = Timestamp(microseconds: 0)
    var labels = ["a", "b"]
    var settings = JSONRaw(Array(#"{"k": 1}"#.utf8))
    var part = Part(name: "p")
    var spare: Part?
    var parts = [Part(name: "1"), Part(name: "2")]
    var note: String?

    static let output = Output<Thing>(
        "Thing", "A thing.",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "Its name.") { $0.name },
            .field("mood", "How it is.") { $0.mood },
            .field("size", "Its size.") { $0.size },
            .field("ratio", "A ratio.") { $0.ratio },
            .field("is_open", "Whether it is open.") { $0.isOpen },
            .field("created_at", "When.") { $0.created },
            .field("labels", "Words.") { $0.labels },
            .field("settings", "Anything.") { $0.settings },
            .object("part", "A part.", Part.output) { $0.part },
            .objectOrNull("spare", "Another.", Part.output) { $0.spare },
            .list("parts", "Parts.", Part.output) { $0.parts },
            .sparse("note", "A note.") { $0.note },
        ])
}

@Suite struct OutputTests {
    @Test func `a value is written field by field`() {
        let text = String(decoding: Thing.output.bytes(Thing()), as: UTF8.self)
        #expect(
            text
                == """
                {"id":"agent_0000000000002000000000002","name":"a \\"thing\\"","mood":"busy","size":null,"ratio":0.5,"is_open":true,\
                "created_at":"1970-01-01T00:00:00.000Z","labels":["a","b"],"settings":{"k": 1},"part":{"name":"p"},"spare":null,\
                "parts":[{"name":"1"},{"name":"2"}]}
                """.replacing("agent_0000000000002000000000002", with: Thing().id.description))
        let full = Thing(size: 3, spare: Part(name: "s"), note: "n")
        let rest = String(decoding: Thing.output.bytes(full), as: UTF8.self)
        #expect(rest.contains(#""size":3,"#) && rest.contains(#""spare":{"name":"s"}"#) && rest.hasSuffix(#","note":"n"}"#))
    }

    @Test func `the description comes from the same lines`() throws {
        var components = SchemaComponents()
        components.add(Thing.output.page.schema)
        let schemas = try JSONValue(parsing: Array(written { components.write(to: &$0) }.utf8))
        #expect(schemas.object?.members.map(\.name) == ["Part", "Thing", "ThingPage"])
        let thing = try #require(schemas["Thing"])
        #expect(thing["required"]?.array?.count == 12)
        #expect(thing["properties"]?["mood"]?["enum"] == ["calm", "busy"])
        #expect(thing["properties"]?["size"]?["type"] == ["integer", "null"])
        #expect(thing["properties"]?["note"]?["type"] == "string")
        #expect(thing["properties"]?["parts"]?["items"] == ["$ref": "#/components/schemas/Part"])
        #expect(thing["properties"]?["labels"] == ["type": "array", "items": ["type": "string"], "description": "Words."])
        #expect(schemas["ThingPage"]?["properties"]?["data"]?["items"] == ["$ref": "#/components/schemas/Thing"])
    }

    @Test func `a page tells whether there is more`() {
        let last = Page([Part(name: "1")], nextCursor: nil)
        #expect(
            String(decoding: Part.output.page.bytes(last), as: UTF8.self)
                == #"{"data":[{"name":"1"}],"has_more":false,"next_cursor":null}"#)
        let first = Page<Part>([], nextCursor: "c")
        #expect(
            String(decoding: Part.output.page.bytes(first), as: UTF8.self) == #"{"data":[],"has_more":true,"next_cursor":"c"}"#)
    }
}
