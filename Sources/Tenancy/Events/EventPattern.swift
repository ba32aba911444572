// How types of events are named by those who want some of them: a type, or whatever begins alike. A pure rule, in the program's words and
// in the database's.
// Bounds: `characterLimit`.

/// A type of events, or several: `execution.failed`, `execution.*`, `*`.
public struct EventPattern: Sendable, Hashable {
    /// The most characters of one.
    public static let characterLimit = 60

    public let text: String

    /// - Returns: `nil` unless it is a name of small letters, digits, `_` and points that may end in `*` as its last part.
    public init?(_ text: String) {
        guard (1...EventPattern.characterLimit).contains(text.utf8.count) else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        for (at, part) in parts.enumerated() {
            if part == "*", at == parts.count - 1 { continue }
            let isName = part.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_")
            }
            guard isName, !part.isEmpty else { return nil }
        }
        self.text = text
    }

    /// Whether a type is meant.
    public func matches(_ type: String) -> Bool {
        text.hasSuffix("*") ? type.hasPrefix(text.dropLast()) : type == text
    }

    /// The same as PostgreSQL's `LIKE` wants it.
    var like: String {
        let literal = (text.hasSuffix("*") ? String(text.dropLast()) : text).replacing("_", with: "\\_")
        return text.hasSuffix("*") ? literal + "%" : literal
    }
}
