// What structured fields mean; whether they are accepted at all is asked of the public vectors.

import Testing

@testable import HTTP

@Suite struct StructuredFieldTests {
    private func item(_ text: String) -> StructuredItem? { StructuredField.item(Array(text.utf8)) }

    @Test func `values are read as what they are`() {
        #expect(item("42")?.value == .integer(42))
        #expect(item("-999999999999999")?.value == .integer(-999_999_999_999_999))
        #expect(item("-1.5")?.value == .decimal(thousandths: -1_500))
        #expect(item("123456789012.123")?.value == .decimal(thousandths: 123_456_789_012_123))
        #expect(item(#""a \"b\" \\""#)?.value == .string(#"a "b" \"#))
        #expect(item("text/*:x")?.value == .token("text/*:x"))
        #expect(item(":aGVsbG8=:")?.value == .bytes(Array("hello".utf8)))
        #expect(item("?0")?.value == .boolean(false))
        #expect(item("@-1")?.value == .date(-1))
        #expect(item(#"%"f%c3%bcr""#)?.value == .displayString("für"))
        #expect(item("  1  ")?.value == .integer(1))
    }

    @Test func `parameters keep their order, and the last value of a name`() throws {
        let read = try #require(item("a;q=1; w=?0;flag;q=\"x\""))
        #expect(read.parameters == [.init("q", .string("x")), .init("w", .boolean(false)), .init("flag", .boolean(true))])
        #expect(read["flag"] == .boolean(true) && read["none"] == nil)
    }

    @Test func `lists and dictionaries hold items and inner lists`() throws {
        let list = try #require(StructuredField.list(Array("a;x=1 , (b c;y);z\t,3".utf8)))
        #expect(
            list == [
                .item(StructuredItem(.token("a"), [.init("x", .integer(1))])),
                .inner(
                    [StructuredItem(.token("b")), StructuredItem(.token("c"), [.init("y", .boolean(true))])],
                    [.init("z", .boolean(true))]),
                .item(StructuredItem(.integer(3))),
            ])
        let dictionary = try #require(StructuredField.dictionary(Array("a=1, b;p, a=(2 3)".utf8)))
        #expect(dictionary.map(\.name) == ["a", "b"])
        #expect(dictionary[0].value == .inner([StructuredItem(.integer(2)), StructuredItem(.integer(3))], []))
        #expect(dictionary[1].value.item?["p"] == .boolean(true))
        #expect(StructuredField.list([])?.isEmpty == true && StructuredField.dictionary([])?.isEmpty == true)
    }

    @Test(arguments: [
        "1,", ",1", "1 2", "(1", "(1,2)", "a;", "a;Q=1", "1.", "1.2345", "?2", "%\"%C3%BC\"", "\"\u{7}\"", "@1.5", "--1", ":a:",
    ])
    func `what is malformed is refused whole`(_ text: String) {
        #expect(StructuredField.list(Array(text.utf8)) == nil)
    }
}
