// Elements of a page by the everyday part of CSS selectors: names, `#id`, `.class`, `[attribute]`, `[attribute=value]`, inside each other
// (a space) or one directly in the other (`>`). One pass over the tree finds all, whatever the selector.
// Bounds: `characters`, `partLimit` parts.

import HTML

/// A selector of elements.
struct HTMLSelector: Sendable {
    static let characters = 1...300
    static let partLimit = 16

    private struct Part {
        var name: String?
        var attributes: [(name: String, value: String?)] = []
        var classes: [String] = []
        /// Directly inside what the part before finds.
        var isChild = false
    }

    private let parts: [Part]

    /// `nil` when it is none of those that are understood.
    init?(_ text: String) {
        var parts: [Part] = []
        var rest = Substring(text)
        var isChild = false
        while true {
            rest = rest.drop { $0 == " " }
            if rest.first == ">" {
                guard !parts.isEmpty, !isChild else { return nil }
                isChild = true
                rest = rest.dropFirst()
                continue
            }
            guard !rest.isEmpty else { break }
            guard parts.count < HTMLSelector.partLimit, var part = HTMLSelector.part(&rest) else { return nil }
            part.isChild = isChild
            isChild = false
            parts.append(part)
        }
        guard !parts.isEmpty, !isChild else { return nil }
        self.parts = parts
    }

    private static func part(_ rest: inout Substring) -> Part? {
        var part = Part()
        let start = rest.startIndex
        if rest.first == "*" { rest = rest.dropFirst() } else if let name = word(&rest) { part.name = name.lowercased() }
        while let first = rest.first, first != " ", first != ">" {
            rest = rest.dropFirst()
            switch first {
            case "#":
                guard let id = word(&rest) else { return nil }
                part.attributes.append(("id", id))
            case ".":
                guard let name = word(&rest) else { return nil }
                part.classes.append(name)
            case "[":
                guard let name = word(&rest) else { return nil }
                var value: String?
                if rest.first == "=" {
                    let content = rest.dropFirst().prefix { $0 != "]" }
                    rest = rest.dropFirst(1 + content.count)
                    value = String(content).trimmingQuotes
                }
                guard rest.first == "]" else { return nil }
                rest = rest.dropFirst()
                part.attributes.append((name.lowercased(), value))
            default: return nil
            }
        }
        return rest.startIndex == start ? nil : part
    }

    private static func word(_ rest: inout Substring) -> String? {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ":" }
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : String(word)
    }

    /// The elements that it finds, in the order of the page.
    func elements(of document: HTMLDocument) -> [Int] {
        // Bit i of `found`: the first i + 1 parts lead to this element; of `above`: to an element around it.
        var found = [UInt32](repeating: 0, count: document.nodes.count)
        var above = found
        var result: [Int] = []
        for (index, node) in document.nodes.enumerated() where !node.isText {
            let parent = Int(node.parent)
            let direct = parent >= 0 ? found[parent] : 0
            above[index] = parent >= 0 ? above[parent] | direct : 0
            for (place, part) in parts.enumerated() {
                let before: UInt32 = place == 0 ? 1 : (part.isChild ? direct : above[index]) >> UInt32(place - 1) & 1
                if before == 1, HTMLSelector.fits(part, index, document) { found[index] |= 1 << UInt32(place) }
            }
            if found[index] >> UInt32(parts.count - 1) & 1 == 1 { result.append(index) }
        }
        return result
    }

    private static func fits(_ part: Part, _ index: Int, _ document: HTMLDocument) -> Bool {
        if let name = part.name, name != document.nodes[index].name { return false }
        for (name, wanted) in part.attributes {
            guard let value = document.attribute(name, of: index), wanted == nil || wanted == value else { return false }
        }
        guard !part.classes.isEmpty else { return true }
        let classes = (document.attribute("class", of: index) ?? "").split { $0 == " " || $0 == "\n" || $0 == "\t" }
        return part.classes.allSatisfy { wanted in classes.contains { $0 == wanted } }
    }
}

extension String {
    fileprivate var trimmingQuotes: String {
        guard count >= 2, let first, first == last, first == "\"" || first == "'" else { return self }
        return String(dropFirst().dropLast())
    }
}
