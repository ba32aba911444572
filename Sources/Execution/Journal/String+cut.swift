// Text within a bound of bytes, and values that the store takes.

import JSON

extension String {
    /// The text, cut between two characters (scalars) where it has more than so many bytes.
    func cut(bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let bytes = Array(utf8.prefix(limit + 1))
        var end = limit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// The text without U+0000, which can't be stored.
    var storable: String {
        utf8.contains(0) ? String(String.UnicodeScalarView(unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })) : self
    }
}

extension JSONValue {
    /// The value without U+0000 in its texts and names, its members in the order in which they come back.
    var storable: JSONValue { inStoredOrder(spelling: \.storable) }
}
