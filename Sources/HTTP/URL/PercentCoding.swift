// Percent-encoding as paths and forms use it (RFC 3986, section 2.1; WHATWG URL, section 5), read strictly: a percent sign without two
// hexadecimal digits, or bytes that are no UTF-8, make the whole text invalid.

import Base

enum PercentCoding {
    /// The text of `bytes[range]` without its escapes; `nil` when it is malformed.
    /// - Parameter plusIsSpace: as in `application/x-www-form-urlencoded`.
    static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>, plusIsSpace: Bool = false) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = bytes[at]
            if byte == UInt8(ascii: "%") {
                guard let value = escaped(bytes, at, range.upperBound) else { return nil }
                decoded.append(value)
                at += 3
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                at += 1
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// The byte that the escape at `at` stands for.
    @inline(__always)
    static func escaped(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> UInt8? {
        guard at + 2 < end, let high = hexadecimalValue(bytes[at + 1]), let low = hexadecimalValue(bytes[at + 2]) else {
            return nil
        }
        return high << 4 | low
    }
}
