// What an SMTP server answers (RFC 5321, section 4.2): one line or several of the same code. Strict, since what a reply is taken for
// decides where a password goes and whether a mail is lost.
// Bounds: `lineByteLimit` a line, `lineLimit` lines a reply.

/// One whole reply.
struct SMTPReply: Sendable, Equatable {
    /// 200 to 599.
    let code: Int
    /// The texts of the lines, without code and separator.
    let lines: [String]

    var isPositive: Bool { code < 300 }
    var isTransientFailure: Bool { (400..<500).contains(code) }

    /// The code, and the enhanced one (RFC 3463) where there is one, for the log. The text may hold an address and is left out.
    var summary: String {
        let word = lines.first.map { $0.prefix { $0 != " " } } ?? ""
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        let isEnhanced =
            parts.count == 3 && word.utf8.count <= 9 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isWholeNumber) }
        return isEnhanced ? "\(code) \(word)" : "\(code)"
    }
}

/// Makes replies of the bytes that come in.
struct SMTPReplyParser: Sendable {
    /// The most bytes of a line with its end. The standard has 512; servers that tell much go beyond.
    static let lineByteLimit = 2_048
    /// The most lines of a reply.
    static let lineLimit = 100

    /// What is not a reply.
    enum Malformed: Error {
        case tooLong
        case noReply
        /// Something follows the reply, though a server has nothing to say unless it is asked.
        case unasked
    }

    private var pending: [UInt8] = []
    private var code = 0
    private var lines: [String] = []

    /// Takes bytes; the reply when it is whole, and `nil` while it is not.
    mutating func take(_ bytes: [UInt8]) throws(Malformed) -> SMTPReply? {
        pending += bytes
        var start = 0
        defer { pending.removeFirst(min(start, pending.count)) }
        while let end = pending[start...].firstIndex(of: 0x0A) {
            let line = pending[start...end]
            guard line.count <= SMTPReplyParser.lineByteLimit else { throw .tooLong }
            start = end + 1
            guard try takeLine(line) else { continue }
            guard start == pending.count else { throw .unasked }
            defer { lines = [] }
            return SMTPReply(code: code, lines: lines)
        }
        guard pending.count - start < SMTPReplyParser.lineByteLimit else { throw .tooLong }
        return nil
    }

    /// Whether the line was the last of its reply.
    private mutating func takeLine(_ line: ArraySlice<UInt8>) throws(Malformed) -> Bool {
        let text = line.dropLast(2)
        guard line.suffix(2) == [0x0D, 0x0A], text.count >= 3, !text.contains(where: { $0 == 0 || $0 == 0x0D }) else {
            throw .noReply
        }
        let digits = text.prefix(3).map { Int($0) - 0x30 }
        guard (2...5).contains(digits[0]), (0...5).contains(digits[1]), (0...9).contains(digits[2]) else { throw .noReply }
        let read = digits[0] * 100 + digits[1] * 10 + digits[2]
        guard lines.isEmpty || read == code else { throw .noReply }
        let separator = text.dropFirst(3).first
        guard separator == nil || separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-") else { throw .noReply }
        code = read
        lines.append(String(decoding: text.dropFirst(4), as: UTF8.self))
        guard lines.count <= SMTPReplyParser.lineLimit else { throw .tooLong }
        return separator != UInt8(ascii: "-")
    }
}
