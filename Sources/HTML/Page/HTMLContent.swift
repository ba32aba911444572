// Which part of a page is what it was written for. First what frames a page goes: by element, by role, by the words of class and id.
// Then the text is weighed against the text of links, block by block: a block that is mostly links is navigation, and the smallest
// element that still holds everything that reads like prose is the main part. Each measure is one pass over the nodes, forward (down
// the tree) or backward (up the tree), so that the whole is linear in the page.

/// The readable nodes of a page at three levels of strictness.
struct HTMLContent {
    /// How much of the page is kept.
    enum Level {
        /// The main part, without blocks of links.
        case main
        /// All but what frames the page.
        case unframed
        /// Everything readable.
        case whole
    }

    /// Characters of direct text that make a block prose.
    static let proseCharacters = 60
    /// Below this a stricter level may have lost the page; the next one is looked at.
    static let enoughCharacters = 200
    /// A page with this many times more text in lists of links than in a short main part is an index: the lists are what it is for.
    private static let indexRatio = 10
    private static let indexCharacters: Int32 = 1_000

    let document: HTMLDocument
    /// Nothing of it is text of the page.
    private(set) var isUnreadable: [Bool]
    /// Framing by element, role, class or id, or inside such.
    private(set) var isFrame: [Bool]
    /// A block of links in the main part, or inside such.
    private(set) var isLinkBlock: [Bool]
    private var isInLink: [Bool]
    /// The smallest element that holds the main part.
    private(set) var mainRoot = HTMLDocument.body
    private(set) var level = Level.main

    init(_ document: HTMLDocument) {
        self.document = document
        isUnreadable = [Bool](repeating: false, count: document.nodes.count)
        isFrame = isUnreadable
        isLinkBlock = isUnreadable
        isInLink = isUnreadable
        markUnreadable()
        let everything = measure { !isUnreadable[$0] }
        markFrames(everything)
        let unframed = measure { !isFrame[$0] && !isUnreadable[$0] }
        mainRoot = chooseRoot(unframed)
        markLinkBlocks(unframed)
        chooseLevel(everything: everything, unframed: unframed)
    }

    /// Whether `node` belongs to the level that was chosen, if it is inside `root`.
    func isKept(_ node: Int) -> Bool {
        guard !isUnreadable[node] else { return false }
        switch level {
        case .main: return !isFrame[node] && !isLinkBlock[node]
        case .unframed: return !isFrame[node]
        case .whole: return true
        }
    }

    /// Whether `node` stands in the text of the level that was chosen.
    func isMain(_ node: Int) -> Bool {
        isKept(node) && isInside(node, root)
    }

    /// The text inside `node` on one line, without what is unreadable.
    func line(of node: Int) -> String {
        document.text(within: node, limit: HTMLPage.maximumLineBytes) { isUnreadable[$0] }
    }

    /// Where the text of the chosen level begins.
    var root: Int { level == .main ? mainRoot : HTMLDocument.body }

    private func isInside(_ node: Int, _ ancestor: Int) -> Bool {
        var at = node
        // A parent comes before its children, so this ends at once outside, and after the depth of the tree inside.
        while at > ancestor { at = Int(document.nodes[at].parent) }
        return at == ancestor
    }

    // MARK: Down the tree

    private mutating func markUnreadable() {
        for node in 1..<document.nodes.count {
            let parent = Int(document.nodes[node].parent)
            let tag = document.nodes[node].tag
            isUnreadable[node] = isUnreadable[parent] || tag.isUnreadable || tag == .a && isHeadingMark(node)
            isInLink[node] = isInLink[parent] || tag == .a && document.attribute("href", of: node) != nil
        }
    }

    /// The `¶` behind a heading that links to itself.
    private func isHeadingMark(_ node: Int) -> Bool {
        guard let href = document.attribute("href", of: node), href.utf8.first == UInt8(ascii: "#") else { return false }
        let text = document.text(within: node, limit: 8)
        return text == "¶" || text == "#" || text == "§" || text == "🔗"
    }

    private mutating func markFrames(_ everything: HTMLMeasures) {
        let all = everything.characters[HTMLDocument.body]
        var isInArticle = isUnreadable.map { _ in false }
        for node in 1..<document.nodes.count where node != HTMLDocument.body {
            let parent = Int(document.nodes[node].parent)
            let tag = document.nodes[node].tag
            isInArticle[node] = isInArticle[parent] || tag == .article || tag == .main
            isFrame[node] = isFrame[parent]
            if isFrame[node] || document.nodes[node].isText || tag == .main || tag == .article { continue }
            switch framing(of: node, isInArticle: isInArticle[parent]) {
            case .none: break
            case .certain: isFrame[node] = true
            case .likely: isFrame[node] = Int(everything.characters[node]) * 2 <= Int(all)
            case .possible:
                // A sidebar of prose belongs to what it stands in; one of links or of a few words does not.
                let isProse = everything.prose[node] > 0 && everything.linkShare(node) < 0.2
                isFrame[node] = !isProse && Int(everything.characters[node]) * 2 <= Int(all)
            }
        }
    }

