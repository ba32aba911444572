// One file of the tree as the rules see it: its lines, and the same lines with comments and the insides of string literals blanked,
// so that a word in a sentence is not taken for a call. A plain scan over bytes; it knows Swift's literals and no more of Swift.

import Foundation

/// A file of the repository.
struct SourceText {
    /// From the root of the repository, such as `Sources/Base/Fault.swift`.
    let path: String
    let lines: [String]
    /// The lines with the same columns, but with spaces for comments and for what stands between quotes.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = path.hasSuffix(".swift") ? Masking.code(of: text) : lines
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isProduct: Bool { path.hasPrefix("Sources/") }
    /// The name of the folder below `Sources` or `Tests`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
}

/// What a rule has to say about one place.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    /// From 1; 0 for the file as a whole.
    let line: Int
    let complaint: String

    var description: String { line > 0 ? "\(path):\(line): \(complaint)" : "\(path): \(complaint)" }
}

extension SourceText {
    func finding(_ line: Int, _ complaint: String) -> Finding {
        Finding(path: path, line: line, complaint: complaint)
    }

    /// The lines, from 1, whose code holds `word` with no letter, digit or underscore before it, nor behind it when it ends in one.
    func linesOfCode(with word: String) -> [Int] {
        code.indices.filter { code[$0].contains(word) && SourceText.holds(code[$0], word) }.map { $0 + 1 }
    }

    private static func holds(_ line: String, _ word: String) -> Bool {
        var rest = line[...]
        while let range = rest.range(of: word) {
            let before = range.lowerBound == line.startIndex ? nil : line[line.index(before: range.lowerBound)]
            let behind = range.upperBound == line.endIndex ? nil : line[range.upperBound]
            let isWord: (Character?) -> Bool = { $0.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false }
            if !(isWord(word.first) && isWord(before)) && !(isWord(word.last) && isWord(behind)) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
