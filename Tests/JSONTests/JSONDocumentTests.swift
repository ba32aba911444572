// What is read and what is refused: the structure, numbers, text, and the bounds.

import Base
import JSON
import Testing

/// The refusal of a text; `nil` when it is taken.
func refusal(_ text: String) -> JSONError.Reason? { refusal(Array(text.utf8))?.reason }

func refusal(_ bytes: [UInt8], names: JSONDocument.Names = .once) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONDocument(bytes, names: names)
        return nil
    } catch {
        return error
    }
}

func document(_ text: String) throws -> JSONDocument { try JSONDocument(Array(text.utf8)) }

@Suite struct JSONDocumentTests {
    @Test func `members and elements are found in any order`() throws {
        let document = try document(#" {"a":1,"b":[true,false,null,{"c":"d"}],"e":{"f":-2.5},"":"empty"} "#)
        let root = document.root
        #expect(root.kind == .object)
        #expect(root.count == 4)
        #expect(root["e"]?["f"]?.double == -2.5)
        #expect(root.member("a")?.int == 1)
        #expect(root[""]?.string() == "empty")
        #expect(root["missing"] == nil)
        #expect(root["a"]?["b"] == nil)
        let elements = try Array(#require(root["b"]).elements)
        #expect(elements.map(\.kind) == [.bool, .bool, .null, .object])
        #expect(elements[0].bool == true)
        #expect(elements[1].bool == false)
        #expect(elements[3]["c"]?.isString("d") == true)
        #expect(root.members.map { $0.name.string() } == ["a", "b", "e", ""])
        #expect(root["b"].map { String(decoding: $0.rawBytes, as: UTF8.self) } == #"[true,false,null,{"c":"d"}]"#)
        #expect(root[""].map { String(decoding: $0.rawBytes, as: UTF8.self) } == #""empty""#)
    }

    @Test(
        arguments: [
            ("", .empty), ("  \n", .empty), ("{", .truncated), ("[1,", .truncated), (#"{"a""#, .truncated),
            (#""abc"#, .truncated),
            ("tru", .truncated), ("[1]]", .trailingBytes), ("1 2", .trailingBytes), ("[1,]", .valueExpected),
            ("[,1]", .valueExpected),
            (#"{"a":}"#, .valueExpected), ("{a:1}", .keyExpected), (#"{"a":1,}"#, .keyExpected), (#"{"a" 1}"#, .colonExpected),
            ("[1 2]", .commaOrBracketExpected), (#"{"a":1 "b":2}"#, .commaOrBraceExpected), ("[1}", .commaOrBracketExpected),
            ("trux", .valueExpected), ("\u{FEFF}1", .valueExpected), ("'a'", .valueExpected), ("[1]\u{0}", .trailingBytes),
            ("\u{0}", .valueExpected), ("[\u{0}]", .valueExpected),
        ] as [(String, JSONError.Reason)])
    func `what is no JSON is refused for its reason`(_ text: String, _ reason: JSONError.Reason) {
        #expect(refusal(text) == reason)
    }

    @Test func `a refusal says where and becomes a fault`() {
        let error = refusal(Array(#"{"name": nope}"#.utf8))
        #expect(error == JSONError(.valueExpected, at: 10))
        #expect(error?.sentence == "The JSON text is not valid at byte 10: a value was expected.")
        #expect(error?.fault.code == .malformed)
        #expect(JSONError(.tooLarge, at: 5).fault.code == .contentTooLarge)
    }

    @Test func `a document can be used again and forgets a refused text`() throws {
        let document = JSONDocument()
        try document.parse(Array("[1]".utf8))
        #expect(throws: JSONError.self) { try document.parse(Array("[".utf8)) }
        try document.parse(Array(#"{"a":2}"#.utf8))
        #expect(document.root["a"]?.int == 2)
        try document.parse([UInt8](repeating: 0x20, count: 200_000) + Array("3".utf8))
        #expect(document.root.int == 3)
        document.reset()
        try document.parse(Array("4".utf8))
        #expect(document.root.int == 4)
    }

    // MARK: Bounds

    @Test func `nesting is taken up to the bound and refused beyond`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        func objects(_ depth: Int) -> String {
            String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        }
        #expect(refusal(nested(Limits.jsonDepth)) == nil)
        #expect(refusal(nested(Limits.jsonDepth + 1)) == .tooDeep)
        #expect(refusal(objects(Limits.jsonDepth)) == nil)
        #expect(refusal(objects(Limits.jsonDepth + 1)) == .tooDeep)
        #expect(refusal(nested(100_000)) == .tooDeep)
        #expect(refusal(String(repeating: "[", count: 100_000)) == .tooDeep)
    }

    @Test func `size is taken up to the bound and refused beyond`() throws {
        var text = [UInt8](repeating: 0x20, count: Limits.jsonBytes)
        text[0] = UInt8(ascii: "7")
        #expect(refusal(text) == nil)
        text.append(0x20)
        #expect(refusal(text)?.reason == .tooLarge)
        let document = JSONDocument()
        try document.parse(Array("12345".utf8).span, limit: 5)
        #expect(throws: JSONError(.tooLarge, at: 5)) { try document.parse(Array("123456".utf8).span, limit: 5) }
    }

    // MARK: Names

    @Test func `a name twice is refused however it is spelled`() {
        #expect(refusal(#"{"a":1,"a":2}"#) == .duplicateKey)
        #expect(refusal(#"{"a":1,"b":{"a":1},"a":2}"#) == .duplicateKey)
        #expect(refusal(#"{"a":1,"\u0061":2}"#) == .duplicateKey)
        #expect(refusal(#"{"\u0061":1,"\u0061":2}"#) == .duplicateKey)
        #expect(refusal(#"{"😀":1,"\ud83d\ude00":2}"#) == .duplicateKey)
        #expect(refusal(#"{"":1,"":2}"#) == .duplicateKey)
        #expect(refusal(#"[{"a":1},{"a":1}]"#) == nil)
        #expect(refusal(#"{"a":{"a":{"a":1}}}"#) == nil)
        #expect(refusal(#"{"a":1,"A":1,"á":1,"a ":1}"#) == nil)
    }

    @Test func `repeated names are taken where that was asked for`() throws {
        let document = try JSONDocument(Array(#"{"a":1,"b":2,"a":3}"#.utf8), names: .repeated)
        #expect(document.root["a"]?.int == 1)
        #expect(document.root.members.map { $0.value.int } == [1, 2, 3])
    }

    @Test(arguments: [2, 3, 8, 31, 32, 33, 34, 500, 20_000])
    func `twins are found among any number of members`(_ count: Int) throws {
        let names = (0..<count).map { "name_of_a_member_\($0 &* 7919)_which_is_long" }
        func text(_ names: [String]) -> String { "{" + names.map { "\"\($0)\":[0,{}]" }.joined(separator: ",") + "}" }
        let document = try document(text(names))
        #expect(document.root.count == count)
        #expect(document.root[names[count / 2]]?.count == 2)
        for twin in [0, count / 2, count - 1] {
            #expect(refusal(text(names + [names[twin]])) == .duplicateKey)
            #expect(refusal(text(names + ["\\u006e" + names[twin].dropFirst()])) == .duplicateKey)
        }
    }

    @Test func `names with escapes are found by their plain spelling`() throws {
        let document = try document(#"{"\u006eame":1,"a\"b":2,"tab\t":3,"plain":4}"#)
        #expect(document.root["name"]?.int == 1)
        #expect(document.root["a\"b"]?.int == 2)
        #expect(document.root["tab\t"]?.int == 3)
        #expect(document.root["plain"]?.int == 4)
        #expect(document.root.members.map { $0.name.string() } == ["name", "a\"b", "tab\t", "plain"])
    }
}
