// How a long text is cut: nothing is lost, nothing is too long, and words stay whole where they can.

import Testing

@testable import Execution

@Suite struct CondensationTests {
    @Test func `pieces are short enough and hold every word in order`() {
        var text = ""
        for number in 0..<2_000 {
            text += "word\(number)" + (number % 97 == 0 ? "\n\n" : number % 31 == 0 ? ".\n" : number % 7 == 0 ? ". " : " ")
        }
        for limit in [40, 100, 1_000, 5_000, 100_000] {
            let pieces = Condensation.pieces(text, bytes: limit)
            #expect(pieces.allSatisfy { $0.utf8.count <= limit && !$0.isEmpty })
            let words = pieces.flatMap { $0.split(whereSeparator: \.isWhitespace) }
            #expect(words == text.split(whereSeparator: \.isWhitespace), "limit \(limit)")
        }
    }

    @Test func `a text without spaces is cut between characters`() {
        let text = String(repeating: "日本語", count: 500)
        let pieces = Condensation.pieces(text, bytes: 100)
        #expect(pieces.joined() == text && pieces.allSatisfy { $0.utf8.count <= 100 })
    }

    @Test func `a paragraph's end is taken before a line's, a sentence's and a word's`() {
        #expect(Condensation.pieces("aaaa bbbb. cc\ndd\n\nee ff gg", bytes: 22).first == "aaaa bbbb. cc\ndd")
        #expect(Condensation.pieces("aaaa bbbb. cc\ndd ee ff gg", bytes: 20).first == "aaaa bbbb. cc")
        #expect(Condensation.pieces("aaaa bbbbbb. cc ee ff gg", bytes: 20).first == "aaaa bbbbbb.")
        #expect(Condensation.pieces("", bytes: 20).isEmpty && Condensation.pieces(" \n ", bytes: 20).isEmpty)
    }
}
