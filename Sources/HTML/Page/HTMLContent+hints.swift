// What says that an element frames the page instead of being it: its name, its role, and the words of its class and id.

extension HTMLContent {
    /// How surely an element is framing.
    enum Framing {
        case none
        /// Only if it is not prose.
        case possible
        /// Unless it holds most of the page.
        case likely
        case certain
    }

    /// The `role` of `node` in lower case.
    func role(of node: Int) -> String? {
        document.attribute("role", of: node)?.lowercased()
    }

    func framing(of node: Int, isInArticle: Bool) -> Framing {
        let tag = document.nodes[node].tag
        switch tag {
        case .nav, .search: return .certain
        case .footer: return isInArticle ? .likely : .certain
        case .form, .dialog, .noscript: return .likely
        case .aside: return isInArticle ? .possible : .likely
        case .header: if !isInArticle { return .likely }
        default: break
        }
        let attributes = document.attributes(of: node)
        guard !attributes.isEmpty else { return .none }
        if let framing = role(of: node).flatMap({ HTMLContent.roles[$0] }) { return framing }
        var strongest = Framing.none
        for attribute in attributes {
            switch attribute.name {
            case "hidden": return .likely
            case "style": if HTMLContent.hides(attribute.value) { return .likely }
            case "class", "id":
                // An inline element or a heading with a telling name is part of its sentence.
                guard tag.isBlock || tag == .other, tag.headingLevel == 0, tag != .table || isLayoutName(attribute)
                else { continue }
                switch HTMLContent.framing(ofName: attribute.value) {
                case .likely: return .likely
                case .possible: strongest = .possible
                default: break
                }
            default: break
            }
        }
        return strongest
    }

    /// A table is data unless its name says navigation in one word.
    private func isLayoutName(_ attribute: HTMLToken.Attribute) -> Bool {
        attribute.value.lowercased().contains("nav")
    }

    private static func hides(_ style: String) -> Bool {
        let style = style.utf8.filter { !HTMLBytes.isSpace($0) }.map { HTMLBytes.lowercase($0) }
        let text = String(decoding: style, as: UTF8.self)
        return text.contains("display:none") || text.contains("visibility:hidden")
    }

    /// What the words of a class or id say. Words end at anything but letters, and before a capital letter.
    static func framing(ofName name: String) -> Framing {
        var strongest = Framing.none
        var word = ""
        var wasLower = false
        for byte in name.utf8.prefix(maximumNameBytes) {
            let isUpper = byte &- 0x41 < 26
            if !HTMLBytes.isLetter(byte) || isUpper && wasLower {
                if let framing = framing(ofWord: word) {
                    if framing == .likely { return .likely }
                    strongest = framing
                }
                word = ""
            }
            if HTMLBytes.isLetter(byte) { word.unicodeScalars.append(Unicode.Scalar(HTMLBytes.lowercase(byte))) }
            wasLower = !isUpper && HTMLBytes.isLetter(byte)
        }
        return framing(ofWord: word) ?? strongest
    }

    private static func framing(ofWord word: String) -> Framing? {
        guard word.utf8.count >= 2 else { return nil }
        if let framing = words[word] { return framing }
        if word.hasPrefix("nav") && word.utf8.count <= 12 || word.hasSuffix("nav") || word.hasSuffix("menu") { return .likely }
        if word.hasPrefix("cookie") || word.hasPrefix("breadcrumb") || word.hasPrefix("advert") { return .likely }
        return word.hasSuffix("sidebar") || word.hasSuffix("footer") || word.hasSuffix("header") ? .possible : nil
    }

    /// Bytes of a class or id that are read.
    private static let maximumNameBytes = 512

    private static let roles: [String: Framing] = [
        "navigation": .certain, "contentinfo": .certain, "search": .certain, "banner": .likely, "complementary": .likely,
        "dialog": .likely, "alertdialog": .likely, "menu": .likely, "menubar": .likely, "toolbar": .likely, "tablist": .likely,
    ]

    private static let words: [String: Framing] = {
        let likely = """
            ad ads advertisement breadcrumb breadcrumbs comments commentlist consent cookie cookies disqus docnav footer gdpr modal \
            nav navbar navigation newsletter pager pagination paywall popup promo related respond share sharing shoutbox skiplink \
            social sponsor sponsored subscribe toc toolbar masthead
            """
        let possible = "aside banner comment header menu meta sidebar side skip tags widget widgets login signup search toplinks"
        var words: [String: Framing] = [:]
        for word in likely.split(separator: " ") { words[String(word)] = .likely }
        for word in possible.split(separator: " ") { words[String(word)] = .possible }
        return words
    }()
}
