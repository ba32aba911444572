// The values of RFC 9651, section 4.2.3.1 and what follows it.

import Crypto

extension StructuredFieldParser {
    mutating func bare() throws(Malformed) -> StructuredItem.Bare {
        guard let first = next else { throw Malformed() }
        switch first {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "*"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            return .token(token())
        case UInt8(ascii: ":"): return .bytes(try bytes())
        case UInt8(ascii: "?"): return .boolean(try boolean())
        case UInt8(ascii: "@"): return .date(try date())
        case UInt8(ascii: "%"): return .displayString(try displayString())
        default: throw Malformed()
        }
    }

    private mutating func number() throws(Malformed) -> StructuredItem.Bare {
        let sign = pass("-") ? -1 : 1
        let whole = run(isDigit)
        guard !whole.isEmpty, whole.count <= 15 else { throw Malformed() }
        var value = whole.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard pass(".") else { return .integer(sign * value) }
        let fraction = run(isDigit)
        guard whole.count <= 12, (1...3).contains(fraction.count) else { throw Malformed() }
        for place in 0..<3 {
            value = value * 10 + (place < fraction.count ? Int(fraction[fraction.startIndex + place] - 0x30) : 0)
        }
        return .decimal(thousandths: sign * value)
    }

    private mutating func string() throws(Malformed) -> String {
        try want("\"")
        var text: [UInt8] = []
        while let byte = next {
            advance()
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    throw Malformed()
                }
                advance()
                text.append(escaped)
            case 0x20...0x7E: text.append(byte)
            default: throw Malformed()
            }
        }
        throw Malformed()
    }

    private mutating func token() -> String {
        String(
            decoding: run { ByteClass.token.contains($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }, as: UTF8.self)
    }

    private mutating func bytes() throws(Malformed) -> [UInt8] {
        try want(":")
        let text = run { $0 != UInt8(ascii: ":") }
        try want(":")
        guard let bytes = Base64.standard.decode(String(decoding: text, as: UTF8.self)) else { throw Malformed() }
        return bytes
    }

    private mutating func boolean() throws(Malformed) -> Bool {
        try want("?")
        if pass("1") { return true }
        try want("0")
        return false
    }

    private mutating func date() throws(Malformed) -> Int {
        try want("@")
        guard case .integer(let seconds) = try number() else { throw Malformed() }
        return seconds
    }

    private mutating func displayString() throws(Malformed) -> String {
        try want("%")
        try want("\"")
        var text: [UInt8] = []
        while let byte = next {
            advance()
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else { throw Malformed() }
                return valid
            case UInt8(ascii: "%"): text.append(try hexadecimal() << 4 | hexadecimal())
            case 0x20...0x7E: text.append(byte)
            default: throw Malformed()
            }
        }
        throw Malformed()
    }

    /// A digit in lower case, as the grammar wants it.
    private mutating func hexadecimal() throws(Malformed) -> UInt8 {
        guard let byte = next else { throw Malformed() }
        advance()
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
        default: throw Malformed()
        }
    }
}
