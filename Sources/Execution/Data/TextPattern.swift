// Patterns for texts, without backtracking and without surprises: `*` is any run of characters, `?` one, `#` a digit, `@` a letter, and what
// stands behind a backslash is itself. The time it takes is bounded by the product of both lengths.
// Bound: `characters` of a pattern.

import JSON

/// A pattern that a whole text fits or does not.
struct TextPattern: Sendable, Hashable {
    static let characters = 1...200

    private enum Piece: Hashable {
        case run, any, digit, letter
        case scalar(Unicode.Scalar)

        func fits(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .run, .any: true
            case .digit: scalar.value >= 0x30 && scalar.value <= 0x39
            case .letter: scalar.properties.isAlphabetic
            case .scalar(let wanted): scalar == wanted
            }
        }
    }

    private let pieces: [Piece]

    init(_ text: String) {
        var pieces: [Piece] = []
        var isEscaped = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case _ where isEscaped:
                pieces.append(.scalar(scalar))
                isEscaped = false
            case "\\": isEscaped = true
            case "*": if pieces.last != .run { pieces.append(.run) }
            case "?": pieces.append(.any)
            case "#": pieces.append(.digit)
            case "@": pieces.append(.letter)
            default: pieces.append(.scalar(scalar))
            }
        }
        self.pieces = pieces
    }

    /// Whether the whole text fits.
    func fits(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (at, piece) = (0, 0)
        var (lastRun, taken) = (-1, 0)
        while at < scalars.count {
            if piece < pieces.count, pieces[piece] == .run {
                (lastRun, taken) = (piece, at)
                piece += 1
            } else if piece < pieces.count, pieces[piece].fits(scalars[at]) {
                at += 1
                piece += 1
            } else if lastRun >= 0 {
                // The last run takes one more; earlier ones need never be looked at again.
                taken += 1
                (at, piece) = (taken, lastRun + 1)
            } else {
                return false
            }
        }
        return pieces[piece...].allSatisfy { $0 == .run }
    }
}
