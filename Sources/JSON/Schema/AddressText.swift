// Addresses of hosts and mailboxes: RFC 1123 and 952 for names, RFC 4291 for IPv6, RFC 5321 for mail, RFC 6531 for mail in any script.

/// The spelling of addresses.
enum AddressText {
    /// Labels of letters, digits and inner hyphens, at most 63 bytes each and 253 together.
    static func isHostname(_ bytes: ArraySlice<UInt8>, isInternational: Bool) -> Bool {
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last, label.count <= 63, first != UInt8(ascii: "-"),
                last != UInt8(ascii: "-")
            else { return false }
            // The third and fourth place are hyphens in encoded labels alone.
            let isReserved = label.count > 3 && label.dropFirst(2).prefix(2).elementsEqual("--".utf8)
            guard !isReserved || label.prefix(2).allSatisfy({ $0.isLetter }) && label.count > 4 else { return false }
            return label.allSatisfy { byte in
                byte.isLetter || JSONNumber.isDigit(byte) || byte == UInt8(ascii: "-") || isInternational && byte >= 0x80
            }
        }
    }

    /// Four decimal numbers without needless zeros.
    static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy(JSONNumber.isDigit), part.count == 1 || part.first != 0x30
                else {
                    return false
                }
                return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } < 256
            }
    }

    /// Eight groups, or fewer around one gap; the last two may be an IPv4 address. No zone.
    static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        let colon = UInt8(ascii: ":")
        guard let gap = zip(bytes.indices, bytes.indices.dropFirst()).first(where: { bytes[$0] == colon && bytes[$1] == colon })
        else {
            return groupCount(bytes, mayEndInIPv4: true) == 8
        }
        guard let before = groupCount(bytes[..<gap.0], mayEndInIPv4: false),
            let after = groupCount(bytes[(gap.1 + 1)...], mayEndInIPv4: true)
        else { return false }
        return before + after < 8
    }

    /// How many groups of 16 bits these are, with single colons between them.
    private static func groupCount(_ bytes: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> Int? {
        guard !bytes.isEmpty else { return 0 }
        var groups = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var count = 0
        if mayEndInIPv4, let last = groups.last, last.contains(UInt8(ascii: ".")) {
            guard isIPv4(last) else { return nil }
            groups.removeLast()
            count = 2
        }
        guard groups.allSatisfy({ (1...4).contains($0.count) && $0.allSatisfy(\.isHexDigit) }) else { return nil }
        return count + groups.count
    }

    /// A mailbox (RFC 5321, section 4.1.2).
    static func isEmail(_ bytes: [UInt8], isInternational: Bool) -> Bool {
        guard let sign = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let (local, domain) = (bytes[..<sign], bytes[(sign + 1)...])
        guard isLocalPart(local, isInternational: isInternational) else { return false }
        guard domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]"), domain.count > 2 else {
            return isHostname(domain, isInternational: isInternational)
        }
        let literal = domain.dropFirst().dropLast()
        return isIPv4(literal) || literal.starts(with: "IPv6:".utf8) && isIPv6(literal.dropFirst(5))
    }

    private static func isLocalPart(_ bytes: ArraySlice<UInt8>, isInternational: Bool) -> Bool {
        guard !bytes.isEmpty, bytes.count <= 64 else { return false }
        if bytes.count > 1, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            var isEscaped = false
            for byte in bytes.dropFirst().dropLast() {
                guard byte >= 0x80 ? isInternational : (0x20...0x7E).contains(byte) else { return false }
                if !isEscaped, byte == UInt8(ascii: "\"") { return false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            }
            return !isEscaped
        }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy { byte in
                    byte.isLetter || JSONNumber.isDigit(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
                        || isInternational && byte >= 0x80
                }
        }
    }
}
