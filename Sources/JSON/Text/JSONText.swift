// Strings: where they end, whether they are valid, and their plain spelling. Eight bytes are looked at at once while they are plain
// ASCII; what is not (escapes, other characters) goes byte by byte through the strict rules of RFC 8259 and RFC 3629.

@usableFromInline enum JSONText {
    @usableFromInline typealias Bytes = UnsafePointer<UInt8>

    /// Bit 7 of each byte that is a quote, a backslash, a control character or no ASCII. Only the lowest set bit is exact.
    @inlinable @inline(__always) static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control | word) & (ones &* 0x80)
    }

    @inlinable @inline(__always) static func word(_ at: Bytes) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
    }

    /// The first byte from `start` that is a quote, a backslash, a control character or no ASCII. Zeros behind the text end it.
    @inline(__always) static func plainEnd(_ start: Bytes) -> Bytes {
        var at = unsafe start
        while true {
            let found = unsafe specials(word(at))
            if found != 0 { return unsafe at + found.trailingZeroBitCount / 8 }
            unsafe at += 8
        }
    }

    /// Goes on from the first byte that is not plain to the closing quote.
    @inline(never) static func scanRest(
        from start: Bytes, base: Bytes
    ) throws(JSONError) -> (end: Bytes, flags: UInt32, holdsZero: Bool) {
        var at = unsafe start
        var flags: UInt32 = 0
        var holdsZero = false
        while true {
            let byte = unsafe at.pointee
            if byte >= 0x80 {
                flags |= JSONToken.wide
                let length = unsafe sequenceLength(at)
                guard length > 0 else { throw unsafe JSONError(.invalidUTF8, at: at - base) }
                unsafe at += length
            } else if byte == UInt8(ascii: "\\") {
                flags |= JSONToken.escaped
                let (length, isZero) = try unsafe escapeLength(at, base)
                holdsZero = holdsZero || isZero
                unsafe at += length
            } else if byte == UInt8(ascii: "\"") {
                return unsafe (at, flags, holdsZero)
            } else if byte < 0x20 {
                throw unsafe JSONError(.controlCharacter, at: at - base)
            } else {
                unsafe at = plainEnd(at)
            }
        }
    }

    /// The length of the well-formed UTF-8 sequence at `at` (2 to 4), or 0 (Unicode, table 3-7).
    @inline(__always) static func sequenceLength(_ at: Bytes) -> Int {
        let (first, second) = unsafe (at[0], at[1])
        func isTail(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
        switch first {
        case 0xC2...0xDF: return isTail(second) ? 2 : 0
        case 0xE0...0xEF:
            let low: UInt8 = first == 0xE0 ? 0xA0 : 0x80
            let high: UInt8 = first == 0xED ? 0x9F : 0xBF
            return unsafe second >= low && second <= high && isTail(at[2]) ? 3 : 0
        case 0xF0...0xF4:
            let low: UInt8 = first == 0xF0 ? 0x90 : 0x80
            let high: UInt8 = first == 0xF4 ? 0x8F : 0xBF
            return unsafe second >= low && second <= high && isTail(at[2]) && isTail(at[3]) ? 4 : 0
        default: return 0
        }
    }

    /// The length of the escape at `at`, both halves of a surrogate pair together, and whether it is U+0000.
    private static func escapeLength(_ at: Bytes, _ base: Bytes) throws(JSONError) -> (length: Int, isZero: Bool) {
        switch unsafe at[1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return (2, false)
        case UInt8(ascii: "u"):
            let unit = unsafe fourDigits(at + 2)
            guard unit >= 0 else { throw unsafe JSONError(.badEscape, at: at - base) }
            guard unit >= 0xD800, unit <= 0xDFFF else { return (6, unit == 0) }
            guard unit < 0xDC00, unsafe at[6] == UInt8(ascii: "\\"), unsafe at[7] == UInt8(ascii: "u"),
                case 0xDC00...0xDFFF = unsafe fourDigits(at + 8)
            else { throw unsafe JSONError(.loneSurrogate, at: at - base) }
            return (12, false)
        default: throw unsafe JSONError(.badEscape, at: at - base)
        }
    }

    /// The value of four hexadecimal digits, or -1. Stops at the first byte that is none, so it never passes the zeros.
    private static func fourDigits(_ at: Bytes) -> Int {
        var value = 0
        for index in 0..<4 {
            let byte = unsafe at[index]
            let lower = byte | 0x20
            if byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
                value = value << 4 | Int(byte - UInt8(ascii: "0"))
            } else if lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f") {
                value = value << 4 | Int(lower - UInt8(ascii: "a") + 10)
            } else {
                return -1
            }
        }
        return value
    }

    /// Writes the plain spelling of `length` checked bytes, which is never longer, and returns its length.
    static func unescape(_ source: Bytes, _ length: Int, into target: UnsafeMutablePointer<UInt8>) -> Int {
        var from = 0
        var to = 0
        while from < length {
            let byte = unsafe source[from]
            guard byte == UInt8(ascii: "\\") else {
                unsafe target[to] = byte
                from += 1
                to += 1
                continue
            }
            let letter = unsafe source[from + 1]
            guard letter == UInt8(ascii: "u") else {
                unsafe target[to] = plain(letter)
                from += 2
                to += 1
                continue
            }
            var scalar = unsafe fourDigits(source + from + 2)
            from += 6
            if scalar >= 0xD800, scalar <= 0xDBFF {
                scalar = unsafe 0x10000 + (scalar - 0xD800) << 10 + (fourDigits(source + from + 2) - 0xDC00)
                from += 6
            }
            to += unsafe encode(scalar, into: target + to)
        }
        return to
    }

    /// What a one-letter escape stands for.
    private static func plain(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    private static func encode(_ scalar: Int, into target: UnsafeMutablePointer<UInt8>) -> Int {
        func tail(_ shift: Int) -> UInt8 { UInt8(0x80 | scalar >> shift & 0x3F) }
        if scalar < 0x80 {
            unsafe target[0] = UInt8(scalar)
            return 1
        }
        if scalar < 0x800 {
            unsafe target[0] = UInt8(0xC0 | scalar >> 6)
            unsafe target[1] = tail(0)
            return 2
        }
        if scalar < 0x10000 {
            unsafe target[0] = UInt8(0xE0 | scalar >> 12)
            unsafe target[1] = tail(6)
            unsafe target[2] = tail(0)
            return 3
        }
        unsafe target[0] = UInt8(0xF0 | scalar >> 18)
        unsafe target[1] = tail(12)
        unsafe target[2] = tail(6)
        unsafe target[3] = tail(0)
        return 4
    }

    /// A hash of the ends and the length, for telling names apart quickly. Equal hashes prove nothing.
    @inline(__always) static func hash(_ at: Bytes, _ length: Int) -> UInt32 {
        var mixed = unsafe word(at)
        if length < 8 {
            mixed &= (1 &<< UInt64(8 &* length)) &- 1
        } else {
            mixed ^= unsafe word(at + (length - 8)) &* 0x9E37_79B9_7F4A_7C15
        }
        mixed = (mixed &+ UInt64(length)) &* 0xD6E8_FEB8_6659_FD93
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }
}
