// Makes a long text short with a model that takes only so much at once: the text is cut into pieces, each is condensed, and what came
// of them is condensed again until one piece is left. Pure but for the questions.
// Bounds: `pieceBytes` a question, `textBytes` all, `roundLimit` rounds.

import Base
import JSON

/// A text that is condensed piece by piece.
struct Condensation {
    /// The most bytes of one piece: some three thousand tokens of English.
    static let pieceBytes = 12 << 10
    /// The most bytes of a text.
    static let textBytes = 1 << 20
    static let roundLimit = 6

    /// Cuts a text at the ends of paragraphs, else of lines, sentences or words; in the middle of a word only if there is no end.
    static func pieces(_ text: String, bytes limit: Int = pieceBytes) -> [String] {
        let bytes = Array(text.utf8)
        var pieces: [String] = []
        var start = 0
        while start < bytes.count {
            var end = min(start + limit, bytes.count)
            if end < bytes.count { end = cut(bytes, start..<end) }
            let piece = String(decoding: bytes[start..<end], as: UTF8.self).trimmed
            if !piece.isEmpty { pieces.append(piece) }
            start = end
        }
        return pieces
    }

    /// The best place to cut in the second half of a range.
    private static func cut(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        let least = range.lowerBound + range.count / 2
        var (line, sentence, word) = (0, 0, 0)
        var at = range.upperBound
        while at > least {
            at -= 1
            guard bytes[at] == 0x0A || bytes[at] == 0x20 else { continue }
            if bytes[at] == 0x0A, bytes[at - 1] == 0x0A { return at + 1 }
            if bytes[at] == 0x0A, line == 0 { line = at + 1 }
            if [UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?")].contains(bytes[at - 1]), sentence == 0 {
                sentence = at + 1
            }
            if word == 0 { word = at + 1 }
        }
        if let place = [line, sentence, word].first(where: { $0 > 0 }) { return place }
        var end = range.upperBound
        while end > range.lowerBound + 1, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// Condenses until the whole fits into one piece.
    /// - Parameters:
    ///   - instruction: what the model is told about each piece.
    /// - Throws: permanent when the pieces do not get shorter.
    static func reduce(
        _ text: String, instruction: String, timeoutSeconds: Int, _ session: inout ModelSession
    ) async throws(StepFailure) -> String {
        var text = text
        for _ in 0..<roundLimit {
            let pieces = pieces(text)
            guard pieces.count > 1 else { return text }
            var condensed: [String] = []
            for (number, piece) in pieces.enumerated() {
                var request = ChatRequest([
                    ChatMessage(.system, instruction),
                    ChatMessage(.user, "Part \(number + 1) of \(pieces.count):\n\n\(piece)"),
                ])
                request.temperature = 0
                condensed.append(try await session.text(request, timeoutSeconds: timeoutSeconds))
            }
            let joined = condensed.joined(separator: "\n\n")
            guard joined.utf8.count < text.utf8.count else { break }
            text = joined
        }
        throw StepFailure(Fault(.limitReached, "The model does not make the text shorter."), .permanent)
    }
}
