import Testing

@Suite struct RuleTests {
    struct Sample: CustomStringConvertible, Sendable {
        let rule: Rule
        var path = "Sources/HTTP/Sample.swift"
        let bad: String
        let line: Int
        let good: String

        var description: String { rule.name }
    }

    private static func function(lines: Int) -> String {
        "extension A {\n    public static func long(\n        _ a: Int\n    ) async throws {\n"
            + String(repeating: "        if a { b() }\n", count: lines - 4) + "    }\n}\n"
    }

    static let samples: [Sample] = [
        Sample(
            rule: Rule.fileSize, bad: String(repeating: "let a = 1\n", count: 401), line: 0,
            good: String(repeating: "let a = 1\n", count: 400)),
        Sample(
            rule: Rule.fileSize, path: "Tests/HTTPTests/Sample.swift", bad: String(repeating: "let a = 1\n", count: 701), line: 0,
            good: String(repeating: "let a = 1\n", count: 700)),
        Sample(rule: Rule.functionSize, bad: function(lines: 76), line: 2, good: function(lines: 75)),
        Sample(rule: Rule.opening, bad: "import Base\n", line: 1, good: "// What it is for.\n"),
        Sample(
            rule: Rule.names, bad: "\nfinal class ConnectionManager {}\n", line: 2,
            good: "// class ConnectionManager\nstruct Managers {}\nlet text = \"enum Helper\"\n"),
        Sample(
            rule: Rule.marks, bad: "let a = 1  // TO" + "DO: more\n", line: 1, good: "let a = 1  // to do is done\n"),
        Sample(
            rule: Rule.messages, bad: "precondition(\n    a(b) > 0\n)\n", line: 1,
            good: "precondition(\n    a(b) > 0,\n    \"a is positive\"\n)\nfatalError(\"the end\")\nassert(a, \"a holds\")\n"),
        Sample(rule: Rule.messages, bad: "let a = 1\nfatalError()\n", line: 2, good: "myfatalError()\n"),
        Sample(
            rule: Rule.imports, bad: "import Base\nimport Tenancy\n", line: 2, good: "import Base\nimport Loop\nimport Glibc\n"),
        Sample(rule: Rule.imports, bad: "import Postgres\n", line: 1, good: "import Crypto\n// import Postgres\n"),
        Sample(rule: Rule.imports, bad: "import NIO\n", line: 1, good: "import Synchronization\n"),
        Sample(
            rule: Rule.imports, path: "Sources/JSON/Sample.swift", bad: "import Foundation\n", line: 1,
            good: "public import Base\n@_spi(Inner) import struct Base.Fault\n"),
        Sample(
            rule: Rule.imports, path: "Sources/Marketplace/Sample.swift", bad: "import Knowledge\n", line: 1,
            good: "import Execution\nimport Vault\nimport Foundation\n"),
        Sample(
            rule: Rule.packages, path: "Package.swift", bad: "dependencies: [\n.package(url: \"x\", from: \"1.0.0\")\n]", line: 2,
            good: "// .package(\nlet package = Package(name: \"insula\")\n"),
        Sample(
            rule: Rule.migrations, path: "migrations/20260101T120000_create_tenants.sql", bad: "create table a ();\n", line: 1,
            good: "-- Tenants own everything else.\ncreate table a ();\n"),
        Sample(rule: Rule.noZeroByte, bad: "let a = 1\nlet b = \"\0\"\n", line: 2, good: "let b = \"\\0\"\n"),
    ]

    @Test(arguments: samples)
    func `a rule finds its bad sample at its line and leaves the good one alone`(_ sample: Sample) {
        let found = sample.rule.check(SourceText(path: sample.path, text: sample.bad))
        #expect(found.map(\.line) == [sample.line])
        #expect(sample.rule.check(SourceText(path: sample.path, text: sample.good)) == [])
    }

    @Test(arguments: BannedCall.all.map(\.word))
    func `a banned call is found in code, with its replacement, and not in comments or text`(_ word: String) throws {
        let call = try #require(BannedCall.all.first { $0.word == word })
        let code = "// \(word)\nlet text = \"\(word)\"\nlet found = \(word)\n"
        let found = call.rule.check(SourceText(path: "Sources/HTTP/Sample.swift", text: code))
        #expect(found.map(\.line) == [3])
        #expect(found.first?.complaint.contains(call.replacement) == true)
        #expect(found.first?.description.hasPrefix("Sources/HTTP/Sample.swift:3: ") == true)
        let other = "let other = my\(word)\nfunc \(word.filter(\.isLetter))Elsewhere() {}\n"
        #expect(call.rule.check(SourceText(path: "Sources/HTTP/Sample.swift", text: other)) == [])
        for exception in call.exceptions {
            #expect(call.rule.check(SourceText(path: exception + "Sample.swift", text: code)) == [])
        }
        let inTest = call.rule.check(SourceText(path: "Tests/HTTPTests/Sample.swift", text: code))
        #expect(inTest.isEmpty == call.isAllowedInTests)
    }

    @Test func `every rule has a bad sample`() {
        let shown = Set(Self.samples.map(\.rule.name) + BannedCall.all.map(\.rule.name))
        for rule in Rule.all { #expect(shown.contains(rule.name), "\(rule.name)") }
    }

    @Test func `a migration with a name out of order is found`() {
        let text = "-- Tenants own everything else.\n"
        #expect(!Rule.migrations.check(SourceText(path: "migrations/tenants.sql", text: text)).isEmpty)
        #expect(!Rule.migrations.check(SourceText(path: "migrations/20260101_tenants.sql", text: text)).isEmpty)
    }

    @Test func `a target that is in no row is found`() {
        let found = Rule.imports.check(SourceText(path: "Sources/Extras/A.swift", text: "import Base\n"))
        #expect(found.map(\.line) == [0])
    }

    @Test func `only code is left of a text, column by column`() {
        let text = #"""
            let a = "print(1)" // print(2)
            let b = #"a " print(3) \( x "# + "\(print("print(4)"))" + "\"print(5)"
            let c = """
                print(6) " print(7)
                \(call(")"))
                """; print(8)
            """#
        let code = Masking.code(of: text)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(code.map(\.count) == lines.map(\.count))
        let left = code.joined(separator: "\n")
        for hidden in [1, 2, 3, 4, 5, 6, 7] { #expect(!left.contains("print(\(hidden))")) }
        #expect(left.contains("print(8)"))
        #expect(code[1].contains("print(\""))
        #expect(code[4].contains("call(\""))
    }
}
