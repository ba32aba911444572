// Comments, the document type, and all that is read as a comment because it is neither (WHATWG HTML 13.2.5.41 to 13.2.5.68).

extension HTMLTokenizer {
    /// What the `<!` ahead begins, consumed.
    mutating func readDeclaration() -> HTMLToken? {
        if HTMLBytes.matches(input, at: position, "<!--") {
            position += 4
            return readComment()
        }
        if HTMLBytes.matches(input, at: position, "<!doctype") {
            position += 9
            return readDoctype()
        }
        // The case of these letters counts.
        if allowsCharacterData, input[position...].starts(with: "<![CDATA[".utf8) {
            position += 9
            contentModel = .characterData
            return nil
        }
        position += 2
        return readBogusComment()
    }

    /// Everything up to `>`.
    mutating func readBogusComment() -> HTMLToken {
        let start = position
        skip { $0 != UInt8(ascii: ">") }
        let comment = comment(input[start..<position])
        position = min(position + 1, input.count)
        return comment
    }

    private func comment(_ bytes: ArraySlice<UInt8>) -> HTMLToken {
        var out: [UInt8] = []
        HTMLBytes.appendReplacingNUL(bytes, to: &out)
        return .comment(String(decoding: out, as: UTF8.self))
    }

    /// A comment after its `<!--`. It ends at `-->` or `--!>`, at once at `>` or `->`, or with the input.
    private mutating func readComment() -> HTMLToken {
        for (ending, length) in [(">" as StaticString, 1), ("->", 2)] where HTMLBytes.matches(input, at: position, ending) {
            position += length
            return .comment("")
        }
        let start = position
        while position < input.count {
            skip { $0 != UInt8(ascii: "-") }
            for (ending, length) in [("-->" as StaticString, 3), ("--!>", 4)] where HTMLBytes.matches(input, at: position, ending)
            {
                let end = position
                position += length
                return comment(input[start..<end])
            }
            position = min(position + 1, input.count)
        }
        // An ending that the input cut short is no part of the comment.
        for ending in ["--!", "--", "-"] as [StaticString] {
            let end = input.count - ending.utf8CodeUnitCount
            if end >= start, HTMLBytes.matches(input, at: end, ending) { return comment(input[start..<end]) }
        }
        return comment(input[start...])
    }

    // MARK: Document type

    /// A document type after its keyword. `>` ends it even inside quotes.
    private mutating func readDoctype() -> HTMLToken {
        let start = position
        skip { $0 != UInt8(ascii: ">") }
        let isCut = position == input.count
        var scanner = DoctypeScanner(bytes: input[start..<position])
        position = min(position + 1, input.count)
        return .doctype(scanner.read(isCut: isCut))
    }
}

/// Reads the inside of a document type.
private struct DoctypeScanner {
    var bytes: ArraySlice<UInt8>
    var doctype = HTMLToken.Doctype(name: nil, publicID: nil, systemID: nil, forcesQuirks: false)

    init(bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    mutating func read(isCut: Bool) -> HTMLToken.Doctype {
        let reachedEnd = readParts()
        // What follows the system identifier is ignored, even the end of the input.
        if isCut, reachedEnd { doctype.forcesQuirks = true }
        return doctype
    }

    /// Whether all of it was read.
    private mutating func readParts() -> Bool {
        skipSpace()
        guard !bytes.isEmpty else {
            doctype.forcesQuirks = true
            return true
        }
        let name = bytes.prefix { !HTMLBytes.isSpace($0) }
        doctype.name = HTMLBytes.name(name)
        bytes = bytes.dropFirst(name.count)
        skipSpace()
        guard !bytes.isEmpty else { return true }
        switch HTMLBytes.name(bytes.prefix(6)) {
        case "public":
            bytes = bytes.dropFirst(6)
            guard let id = readIdentifier() else { return false }
            doctype.publicID = id
            skipSpace()
            guard !bytes.isEmpty else { return true }
        case "system":
            bytes = bytes.dropFirst(6)
        default:
            doctype.forcesQuirks = true
            return false
        }
        guard let id = readIdentifier() else { return false }
        doctype.systemID = id
        skipSpace()
        return bytes.isEmpty
    }

    /// A quoted identifier; nil, with quirks, when there is none.
    private mutating func readIdentifier() -> String? {
        skipSpace()
        guard let quote = bytes.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            doctype.forcesQuirks = true
            return nil
        }
        bytes = bytes.dropFirst()
        let value = bytes.prefix { $0 != quote }
        bytes = bytes.dropFirst(value.count)
        if bytes.isEmpty { doctype.forcesQuirks = true } else { bytes = bytes.dropFirst() }
        var out: [UInt8] = []
        HTMLBytes.appendReplacingNUL(value, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private mutating func skipSpace() {
        bytes = bytes.drop { HTMLBytes.isSpace($0) }
    }
}
