// The text of a part of a page: paragraphs with a blank line between them, list items on lines of their own behind `- ` or their
// number, the cells of a row of data joined by ` | `, preformatted text as it stands. Blocks are collected first and joined at the
// end, since a heading over nothing but what was left out is left out too. Bound: `maximumBytes` of text.

/// Renders nodes as plain text.
struct HTMLRenderer {
    /// Bytes of text of one rendering.
    static let maximumBytes = 2 << 20
    /// Levels of lists that are indented.
    private static let maximumIndent = 8

    private struct Block {
        var text: ArraySlice<UInt8>
        var level: Int
        /// On the next line after the block before, without a blank line.
        var isTight: Bool
        /// Something was left out behind it, before any other block.
        var lostNext = false
    }

    /// An open list: whether it is numbered, and how many items it has had.
    private struct List {
        var isNumbered: Bool
        var count: Int
    }

    private let document: HTMLDocument
    private let tables: HTMLTables
    private var blocks: [Block] = []
    private var line = HTMLLine()
    private var lists: [List] = []
    private var prefix: [UInt8] = []
    private var isTight = false
    private var level = 0
    private var preformattedDepth = 0
    /// How many data tables are open; inside one a cell is one line.
    private var dataDepth = 0
    /// The next row is not the first of its table.
    private var hasRow = false
    private var breaks = 0
    private var bytes = 0
    /// Whether text was left out for `maximumBytes`.
    private(set) var isTruncated = false

    init(_ document: HTMLDocument, tables: HTMLTables) {
        self.document = document
        self.tables = tables
    }

    /// The text of the nodes from `root` down that `isKept` leaves.
    mutating func render(from root: Int, isKept: (Int) -> Bool) -> String {
        var node = root
        var isEntering = true
        while bytes < HTMLRenderer.maximumBytes {
            if isEntering {
                let isLeft = isKept(node)
                if isLeft { enter(node) } else { lose(node) }
                if isLeft, document.nodes[node].firstChild >= 0 {
                    node = Int(document.nodes[node].firstChild)
                    continue
                }
                if isLeft { leave(node) }
            } else {
                leave(node)
            }
            if node == root { break }
            isEntering = document.nodes[node].nextSibling >= 0
            node = Int(isEntering ? document.nodes[node].nextSibling : document.nodes[node].parent)
        }
        flush()
        if bytes >= HTMLRenderer.maximumBytes { isTruncated = true }
        return join()
    }

    // MARK: Nodes

    private mutating func lose(_ node: Int) {
        flush()
        if !blocks.isEmpty { blocks[blocks.count - 1].lostNext = true }
    }

    private mutating func enter(_ node: Int) {
        if document.nodes[node].isText { return add(document.bytes(of: node)) }
        let tag = document.nodes[node].tag
        if tag == .br { return breakLine() }
        guard tag.isBlock else { return }
        if dataDepth > 0, tag != .table { return enterCell(tag) }
        flush()
        switch tag {
        case .ul, .ol, .menu, .dir: lists.append(List(isNumbered: tag == .ol, count: 0))
        case .li: startItem()
        case .dd: isTight = true
        case .table where tables.isData(node):
            dataDepth += 1
            hasRow = false
        default:
            if tag.isPreformatted { preformattedDepth += 1 }
            if tag.headingLevel > 0 { level = tag.headingLevel }
        }
    }

    private mutating func enterCell(_ tag: HTMLTag) {
        switch tag {
        case .tr, .caption:
            flush()
            isTight = tag == .tr && hasRow
            hasRow = true
        case .td, .th: if !line.bytes.isEmpty { line.appendVerbatim(" | ".utf8) }
        default: line.breakWord()
        }
    }

    private mutating func leave(_ node: Int) {
        let tag = document.nodes[node].tag
        guard !document.nodes[node].isText, tag.isBlock else { return }
        if tag == .table, tables.isData(node) {
            flush()
            isTight = false
            dataDepth -= 1
            return
        }
        if dataDepth > 0 { return line.breakWord() }
        flush()
        switch tag {
        case .ul, .ol, .menu, .dir: if !lists.isEmpty { lists.removeLast() }
        case .li: prefix = []
        default:
            if tag.isPreformatted { preformattedDepth -= 1 }
            if tag.headingLevel > 0 { level = 0 }
        }
        isTight = false
    }

    private mutating func startItem() {
        guard let list = lists.last else {
            prefix = Array("- ".utf8)
            return
        }
        lists[lists.count - 1].count += 1
        let indent = min(lists.count - 1, HTMLRenderer.maximumIndent)
        prefix = [UInt8](repeating: 0x20, count: indent * 2)
        prefix += Array((list.isNumbered ? "\(list.count + 1). " : "- ").utf8)
        isTight = list.count > 0 || lists.count > 1
    }

    private mutating func breakLine() {
        if preformattedDepth > 0 { return line.appendVerbatim([0x0A]) }
        if dataDepth > 0 { return line.breakWord() }
        if line.bytes.isEmpty { return }
        breaks += 1
    }

    // MARK: Text

    private mutating func add(_ text: ArraySlice<UInt8>) {
        if preformattedDepth > 0, dataDepth == 0 { return line.appendVerbatim(text) }
        if breaks > 0, text.contains(where: { !HTMLBytes.isSpace($0) }) {
            // One break is a line, two are a paragraph.
            if breaks > 1 { flush() } else { line.appendVerbatim([0x0A]) }
            breaks = 0
            let rest = text.drop { HTMLBytes.isSpace($0) }
            return line.append(rest)
        }
        line.append(text)
    }

    private mutating func flush() {
        breaks = 0
        var text = line.bytes[...]
        if preformattedDepth > 0 {
            while let last = text.last, HTMLBytes.isSpace(last) { text.removeLast() }
            while let end = text.firstIndex(of: 0x0A), text[..<end].allSatisfy({ HTMLBytes.isSpace($0) }) {
                text = text[(end + 1)...]
            }
        }
        line = HTMLLine()
        guard !text.isEmpty else { return }
        if text.count > HTMLRenderer.maximumBytes - bytes {
            text = HTMLLine.cut(text, limit: HTMLRenderer.maximumBytes - bytes)
            isTruncated = true
        }
        bytes += text.count + prefix.count
        blocks.append(Block(text: prefix.isEmpty ? text : (prefix + text)[...], level: level, isTight: isTight))
        if !prefix.isEmpty { isTight = false }
        prefix = []
    }

    // MARK: Joining

    private func join() -> String {
        var out: [UInt8] = []
        out.reserveCapacity(bytes + blocks.count * 2)
        let orphans = orphanedHeadings()
        for (index, block) in blocks.enumerated() where !orphans[index] {
            if !out.isEmpty { out += block.isTight ? [0x0A] : [0x0A, 0x0A] }
            out += block.text
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Headings whose whole section was left out.
    private func orphanedHeadings() -> [Bool] {
        var orphans = [Bool](repeating: false, count: blocks.count)
        // The level of the nearest block behind that stays; 7 for text, 0 for the end.
        var following = 0
        for index in blocks.indices.reversed() {
            let block = blocks[index]
            orphans[index] = block.level > 0 && block.lostNext && following <= block.level
            if !orphans[index] { following = block.level == 0 ? 7 : block.level }
        }
        return orphans
    }
}
