// What is counted for each node of a page: characters, those in links, links, blocks of prose, headings. Filled from the last node to
// the first, so that every count has reached its node before the node hands it to its parent.

/// Counts a node of a page holds, with all that is below it.
struct HTMLMeasures {
    /// Characters other than white space.
    private(set) var characters: [Int32]
    private(set) var linkCharacters: [Int32]
    /// Links with an address.
    private(set) var links: [Int32]
    /// Blocks with enough text of their own to read as prose or data, and preformatted text.
    private(set) var prose: [Int32]
    /// Headings of the first three levels.
    private(set) var headings: [Int32]
    /// Characters, and those in links, whose nearest block this is.
    private var own: [Int32]
    private var ownLinks: [Int32]

    init(count: Int) {
        characters = [Int32](repeating: 0, count: count)
        linkCharacters = characters
        links = characters
        prose = characters
        headings = characters
        own = characters
        ownLinks = characters
    }

    mutating func add(text count: Int32, to parent: Int, isLink: Bool) {
        characters[parent] += count
        own[parent] += count
        if isLink {
            linkCharacters[parent] += count
            ownLinks[parent] += count
        }
    }

    /// Ends the counts of `index` and adds them to its parent's.
    mutating func close(_ index: Int, _ node: HTMLDocument.Node, isInLink: Bool, hasHref: Bool) {
        let parent = Int(node.parent)
        if hasHref { links[index] += 1 }
        if node.tag.isBlock {
            if node.tag.headingLevel > 0 {
                headings[index] += node.tag.headingLevel <= 3 && own[index] > 0 ? 1 : 0
            } else if isProse(index, node.tag) {
                prose[index] += 1
            }
        } else {
            own[parent] += own[index]
            ownLinks[parent] += ownLinks[index]
        }
        characters[parent] += characters[index]
        linkCharacters[parent] += linkCharacters[index]
        links[parent] += links[index]
        prose[parent] += prose[index]
        headings[parent] += headings[index]
    }

    private func isProse(_ index: Int, _ tag: HTMLTag) -> Bool {
        if tag.isPreformatted { return own[index] > 0 }
        return own[index] >= HTMLContent.proseCharacters && ownLinks[index] * 2 < own[index]
    }

    /// The part of the node's text that is in links, 0 to 1.
    func linkShare(_ index: Int) -> Double {
        characters[index] == 0 ? 0 : Double(linkCharacters[index]) / Double(characters[index])
    }

    /// Whether the node is one block of prose with nothing in it that stands on lines of its own.
    func isPlain(_ index: Int) -> Bool {
        prose[index] <= 1 && own[index] == characters[index]
    }

    /// Characters of UTF-8 other than white space and control characters.
    static func characters(in bytes: ArraySlice<UInt8>) -> Int32 {
        var count: Int32 = 0
        for byte in bytes where byte > 0x20 && byte & 0xC0 != 0x80 { count += 1 }
        return count
    }
}
