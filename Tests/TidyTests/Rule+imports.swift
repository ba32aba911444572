// The arrows between the targets: they point down only, and inside a row only where the table says so.

extension Rule {
    /// The rows, lowest first.
    static let rows: [[String]] = [
        ["CLinux", "COpenSSL", "CArgon2", "CPostgres"],
        ["Base", "JSON"],
        ["Loop", "Crypto"],
        ["HTTP", "HTML", "Postgres", "GraphQL"],
        ["Tenancy", "Mail"],
        ["Identity", "RateLimiting", "Vault", "Webhooks"],
        ["Execution", "Knowledge", "Marketplace"],
        ["API", "Dialects"],
        ["Assembly", "insula"],
        // Imported by tests alone, so nothing lies above it.
        ["InsulaTesting"],
    ]

    /// The arrows inside a row.
    static let insideRows: [String: Set<String>] = [
        "JSON": ["Base"], "Knowledge": ["Execution"], "Marketplace": ["Execution"], "Dialects": ["API"], "insula": ["Assembly"],
    ]

    /// What is not ours and may be imported. Foundation costs time and memory, so the targets on the straight line of a request do
    /// without, but for its Unicode tables.
    static let systemModules: Set<String> = [
        "Glibc", "Dispatch", "Synchronization", "Foundation", "FoundationEssentials", "FoundationInternationalization",
    ]
    static let targetsWithoutFoundation: Set<String> = ["Base", "JSON", "Loop", "Crypto", "HTTP", "HTML"]

    static let imports = Rule(name: "imports point down") { file in
        guard file.isProduct, file.isSwift else { return [] }
        guard let row = rows.firstIndex(where: { $0.contains(file.target) }) else {
            return [file.finding(0, "`\(file.target)` is in no row: give it its place in the table of layers")]
        }
        let below = Set(rows[..<row].joined()).union(insideRows[file.target, default: []])
        let ours = Set(rows.joined())
        return file.code.indices.compactMap { at in
            guard let module = importedModule(file.code[at]) else { return nil }
            if module == "Foundation" && targetsWithoutFoundation.contains(file.target) {
                return file.finding(at + 1, "`\(file.target)` does without Foundation")
            }
            if below.contains(module) || systemModules.contains(module) || module == file.target { return nil }
            let reason = ours.contains(module) ? "points up or sideways" : "is not known here: no packages"
            return file.finding(at + 1, "`import \(module)` in `\(file.target)` \(reason)")
        }
    }

    /// The module that a line imports, whole or one declaration of it.
    static func importedModule(_ line: String) -> String? {
        let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
        let access: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        var rest = words[...]
        if let first = rest.first, access.contains(first) { rest.removeFirst() }
        guard rest.popFirst() == "import" else { return nil }
        if let kind = rest.first, kinds.contains(kind) { rest.removeFirst() }
        return rest.first.map { String($0.prefix { $0 != "." }) }
    }
}
