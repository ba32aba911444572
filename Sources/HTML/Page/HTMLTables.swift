// Which tables hold data, whose cells are read row by row, and which only lay out the page, whose cells are read like any block.

/// The tables of a page, told apart.
struct HTMLTables {
    /// Characters in one cell beyond which a table is layout.
    private static let maximumCellCharacters = 600

    private let isLayout: [Bool]

    init(_ document: HTMLDocument) {
        var isLayout = [Bool](repeating: false, count: document.nodes.count)
        var characters = [Int32](repeating: 0, count: document.nodes.count)
        for index in (1..<document.nodes.count).reversed() {
            let node = document.nodes[index]
            let parent = Int(node.parent)
            if node.isText {
                characters[index] = HTMLMeasures.characters(in: document.bytes(of: index))
            }
            let tag = node.tag
            let isLongCell = (tag == .td || tag == .th) && characters[index] > Int32(HTMLTables.maximumCellCharacters)
            let breaksCell = tag == .table || tag.isPreformatted || tag.headingLevel > 0 || tag == .article || tag == .section
            // A mark travels up to the nearest table and stops there; a table is itself a mark for the one around it.
            if isLongCell || breaksCell || tag != .table && isLayout[index] { isLayout[parent] = true }
            characters[parent] += characters[index]
        }
        self.isLayout = isLayout
    }

    func isData(_ table: Int) -> Bool { !isLayout[table] }
}
