// The tokenization stage of the WHATWG HTML standard (section 13.2.5) over a whole document in UTF-8. The states of the standard are
// spans of the input here: each call of `next` consumes what it returns, so that the work is linear in the input whatever it holds.
// The reader of the tokens chooses the content model after a start tag, as the standard's tree construction does.
// Bounds: `maximumAttributes` a tag; everything else is bounded by the input.

/// Turns HTML into tokens. Never fails: every input has tokens.
public struct HTMLTokenizer: Sendable {
    /// Attributes kept on one tag; further ones are read and dropped.
    public static let maximumAttributes = 64

    /// How the bytes ahead are read.
    public enum ContentModel: Sendable {
        case data
        /// Text with references, up to the end tag: `title`, `textarea`.
        case escapableText
        /// Text without references, up to the end tag: `style`, `xmp`, `iframe`, `noembed`, `noframes`.
        case rawText
        /// Text of a script, with its comment-like escapes, up to the end tag.
        case script
        /// Text to the end of the input.
        case plainText
        /// Text up to `]]>`.
        case characterData
    }

    /// How the bytes ahead are read. Goes back to `.data` by itself after the end tag.
    public var contentModel = ContentModel.data
    /// The name whose end tag ends `.escapableText`, `.rawText` and `.script`. Set by every start tag.
    public var lastStartTag = ""
    /// Whether `<![CDATA[` opens character data, as it does inside SVG and MathML. A comment otherwise.
    public var allowsCharacterData = false

    var input: [UInt8]
    var position = 0
    /// Bytes looked at so far, for tests of linearity.
    private(set) var work = 0

    /// Reads `bytes` as UTF-8. Line ends are normalised to LF.
    public init(_ bytes: [UInt8]) {
        input = HTMLTokenizer.normalise(bytes)
    }

    /// The next token, or nil at the end.
    public mutating func next() -> HTMLToken? {
        while position < input.count {
            let token: HTMLToken?
            switch contentModel {
            case .data: token = nextInData()
            case .escapableText, .rawText, .script: token = nextInRawText()
            case .plainText: token = restAsText()
            case .characterData: token = nextInCharacterData()
            }
            if let token { return token }
        }
        return nil
    }

    /// The text of `html` as the data state alone reads it: tags, comments and NUL dropped, references expanded.
    public static func text(of html: String) -> String {
        var tokenizer = HTMLTokenizer(Array(html.utf8))
        var out: [UInt8] = []
        while let token = tokenizer.next() {
            if case .text(let run) = token { out += run.contains(0) ? run.filter { $0 != 0 } : run }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func normalise(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0x0D) else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for (at, byte) in bytes.enumerated() {
            if byte != 0x0D {
                out.append(byte)
            } else if at + 1 == bytes.count || bytes[at + 1] != 0x0A {
                out.append(0x0A)
            }
        }
        return out
    }

    // MARK: Data

    private mutating func nextInData() -> HTMLToken? {
        var run: [UInt8] = []
        while position < input.count {
            let start = position
            skip { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "&") }
            run += input[start..<position]
            guard position < input.count else { break }
            if input[position] == UInt8(ascii: "&") {
                readReference(into: &run, inAttribute: false)
            } else if opensMarkup {
                if !run.isEmpty { return .text(run) }
                return readMarkup()
            } else {
                run.append(UInt8(ascii: "<"))
                position += 1
            }
        }
        return run.isEmpty ? nil : .text(run)
    }

    /// Whether the `<` ahead begins something other than text.
    private var opensMarkup: Bool {
        guard let next = byte(1) else { return false }
        if HTMLBytes.isLetter(next) || next == UInt8(ascii: "!") || next == UInt8(ascii: "?") { return true }
        return next == UInt8(ascii: "/") && byte(2) != nil
    }

    /// What begins at the `<` ahead, consumed; nil when it leaves no token.
    private mutating func readMarkup() -> HTMLToken? {
        switch input[position + 1] {
        case UInt8(ascii: "!"): return readDeclaration()
        case UInt8(ascii: "?"):
            position += 1
            return readBogusComment()
        case UInt8(ascii: "/"): return readClosing()
        default:
            position += 1
            guard let tag = readTag() else { return nil }
            lastStartTag = tag.name
            return .startTag(tag)
        }
    }

    private mutating func readClosing() -> HTMLToken? {
        position += 2
        let next = input[position]
        if HTMLBytes.isLetter(next) { return readTag().map { .endTag($0.name) } }
        if next != UInt8(ascii: ">") { return readBogusComment() }
        position += 1
        return nil
    }

    // MARK: Scanning

    /// The byte `offset` places ahead.
    func byte(_ offset: Int) -> UInt8? {
        position + offset < input.count ? input[position + offset] : nil
    }

    /// Moves on while `wanted` holds.
    @inline(__always)
    mutating func skip(while wanted: (UInt8) -> Bool) {
        let start = position
        var at = position
        while at < input.count, wanted(input[at]) { at += 1 }
        position = at
        work += at - start + 1
    }

    mutating func skipSpace() {
        skip { HTMLBytes.isSpace($0) }
    }

    /// The bytes from here to the end, consumed.
    mutating func takeRest() -> ArraySlice<UInt8> {
        let rest = input[position...]
        work += rest.count
        position = input.count
        return rest
    }
}
