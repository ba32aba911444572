// Builds the tree from the tokens: not the whole tree construction of the standard but its outcomes that a reader sees. Elements whose
// end tag may be left out are closed, `head` and `body` are implied, wrongly nested formatting loses nothing, stray end tags are
// ignored. What is open is kept in frames, and each frame knows the nearest paragraph, list item, cell and so on in scope, so that no
// start tag searches; an end tag visits at most `HTMLDocument.maximumDepth` frames.

/// Turns one page into an `HTMLDocument`.
struct HTMLTreeBuilder {
    /// Elements reopened behind a link that was closed inside them.
    static let maximumReopened = 8

    /// An open element, and the places in the stack of what is open around it; -1 for none in scope.
    struct Frame {
        var node: Int32
        var tag: HTMLTag
        var isForeign = false
        var paragraph: Int16 = -1
        var item: Int16 = -1
        var term: Int16 = -1
        var link: Int16 = -1
        var cell: Int16 = -1
        var row: Int16 = -1
        var rowGroup: Int16 = -1
        var table: Int16 = -1
    }

    var document = HTMLDocument()
    var stack: [Frame] = []
    var tokenizer: HTMLTokenizer
    private var isInHead = true
    /// Whether the page says that it is XML, where `<name/>` is a whole element.
    private var isXML = false
    /// The first line feed of a `pre` is not part of it.
    private var skipsLineFeed = false

    init(_ bytes: [UInt8]) {
        tokenizer = HTMLTokenizer(bytes)
        document.text.reserveCapacity(bytes.count / 2)
    }

    mutating func build() -> HTMLDocument {
        for tag in [HTMLTag.html, .head, .body] {
            append(tag: tag, name: tag.rawValue, attributes: [], to: tag == .html ? -1 : 0)
        }
        push(node: HTMLDocument.root, tag: .html)
        push(node: HTMLDocument.head, tag: .head)
        while !document.isTruncated, let token = tokenizer.next() {
            document.work += 1
            switch token {
            case .text(let run): add(text: run)
            case .startTag(let tag): open(tag)
            case .endTag(let name): close(HTMLTag(name: name), name: name)
            case .comment(let text): isXML = isXML || (document.nodes.count == 3 && text.hasPrefix("?xml"))
            case .doctype: break
            }
            tokenizer.allowsCharacterData = stack[stack.count - 1].isForeign
        }
        document.work += tokenizer.work
        return document
    }

    // MARK: Nodes

    @discardableResult
    private mutating func append(tag: HTMLTag, name: String, attributes: [HTMLToken.Attribute], to parent: Int32) -> Int {
        let start = Int32(document.attributes.count)
        document.attributes += attributes
        return append(
            HTMLDocument.Node(tag: tag, name: name, start: start, end: Int32(document.attributes.count)), to: parent)
    }

    mutating func append(_ node: HTMLDocument.Node, to parent: Int32) -> Int {
        var node = node
        let index = Int32(document.nodes.count)
        node.parent = parent
        document.nodes.append(node)
        if parent >= 0 {
            let last = document.nodes[Int(parent)].lastChild
            if last >= 0 {
                document.nodes[Int(last)].nextSibling = index
            } else {
                document.nodes[Int(parent)].firstChild = index
            }
            document.nodes[Int(parent)].lastChild = index
        }
        if document.nodes.count >= HTMLDocument.maximumNodes { document.isTruncated = true }
        return Int(index)
    }

    // MARK: The stack

    /// Opens `node`.
    mutating func push(node: Int, tag: HTMLTag) {
        var frame = stack.last ?? Frame(node: 0, tag: .html)
        let place = Int16(stack.count)
        if tag.isBoundary { frame.paragraph = -1 }
        if tag.isBlock, tag != .div, tag != .address, tag != .p {
            frame.item = -1
            frame.term = -1
        }
        if tag == .table || tag == .td || tag == .th || tag == .caption { frame.link = -1 }
        switch tag {
        case .p: frame.paragraph = place
        case .li: frame.item = place
        case .dt, .dd: frame.term = place
        case .a: frame.link = place
        case .td, .th: frame.cell = place
        case .tr: (frame.row, frame.cell) = (place, -1)
        case .thead, .tbody, .tfoot: (frame.rowGroup, frame.row, frame.cell) = (place, -1, -1)
        case .table: (frame.table, frame.rowGroup, frame.row, frame.cell) = (place, -1, -1, -1)
        case .template: (frame.table, frame.rowGroup, frame.row, frame.cell) = (-1, -1, -1, -1)
        case .svg, .math: frame.isForeign = true
        case .foreignObject: frame.isForeign = false
        default: break
        }
        frame.node = Int32(node)
        frame.tag = tag
        stack.append(frame)
    }

