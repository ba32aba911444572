// Text. Its length is counted in Unicode characters (scalars), as JSON Schema counts. U+0000 is never taken: the store has no text with it.

/// Text of a bounded length, perhaps of a format.
public struct StringShape: TextShape {
    @usableFromInline let length: ClosedRange<Int>
    @usableFromInline let format: TextFormat?

    @inlinable public init(_ length: ClosedRange<Int>, format: TextFormat? = nil) {
        self.length = length
        self.format = format
    }

    public func decode(_ view: JSONView, _ problems: inout Problems) -> String {
        let token = view.token
        guard token.kind == .string else {
            problems.add(.type, "This must be a string.")
            return ""
        }
        let text = view.text(token)
        let count = token.isPlain ? Int(token.length) : text.unicodeScalars.count
        if count < length.lowerBound || count > length.upperBound { noteLength(&problems) }
        if token.isEscaped { checkZero(text, &problems) }
        if format != nil { checkFormat(text, &problems) }
        return text
    }

    public func decode(text: String, _ problems: inout Problems) -> String {
        if !length.contains(text.unicodeScalars.count) { noteLength(&problems) }
        checkZero(text, &problems)
        checkFormat(text, &problems)
        return text
    }

    private func noteLength(_ problems: inout Problems) {
        let (least, most) = (length.lowerBound, length.upperBound)
        switch (least, most) {
        case (0, _): problems.add(.length, "This may have at most \(most) characters.")
        case (_, .max): problems.add(.length, "This must have at least \(least) characters.")
        default: problems.add(.length, "This must have \(least) to \(most) characters.")
        }
    }

    /// Inside JSON only an escape can bring a U+0000.
    private func checkZero(_ text: String, _ problems: inout Problems) {
        if text.utf8.contains(0) { problems.add(.format, "This may not hold the character U+0000.") }
    }

    private func checkFormat(_ text: String, _ problems: inout Problems) {
        guard let format, !format.accepts(text), !text.utf8.contains(0) else { return }
        problems.add(.format, format.message)
    }

    public var placeholder: String { "" }

    public var schema: SchemaNode {
        SchemaNode(.string(length: length, format: format?.name, pattern: format?.pattern))
    }

    public func describe(_ value: String) -> JSONValue? { .string(value) }
}

extension ValueShape where Self == StringShape {
    /// Text of so many characters.
    @inlinable public static func string(_ length: ClosedRange<Int>, format: TextFormat? = nil) -> StringShape {
        StringShape(length, format: format)
    }
}

/// A rule about text beyond its length, with the name or the pattern that describes it.
public struct TextFormat: Sendable {
    /// The `format` of JSON Schema.
    public let name: String?
    /// An ECMA-262 pattern that says the same.
    public let pattern: String?
    /// What a caller is told whose text is refused.
    public let message: String
    public let accepts: @Sendable (String) -> Bool

    public init(
        name: String? = nil, pattern: String? = nil, message: String, accepts: @escaping @Sendable (String) -> Bool
    ) {
        self.name = name
        self.pattern = pattern
        self.message = message
        self.accepts = accepts
    }

    /// One line: no control characters.
    public static let line = TextFormat(pattern: "^[^\\u0000-\\u001F\\u007F]*$", message: "This may not hold control characters.")
    { text in
        for byte in text.utf8 where byte < 0x20 || byte == 0x7F { return false }
        return true
    }

    /// Lower-case letters and digits, with single hyphens between them.
    public static let slug = TextFormat(
        pattern: "^[a-z0-9]+(-[a-z0-9]+)*$",
        message: "This must be lower-case letters and digits with single hyphens between them."
    ) { text in
        var previous = UInt8(ascii: "-")
        for byte in text.utf8 {
            let isPlain = byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39
            guard isPlain || byte == UInt8(ascii: "-") && previous != byte else { return false }
            previous = byte
        }
        return previous != UInt8(ascii: "-")
    }
}
