import Testing

@Suite struct TreeTests {
    @Test(arguments: Rule.all)
    func `the tree keeps the rule`(_ rule: Rule) {
        for finding in Tree.files.flatMap(rule.check) { Issue.record("\(finding)") }
    }

    @Test func `the whole tree is read`() {
        #expect(Tree.files.contains { $0.path == "Package.swift" })
        #expect(Tree.files.contains { $0.path == "Sources/Base/Fault.swift" })
        #expect(Tree.files.contains { $0.path.hasPrefix("migrations/") })
        #expect(Tree.files.contains { $0.path == "Tests/TidyTests/TreeTests.swift" })
    }

    @Test func `the top level holds what is agreed and nothing else`() {
        let agreed: Set<String> = ["Package.swift", "Sources", "Tests", "migrations", "ops", "README.md"]
        for name in Tree.topLevel where !agreed.contains(name) && !name.hasPrefix("LICENSE") {
            Issue.record("\(name) lies at the top level, which holds only \(agreed.sorted().joined(separator: ", "))")
        }
    }
}
