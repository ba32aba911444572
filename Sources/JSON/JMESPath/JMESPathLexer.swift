// Cuts an expression into tokens, with the byte where each begins. Strings and literals are read on the spot.

/// One token of an expression.
enum JMESPathToken: Equatable {
    case identifier(String), quoted(String), number(Int), literal(JSONValue)
    case dot, star, comma, colon, current, reference, not
    case flatten, filter, openBracket, closeBracket, openBrace, closeBrace, openParenthesis, closeParenthesis
    case pipe, or, and
    case comparison(JMESPathNode.Comparator)
    case end
}

/// The reader of tokens.
struct JMESPathLexer {
    typealias Placed = (token: JMESPathToken, offset: Int)

    private let bytes: [UInt8]
    private var at = 0

    /// All tokens of an expression, the last one `.end`.
    static func tokens(of text: String) throws(JMESPathError) -> [Placed] {
        var lexer = JMESPathLexer(bytes: Array(text.utf8))
        var tokens: [Placed] = []
        while let token = try lexer.next() { tokens.append(token) }
        tokens.append((.end, lexer.bytes.count))
        return tokens
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    /// Steps over `expected` if it comes next.
    private mutating func take(_ expected: Character) -> Bool {
        guard let byte, byte == expected.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func next() throws(JMESPathError) -> Placed? {
        while let byte, byte == 0x20 || (0x09...0x0D).contains(byte) && byte != 0x0B && byte != 0x0C { at += 1 }
        guard let byte else { return nil }
        let start = at
        if JMESPathLexer.isLetter(byte) {
            while let byte = self.byte, JMESPathLexer.isLetter(byte) || JSONNumber.isDigit(byte) { at += 1 }
            return (.identifier(String(decoding: bytes[start..<at], as: UTF8.self)), start)
        }
        if JSONNumber.isDigit(byte) || byte == UInt8(ascii: "-") { return (try number(), start) }
        at += 1
        switch byte {
        case UInt8(ascii: "\""): return (.quoted(try quoted(start)), start)
        case UInt8(ascii: "'"): return (.literal(.string(try delimited(by: byte, start))), start)
        case UInt8(ascii: "`"): return (.literal(try literal(start)), start)
        default: return (try symbol(byte, start), start)
        }
    }

    private mutating func symbol(_ byte: UInt8, _ start: Int) throws(JMESPathError) -> JMESPathToken {
        switch Character(UnicodeScalar(byte)) {
        case ".": return .dot
        case "*": return .star
        case ",": return .comma
        case ":": return .colon
        case "@": return .current
        case "]": return .closeBracket
        case "{": return .openBrace
        case "}": return .closeBrace
        case "(": return .openParenthesis
        case ")": return .closeParenthesis
        case "[": return take("?") ? .filter : take("]") ? .flatten : .openBracket
        case "|": return take("|") ? .or : .pipe
        case "&": return take("&") ? .and : .reference
        case "!": return take("=") ? .comparison(.notEqual) : .not
        case "<": return .comparison(take("=") ? .lessOrEqual : .less)
        case ">": return .comparison(take("=") ? .greaterOrEqual : .greater)
        case "=" where take("="): return .comparison(.equal)
        default: throw JMESPathError(.syntax, "This character has no meaning here.", at: start)
        }
    }

    private mutating func number() throws(JMESPathError) -> JMESPathToken {
        let start = at
        at += 1
        while let byte, JSONNumber.isDigit(byte) { at += 1 }
        guard let value = Int(String(decoding: bytes[start..<at], as: UTF8.self)) else {
            throw JMESPathError(.syntax, "An integer was expected.", at: start)
        }
        return .number(value)
    }

    /// What stands up to the closing delimiter, which a backslash keeps from closing. Other backslashes stay.
    private mutating func delimited(by delimiter: UInt8, _ start: Int) throws(JMESPathError) -> String {
        var text: [UInt8] = []
        while let byte {
            at += 1
            if byte == delimiter { return String(decoding: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\"), let escaped = self.byte else {
                text.append(byte)
                continue
            }
            at += 1
            if escaped != delimiter { text.append(byte) }
            text.append(escaped)
        }
        throw JMESPathError(.syntax, "What is opened here is not closed.", at: start)
    }

    /// A name in double quotes, spelled as a string of JSON.
    private mutating func quoted(_ start: Int) throws(JMESPathError) -> String {
        while let byte {
            at += byte == UInt8(ascii: "\\") ? 2 : 1
            guard byte == UInt8(ascii: "\"") else { continue }
            guard let value = try? JSONValue(parsing: Array(bytes[start..<at])), let text = value.string else {
                throw JMESPathError(.syntax, "This is not a string as JSON spells it.", at: start)
            }
            return text
        }
        throw JMESPathError(.syntax, "What is opened here is not closed.", at: start)
    }

    private mutating func literal(_ start: Int) throws(JMESPathError) -> JSONValue {
        let text = try delimited(by: UInt8(ascii: "`"), start)
        guard let value = try? JSONValue(parsing: Array(text.utf8)) else {
            throw JMESPathError(.syntax, "What stands between backticks has to be JSON.", at: start)
        }
        return value
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
