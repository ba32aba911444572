// Addresses of resources by their grammar: RFC 3986, RFC 3987 for those in any script, RFC 6570 for templates.

/// The spelling of URIs.
enum URIText {
    private static let unreserved = "-._~"
    private static let delimiters = "!$&'()*+,;="

    /// A URI, or with `needsScheme` false a reference to one.
    static func isReference(_ text: String, isInternational: Bool, needsScheme: Bool) -> Bool {
        let parts = URIReference(text)
        if let scheme = parts.scheme {
            guard let first = scheme.utf8.first, first.isLetter,
                scheme.utf8.allSatisfy({ $0.isLetter || JSONNumber.isDigit($0) || "+-.".utf8.contains($0) })
            else { return false }
        } else if needsScheme || parts.authority == nil && startsWithScheme(parts.path) {
            return false
        }
        if let authority = parts.authority, !isAuthority(authority, isInternational) { return false }
        return isMade(parts.path, of: ":@/", isInternational)
            && parts.query.map { isMade($0, of: ":@/?", isInternational, takesPrivate: true) } != false
            && parts.fragment.map { isMade($0, of: ":@/?", isInternational) } != false
    }

    /// A colon in the first segment of a relative path would make it a scheme.
    private static func startsWithScheme(_ path: Substring) -> Bool {
        path.utf8.prefix { $0 != UInt8(ascii: "/") }.contains(UInt8(ascii: ":"))
    }

    private static func isAuthority(_ authority: Substring, _ isInternational: Bool) -> Bool {
        var host = authority
        if let sign = host.lastIndex(of: "@") {
            guard isMade(host[..<sign], of: ":", isInternational) else { return false }
            host = host[host.index(after: sign)...]
        }
        var port = host[host.endIndex...]
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            port = host[host.index(after: colon)...]
            host = host[..<colon]
        }
        guard port.utf8.allSatisfy(JSONNumber.isDigit) else { return false }
        guard host.hasPrefix("[") else { return isMade(host, of: "", isInternational) }
        guard host.hasSuffix("]") else { return false }
        let literal = Array(host.dropFirst().dropLast().utf8)
        return AddressText.isIPv6(literal[...]) || isFutureAddress(literal)
    }

    /// `v`, hexadecimal digits, a dot, and something.
    private static func isFutureAddress(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, first | 0x20 == UInt8(ascii: "v"), let dot = bytes.firstIndex(of: UInt8(ascii: ".")),
            dot > 1,
            dot + 1 < bytes.count
        else { return false }
        let allowed = Array((unreserved + delimiters + ":").utf8)
        return bytes[1..<dot].allSatisfy(\.isHexDigit)
            && bytes[(dot + 1)...].allSatisfy { $0.isLetter || JSONNumber.isDigit($0) || allowed.contains($0) }
    }

    /// Whether a part holds what a part may hold: letters, digits, marks, escapes, and what is named.
    private static func isMade(
        _ part: Substring, of further: String, _ isInternational: Bool, takesPrivate: Bool = false
    ) -> Bool {
        let allowed = Array((unreserved + delimiters + further).utf8)
        var escape = 0
        for scalar in part.unicodeScalars {
            guard scalar.isASCII else {
                guard escape == 0, isInternational, isInternationalCharacter(scalar.value, takesPrivate) else { return false }
                continue
            }
            let byte = UInt8(scalar.value)
            if escape > 0 {
                guard byte.isHexDigit else { return false }
                escape -= 1
            } else if byte == UInt8(ascii: "%") {
                escape = 2
            } else if !byte.isLetter, !JSONNumber.isDigit(byte), !allowed.contains(byte) {
                return false
            }
        }
        return escape == 0
    }

    /// `ucschar` and `iprivate` of RFC 3987.
    private static func isInternationalCharacter(_ value: UInt32, _ takesPrivate: Bool) -> Bool {
        switch value {
        case 0xA0...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFEF: true
        case 0x10000...0xDFFFF: value & 0xFFFF < 0xFFFE
        case 0xE1000...0xEFFFD: true
        case 0xE000...0xF8FF, 0xF0000...0xFFFFD, 0x100000...0x10FFFD: takesPrivate
        default: false
        }
    }

    // MARK: Templates

    /// Literals and expressions in braces (RFC 6570, section 2).
    static func isTemplate(_ text: String) -> Bool {
        var expression: String.UnicodeScalarView?
        for scalar in text.unicodeScalars {
            switch (scalar, expression) {
            case ("{", nil): expression = .init()
            case ("}", let inner?):
                guard isExpression(String(inner)) else { return false }
                expression = nil
            case ("}", nil), ("{", _): return false
            case (_, .some): expression?.append(scalar)
            case (_, nil):
                if scalar.value <= 0x20 || scalar.value == 0x7F || "\"<>\\^`|".unicodeScalars.contains(scalar) { return false }
            }
        }
        return expression == nil
    }

    /// An operator, and names with a length or a star behind them.
    private static func isExpression(_ text: String) -> Bool {
        var names = text[...]
        if let first = names.unicodeScalars.first, "+#./;?&=,!@|".unicodeScalars.contains(first) { names = names.dropFirst() }
        return names.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { name in
            var name = name
            if name.hasSuffix("*") {
                name = name.dropLast()
            } else if let colon = name.lastIndex(of: ":") {
                let length = name[name.index(after: colon)...]
                guard (1...4).contains(length.utf8.count), length.utf8.allSatisfy(JSONNumber.isDigit), length.first != "0" else {
                    return false
                }
                name = name[..<colon]
            }
            return !name.isEmpty
                && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                    !part.isEmpty && isMade(part, of: "", false)
                        && part.utf8.allSatisfy {
                            $0.isLetter || $0.isHexDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "%")
                        }
                }
        }
    }
}
