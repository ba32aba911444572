// JMESPath beyond the public suite: where errors are, what is exact, and what is bounded.

import Base
import Testing

@testable import JSON

@Suite struct JMESPathTests {
    private func fail(_ text: String, _ value: JSONValue = [:], _ bounds: JMESPath.Bounds = .init()) -> JMESPathError? {
        #expect(throws: JMESPathError.self) { try JMESPath(text).evaluate(value, bounds: bounds) }
    }

    @Test func `an expression is compiled once and evaluated often`() throws {
        let expression = try JMESPath("sort_by(items[?price > `1`], &price)[].{name: name, cost: price}")
        let value: JSONValue = [
            "items": [["name": "b", "price": 3], ["name": "a", "price": 2.5], ["name": "free", "price": 0]]
        ]
        for _ in 0..<2 {
            #expect(try expression.evaluate(value) == [["name": "a", "cost": 2.5], ["name": "b", "cost": 3]])
        }
        #expect(try expression.evaluate(["items": []]) == [])
    }

    @Test func `an error tells its kind and the byte of the expression`() {
        for (text, kind, offset) in [
            ("a.[", JMESPathError.Kind.syntax, 3), ("foo(@)", .unknownFunction, 0), ("a || abs(@, @)", .invalidArity, 5),
            ("sort_by(@, a)", .invalidType, 11), ("a[::0]", .invalidValue, 2), ("`{`", .syntax, 0), ("a # b", .syntax, 2),
            ("\"a", .syntax, 0), ("a[99999999999999999999]", .syntax, 2),
        ] {
            let error = fail(text)
            #expect(error?.kind == kind && error?.offset == offset, "\(text): \(String(describing: error))")
        }
        #expect(fail("abs('x')")?.fault(at: "expression").fields.map(\.path) == ["expression"])
    }

    @Test func `integers stay exact, and text is compared by its code points`() throws {
        let large = Int.max - 1
        #expect(try JMESPath("sum([@, `1`])").evaluate(.integer(large)) == .integer(.max))
        #expect(try JMESPath("[0] < [1]").evaluate([.integer(large), .integer(.max)]) == true)
        #expect(try JMESPath("abs(@)").evaluate(.integer(.min)) == .double(9_223_372_036_854_775_808))
        #expect(try JMESPath("[0] == [1]").evaluate(["\u{E9}", "e\u{301}"]) == false)
        #expect(try JMESPath("length(@)").evaluate("e\u{301}") == 2)
        #expect(try JMESPath("merge(@, @).a").evaluate(["a": 1]) == 1)
        #expect(fail("sum(@)", [1e308, 1e308])?.kind == .invalidValue)
    }

    @Test func `an index or a step at the ends of the integers overflows nothing`() throws {
        let value: JSONValue = [0, 1, 2]
        #expect(try JMESPath("[-9223372036854775808]").evaluate(value) == .null)
        #expect(try JMESPath("[9223372036854775807]").evaluate(value) == .null)
        #expect(try JMESPath("[::9223372036854775807]").evaluate(value) == [0])
        #expect(try JMESPath("[::-9223372036854775808]").evaluate(value) == [2])
        #expect(try JMESPath("[-9223372036854775808:9223372036854775807]").evaluate(value) == value)
    }

    @Test func `an expression is bounded in length and in depth`() throws {
        #expect(fail(String(repeating: "a", count: JMESPath.expressionBytes + 1))?.kind == .limit)
        for deep in [
            String(repeating: "(", count: 5_000) + "a", String(repeating: "[", count: 5_000),
            String(repeating: "!", count: 5_000),
            Array(repeating: "a", count: 4_000).joined(separator: "."), String(repeating: "&", count: 5_000),
            "a" + String(repeating: "[]", count: 4_000), "a" + String(repeating: "[*]", count: 2_000),
        ] {
            let error = fail(deep)
            #expect(error?.kind == .limit || error?.kind == .syntax)
        }
        let chain = Array(repeating: "a", count: JMESPath.depth).joined(separator: ".")
        #expect(try JMESPath(chain).evaluate([:]) == .null)
    }

    @Test func `an evaluation is bounded in steps and in what it makes`() throws {
        let doubling = Array(repeating: "[@, @]", count: 60).joined(separator: " | ")
        #expect(fail(doubling, 1)?.kind == .limit)
        #expect(fail(doubling + " | length(to_string(@))", 1)?.kind == .limit)
        #expect(fail(Array(repeating: "[@, @][]", count: 60).joined(separator: " | "), [1])?.kind == .limit)
        #expect(fail(Array(repeating: "join('', [@, @])", count: 60).joined(separator: " | "), "a")?.kind == .limit)
        #expect(fail("[@, @] | [0] == [1]", .array(Array(repeating: 1, count: 1_000)), .init(steps: 500))?.kind == .limit)
        #expect(fail("@", .string(String(repeating: "x", count: 100)), .init(outputBytes: 50))?.kind == .limit)
        let nested = (0..<98).reduce(JSONValue.null) { value, _ in .array([value]) }
        #expect(fail("[[[[@]]]]", nested)?.kind == .limit)
    }

    @Test func `the search for a part of a text takes time that grows with their sum`() throws {
        let text = JSONValue.string(String(repeating: "a", count: 200_000))
        let part = JSONValue.string(String(repeating: "a", count: 100_000) + "b")
        #expect(try JMESPath("contains(text, part)").evaluate(["text": text, "part": part]) == false)
        #expect(try JMESPath("contains('abcabd', 'abd')").evaluate([:]) == true)
        #expect(try JMESPath("contains('', '')").evaluate([:]) == true)
    }
}
