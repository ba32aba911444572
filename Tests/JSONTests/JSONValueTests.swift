// Dynamic values: copied out of a text, compared, merged, and written in their one canonical spelling.

import Base
import JSON
import Testing

/// A generator whose sequence is the same each time (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension JSONValue {
    static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .integer(Int(truncatingIfNeeded: generator.next()) >> Int.random(in: 0..<64, using: &generator))
        case 3: .double(Double(Int.random(in: -1_000_000...1_000_000, using: &generator)) + 0.5)
        case 4: .double(fraction(using: &generator))
        case 5: .string(text(using: &generator))
        case 6:
            .array((0..<Int.random(in: 0..<6, using: &generator)).map { _ in random(depth: depth - 1, using: &generator) })
        default: .object(members(depth: depth, using: &generator))
        }
    }

    private static func fraction(using generator: inout SeededGenerator) -> Double {
        let value = Double(bitPattern: generator.next())
        return value.isFinite && Int(exactly: value) == nil ? value : 0.25
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        let alphabet: [Character] = ["a", "Z", " ", "\"", "\\", "\n", "\u{0}", "\u{1f}", "é", "€", "😀", "/", "0", "x", "y", "z"]
        return String(
            (0..<Int.random(in: 0..<24, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "a" })
    }

    private static func members(depth: Int, using generator: inout SeededGenerator) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0..<40, using: &generator) {
            object[text(using: &generator)] = random(depth: depth - 1, using: &generator)
        }
        return object
    }
}

@Suite struct JSONValueTests {
    @Test(arguments: 0..<40)
    func `a random value reads back the same in both spellings`(_ seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        let value = JSONValue.random(depth: 4, using: &generator)
        #expect(try JSONValue(parsing: value.bytes) == value)
        let canonical = value.canonicalBytes
        #expect(try JSONValue(parsing: canonical) == value)
        #expect(try JSONValue(parsing: canonical).canonicalBytes == canonical)
    }

    @Test(arguments: ["-9223372767446465.447440008", "9007199254740993.5", "1e-400", "-0.0"])
    func `a number that is written as an integer is one from the start`(_ text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value.int != nil)
        #expect(try JSONValue(parsing: value.bytes) == value)
        #expect(try JSONValue(parsing: value.bytes).bytes == value.bytes)
    }

    @Test(arguments: 0..<200)
    func `a text that was cut or changed never breaks the reader`(_ seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed + 1000))
        var bytes = JSONValue.random(depth: 3, using: &generator).bytes
        for _ in 0..<Int.random(in: 1..<4, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes.removeSubrange(at...)
            case 1: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            default: bytes.remove(at: at)
            }
        }
        // Whatever is taken must be the same again; whatever is refused is refused within the text.
        if let error = refusal(bytes) {
            #expect(error.offset >= 0 && error.offset <= bytes.count)
        } else if let value = try? JSONValue(parsing: bytes) {
            #expect(try JSONValue(parsing: value.bytes) == value)
        }
    }

    @Test func `order means nothing when values are compared`() throws {
        let one: JSONValue = ["b": 1, "a": [1, 2.5, nil, true, "x"]]
        let other: JSONValue = ["a": [1, 2.5, nil, true, "x"], "b": 1]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(String(decoding: one.bytes, as: UTF8.self) == #"{"b":1,"a":[1,2.5,null,true,"x"]}"#)
        #expect(String(decoding: one.canonicalBytes, as: UTF8.self) == #"{"a":[1,2.5,null,true,"x"],"b":1}"#)
        #expect(one != ["a": [2.5, 1, nil, true, "x"], "b": 1])
        #expect(JSONValue.double(2).canonicalBytes == JSONValue.integer(2).canonicalBytes)
        #expect(try JSONValue(parsing: Array("2.0".utf8)) == 2)
    }

    @Test func `names are bytes, not what they look like`() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let value = try JSONValue(parsing: Array("{\"\(composed)\":1,\"\(decomposed)\":2}".utf8))
        #expect(value[composed] == 1)
        #expect(value[decomposed] == 2)
        #expect(value.object?.count == 2)
    }

    @Test func `objects are merged and looked into`() {
        let settings: JSONValue = ["a": 1, "b": ["c": 2]]
        let patch: JSONValue = ["b": nil, "d": [10, 20]]
        let merged = settings.object?.merging(patch.object ?? JSONObject())
        #expect(merged.map(JSONValue.object) == ["a": 1, "b": nil, "d": [10, 20]])
        #expect(merged?["d"]?[1]?.int == 20)
        #expect(merged?["d"]?[2] == nil)
        #expect(settings["b"]?["c"]?.double == 2)
    }

    @Test func `a number beyond the doubles is refused as a value`() {
        #expect(throws: Fault.self) { try JSONValue(parsing: Array("[1e999]".utf8)) }
    }
}
