// Addresses of the internet protocol, versions 4 and 6: strict parsing, and the one spelling of RFC 5952. The lenient spellings that
// URLs allow (hexadecimal, octal, fewer parts) belong to `WebURL`.

/// An IPv4 or IPv6 address.
public enum IPAddress: Sendable, Hashable {
    /// The four bytes, the first in the highest bits.
    case v4(UInt32)
    /// The sixteen bytes, the first in the highest bits.
    case v6(high: UInt64, low: UInt64)

    /// Reads dotted decimal or RFC 4291 text without brackets; no zone, no leading zeros, no short forms.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if bytes.contains(UInt8(ascii: ":")) {
            self.init(v6: bytes.span)
        } else {
            self.init(v4: bytes.span)
        }
    }

    /// Reads four decimal numbers below 256 with dots between them and no leading zeros.
    public init?(v4 bytes: Span<UInt8>) {
        guard let (value, end) = IPAddress.dotted(bytes, from: 0), end == bytes.count else { return nil }
        self = .v4(value)
    }

    /// The value of a dotted decimal address at `start` and the offset behind it.
    private static func dotted(_ bytes: Span<UInt8>, from start: Int) -> (UInt32, Int)? {
        var at = start
        var value: UInt32 = 0
        for part in 0..<4 {
            if part > 0 {
                guard at < bytes.count, bytes[at] == UInt8(ascii: ".") else { return nil }
                at += 1
            }
            let from = at
            var number: UInt32 = 0
            while at < bytes.count, isDigit(bytes[at]), at - from < 3 {
                number = number * 10 + UInt32(bytes[at] &- 0x30)
                at += 1
            }
            guard at > from, number < 256, at - from == 1 || bytes[from] != UInt8(ascii: "0") else { return nil }
            value = value << 8 | number
        }
        return (value, at)
    }

    /// Reads the text of RFC 4291, section 2.2, in all three forms.
    public init?(v6 bytes: Span<UInt8>) {
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        var pieces = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var at = 0
        if bytes[0] == UInt8(ascii: ":") {
            guard bytes[1] == UInt8(ascii: ":") else { return nil }
            at = 2
            gap = 0
        }
        while at < bytes.count {
            guard count < 8 else { return nil }
            if bytes[at] == UInt8(ascii: ":") {
                guard gap == nil, count > 0 else { return nil }
                at += 1
                gap = count
                continue
            }
            let from = at
            var piece: UInt16 = 0
            while at < bytes.count, at - from < 4, let digit = IPAddress.digit(bytes[at]) {
                piece = piece << 4 | digit
                at += 1
            }
            guard at > from else { return nil }
            if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
                guard count <= 6, let (four, end) = IPAddress.dotted(bytes, from: from), end == bytes.count else { return nil }
                pieces[count] = UInt16(four >> 16)
                pieces[count + 1] = UInt16(truncatingIfNeeded: four)
                count += 2
                at = end
                break
            }
            pieces[count] = piece
            count += 1
            if at < bytes.count {
                guard bytes[at] == UInt8(ascii: ":"), at + 1 < bytes.count else { return nil }
                at += 1
            }
        }
        self.init(pieces: pieces, count: count, gap: gap)
    }

    /// Eight pieces, or fewer with a gap of zeros before the piece at index `gap`.
    private init?(pieces: InlineArray<8, UInt16>, count: Int, gap: Int?) {
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            var piece: UInt16 = 0
            if let gap {
                let missing = 8 - count
                if index < gap { piece = pieces[index] } else if index >= gap + missing { piece = pieces[index - missing] }
            } else {
                piece = pieces[index]
            }
            words = (words.0 << 16 | words.1 >> 48, words.1 << 16 | UInt64(piece))
        }
        self = .v6(high: words.0, low: words.1)
    }

    private static func digit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the text of RFC 5952 (lower case, the first longest run of zeros as `::`), without brackets.
    public var description: String {
        switch self {
        case .v4(let value):
            return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
        case .v6(let high, let low):
            let pieces = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 & 3))) }
            var longest = 0..<0
            var at = 0
            while at < 8 {
                let from = at
                while at < 8, pieces[at] == 0 { at += 1 }
                if at - from > max(1, longest.count) { longest = from..<at }
                if at == from { at += 1 }
            }
            func text(_ range: Range<Int>) -> String {
                range.map { String(pieces[$0], radix: 16) }.joined(separator: ":")
            }
            return longest.isEmpty ? text(0..<8) : text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
        }
    }
}
