// 128 bits of a UUID, with the two spellings they have: the hyphenated hexadecimal of RFC 9562 and the base32 of TypeID.

/// The 128 bits of a UUID.
public struct UUIDBits: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A version 7 UUID (RFC 9562, section 5.7) of that moment.
    public static func version7(milliseconds: UInt64) -> UUIDBits {
        var generator = SystemRandomNumberGenerator()
        return version7(milliseconds: milliseconds, random: (generator.next(), generator.next()))
    }

    /// The same with the caller's randomness, of which 74 bits are used.
    public static func version7(milliseconds: UInt64, random: (UInt64, UInt64)) -> UUIDBits {
        UUIDBits(
            high: milliseconds << 16 | 0x7000 | (random.0 & 0x0FFF),
            low: 0x8000_0000_0000_0000 | (random.1 & 0x3FFF_FFFF_FFFF_FFFF))
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    // MARK: Base32 (Crockford's alphabet in lower case, most significant bits first; the first character holds 3 bits)

    /// The 26 base32 characters, without an allocation.
    public var base32Bytes: InlineArray<26, UInt8> {
        let digits: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
        let alphabet = unsafe digits.utf8Start
        var out = InlineArray<26, UInt8>(repeating: 0)
        // 130 bits in three words: 12 characters of 60 bits, 12 of 60 bits, and the 8 bits at the top.
        var word = low
        for at in 0..<12 {
            out[25 - at] = unsafe alphabet[Int(word & 31)]
            word >>= 5
        }
        word = high << 4 | low >> 60
        for at in 0..<12 {
            out[13 - at] = unsafe alphabet[Int(word & 31)]
            word >>= 5
        }
        out[1] = unsafe alphabet[Int(high >> 56 & 31)]
        out[0] = unsafe alphabet[Int(high >> 61)]
        return out
    }

    /// Reads exactly 26 lower-case base32 characters whose value fits in 128 bits.
    public init?(base32 text: Span<UInt8>) {
        guard text.count == 26 else { return nil }
        // The value of each byte from "0" to "z"; 0x7F for what is no digit.
        let table: StaticString = """
            \u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}\u{9}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\
            \u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\
            \u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\
            \u{A}\u{B}\u{C}\u{D}\u{E}\u{F}\u{10}\u{11}\u{7F}\u{12}\u{13}\u{7F}\u{14}\u{15}\u{7F}\u{16}\u{17}\
            \u{18}\u{19}\u{1A}\u{7F}\u{1B}\u{1C}\u{1D}\u{1E}\u{1F}
            """
        let values = unsafe table.utf8Start
        var words: InlineArray<3, UInt64> = [0, 0, 0]
        var seen: UInt8 = 0
        for at in 0..<26 {
            let offset = text[at] &- UInt8(ascii: "0")
            let digit = offset < 75 ? unsafe values[Int(offset)] : 0x7F
            seen |= digit
            let word = at < 2 ? 0 : at < 14 ? 1 : 2
            words[word] = words[word] << 5 | UInt64(digit)
        }
        guard seen < 32, words[0] < 256 else { return nil }
        self.init(high: words[0] << 56 | words[1] >> 4, low: words[1] << 60 | words[2])
    }

    // MARK: Hyphenated hexadecimal

    /// Reads `8-4-4-4-12` hexadecimal digits in either case.
    public init?(hyphenated text: some Sequence<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var index = 0
        for byte in text {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = hexadecimalValue(byte), index < 36 else { return nil }
                high = high << 4 | low >> 60
                low = low << 4 | UInt64(digit)
            }
            index += 1
        }
        guard index == 36 else { return nil }
        self.init(high: high, low: low)
    }

    /// `8-4-4-4-12` lower-case hexadecimal digits.
    public var description: String {
        unsafe String(unsafeUninitializedCapacity: 36) { buffer in
            var at = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    unsafe buffer[at] = UInt8(ascii: "-")
                    at += 1
                }
                let word = nibble < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15))) & 15
                unsafe buffer[at] = hexadecimalDigit(digit)
                at += 1
            }
            return at
        }
    }
}

/// The value of a hexadecimal digit in either case, or `nil`.
@inlinable public func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// The lower-case hexadecimal digit of a value below 16.
@inlinable public func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "a")
}
