// Quoted-printable (RFC 2045, section 6.7): text in seven bits and in lines of at most 76 characters, whatever was in it.

enum QuotedPrintable {
    /// The most characters of a line, its soft end included and CRLF not.
    static let lineLimit = 76

    /// The encoding of a text whose lines end in LF, CRLF or CR. Its lines end in CRLF, the last one too.
    static func encode(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 8 + 2)
        var column = 0
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == 0x0A || byte == 0x0D {
                if byte == 0x0D, at < bytes.count, bytes[at] == 0x0A { at += 1 }
                out += [0x0D, 0x0A]
                column = 0
                continue
            }
            let endsLine = at == bytes.count || bytes[at] == 0x0A || bytes[at] == 0x0D
            let isPlain = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
            let staysBlank = (byte == 0x20 || byte == 0x09) && !endsLine
            let width = isPlain || staysBlank ? 1 : 3
            // The last character of a line needs no room for a soft end behind it.
            if column + width > (endsLine ? lineLimit : lineLimit - 1) {
                out += [UInt8(ascii: "="), 0x0D, 0x0A]
                column = 0
            }
            if width == 1 {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "="), digit(byte >> 4), digit(byte & 15)]
            }
            column += width
        }
        if column > 0 { out += [0x0D, 0x0A] }
        return out
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }
}
