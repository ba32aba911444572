// The host of a URL (WHATWG URL, section 3.5): every spelling of an address that a browser takes as one (hexadecimal, octal, fewer
// parts, full-width digits, percent-escapes) becomes that address here, before anybody decides whether it may be dialled.

/// The host of a URL.
public enum WebHost: Sendable, Hashable, CustomStringConvertible {
    /// A name for the DNS, in ASCII and lower case.
    case domain(String)
    /// An address.
    case address(IPAddress)
    /// What stands for a host in a scheme that is not of the web.
    case opaque(String)
    /// An empty host, as in `file:///`.
    case empty

    /// The host as URLs spell it, an IPv6 address in brackets.
    public var description: String {
        switch self {
        case .domain(let name), .opaque(let name): return name
        case .address(let address):
            if case .v6 = address { return "[\(address)]" }
            return address.description
        case .empty: return ""
        }
    }

    /// Reads the host of a URL; `nil` when it is malformed.
    /// - Parameter isOpaque: the scheme is not of the web.
    init?(_ text: [UInt8], isOpaque: Bool) {
        if text.first == UInt8(ascii: "[") {
            guard text.last == UInt8(ascii: "]"), text.count > 2 else { return nil }
            let inside = Array(text[1..<text.count - 1])
            guard let address = IPAddress(v6: inside.span) else { return nil }
            self = .address(address)
            return
        }
        if isOpaque {
            guard !text.contains(where: WebHost.isForbidden) else { return nil }
            self = .opaque(URLEncoding.encode(text, .control))
            return
        }
        guard let domain = WebHost.ascii(URLEncoding.decode(text)), !domain.isEmpty,
            !domain.contains(where: WebHost.isForbiddenInDomain)
        else { return nil }
        guard WebHost.endsInNumber(domain) else {
            self = .domain(String(decoding: domain, as: UTF8.self))
            return
        }
        guard let address = WebHost.version4(domain) else { return nil }
        self = .address(.v4(address))
    }

    /// The name in ASCII and lower case; `nil` when there is none.
    private static func ascii(_ domain: [UInt8]) -> [UInt8]? {
        guard domain.contains(where: { $0 >= 0x80 }) else { return domain.map(lowercased) }
        guard let text = String(validating: domain, as: UTF8.self), !domain.contains(where: isForbiddenInDomain) else {
            return nil
        }
        return InternationalName.ascii(text)
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        byte == 0 || byte == 0x09 || byte == 0x0A || byte == 0x0D || "#/:<>?@[\\]^| ".utf8.contains(byte)
    }

    private static func isForbiddenInDomain(_ byte: UInt8) -> Bool {
        isForbidden(byte) || byte < 0x20 || byte == UInt8(ascii: "%") || byte == 0x7F
    }

    // MARK: IPv4

    /// The parts between dots, without an empty one behind a dot at the end.
    private static func parts(_ domain: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts = domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.count > 1, parts[parts.count - 1].isEmpty { parts.removeLast() }
        return parts
    }

    /// Whether the last part is a number, so that the whole must be an address or nothing.
    private static func endsInNumber(_ domain: [UInt8]) -> Bool {
        guard let last = parts(domain).last, !last.isEmpty else { return false }
        return last.allSatisfy(isDigit) || number(last) != nil
    }

    /// An address of one to four numbers, of which the last fills all bytes that are left.
    private static func version4(_ domain: [UInt8]) -> UInt32? {
        let parts = parts(domain)
        guard parts.count <= 4 else { return nil }
        var value: UInt64 = 0
        for (index, part) in parts.enumerated() {
            guard let number = number(part) else { return nil }
            if index == parts.count - 1 {
                let bits = UInt64(8 * (5 - parts.count))
                guard number < 1 << bits else { return nil }
                value = value << bits | number
            } else {
                guard number < 256 else { return nil }
                value = value << 8 | number
            }
        }
        return UInt32(value)
    }

    /// A decimal, octal (`0…`) or hexadecimal (`0x…`) number; what passes 32 bits stays above them.
    private static func number(_ part: ArraySlice<UInt8>) -> UInt64? {
        var digits = part
        var radix: UInt64 = 10
        guard let first = digits.first else { return nil }
        if first == UInt8(ascii: "0"), digits.count > 1 {
            digits = digits.dropFirst()
            radix = 8
            if let second = digits.first, second | 0x20 == UInt8(ascii: "x") {
                digits = digits.dropFirst()
                radix = 16
            }
        }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { return nil }
            value = min(value * radix + UInt64(digit), 1 << 40)
        }
        return value
    }
}
