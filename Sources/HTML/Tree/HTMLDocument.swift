// A page as a tree, in one array: a node knows its parent, its first child and its next sibling by index, and a parent always comes
// before its children. So one pass forward carries things down the tree, one pass backward carries them up, and nothing recurses.
// Bounds: `maximumNodes` and `maximumDepth`. Beyond the first reading stops and `isTruncated` says so; beyond the second the tree
// goes on flat and loses no text.

/// A parsed page. Every input gives a tree with `html`, `head` and `body`.
public struct HTMLDocument: Sendable {
    /// Nodes of one page.
    public static let maximumNodes = 500_000
    /// Bytes of one page, so that every place in it fits its index.
    static let maximumBytes = 256 << 20
    /// Open elements at one time.
    public static let maximumDepth = 256
    /// Nodes visited for one line of text.
    static let maximumLineNodes = 4_096

    /// One element or one run of text.
    public struct Node: Sendable {
        /// The element; `.other` for a text, too.
        public let tag: HTMLTag
        /// The name in lower case; empty for a text.
        public let name: String
        public internal(set) var parent: Int32 = -1
        public internal(set) var firstChild: Int32 = -1
        public internal(set) var lastChild: Int32 = -1
        public internal(set) var nextSibling: Int32 = -1
        /// Where its attributes lie in the document's, or its text in the document's text.
        var start: Int32
        var end: Int32

        public var isText: Bool { name.isEmpty }
    }

    /// The nodes in document order; 0 is `html`, 1 `head`, 2 `body`.
    public internal(set) var nodes: [Node] = []
    /// Whether something was left out for `maximumNodes` (or for 256 MiB of input).
    public internal(set) var isTruncated = false
    var attributes: [HTMLToken.Attribute] = []
    var text: [UInt8] = []
    /// Steps taken to build the tree, for tests of linearity.
    var work = 0

    static let root = 0
    static let head = 1
    static let body = 2

    /// Parses a page in UTF-8.
    public init(_ bytes: [UInt8]) {
        let isCut = bytes.count > HTMLDocument.maximumBytes
        var builder = HTMLTreeBuilder(isCut ? Array(bytes.prefix(HTMLDocument.maximumBytes)) : bytes)
        self = builder.build()
        isTruncated = isTruncated || isCut
    }

    init() {}

    /// The attributes of the element `node`, none for a text.
    public func attributes(of node: Int) -> ArraySlice<HTMLToken.Attribute> {
        nodes[node].isText ? [] : attributes[Int(nodes[node].start)..<Int(nodes[node].end)]
    }

    /// The value of the attribute `name` of `node`, or nil.
    public func attribute(_ name: String, of node: Int) -> String? {
        attributes(of: node).first { $0.name == name }?.value
    }

    /// The bytes of a run of text, none for an element.
    public func bytes(of node: Int) -> ArraySlice<UInt8> {
        nodes[node].isText ? text[Int(nodes[node].start)..<Int(nodes[node].end)] : []
    }

    /// The node that follows `node` in document order without going into it, within `top`; nil at its end.
    func following(_ node: Int, within top: Int) -> Int? {
        var at = node
        while at != top {
            if nodes[at].nextSibling >= 0 { return Int(nodes[at].nextSibling) }
            at = Int(nodes[at].parent)
        }
        return nil
    }

    /// The text inside `node` on one line with white space collapsed, cut at `limit` bytes or after `maximumLineNodes` nodes.
    public func text(within node: Int, limit: Int) -> String {
        text(within: node, limit: limit) { nodes[$0].tag.isUnreadable && $0 != node }
    }

    /// The same without the nodes that `isSkipped` names.
    func text(within node: Int, limit: Int, isSkipped: (Int) -> Bool) -> String {
        var line = HTMLLine()
        var next: Int? = node
        var visited = 0
        while let at = next, line.bytes.count < limit, visited < HTMLDocument.maximumLineNodes {
            visited += 1
            if isSkipped(at) {
                next = following(at, within: node)
                continue
            }
            if nodes[at].isText {
                // Enough to fill the limit even if most of it is white space.
                line.append(bytes(of: at).prefix(limit * 8))
            } else if nodes[at].tag.isBlock || nodes[at].tag == .br {
                line.breakWord()
            }
            next = nodes[at].firstChild >= 0 ? Int(nodes[at].firstChild) : following(at, within: node)
        }
        return line.string(limit: limit)
    }
}
