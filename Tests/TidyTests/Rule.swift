// The house rules as functions: a file in, findings out. Every rule is shown a bad sample of its own, so that it is known to bite.

import Foundation

/// One rule over one file.
struct Rule: Sendable, CustomStringConvertible {
    let name: String
    let check: @Sendable (SourceText) -> [Finding]

    var description: String { name }

    static let all: [Rule] =
        [
            fileSize, functionSize, opening, names, imports, packages, messages, marks, migrations, noZeroByte,
        ] + BannedCall.all.map(\.rule)

    // MARK: Sizes

    static let sourceLineLimit = 400
    static let testLineLimit = 700
    static let functionLineLimit = 75

    static let fileSize = Rule(name: "a file has a size that can be read at once") { file in
        guard file.isSwift else { return [] }
        let limit = file.isProduct ? sourceLineLimit : testLineLimit
        return file.lines.count > limit + 1 ? [file.finding(0, "\(file.lines.count - 1) lines; at most \(limit)")] : []
    }

    /// Relies on the formatter: a body ends at the first line that closes at the column where its declaration began.
    static let functionSize = Rule(name: "a function fits on a screen") { file in
        guard file.isSwift else { return [] }
        return file.code.indices.compactMap { at in
            guard declaresFunction(file.code[at]), let end = bodyEnd(file.code, from: at) else { return nil }
            let count = end - at + 1
            return count > functionLineLimit
                ? file.finding(at + 1, "a function of \(count) lines; at most \(functionLineLimit)") : nil
        }
    }

    private static func declaresFunction(_ line: String) -> Bool {
        let words = line.split { $0 == " " || $0 == "(" || $0 == "<" || $0 == "?" }
        let first = words.first { !modifiers.contains($0) && !$0.hasPrefix("@") && !$0.hasSuffix(")") }
        return first.map { ["func", "init", "deinit", "subscript"].contains($0) } ?? false
    }

    private static let modifiers: Set<Substring> = [
        "public", "private", "fileprivate", "internal", "open", "package", "static", "class", "final", "override", "mutating",
        "nonmutating", "consuming", "borrowing", "convenience", "required", "isolated", "nonisolated", "indirect", "unsafe",
    ]

    private static func bodyEnd(_ code: [String], from start: Int) -> Int? {
        let margin = code[start].prefix { $0 == " " }
        var opens = code[start].hasSuffix("{")
        for at in code.index(after: start)..<code.count {
            let line = code[at]
            guard line.contains(where: { $0 != " " }) else { continue }
            let indent = line.prefix { $0 == " " }
            if indent.count > margin.count { continue }
            let rest = line.dropFirst(indent.count)
            guard indent.count == margin.count else { return nil }
            if rest.hasPrefix("}") { return opens ? at : nil }
            guard !opens, rest.hasPrefix(")") || rest.hasPrefix("where ") || rest == "{" else { return nil }
            opens = line.hasSuffix("{")
        }
        return nil
    }

    // MARK: Words

    static let opening = Rule(name: "a file of the product opens with what it is for") { file in
        guard file.isProduct, file.isSwift || file.path.hasSuffix(".h") else { return [] }
        let first = file.lines.first ?? ""
        return first.hasPrefix("// ") ? [] : [file.finding(1, "opens without a comment that says what the file is for")]
    }

    static let names = Rule(name: "a type is named by a word of the field") { file in
        guard file.isSwift else { return [] }
        return file.code.indices.flatMap { at -> [Finding] in
            let words = file.code[at].split { !($0.isLetter || $0.isNumber || $0 == "_") }
            return zip(words, words.dropFirst()).compactMap { keyword, name in
                guard ["class", "struct", "enum", "protocol", "actor", "typealias"].contains(keyword),
                    let ending = ["Manager", "Helper", "Helpers", "Util", "Utils", "Impl"].first(where: name.hasSuffix)
                else { return nil }
                return file.finding(at + 1, "`\(name)` ends in \(ending): say what it is or does")
            }
        }
    }

    static let marks = Rule(name: "nothing is left to do in a comment") { file in
        file.lines.indices.compactMap { at in
            // Spelled in halves, so that this file does not find itself.
            let mark = ["TO" + "DO", "FIX" + "ME", "XX" + "X"].first { file.lines[at].contains($0) }
            return mark.map { file.finding(at + 1, "\($0): do it, or open an issue") }
        }
    }

    static let messages = Rule(name: "a trap says why in a sentence") { file in
        guard file.isProduct, file.isSwift else { return [] }
        return ["fatalError(", "preconditionFailure(", "assertionFailure(", "precondition(", "assert("].flatMap { call in
            file.linesOfCode(with: call).compactMap { line in
                argument(of: call, in: file.code, line: line).contains("\"")
                    ? nil : file.finding(line, "`\(call)…)` without a sentence that says what was expected")
            }
        }
    }

    /// What stands between the parentheses of a call, over as many lines as it takes.
    private static func argument(of call: String, in code: [String], line: Int) -> String {
        var text = ""
        var open = 0
        let first = code[line - 1].range(of: call).map { code[line - 1][$0.upperBound...] } ?? ""
        for piece in [first] + code[line...].prefix(20).map({ $0[...] }) {
            for character in piece {
                if character == "(" { open += 1 }
                if character == ")" {
                    open -= 1
                    if open < 0 { return text }
                }
                text.append(character)
            }
        }
        return text
    }

    // MARK: Files

    static let packages = Rule(name: "the package has no dependencies") { file in
        guard file.path == "Package.swift" else { return [] }
        return file.linesOfCode(with: ".package(").map { file.finding($0, "a package: there are none, on purpose") }
    }

    static let migrations = Rule(name: "a migration is named by its time and says why") { file in
        guard file.path.hasPrefix("migrations/") else { return [] }
        let name = file.path.dropFirst("migrations/".count)
        var findings: [Finding] = []
        if name.wholeMatch(of: /[0-9]{8}T[0-9]{6}_[a-z0-9_]+\.sql/) == nil {
            findings.append(file.finding(0, "not named like 20260101T120000_create_tenants.sql"))
        }
        if (file.lines.first?.wholeMatch(of: /-- .{10,}/)) == nil {
            findings.append(file.finding(1, "does not begin with a comment that says why"))
        }
        return findings
    }

    static let noZeroByte = Rule(name: "a text holds no zero byte") { file in
        file.lines.indices.filter { file.lines[$0].utf8.contains(0) }.map { file.finding($0 + 1, "holds a zero byte") }
    }
}
