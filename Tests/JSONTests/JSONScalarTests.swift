// Numbers at their edges and text with everything that can stand in it.

import JSON
import Testing

@Suite struct JSONScalarTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("-12", -12), ("1.0", 1), ("1e2", 100), ("1E+2", 100), ("1200e-2", 12), ("0.0", 0),
            ("0e999", 0),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("999999999999999999", 999_999_999_999_999_999),
            ("9223372036854775807.0", .max), ("-9223372036854775808.0", .min), ("1234567890123456789", 1_234_567_890_123_456_789),
            ("9.2e18", 9_200_000_000_000_000_000),
        ] as [(String, Int)])
    func `an integer is exact in every spelling`(_ text: String, _ value: Int) throws {
        #expect(try document(text).root.int == value)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "1.5", "1e-1", "1e19", "99999999999999999999", "9223372036854775807.5",
        "9223372036854775808.0", "1e400", "0.00000000000000000000001", "1e-999999999999", "100000000000000000000.1",
    ])
    func `what is no integer of 64 bits is none`(_ text: String) throws {
        #expect(try document(text).root.int == nil)
    }

    @Test(arguments: [
        "0", "-0.0", "1", "0.1", "-2.5", "3.141592653589793", "1e22", "1e23", "1e-22", "123456789012345678", "5e-324",
        "2.2250738585072014e-308", "1.7976931348623157e308", "9007199254740993", "1e-400", "0.30000000000000004",
        "100000000000000000000000",
        "179769313486231580793728971405301", "9007199254740993.00000000000000000000000000001", "8.5e15",
    ])
    func `a double is the nearest one`(_ text: String) throws {
        let value = try #require(try document(text).root.double)
        #expect(value.bitPattern == Double(text)?.bitPattern)
    }

    @Test(arguments: ["1e309", "-1e309", "1e999999999999999999", "2e308"])
    func `a number beyond the doubles is kept as text alone`(_ text: String) throws {
        let root = try document(text).root
        #expect(root.double == nil)
        #expect(root.rawBytes == Array(text.utf8))
    }

    @Test(arguments: [
        "01", "-", "+1", "1.", ".5", "1e", "1e+", "--1", "1.e5", "0x1", "1_000", "NaN", "Infinity", "-01", "1.5.5", "1e5e5",
    ])
    func `a number that JSON does not know is refused`(_ text: String) {
        #expect(refusal("[\(text)]") != nil)
    }

    // MARK: Text

    @Test(
        arguments: [
            (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0000""#, "\u{0}"),
            (#""\u00e9""#, "é"),
            (#""\u20AC""#, "€"), (#""\ud83d\uDE00""#, "😀"), (#""é€😀""#, "é€😀"), (#""abcdefgh\nijklmnop""#, "abcdefgh\nijklmnop"),
            (#""\uFFFF\u007f""#, "\u{FFFF}\u{7f}"), (#""\udbff\udfff""#, "\u{10FFFF}"), ("\"\u{7f}\"", "\u{7f}"),
        ] as [(String, String)])
    func `text is read with its escapes`(_ source: String, _ text: String) throws {
        let root = try document(source).root
        #expect(root.string().map { Array($0.utf8) } == Array(text.utf8))
        #expect(root.characterCount == text.unicodeScalars.count)
    }

    @Test(
        arguments: [
            (#""\x""#, .badEscape), (#""\u12""#, .badEscape), (#""\u12g4""#, .badEscape), (#""\U0041""#, .badEscape),
            (#""\ud800""#, .loneSurrogate), (#""\udc00""#, .loneSurrogate), (#""\ud800\u0041""#, .loneSurrogate),
            (#""\ud800\ud800""#, .loneSurrogate), (#""\ud800x""#, .loneSurrogate), (#"{"\udead":1}"#, .loneSurrogate),
            ("\"a\nb\"", .controlCharacter), ("\"\u{1f}\"", .controlCharacter), ("\"\u{0}\"", .controlCharacter),
        ] as [(String, JSONError.Reason)])
    func `text that JSON does not know is refused`(_ source: String, _ reason: JSONError.Reason) {
        #expect(refusal(source) == reason)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF],
            [0xE2, 0x82], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xFF],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused at every place`(_ bytes: [UInt8]) {
        for before in 0..<20 {
            let text = [0x22] + [UInt8](repeating: 0x61, count: before) + bytes + [0x22]
            #expect(refusal(text)?.reason == .invalidUTF8)
            #expect(refusal(text)?.offset == before + 1)
        }
    }

    @Test func `a special byte is noticed at every place in a word`() {
        for before in 0..<40 {
            let plain = String(repeating: "x", count: before)
            #expect(refusal("\"\(plain)\u{1}\"") == .controlCharacter)
            #expect(refusal("\"\(plain)\"x") == .trailingBytes)
            #expect(refusal("\"\(plain)") == .truncated)
            #expect(refusal("\"\(plain)\\") == .badEscape || refusal("\"\(plain)\\") == .truncated)
            #expect(refusal("\"\(plain)é\"") == nil)
        }
    }
}
