// Percent-encoding as the parser of URLs uses it (WHATWG URL, section 1.3): lenient in decoding, with a set of bytes for each part.

import Base

enum URLEncoding {
    /// The sets of bytes that are escaped, each holding the one before it.
    enum Set { case control, fragment, query, specialQuery, path, userinfo }

    /// Whether `byte` is escaped in a part of that kind.
    static func isEscaped(_ byte: UInt8, _ set: Set) -> Bool {
        if byte < 0x20 || byte > 0x7E { return true }
        return switch set {
        case .control: false
        case .fragment: " \"<>`".utf8.contains(byte)
        case .query: " \"#<>".utf8.contains(byte)
        case .specialQuery: " \"#<>'".utf8.contains(byte)
        case .path: " \"#<>?^`{}".utf8.contains(byte)
        case .userinfo: " \"#<>?^`{}/:;=@[\\]|".utf8.contains(byte)
        }
    }

    /// `bytes` with all bytes of the set escaped.
    static func encode(_ bytes: some Sequence<UInt8>, _ set: Set) -> String {
        var encoded: [UInt8] = []
        for byte in bytes {
            if isEscaped(byte, set) {
                encoded += [UInt8(ascii: "%"), upper(byte >> 4), upper(byte & 15)]
            } else {
                encoded.append(byte)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func upper(_ value: UInt8) -> UInt8 {
        value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
    }

    /// `bytes` with every sound escape resolved; others stay as they are.
    static func decode(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "%")) else { return bytes }
        var decoded: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "%"), let byte = PercentCoding.escaped(bytes.span, at, bytes.count) {
                decoded.append(byte)
                at += 3
            } else {
                decoded.append(bytes[at])
                at += 1
            }
        }
        return decoded
    }
}
