// Tags and their attributes (WHATWG HTML 13.2.5.6 to 13.2.5.8 and 13.2.5.32 to 13.2.5.40), and references wherever they may stand.

extension HTMLTokenizer {
    /// The tag whose name begins here, consumed with its `>`; nil when the input ends inside it, as the standard drops it then.
    mutating func readTag() -> HTMLToken.Tag? {
        let start = position
        skip { !HTMLBytes.isSpace($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">") }
        var tag = HTMLToken.Tag(name: HTMLBytes.name(input[start..<position]), attributes: [], isSelfClosing: false)
        while true {
            skipSpace()
            guard let next = byte(0) else { return nil }
            if next == UInt8(ascii: ">") {
                position += 1
                return tag
            }
            if next == UInt8(ascii: "/") {
                position += 1
                tag.isSelfClosing = byte(0) == UInt8(ascii: ">")
                continue
            }
            guard let attribute = readAttribute() else { return nil }
            if tag.attributes.count < HTMLTokenizer.maximumAttributes,
                !tag.attributes.contains(where: { $0.name == attribute.name })
            {
                tag.attributes.append(attribute)
            }
        }
    }

    /// The attribute that begins here; nil when the input ends inside its value.
    private mutating func readAttribute() -> HTMLToken.Attribute? {
        let start = position
        // A `=` in the first place belongs to the name.
        position += 1
        skip {
            !HTMLBytes.isSpace($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "=")
        }
        var attribute = HTMLToken.Attribute(name: HTMLBytes.name(input[start..<position]), value: "")
        skipSpace()
        guard byte(0) == UInt8(ascii: "=") else { return attribute }
        position += 1
        skipSpace()
        guard let next = byte(0) else { return nil }
        if next == UInt8(ascii: ">") { return attribute }
        if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
            position += 1
            attribute.value = readValue { $0 == next }
            guard position < input.count else { return nil }
            position += 1
        } else {
            attribute.value = readValue { HTMLBytes.isSpace($0) || $0 == UInt8(ascii: ">") }
        }
        return attribute
    }

    /// The value up to the byte that `ends` it, which stays ahead.
    private mutating func readValue(ends: (UInt8) -> Bool) -> String {
        let start = position
        skip { !ends($0) && $0 != UInt8(ascii: "&") && $0 != 0 }
        // Most values hold neither a reference nor a NUL and need no second buffer.
        if position == input.count || ends(input[position]) { return String(decoding: input[start..<position], as: UTF8.self) }
        var value = Array(input[start..<position])
        while position < input.count, !ends(input[position]) {
            if input[position] == UInt8(ascii: "&") {
                readReference(into: &value, inAttribute: true)
                continue
            }
            let from = position
            skip { !ends($0) && $0 != UInt8(ascii: "&") }
            HTMLBytes.appendReplacingNUL(input[from..<position], to: &value)
        }
        return String(decoding: value, as: UTF8.self)
    }

    // MARK: References

    /// Reads the `&` ahead and the reference it begins, if it does; otherwise the `&` stands for itself.
    mutating func readReference(into out: inout [UInt8], inAttribute: Bool) {
        guard let next = byte(1), next == UInt8(ascii: "#") || HTMLBytes.isLetterOrDigit(next) else {
            out.append(UInt8(ascii: "&"))
            position += 1
            return
        }
        if next == UInt8(ascii: "#") {
            readNumber(into: &out)
        } else {
            readName(into: &out, inAttribute: inAttribute)
        }
    }

    /// `&#…;` or `&#x…;`. Without a digit it is text.
    private mutating func readNumber(into out: inout [UInt8]) {
        let start = position
        position += 2
        let isHex = byte(0).map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
        if isHex { position += 1 }
        let digits = position
        var number: UInt32 = 0
        skip {
            guard let digit = HTMLBytes.hexDigit($0), isHex || digit < 10 else { return false }
            number = min(number * (isHex ? 16 : 10) + UInt32(digit), 0x11_0000)
            return true
        }
        guard position > digits else {
            out += input[start..<position]
            return
        }
        if byte(0) == UInt8(ascii: ";") { position += 1 }
        HTMLBytes.append(HTMLReferences.scalar(number), to: &out)
    }

    /// `&name;`, or the longest of the old names that need no semicolon.
    private mutating func readName(into out: inout [UInt8], inAttribute: Bool) {
        let start = position + 1
        var end = start
        let limit = min(input.count, start + HTMLReferences.maximumNameBytes)
        while end < limit, HTMLBytes.isLetterOrDigit(input[end]) { end += 1 }
        if end < input.count, input[end] == UInt8(ascii: ";"),
            let expansion = HTMLReferences.shared.expansion(of: input[start..<end], bare: false)
        {
            out += expansion
            position = end + 1
            return
        }
        var length = min(end - start, HTMLReferences.maximumBareNameBytes)
        while length >= 2 {
            if let expansion = HTMLReferences.shared.expansion(of: input[start..<start + length], bare: true) {
                return finish(bare: start + length, expansion, into: &out, inAttribute: inAttribute)
            }
            length -= 1
        }
        out.append(UInt8(ascii: "&"))
        position = start
    }

    /// In an attribute an old name before `=`, a letter or a digit is text: `?a=1&copy=2` is an address, not ©.
    private mutating func finish(bare end: Int, _ expansion: [UInt8], into out: inout [UInt8], inAttribute: Bool) {
        if inAttribute, end < input.count, input[end] == UInt8(ascii: "=") || HTMLBytes.isLetterOrDigit(input[end]) {
            out += input[position..<end]
        } else {
            out += expansion
        }
        position = end
    }
}
