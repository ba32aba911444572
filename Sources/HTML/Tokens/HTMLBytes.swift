// Small questions about bytes that every part of this module asks: classes of ASCII, case, digits, UTF-8 of one scalar.

/// ASCII classes and UTF-8, on bytes.
enum HTMLBytes {
    static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Tab, line feed, form feed, carriage return or space.
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0C || byte == 0x0D
    }

    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isLetterOrDigit(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }

    @inline(__always)
    static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// The value of a hexadecimal digit.
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let lower = byte | 0x20
        return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : nil
    }

    /// Appends a scalar value as UTF-8. `scalar` is never a surrogate and never above U+10FFFF.
    static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        switch scalar {
        case 0..<0x80:
            out.append(UInt8(scalar))
        case 0x80..<0x800:
            out.append(UInt8(0xC0 | scalar >> 6))
            out.append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x1_0000:
            out.append(UInt8(0xE0 | scalar >> 12))
            out.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            out.append(UInt8(0x80 | scalar & 0x3F))
        default:
            out.append(UInt8(0xF0 | scalar >> 18))
            out.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            out.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            out.append(UInt8(0x80 | scalar & 0x3F))
        }
    }

    /// Windows-1252 as the WHATWG reads it: its five undefined bytes are the C1 controls of the same number.
    static func windows1252(_ byte: UInt8) -> UInt32 {
        guard byte >= 0x80, byte <= 0x9F else { return UInt32(byte) }
        return windows1252High[Int(byte) - 0x80]
    }

    private static let windows1252High: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E,
        0x0178,
    ]

    /// Whether `bytes` has the lower-case ASCII `text` at `at`, whatever the case of its letters.
    static func matches(_ bytes: [UInt8], at: Int, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard at >= 0, at + length <= bytes.count else { return false }
        return text.withUTF8Buffer { wanted in
            for offset in 0..<length where unsafe lowercase(bytes[at + offset]) != wanted[offset] { return false }
            return true
        }
    }

    /// The bytes in lower case ASCII with NUL replaced by U+FFFD, as names of tags and attributes are read.
    static func name(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(where: { $0 == 0 || $0 &- 0x41 < 26 }) else { return String(decoding: bytes, as: UTF8.self) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes { appendName(byte, to: &out) }
        return String(decoding: out, as: UTF8.self)
    }

    private static func appendName(_ byte: UInt8, to out: inout [UInt8]) {
        if byte == 0 { out += replacement } else { out.append(lowercase(byte)) }
    }

    /// Appends `bytes` with each NUL replaced by U+FFFD.
    static func appendReplacingNUL(_ bytes: ArraySlice<UInt8>, to out: inout [UInt8]) {
        guard bytes.contains(0) else {
            out += bytes
            return
        }
        for byte in bytes {
            if byte == 0 { out += replacement } else { out.append(byte) }
        }
    }

    /// Whether `text` is the lower-case ASCII `wanted`, whatever the case of its letters.
    static func equal(_ text: String?, _ wanted: String) -> Bool {
        guard let text, text.utf8.count == wanted.utf8.count else { return false }
        return text.utf8.elementsEqual(wanted.utf8) { lowercase($0) == $1 }
    }
}
