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
        let first = generator.next()
        let second = generator.next()
        return UUIDBits(
            high: milliseconds << 16 | 0x7000 | (first & 0x0FFF),
            low: 0x8000_0000_0000_0000 | (second & 0x3FFF_FFFF_FFFF_FFFF))
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    // MARK: Base32 (Crockford's alphabet in lower case, most significant bits first; the first character holds 3 bits)

    static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The base32 character at `index`, 0 to 25.
    public func base32Digit(_ index: Int) -> UInt8 {
        let shift = 125 - 5 * index
        let bits: UInt64
        if shift >= 64 {
            bits = high >> UInt64(shift - 64)
        } else if shift > 59 {
            bits = (high << UInt64(64 - shift)) | (low >> UInt64(shift))
        } else {
            bits = low >> UInt64(shift)
        }
        return UUIDBits.alphabet[Int(bits & 31)]
    }

    /// Reads exactly 26 lower-case base32 characters whose value fits in 128 bits.
    public init?(base32 text: some Sequence<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var count = 0
        for byte in text {
            guard let digit = UUIDBits.value(byte), count < 26, count > 0 || digit < 8 else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | digit
            count += 1
        }
        guard count == 26 else { return nil }
        self.init(high: high, low: low)
    }

    private static func value(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "h"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "j")...UInt8(ascii: "k"): UInt64(byte - UInt8(ascii: "j") + 18)
        case UInt8(ascii: "m")...UInt8(ascii: "n"): UInt64(byte - UInt8(ascii: "m") + 20)
        case UInt8(ascii: "p")...UInt8(ascii: "t"): UInt64(byte - UInt8(ascii: "p") + 22)
        case UInt8(ascii: "v")...UInt8(ascii: "z"): UInt64(byte - UInt8(ascii: "v") + 27)
        default: nil
        }
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
