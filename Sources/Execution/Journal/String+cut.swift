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
    /// The value without U+0000 in its texts and names. Recursion is bounded by the depth of what was parsed or made.
    var storable: JSONValue {
        switch self {
        case .string(let text): return .string(text.storable)
        case .array(let elements): return .array(elements.map(\.storable))
        case .object(let object):
            var result = JSONObject()
            for member in object.members { result[member.name.storable] = member.value.storable }
            return .object(result)
        case .null, .bool, .integer, .double: return self
        }
    }
}
