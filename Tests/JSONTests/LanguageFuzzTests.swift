// The small languages under random input, seeded: whatever comes, they answer or refuse within their steps, and never crash.

import Base
import Testing

@testable import JSON

/// A generator that can be had again from its seed (SplitMix64).
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Some of the pieces, one behind the other.
    mutating func text(of pieces: [String], _ count: ClosedRange<Int>) -> String {
        var text = ""
        for _ in 0..<Int.random(in: count, using: &self) { text += pieces.randomElement(using: &self) ?? "" }
        return text
    }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer([0, 1, -1, 3, .max, .min].randomElement(using: &self) ?? 0)
        case 3: return .double([0.5, 1e300, -2.5e-300].randomElement(using: &self) ?? 0.5)
        case 4, 5: return .string(text(of: ["a", "b", "1", "\u{E9}", "\u{1F600}", " "], 0...5))
        case 6: return .array((0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for name in ["a", "b", "c"].shuffled(using: &self).prefix(Int.random(in: 0...3, using: &self)) {
                object[name] = value(depth: depth - 1)
            }
            return .object(object)
        }
    }

    mutating func schema(depth: Int) -> JSONValue {
        guard depth > 0, Int.random(in: 0..<8, using: &self) > 0 else { return .bool(Bool.random(using: &self)) }
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0...4, using: &self) {
            let name = Self.keywords.randomElement(using: &self) ?? "not"
            switch name {
            case "allOf", "anyOf", "oneOf", "prefixItems":
                object[name] = .array((0..<2).map { _ in schema(depth: depth - 1) })
            case "properties", "$defs", "dependentSchemas", "patternProperties":
                object[name] = ["a": schema(depth: depth - 1), "b": schema(depth: depth - 1)]
            case "$ref", "$dynamicRef":
                object[name] = .string(["#", "#/$defs/a", "#/properties/b", "#x"].randomElement(using: &self) ?? "#")
            case "$dynamicAnchor", "$anchor": object[name] = "x"
            case "type": object[name] = .string(["string", "object", "array", "integer"].randomElement(using: &self) ?? "null")
            case "pattern": object[name] = .string(text(of: LanguageFuzzTests.patternPieces, 0...6))
            case "enum": object[name] = .array([value(depth: 1), value(depth: 1)])
            case "minLength", "maxItems", "minContains": object[name] = .integer(Int.random(in: 0...3, using: &self))
            default: object[name] = schema(depth: depth - 1)
            }
        }
        return .object(object)
    }

    private static let keywords = [
        "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "properties", "additionalProperties", "patternProperties",
        "items",
        "prefixItems", "contains", "minContains", "unevaluatedItems", "unevaluatedProperties", "$ref", "$dynamicRef",
        "$dynamicAnchor",
        "$anchor", "$defs", "dependentSchemas", "type", "pattern", "enum", "minLength", "maxItems", "propertyNames",
    ]
}

@Suite struct LanguageFuzzTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]
    fileprivate static let patternPieces = [
        "a", "b", ".", "*", "+", "?", "(", ")", "(?:", "(?=", "(?!", "(?<=", "[", "]", "^", "$", "|", "\\d", "\\b", "\\", "{2,3}",
        "{", "-",
        "\u{E9}", "\\p{L}", "a*", "(a|b)*",
    ]

    @Test(arguments: seeds)
    func `random expressions are refused or evaluated within their steps`(_ seed: UInt64) {
        var random = Seeded(state: seed)
        let names = JMESPathFunction.allCases.map { $0.rawValue + "(" }
        let pieces =
            names + [
                "a", "b", ".", "*", "[", "]", "[*]", "[]", "[?", "{", "}", ":", ",", "(", ")", "@", "&", "&&", "|", "||", "!",
                "==", "<",
            ]
            + ["`1`", "'a'", "\"b\"", "[0]", "[::-1]", "-1", "`[1, \"a\"]`", " ", "@)", "@, @)", "&a, @)", "@, &a)"]
        var evaluated = 0
        for _ in 0..<4_000 {
            let text = random.text(of: pieces, 1...8)
            do throws(JMESPathError) {
                _ = try JMESPath(text).evaluate(random.value(depth: 4), bounds: .init(steps: 20_000, outputBytes: 10_000))
                evaluated += 1
            } catch {
                #expect(!error.sentence.isEmpty)
            }
        }
        #expect(evaluated > 100, "the seed \(seed) makes hardly any valid expression")
    }

    @Test(arguments: seeds)
    func `random patterns are refused or searched within their steps`(_ seed: UInt64) {
        var random = Seeded(state: seed)
        var searched = 0
        for _ in 0..<4_000 {
            do throws(PatternError) {
                let pattern = try Pattern(random.text(of: Self.patternPieces, 1...8))
                var steps = 100_000
                _ = try pattern.matches(random.text(of: ["a", "b", "1", " ", "\u{E9}"], 0...40), steps: &steps)
                #expect(steps > 0)
                searched += 1
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
        #expect(searched > 100, "the seed \(seed) makes hardly any valid pattern")
    }

    @Test(arguments: seeds)
    func `random schemas are refused or decide within their steps, the same each time`(_ seed: UInt64) {
        var random = Seeded(state: seed)
        var decided = 0
        for _ in 0..<1_000 {
            do throws(JSONSchemaError) {
                let schema = try JSONSchema(random.schema(depth: 3))
                let value = random.value(depth: 3)
                let bounds = JSONSchema.Bounds(steps: 20_000, depth: 60)
                let violations = try schema.violations(of: value, bounds: bounds)
                let isValid = try schema.isValid(value, bounds: bounds)
                #expect(isValid == violations.isEmpty)
                decided += 1
            } catch {
                #expect(!error.sentence.isEmpty)
            }
        }
        #expect(decided > 100, "the seed \(seed) makes hardly any schema")
    }
}
