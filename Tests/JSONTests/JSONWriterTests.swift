// What is written reads back the same, with the escapes that JSON asks for and no others.

import Base
import JSON
import Testing

/// The text that `body` writes.
func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.finish(), as: UTF8.self)
}

@Suite struct JSONWriterTests {
    @Test func `commas stand where they belong`() {
        let key = JSONKey("prepared_key_of_some_length")
        let text = written { writer in
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.int(1)
            writer.beginArray()
            writer.endArray()
            writer.null()
            writer.beginObject()
            writer.endObject()
            writer.endArray()
            writer.key(key)
            writer.bool(true)
            writer.key(key)
            writer.plain("x")
            writer.key(name: "q\"")
            writer.raw(Array("[0]".utf8))
            writer.endObject()
        }
        let prepared = #""prepared_key_of_some_length":"#
        #expect(text == #"{"a":[1,[],null,{}],\#(prepared)true,\#(prepared)"x","q\"":[0]}"#)
    }

    @Test func `bytes before are kept and the buffer is lent`() {
        var buffer = Array("HTTP ".utf8)
        JSONWriter.append(to: &buffer) { $0.string("body") }
        #expect(buffer == Array(#"HTTP "body""#.utf8))
        var empty: [UInt8] = []
        JSONWriter.append(to: &empty) {
            $0.beginArray(); $0.endArray()
        }
        #expect(empty == Array("[]".utf8))
    }

    @Test func `only what must be escaped is`() {
        for scalar in (0..<0x80).compactMap(UnicodeScalar.init) + ["é", "€", "😀", "\u{2028}", "\u{FFFF}"] {
            for before in [0, 1, 7, 8, 9, 30] {
                let text = String(repeating: "x", count: before) + String(Character(scalar)) + "tail of it"
                let json = written { $0.string(text) }
                let isSpecial = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
                #expect((json.utf8.count > text.utf8.count + 2) == isSpecial)
                #expect((try? document(json).root.string()) == text)
            }
        }
        #expect(written { $0.string("\u{8}\u{c}\n\r\t\u{1f}\u{0}\"\\/") } == #""\b\f\n\r\t\u001f\u0000\"\\/""#)
    }

    @Test func `a long string full of escapes is written whole`() throws {
        let text = String(repeating: "\u{1}\"é", count: 5000)
        #expect(try document(written { $0.string(text) }).root.string() == text)
    }

    @Test(arguments: [0, 1, -1, 9, 10, 99, 100, 12_345_678, .max, .min, 1_000_000_000_000_000_000, -999_999_999_999_999_999])
    func `integers are written in their digits`(_ value: Int) {
        #expect(written { $0.int(value) } == String(value))
    }

    @Test(arguments: [
        0.1, -0.0, 1.0, 12.5, 1e21, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e-7, 100_000, 1.0 / 3, 0.30000000000000004,
    ])
    func `doubles read back the same`(_ value: Double) throws {
        #expect(try document(written { $0.double(value) }).root.double?.bitPattern == value.bitPattern)
    }

    @Test func `what is no finite number is null`() {
        for value in [Double.nan, .infinity, -.infinity] {
            #expect(written { $0.double(value) } == "null")
        }
    }

    @Test func `ids and moments are their text`() {
        let id = AgentID.make()
        let moment = Timestamp(microseconds: 1_704_110_400_123_456)
        #expect(written { $0.id(id) } == "\"\(id)\"")
        #expect(written { $0.timestamp(moment) } == "\"2024-01-01T12:00:00.123Z\"")
    }
}
