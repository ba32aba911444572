// Which encoding a page is in, and its text in UTF-8. The order of evidence is that of the WHATWG standard: byte order mark, charset of
// the Content-Type, a `meta` element near the beginning, and then the bytes themselves: UTF-8 if they are, windows-1252 if not.
// Decoding never fails: what no character stands for becomes U+FFFD.

/// A character encoding by its WHATWG name.
public struct HTMLCharset: Sendable, Equatable {
    /// Bytes in which a `meta` is looked for. The standard asks for 1,024 and lets a later `meta` change the mind of the parser; looking
    /// a little further at once does both.
    public static let prescanBytes = 4_096

    /// The name, such as `UTF-8` or `windows-1252`.
    public let name: String
    /// The name under which iconv knows the encoding; nil for those decoded here.
    let converterName: String?

    public static let utf8 = HTMLCharset(name: "UTF-8", converterName: nil)
    public static let utf16LE = HTMLCharset(name: "UTF-16LE", converterName: nil)
    public static let utf16BE = HTMLCharset(name: "UTF-16BE", converterName: nil)
    public static let windows1252 = HTMLCharset(name: "windows-1252", converterName: nil)

    init(name: String, converterName: String?) {
        self.name = name
        self.converterName = converterName
    }

    /// The encoding that `label` names on the web: `latin1` is windows-1252, `gb2312` is GBK. Nil for a label not known.
    public init?(label: String) {
        let trimmed = label.utf8.drop { HTMLBytes.isSpace($0) }
        let key = HTMLBytes.name(ArraySlice(trimmed.reversed().drop { HTMLBytes.isSpace($0) }.reversed()))
        guard let found = HTMLCharset.labels[key] else { return nil }
        self = found
    }

    /// The encoding of `bytes`, sent with `contentType` (the whole value of that header).
    public static func detect(_ bytes: [UInt8], contentType: String? = nil) -> HTMLCharset {
        if let mark = markedCharset(bytes) { return mark.charset }
        if let label = contentType.flatMap({ charsetLabel(in: $0) }), let charset = HTMLCharset(label: label) { return charset }
        if let charset = declaredCharset(bytes.prefix(prescanBytes)) { return charset }
        return isUTF8(bytes) ? .utf8 : .windows1252
    }

    /// The text of `bytes` in valid UTF-8, without a byte order mark.
    public func decode(_ bytes: [UInt8]) -> [UInt8] {
        var body = bytes[...]
        if let mark = HTMLCharset.markedCharset(bytes), mark.charset == self { body = body.dropFirst(mark.length) }
        switch self {
        case .utf8: return Array(String(decoding: body, as: UTF8.self).utf8)
        case .utf16LE: return decodeUTF16(body, highFirst: false)
        case .utf16BE: return decodeUTF16(body, highFirst: true)
        default:
            if let converterName, let text = HTMLConverter.convert(body, from: converterName) { return text }
            return decodeWindows1252(body)
        }
    }

    private func decodeUTF16(_ bytes: ArraySlice<UInt8>, highFirst: Bool) -> [UInt8] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2 + 1)
        var at = bytes.startIndex
        while at + 1 < bytes.endIndex {
            let (first, second) = (UInt16(bytes[at]), UInt16(bytes[at + 1]))
            units.append(highFirst ? first << 8 | second : second << 8 | first)
            at += 2
        }
        if at < bytes.endIndex { units.append(0xFFFD) }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    private func decodeWindows1252(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 8)
        for byte in bytes {
            if byte < 0x80 { out.append(byte) } else { HTMLBytes.append(HTMLBytes.windows1252(byte), to: &out) }
        }
        return out
    }

    // MARK: Evidence

    private static func markedCharset(_ bytes: [UInt8]) -> (charset: HTMLCharset, length: Int)? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
        if bytes.starts(with: [0xFF, 0xFE]) { return (.utf16LE, 2) }
        if bytes.starts(with: [0xFE, 0xFF]) { return (.utf16BE, 2) }
        return nil
    }

    /// The label behind `charset=` in the value of a Content-Type or of a `meta`.
    static func charsetLabel(in value: String) -> String? {
        let bytes = Array(value.utf8)
        var at = 0
        while at < bytes.count {
            guard HTMLBytes.matches(bytes, at: at, "charset") else {
                at += 1
                continue
            }
            at += 7
            while at < bytes.count, HTMLBytes.isSpace(bytes[at]) { at += 1 }
            guard at < bytes.count, bytes[at] == UInt8(ascii: "=") else { continue }
            at += 1
            while at < bytes.count, HTMLBytes.isSpace(bytes[at]) { at += 1 }
            return label(in: bytes[at...])
        }
        return nil
    }

    private static func label(in bytes: ArraySlice<UInt8>) -> String? {
        guard let first = bytes.first else { return nil }
        guard first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") else {
            return String(decoding: bytes.prefix { !HTMLBytes.isSpace($0) && $0 != UInt8(ascii: ";") }, as: UTF8.self)
        }
        let quoted = bytes.dropFirst()
        guard let end = quoted.firstIndex(of: first) else { return nil }
        return String(decoding: quoted[quoted.startIndex..<end], as: UTF8.self)
    }

    /// What the XML declaration or the first telling `meta` of the page says.
    private static func declaredCharset(_ head: ArraySlice<UInt8>) -> HTMLCharset? {
        var tokenizer = HTMLTokenizer(Array(head))
        while let token = tokenizer.next() {
            switch token {
            case .startTag(let tag) where tag.name == "meta":
                if let charset = charset(ofMeta: tag) { return charset }
            case .comment(let text) where text.hasPrefix("?xml"):
                if let charset = charset(ofDeclaration: Array(text.utf8)) { return charset }
            default: break
            }
        }
        return nil
    }

    private static func charset(ofMeta tag: HTMLToken.Tag) -> HTMLCharset? {
        var label = tag.value("charset")
        if label == nil, HTMLBytes.equal(tag.value("http-equiv"), "content-type") {
            label = tag.value("content").flatMap { charsetLabel(in: $0) }
        }
        return label.flatMap { asciiCompatible($0) }
    }

    private static func charset(ofDeclaration bytes: [UInt8]) -> HTMLCharset? {
        for at in bytes.indices where HTMLBytes.matches(bytes, at: at, "encoding=") {
            return label(in: bytes[(at + 9)...]).flatMap { asciiCompatible($0) }
        }
        return nil
    }

    /// A declaration that could be read byte by byte is not in UTF-16, whatever it says.
    private static func asciiCompatible(_ label: String) -> HTMLCharset? {
        guard let charset = HTMLCharset(label: label) else { return nil }
        return charset == .utf16LE || charset == .utf16BE ? .utf8 : charset
    }

    /// Whether the bytes are UTF-8. A character that the end cuts off counts as whole, since a page may be read in part.
    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        var end = bytes.count
        var back = 1
        while back <= 3, back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte >= 0xC0 {
                let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
                if length > back { end = bytes.count - back }
                break
            }
            if byte < 0x80 { break }
            back += 1
        }
        return String(validating: bytes[..<end], as: UTF8.self) != nil
    }
}
