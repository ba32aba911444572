// What the page says about itself in `meta`, `link`, `title` and `time`.

extension HTMLPage {
    private static let dateNames: Set<String> = [
        "article:published_time", "og:article:published_time", "datepublished", "date", "dc.date", "dc.date.issued",
        "dcterms.created",
        "dcterms.date", "dcterms.issued", "pubdate", "publishdate", "publish_date", "citation_publication_date",
    ]

    /// The `meta` elements by name, the first of each name that says something.
    private struct Meta {
        var contents: [String: String] = [:]
        /// Names in the order of the page.
        var names: [String] = []

        mutating func add(_ name: String, _ content: String) {
            guard !content.isEmpty, contents[name] == nil else { return }
            contents[name] = content
            names.append(name)
        }

        func first(_ wanted: String...) -> String? {
            wanted.lazy.compactMap { contents[$0] }.first
        }
    }

    mutating func readMetadata(_ document: HTMLDocument, _ content: HTMLContent, resolve: (String) -> String?) {
        var meta = Meta()
        var titleElement: String?
        var canonicalLink: String?
        var authorLink: String?
        var time: String?
        for node in document.nodes.indices {
            switch document.nodes[node].tag {
            case .meta: HTMLPage.read(meta: document.attributes(of: node), into: &meta)
            case .title where titleElement == nil && !HTMLPage.isDrawing(node, in: document):
                titleElement = HTMLPage.nonEmpty(document.text(within: node, limit: HTMLPage.maximumLineBytes))
            case .link where canonicalLink == nil && HTMLPage.hasRel("canonical", document, node):
                canonicalLink = document.attribute("href", of: node)
            case .a where authorLink == nil && HTMLPage.hasRel("author", document, node):
                authorLink = HTMLPage.nonEmpty(content.line(of: node))
            case .time where time == nil && content.isMain(node):
                time = document.attribute("datetime", of: node).flatMap { HTMLPage.nonEmpty(HTMLPage.line($0)) }
            default: break
            }
        }
        title = meta.first("og:title") ?? titleElement ?? headings.first { $0.level == 1 }?.text ?? ""
        description = meta.first("description", "og:description", "twitter:description")
        author =
            meta.first("author") ?? meta.first("article:author", "dc.creator").flatMap { $0.contains("://") ? nil : $0 }
            ?? authorLink
        published = meta.names.first { HTMLPage.dateNames.contains($0) }.flatMap { meta.contents[$0] } ?? time
        language =
            [document.attribute("lang", of: HTMLDocument.root), document.attribute("xml:lang", of: HTMLDocument.root)].lazy
            .compactMap { $0.flatMap { HTMLPage.nonEmpty(HTMLPage.line($0)) } }.first
            ?? meta.first("content-language", "og:locale")
        let addresses = HTMLAddresses(document, resolve: resolve)
        canonical = canonicalLink.flatMap { addresses.absolute($0, resolve: resolve) }
        if canonical == nil { canonical = meta.first("og:url").flatMap { addresses.absolute($0, resolve: resolve) } }
        let kept = meta.names.filter { $0.hasPrefix("og:") || $0.hasPrefix("twitter:") }
        properties = kept.prefix(HTMLPage.maximumProperties).map { Property(name: $0, content: meta.contents[$0] ?? "") }
        isTruncated = isTruncated || kept.count > HTMLPage.maximumProperties
    }

    private static func read(meta attributes: ArraySlice<HTMLToken.Attribute>, into meta: inout Meta) {
        guard let content = attributes.first(where: { $0.name == "content" })?.value else { return }
        for attribute in attributes {
            switch attribute.name {
            case "name", "property", "itemprop", "http-equiv": meta.add(line(attribute.value).lowercased(), line(content))
            default: break
            }
        }
    }

    /// Whether the `title` belongs to a drawing and not to the page.
    private static func isDrawing(_ node: Int, in document: HTMLDocument) -> Bool {
        var at = Int(document.nodes[node].parent)
        while at > 0 {
            if document.nodes[at].tag == .svg { return true }
            at = Int(document.nodes[at].parent)
        }
        return false
    }

    private static func hasRel(_ rel: String, _ document: HTMLDocument, _ node: Int) -> Bool {
        document.attribute("rel", of: node)?.lowercased().split { $0 == " " || $0 == "\n" || $0 == "\t" }.contains { $0 == rel }
            ?? false
    }

    /// A value on one line within the bound.
    static func line(_ text: String) -> String {
        var line = HTMLLine()
        line.append(Array(text.utf8.prefix(maximumLineBytes * 8))[...])
        return line.string(limit: maximumLineBytes)
    }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }
}