    /// A block of links inside the main part: most of its text is links, and no prose is in it.
    private mutating func markLinkBlocks(_ measures: HTMLMeasures) {
        for node in (mainRoot + 1)..<max(document.nodes.count, mainRoot + 1) {
            let parent = Int(document.nodes[node].parent)
            isLinkBlock[node] = isLinkBlock[parent] || isMostlyLinks(node, measures)
        }
    }

    private func isMostlyLinks(_ node: Int, _ measures: HTMLMeasures) -> Bool {
        let links = Int(measures.links[node])
        guard links >= 2, measures.prose[node] == 0 else { return false }
        let share = measures.linkShare(node)
        switch document.nodes[node].tag {
        case .ul, .ol, .dl, .dir, .menu, .div, .section, .table, .center, .dd:
            return links >= 3 && share > 0.5 || share > 0.8
        case .p, .td: return links >= 3 && share > 0.8
        default: return false
        }
    }

    // MARK: Up the tree

    /// Counts what is text in the nodes that `isKept` leaves.
    private func measure(_ isKept: (Int) -> Bool) -> HTMLMeasures {
        var measures = HTMLMeasures(count: document.nodes.count)
        for node in (1..<document.nodes.count).reversed() where isKept(node) {
            let parent = Int(document.nodes[node].parent)
            if document.nodes[node].isText {
                measures.add(text: HTMLMeasures.characters(in: document.bytes(of: node)), to: parent, isLink: isInLink[node])
            } else {
                measures.close(node, document.nodes[node], isInLink: isInLink[node], hasHref: isLink(node))
            }
        }
        return measures
    }

    private func isLink(_ node: Int) -> Bool {
        document.nodes[node].tag == .a && isInLink[node] && document.attribute("href", of: node) != nil
    }

    // MARK: Choices

    /// `main`, else a lone `article`, else the body; and from there down as long as one child holds all prose and all headings.
    private func chooseRoot(_ measures: HTMLMeasures) -> Int {
        let all = measures.characters[HTMLDocument.body]
        func largest(_ isWanted: (Int) -> Bool) -> Int? {
            document.nodes.indices.filter { isWanted($0) && !isFrame[$0] && !isUnreadable[$0] }
                .max { measures.characters[$0] < measures.characters[$1] }
        }
        var root = HTMLDocument.body
        if let main = largest({ document.nodes[$0].tag == .main || role(of: $0) == "main" }),
            measures.characters[main] >= HTMLContent.enoughCharacters || measures.characters[main] * 2 >= all
        {
            root = main
        }
        if let article = largest({ document.nodes[$0].tag == .article }), isInside(article, root),
            Int(measures.characters[article]) * 10 >= Int(measures.characters[root]) * 6
        {
            root = article
        }
        return descend(from: root, measures)
    }

    private func descend(from start: Int, _ measures: HTMLMeasures) -> Int {
        var root = start
        while measures.prose[root] > 0 {
            var child = Int(document.nodes[root].firstChild)
            while child >= 0, measures.prose[child] != measures.prose[root] { child = Int(document.nodes[child].nextSibling) }
            guard child >= 0, document.nodes[child].tag.isBlock, measures.headings[child] == measures.headings[root],
                document.nodes[child].firstChild >= 0, measures.isPlain(child) == false
            else { break }
            root = child
        }
        return root
    }

    private mutating func chooseLevel(everything: HTMLMeasures, unframed: HTMLMeasures) {
        let main = measure { !isFrame[$0] && !isUnreadable[$0] && !isLinkBlock[$0] }.characters[mainRoot]
        let rest = unframed.characters[HTMLDocument.body]
        let isIndex = main < HTMLContent.indexCharacters && Int(main) * HTMLContent.indexRatio < Int(rest)
        if isIndex || main < HTMLContent.enoughCharacters && main * 2 < rest { level = .unframed }
        // An empty page with a frame around it is still an empty page, unless next to nothing is left.
        let kept = level == .main ? main : rest
        if kept < HTMLContent.enoughCharacters / 8, kept * 2 < everything.characters[HTMLDocument.body] { level = .whole }
    }
}
