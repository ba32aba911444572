// Text whose end is a certain end tag or the end of the input: titles, styles, scripts, plain text, character data
// (WHATWG HTML 13.2.5.2 to 13.2.5.5, 13.2.5.9 to 13.2.5.31 and 13.2.5.69 to 13.2.5.71).

extension HTMLTokenizer {
    /// The text up to the end tag of `lastStartTag`, or that end tag when it is next.
    mutating func nextInRawText() -> HTMLToken? {
        if endTagIsAhead(name: lastStartTag) {
            contentModel = .data
            position += 2
            return readTag().map { .endTag($0.name) }
        }
        var run: [UInt8] = []
        if contentModel == .script {
            readScript(into: &run)
        } else {
            readRawText(into: &run)
        }
        return run.isEmpty ? nil : .text(run)
    }

    private mutating func readRawText(into run: inout [UInt8]) {
        let stopsAtReference = contentModel == .escapableText
        while position < input.count {
            let start = position
            skip { $0 != UInt8(ascii: "<") && !(stopsAtReference && $0 == UInt8(ascii: "&")) }
            HTMLBytes.appendReplacingNUL(input[start..<position], to: &run)
            guard position < input.count else { return }
            if input[position] == UInt8(ascii: "&") {
                readReference(into: &run, inAttribute: false)
            } else if endTagIsAhead(name: lastStartTag) {
                return
            } else {
                run.append(UInt8(ascii: "<"))
                position += 1
            }
        }
    }

    /// A script hides its own end tag only inside `<!-- <script> … -->`; that is all its many states say.
    private mutating func readScript(into run: inout [UInt8]) {
        var isEscaped = false
        var isDoublyEscaped = false
        let start = position
        scan: while position < input.count {
            skip { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "-") }
            guard position < input.count else { break }
            if input[position] == UInt8(ascii: "-") {
                if isEscaped, HTMLBytes.matches(input, at: position, "-->") {
                    isEscaped = false
                    isDoublyEscaped = false
                }
            } else if !isEscaped {
                if endTagIsAhead(name: lastStartTag) { break scan }
                if HTMLBytes.matches(input, at: position, "<!--") {
                    isEscaped = true
                    // The dashes may already belong to `-->`.
                    position += 1
                }
            } else if isDoublyEscaped {
                if endTagIsAhead(name: "script") { isDoublyEscaped = false }
            } else if endTagIsAhead(name: lastStartTag) {
                break scan
            } else if HTMLBytes.matches(input, at: position, "<script"), endsName(position + 7) {
                isDoublyEscaped = true
            }
            position += 1
        }
        HTMLBytes.appendReplacingNUL(input[start..<position], to: &run)
    }

    /// Whether `</name` and the end of that name are ahead, in any case of letters.
    private func endTagIsAhead(name: String) -> Bool {
        guard byte(0) == UInt8(ascii: "<"), byte(1) == UInt8(ascii: "/"), !name.isEmpty else { return false }
        var at = position + 2
        for wanted in name.utf8 {
            guard at < input.count, HTMLBytes.lowercase(input[at]) == wanted else { return false }
            at += 1
        }
        return endsName(at)
    }

    private func endsName(_ at: Int) -> Bool {
        guard at < input.count else { return false }
        return HTMLBytes.isSpace(input[at]) || input[at] == UInt8(ascii: "/") || input[at] == UInt8(ascii: ">")
    }

    mutating func restAsText() -> HTMLToken? {
        var run: [UInt8] = []
        HTMLBytes.appendReplacingNUL(takeRest(), to: &run)
        return run.isEmpty ? nil : .text(run)
    }

    mutating func nextInCharacterData() -> HTMLToken? {
        let start = position
        while position < input.count {
            skip { $0 != UInt8(ascii: "]") }
            if HTMLBytes.matches(input, at: position, "]]>") { break }
            position = min(position + 1, input.count)
        }
        let run = Array(input[start..<position])
        if position < input.count {
            position += 3
            contentModel = .data
        }
        return run.isEmpty ? nil : .text(run)
    }
}