    /// Closes everything down to and with the frame at `place`. The root and its head or body stay open.
    mutating func pop(through place: Int) {
        let floor = max(place, 2)
        guard floor < stack.count else { return }
        document.work += stack.count - floor
        stack.removeSubrange(floor...)
    }

    /// Leaves the head for the body.
    private mutating func startBody() {
        guard isInHead else { return }
        stack.removeSubrange(1...)
        isInHead = false
        push(node: HTMLDocument.body, tag: .body)
    }

    var top: Frame { stack[stack.count - 1] }

    // MARK: Text

    private mutating func add(text run: [UInt8]) {
        var run = run[...]
        if skipsLineFeed, run.first == 0x0A { run = run.dropFirst() }
        skipsLineFeed = false
        let isBlank = run.allSatisfy { HTMLBytes.isSpace($0) || $0 == 0 }
        if run.isEmpty || isBlank && (isInHead || top.tag.ignoresSpace) { return }
        switch top.tag {
        // Of no use to a reader, and often most of the page.
        case .script, .style: return
        case .head, .noscript: startBody()
        default: break
        }
        let start = Int32(document.text.count)
        document.text += run.contains(0) ? run.filter { $0 != 0 }[...] : run
        _ = append(
            HTMLDocument.Node(tag: .other, name: "", start: start, end: Int32(document.text.count)), to: top.node)
    }

    // MARK: Start tags

    private mutating func open(_ token: HTMLToken.Tag) {
        skipsLineFeed = false
        let tag = HTMLTag(name: token.name)
        switch tag {
        case .html: return adopt(token.attributes, for: HTMLDocument.root)
        case .head: return adopt(token.attributes, for: HTMLDocument.head)
        case .body:
            startBody()
            return adopt(token.attributes, for: HTMLDocument.body)
        default: break
        }
        if isInHead, top.tag == .head || top.tag == .noscript, !tag.belongsToHead { startBody() }
        if top.isForeign { leaveForeign(for: tag) }
        closeImplied(by: tag)
        // The deepest place is taken by one element after the other.
        if stack.count >= HTMLDocument.maximumDepth { stack.removeLast() }
        let node = append(tag: tag, name: token.name, attributes: token.attributes, to: top.node)
        // An `<a/>` without an address is the anchor of an XHTML page that is served as HTML: it must not swallow what follows.
        let isWhole = token.isSelfClosing && (isXML || top.isForeign || tag == .a && token.value("href") == nil)
        if tag.isVoid || isWhole { return }
        push(node: node, tag: tag)
        if top.isForeign { return }
        tokenizer.contentModel = tag.contentModel
        skipsLineFeed = tag == .pre || tag == .listing || tag == .textarea
    }

    /// A second `html` or `body` tag only adds what the first did not say.
    private mutating func adopt(_ attributes: [HTMLToken.Attribute], for node: Int) {
        guard !attributes.isEmpty, document.nodes[node].start == document.nodes[node].end else { return }
        document.nodes[node].start = Int32(document.attributes.count)
        document.attributes += attributes
        document.nodes[node].end = Int32(document.attributes.count)
    }

    /// An element of HTML ends the drawing or formula that was not closed before it.
    private mutating func leaveForeign(for tag: HTMLTag) {
        guard tag.isBlock || tag == .img || tag == .br || tag == .span || tag.isFormatting && tag != .a else { return }
        while top.isForeign, stack.count > 2 {
            document.work += 1
            stack.removeLast()
        }
    }

    /// Closes what the start of `tag` ends.
    private mutating func closeImplied(by tag: HTMLTag) {
        switch tag {
        case .li: closeOpen(top.item)
        case .dt, .dd: closeOpen(top.term)
        case .td, .th: closeOpen(top.cell)
        case .tr:
            closeOpen(top.cell)
            closeOpen(top.row)
        case .thead, .tbody, .tfoot:
            closeOpen(top.row)
            closeOpen(top.rowGroup)
        case .a: if top.link >= 0 { closeLink() }
        case .option, .optgroup:
            if top.tag == .option { pop(through: stack.count - 1) }
            if tag == .optgroup, top.tag == .optgroup { pop(through: stack.count - 1) }
        default: break
        }
        if tag.endsParagraph { closeOpen(top.paragraph) }
        if tag.headingLevel > 0, top.tag.headingLevel > 0 { pop(through: stack.count - 1) }
    }

    /// Closes down to `place`, unless it is -1.
    mutating func closeOpen(_ place: Int16) {
        if place >= 0 { pop(through: Int(place)) }
    }
}
