// One line of text under construction: white space collapsed as a browser shows it, control characters and invisible ones dropped.

/// Collects text with its white space collapsed.
struct HTMLLine {
    private(set) var bytes: [UInt8] = []
    private var needsSpace = false

    /// The next text is a word of its own.
    mutating func breakWord() {
        guard let last = bytes.last else { return }
        needsSpace = !HTMLBytes.isSpace(last)
    }

    /// Appends UTF-8. No-break spaces count as spaces; soft hyphens, zero-width spaces and byte order marks vanish.
    mutating func append(_ text: ArraySlice<UInt8>) {
        var at = text.startIndex
        while at < text.endIndex {
            let byte = text[at]
            if byte <= 0x20 || byte == 0x7F {
                if HTMLBytes.isSpace(byte) { breakWord() }
                at += 1
                continue
            }
            let invisible = HTMLLine.invisibleLength(text, at: at)
            if invisible > 0 {
                if byte == 0xC2, text[at + 1] == 0xA0 { breakWord() }
                at += invisible
                continue
            }
            if needsSpace {
                bytes.append(0x20)
                needsSpace = false
            }
            bytes.append(byte)
            at += 1
        }
    }

    /// Appends what is already as it should be.
    mutating func appendVerbatim(_ text: some Sequence<UInt8>) {
        needsSpace = false
        bytes.append(contentsOf: text)
    }

    /// The line so far, cut between characters at no more than `limit` bytes.
    func string(limit: Int) -> String {
        String(decoding: HTMLLine.cut(bytes[...], limit: limit), as: UTF8.self)
    }

    /// `bytes` cut between characters at no more than `limit` bytes.
    static func cut(_ bytes: ArraySlice<UInt8>, limit: Int) -> ArraySlice<UInt8> {
        guard bytes.count > limit else { return bytes }
        var end = bytes.startIndex + limit
        while end > bytes.startIndex, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return bytes[bytes.startIndex..<end]
    }

    /// The length of the no-break space (U+00A0), soft hyphen (U+00AD), zero-width space (U+200B) or byte order mark (U+FEFF) at `at`;
    /// 0 for anything else.
    private static func invisibleLength(_ text: ArraySlice<UInt8>, at: Int) -> Int {
        switch text[at] {
        case 0xC2 where at + 1 < text.endIndex:
            return text[at + 1] == 0xA0 || text[at + 1] == 0xAD ? 2 : 0
        case 0xE2 where at + 2 < text.endIndex:
            return text[at + 1] == 0x80 && text[at + 2] == 0x8B ? 3 : 0
        case 0xEF where at + 2 < text.endIndex:
            return text[at + 1] == 0xBB && text[at + 2] == 0xBF ? 3 : 0
        default: return 0
        }
    }
}
