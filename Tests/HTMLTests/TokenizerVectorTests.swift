// The public html5lib tokenizer suite, when its folder is present: every token of every case, in every initial state.

import Foundation
import Testing

@testable import HTML

struct TokenizerVectorTests {
    @Test func `every case of the public tokenizer suite gives its tokens`() throws {
        let cases = try Vectors.load()
        guard !cases.isEmpty else {
            print("html5-tokenizer: the folder is absent, no case ran")
            return
        }
        var ran = 0
        for vector in cases {
            for state in vector.states {
                let got = Vectors.tokens(vector.input, in: state, lastStartTag: vector.lastStartTag)
                #expect(got == vector.output, "\(vector.name) in \(state): \(vector.input.debugDescription)")
                ran += 1
            }
        }
        print("html5-tokenizer: \(ran) cases ran")
        #expect(ran > 6_000)
    }

    @Test func `the text of every data state case is the text of its tokens`() throws {
        for vector in try Vectors.load() where vector.states == ["Data state"] {
            let wanted = vector.output.compactMap { $0.first == "Character" ? $0[1] : nil }.joined()
            let text = HTMLTokenizer.text(of: vector.input)
            #expect(Array(text.utf8) == wanted.utf8.filter { $0 != 0 }, "\(vector.name)")
        }
    }
}

/// Reads the suite's files.
enum Vectors {
    struct Case {
        var name: String
        var input: String
        var states: [String]
        var lastStartTag: String
        /// Each token as the suite writes it, flattened to strings.
        var output: [[String]]
    }

    static func load() throws -> [Case] {
        let shared = ProcessInfo.processInfo.environment["INSULA_SHARED"] ?? "../shared"
        let folder = URL(fileURLWithPath: shared).appendingPathComponent("vectors/html5-tokenizer")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        var cases: [Case] = []
        for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "test" {
            let document = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
            for test in document?["tests"] as? [[String: Any]] ?? [] {
                if let vector = read(test) { cases.append(vector) }
            }
        }
        return cases
    }

    /// Nil for an input that holds a lone surrogate, which no UTF-8 text can.
    private static func read(_ test: [String: Any]) -> Case? {
        guard let output = test["output"] as? [[Any]], let name = test["description"] as? String,
            var input = test["input"] as? String
        else { return nil }
        var tokens = output.map(flatten)
        if test["doubleEscaped"] as? Bool == true {
            guard let plain = unescape(input) else { return nil }
            input = plain
            tokens = tokens.map { $0.map { unescape($0) ?? "\u{FFFD}" } }
        }
        return Case(
            name: name, input: input, states: test["initialStates"] as? [String] ?? ["Data state"],
            lastStartTag: test["lastStartTag"] as? String ?? "", output: merge(tokens))
    }

    private static func flatten(_ token: [Any]) -> [String] {
        token.flatMap { part -> [String] in
            if let attributes = part as? [String: String] {
                return attributes.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
            }
            if let text = part as? String { return [text] }
            if let flag = part as? Bool { return [flag ? "true" : "false"] }
            return ["null"]
        }
    }

    private static func unescape(_ text: String) -> String? {
        let parts = text.components(separatedBy: "\\u")
        var out = parts[0]
        for part in parts.dropFirst() {
            guard let number = UInt32(part.prefix(4), radix: 16), let scalar = Unicode.Scalar(number) else { return nil }
            out.unicodeScalars.append(scalar)
            out += part.dropFirst(4)
        }
        return out
    }

    static func tokens(_ input: String, in state: String, lastStartTag: String) -> [[String]] {
        var tokenizer = HTMLTokenizer(Array(input.utf8))
        tokenizer.lastStartTag = lastStartTag
        switch state {
        case "RCDATA state": tokenizer.contentModel = .escapableText
        case "RAWTEXT state": tokenizer.contentModel = .rawText
        case "Script data state": tokenizer.contentModel = .script
        case "PLAINTEXT state": tokenizer.contentModel = .plainText
        case "CDATA section state": tokenizer.contentModel = .characterData
        default: tokenizer.contentModel = .data
        }
        var out: [[String]] = []
        while let token = tokenizer.next() { out.append(spell(token)) }
        return merge(out)
    }

    private static func spell(_ token: HTMLToken) -> [String] {
        switch token {
        case .text(let run): return ["Character", String(decoding: run, as: UTF8.self)]
        case .startTag(let tag):
            let attributes = tag.attributes.sorted { $0.name < $1.name }.flatMap { [$0.name, $0.value] }
            return ["StartTag", tag.name] + attributes + (tag.isSelfClosing ? ["true"] : [])
        case .endTag(let name): return ["EndTag", name]
        case .comment(let text): return ["Comment", text]
        case .doctype(let type):
            return [
                "DOCTYPE", type.name ?? "null", type.publicID ?? "null", type.systemID ?? "null",
                type.forcesQuirks ? "false" : "true",
            ]
        }
    }

    /// Joins neighbouring runs of text.
    private static func merge(_ tokens: [[String]]) -> [[String]] {
        var out: [[String]] = []
        for token in tokens {
            if token[0] == "Character", let last = out.last, last[0] == "Character" {
                out[out.count - 1][1] += token[1]
            } else {
                out.append(token)
            }
        }
        return out
    }
}
