// Free text in the fields of a header: cleaned of what would end the field, then as it is, quoted, or as encoded words (RFC 2047) of at
// most 75 characters, each of whole characters, folded so that no line is longer than 76.

import Base
import Crypto

enum HeaderText {
    /// The most bytes of a free text in a field.
    static let byteLimit = 400
    /// A field that is not encoded stays on one line of at most 78 characters with any of our names before it.
    private static let plainByteLimit = 64
    /// `=?utf-8?B?` and `?=` around four characters for three bytes: with `Subject: ` before it, less than 76.
    private static let wordByteLimit = 39

    /// Controls of ASCII and of Latin 1, and the two separators that some programs take for line ends.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }

    /// The text on one line, without spaces at its ends, cut to `byteLimit` between two characters.
    static func clean(_ text: String) -> String {
        var cleaned = ""
        cleaned.unicodeScalars.reserveCapacity(min(text.utf8.count, byteLimit))
        for scalar in text.unicodeScalars { cleaned.unicodeScalars.append(isControl(scalar) ? " " : scalar) }
        cleaned = cleaned.trimmed
        while cleaned.utf8.count > byteLimit { cleaned.removeLast() }
        return cleaned.trimmed
    }

    /// The value of an unstructured field (RFC 5322, section 3.6.5).
    static func unstructured(_ text: String) -> String {
        isPlain(text) ? text : encoded(text)
    }

    /// A phrase, such as the name before an address (RFC 5322, section 3.2.5).
    static func phrase(_ text: String) -> String {
        guard isPlain(text) else { return encoded(text) }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Whether a text can stand as it is: printable ASCII, short, and nothing in it that a reader would decode.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= plainByteLimit && text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
    }

    private static func encoded(_ text: String) -> String {
        var words: [String] = []
        var bytes: [UInt8] = []
        func end() {
            words.append("=?utf-8?B?\(Base64.standard.encode(bytes))?=")
            bytes = []
        }
        for scalar in text.unicodeScalars {
            let more = Array(String(scalar).utf8)
            if bytes.count + more.count > wordByteLimit { end() }
            bytes += more
        }
        if !bytes.isEmpty { end() }
        return words.joined(separator: "\r\n ")
    }
}
