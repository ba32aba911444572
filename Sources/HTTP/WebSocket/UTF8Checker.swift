// Whether bytes that come in pieces are UTF-8 (RFC 3629): told at the first byte that can't be, wherever the pieces are cut. Overlong
// forms, surrogates and what lies beyond U+10FFFF are refused, by the bounds of the byte behind the first (Unicode, table 3-7).

/// A check of one text.
public struct UTF8Checker: Sendable {
    /// Continuation bytes that are still to come.
    private var wanted = 0
    /// The bounds of the next one.
    private var least: UInt8 = 0x80
    private var most: UInt8 = 0xBF

    public init() {}

    /// Whether the text may end here.
    public var isWhole: Bool { wanted == 0 }

    /// Takes the next bytes.
    /// - Returns: `false` when no text goes on like this. What is asked after that means nothing.
    public mutating func take(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        while at < bytes.count {
            // Most texts are mostly ASCII: eight bytes of it at once.
            if wanted == 0, at &+ 8 <= bytes.count, bytes.word(at: at) & 0x8080_8080_8080_8080 == 0 {
                at &+= 8
                continue
            }
            let byte = bytes[at]
            at &+= 1
            if wanted > 0 {
                guard byte >= least, byte <= most else { return false }
                wanted -= 1
                (least, most) = (0x80, 0xBF)
            } else if byte >= 0x80 {
                guard begin(byte) else { return false }
            }
        }
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: wanted = 1
        case 0xE0: (wanted, least) = (2, 0xA0)
        case 0xED: (wanted, most) = (2, 0x9F)
        case 0xE1...0xEF: wanted = 2
        case 0xF0: (wanted, least) = (3, 0x90)
        case 0xF4: (wanted, most) = (3, 0x8F)
        case 0xF1...0xF3: wanted = 3
        default: return false
        }
        return true
    }
}
