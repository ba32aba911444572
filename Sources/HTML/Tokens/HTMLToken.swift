// What the tokenizer hands out: one run of text, one tag, one comment or the document type.

/// A token of HTML.
public enum HTMLToken: Sendable, Equatable {
    /// Text in UTF-8, references expanded. A run ends where markup begins; two runs may follow each other.
    case text([UInt8])
    case startTag(Tag)
    /// The name, in lower case. Attributes of an end tag mean nothing and are dropped.
    case endTag(String)
    case comment(String)
    case doctype(Doctype)

    /// A start tag.
    public struct Tag: Sendable, Equatable {
        /// In lower case.
        public var name: String
        /// In order, the first of each name, at most `HTMLTokenizer.maximumAttributes`.
        public var attributes: [Attribute]
        /// Whether it was written `<name/>`.
        public var isSelfClosing: Bool

        /// The value of the attribute `name`, or nil.
        public func value(_ name: String) -> String? {
            attributes.first { $0.name == name }?.value
        }
    }

    /// One attribute of a start tag.
    public struct Attribute: Sendable, Equatable {
        /// In lower case.
        public var name: String
        /// References expanded; empty when there was none.
        public var value: String
    }

    /// The document type. `nil` is an identifier that was not written.
    public struct Doctype: Sendable, Equatable {
        public var name: String?
        public var publicID: String?
        public var systemID: String?
        /// Whether the standard's "force-quirks" flag is on.
        public var forcesQuirks: Bool
    }
}
