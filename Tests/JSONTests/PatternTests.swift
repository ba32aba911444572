// Patterns: what they take, what is refused, and that no pattern takes longer than text times pattern.

import Testing

@testable import JSON

@Suite struct PatternTests {
    private func matches(_ source: String, _ text: String) throws -> Bool {
        var steps = 10_000_000
        return try Pattern(source).matches(text, steps: &steps)
    }

    @Test(arguments: [
        ("", "anything", true), ("^a+$", "aaa", true), ("^a+$", "aab", false), ("b", "abc", true), ("^(a|bc)*$", "abcbca", true),
        ("^.$", "\u{1F600}", true), ("^.$", "\n", false), ("^\\u{1F600}$", "\u{1F600}", true),
        ("^\\ud83d\\ude00$", "\u{1F600}", true),
        ("^a{2,3}$", "aaaa", false), ("^a{2,3}$", "aaa", true), ("^a{2,}$", "aaaaa", true), ("^a{0}$", "", true),
        ("^[a-c-]+$", "a-c", true), ("[^\\d]", "123", false), ("[\\b]", "\u{8}", true), ("^[]$", "", false),
        ("^[^]$", "\n", true),
        ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoob", false), ("\\Bo", "foo", true), ("^\\w+$", "caf\u{E9}", false),
        ("^\\p{L}+$", "caf\u{E9}", true), ("^\\P{Lu}+$", "abC", false), ("^\\s$", "\u{FEFF}", true), ("^\\cJ$", "\n", true),
        ("^(?=.*[a-z])(?=.*\\d).{4,}$", "abc1", true), ("^(?=.*[a-z])(?=.*\\d).{4,}$", "abcd", false),
        ("^(?!.*aa)", "baab", false),
        ("^(?!.*aa)", "baba", true), ("(?<=\\$)\\d+", "a $42", true), ("(?<=\\$)\\d+", "a 42", false), ("(?<!a)b", "ab", false),
        ("(?<!a)b", "cb", true), ("^(?=(?!b)a(?<=a))", "ab", true), ("(?=$)", "", true),
        ("^(?<year>\\d{4})-\\d\\d$", "2024-05", true),
        ("^(a*)*$", "aaab", false), ("^{a}]$", "{a}]", true), ("a|", "zzz", true), ("^\\/\\-\\@$", "/-@", true),
    ])
    func `a pattern finds what ECMA-262 says`(_ source: String, _ text: String, _ isFound: Bool) throws {
        #expect(try matches(source, text) == isFound)
    }

    @Test(arguments: [
        "(", ")", "a)", "[a", "*a", "a**", "a{3,2}", "(?P<n>a)", "(?i)a", "\\a", "\\", "\\u12", "\\x1", "[b-a]", "[\\d-z]",
        "\\p{Nope}",
        "(?<a>x)(?<a>y)", "(?<1>x)", "\\2(a)", "\\k<n>", "{2}", "\\p", "\\01", "(?=a)*",
    ])
    func `what is no pattern is refused`(_ source: String) {
        let error = #expect(throws: PatternError.self) { try Pattern(source) }
        #expect(error?.kind == .syntax)
        #expect(!Pattern.isWellFormed(source))
    }

    @Test func `a reference back is well formed, and is refused by name`() {
        let error = #expect(throws: PatternError.self) { try Pattern("(?<q>['\"]).*\\k<q>") }
        #expect(error?.kind == .unsupported)
        #expect(Pattern.isWellFormed("(a)\\1"))
    }

    @Test func `patterns that ruin other engines take steps that grow with the text`() throws {
        for source in [
            "^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(.*a){20}$", "(x+x+)+y", "^(?=(a+)+$)b", "^(([a-z])+.)+[A-Z]([a-z])+$",
        ] {
            let pattern = try Pattern(source)
            func steps(_ count: Int) throws -> Int {
                var steps = 100_000_000
                _ = try pattern.matches(String(repeating: "a", count: count) + "!", steps: &steps)
                return 100_000_000 - steps
            }
            let (once, twice) = (try steps(500), try steps(1_000))
            #expect(twice <= once * 2 + 1_000, "\(source)")
            #expect(twice <= 1_002 * 2 * (pattern.instructionCount + 1), "\(source)")
        }
    }

    @Test func `a pattern is bounded in size, depth and steps`() {
        for source in [
            String(repeating: "(", count: 200) + String(repeating: ")", count: 200), "(a{1000}){1000}", "((){1000000}){1000000}",
            "a{999999999999999999999}", String(repeating: "a", count: Pattern.sourceBytes + 1),
        ] {
            let error = #expect(throws: PatternError.self) { try Pattern(source) }
            #expect(error?.kind == .limit, "\(source.prefix(40))")
        }
        let error = #expect(throws: PatternError.self) {
            var steps = 100
            _ = try Pattern("a*b").matches(String(repeating: "a", count: 1_000), steps: &steps)
        }
        #expect(error?.kind == .limit)
    }
}
