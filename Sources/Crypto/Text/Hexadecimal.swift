// Base16 (RFC 4648, section 8): written in lower case, read in either.

import Base

/// Two digits a byte.
public enum Hexadecimal {
    /// Lower-case digits, two for each byte.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap { [hexadecimalDigit($0 >> 4), hexadecimalDigit($0 & 15)] }, as: UTF8.self)
    }

    /// The bytes that `text` spells; `nil` when it is of odd length or holds anything but digits.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count / 2)
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexadecimalValue(digits[at]), let low = hexadecimalValue(digits[at + 1]) else { return nil }
            out.append(high << 4 | low)
        }
        return out
    }
}
