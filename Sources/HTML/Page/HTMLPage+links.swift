// The links of a page, made absolute.

extension HTMLPage {
    mutating func readLinks(_ document: HTMLDocument, _ content: HTMLContent, resolve: (String) -> String?) {
        let addresses = HTMLAddresses(document, resolve: resolve)
        var places: [String: Int] = [:]
        for node in document.nodes.indices where document.nodes[node].tag == .a || document.nodes[node].tag == .area {
            guard let href = document.attribute("href", of: node), let address = addresses.absolute(href, resolve: resolve) else {
                continue
            }
            let isMain = content.isMain(node)
            if let place = places[address] {
                links[place].isMainContent = links[place].isMainContent || isMain
                if links[place].text.isEmpty { links[place].text = HTMLPage.label(of: node, in: document, content) }
                continue
            }
            guard links.count < HTMLPage.maximumLinks else {
                isTruncated = true
                return
            }
            places[address] = links.count
            let rel = document.attribute("rel", of: node).map { HTMLPage.line($0) }
            let text = HTMLPage.label(of: node, in: document, content)
            links.append(Link(text: text, address: address, rel: rel, isMainContent: isMain))
        }
    }

    private static func label(of node: Int, in document: HTMLDocument, _ content: HTMLContent) -> String {
        let text = content.line(of: node)
        if !text.isEmpty { return text }
        for name in ["aria-label", "title", "alt"] {
            if let value = document.attribute(name, of: node).map({ line($0) }), !value.isEmpty { return value }
        }
        let image = Int(document.nodes[node].firstChild)
        return image >= 0 ? line(document.attribute("alt", of: image) ?? "") : ""
    }
}
