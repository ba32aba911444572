// What a reader wants of a page: its title and other metadata, its main text, its outline and its links made absolute. One pure
// function from bytes to a value; any bytes have a page. Bounds: `maximumBytes` of input, the nodes and the depth of `HTMLDocument`,
// the text of one rendering, and the counts and lengths below. `isTruncated` says that one of them was met.

import Base

/// A page read for its content.
public struct HTMLPage: Sendable, Equatable {
    /// Bytes of a page that are read; the rest is left out.
    public static let maximumBytes = Limits.responseBodyBytes
    public static let maximumLinks = 2_000
    public static let maximumHeadings = 1_000
    /// Nodes that may stand before the heading that begins a section: white space and anchors.
    private static let nodesBeforeHeading = 4
    public static let maximumProperties = 64
    /// Bytes of one title, description, link text or other line.
    public static let maximumLineBytes = 1_024
    /// Bytes of one address.
    public static let maximumAddressBytes = 4_096

    /// `og:title`, else the `title` element, else the first heading of level 1. Empty when there is none of them.
    public internal(set) var title = ""
    /// `description`, else `og:description`, else `twitter:description`.
    public internal(set) var description: String?
    /// The absolute address of `link rel=canonical`, else `og:url`.
    public internal(set) var canonical: String?
    /// The language tag of the root element, else of `Content-Language`, else `og:locale`.
    public internal(set) var language: String?
    /// `author`, else `article:author` or `dc.creator`, else the text of a `rel=author` link.
    public internal(set) var author: String?
    /// When the page says it was published, as it writes it: `article:published_time` and its kin, else the first `time` with a
    /// `datetime` in the main part.
    public internal(set) var published: String?
    /// The `og:` and `twitter:` properties in the order of the page, the first of each name.
    public internal(set) var properties: [Property] = []
    /// The headings that are not framing, in order.
    public internal(set) var headings: [Heading] = []
    /// The links in order, one for each address.
    public internal(set) var links: [Link] = []
    /// The main part: paragraphs with blank lines between, lists and tables line by line, preformatted text as it stands.
    public internal(set) var mainText = ""
    /// All readable text, framing included, in the same form.
    public internal(set) var text = ""
    /// Words of `mainText`: runs without white space that hold a letter or a digit.
    public internal(set) var wordCount = 0
    /// The WHATWG name of the encoding the bytes were read in.
    public internal(set) var charset = ""
    /// Whether a bound cut something off.
    public internal(set) var isTruncated = false
    /// Steps taken, for tests of linearity.
    var work = 0

    /// One metadata property.
    public struct Property: Sendable, Equatable {
        public let name: String
        public let content: String
    }

    /// One heading.
    public struct Heading: Sendable, Equatable {
        /// 1 to 6.
        public let level: Int
        public let text: String
        /// The `id` by which a fragment reaches it.
        public let anchor: String?
    }

    /// One link.
    public struct Link: Sendable, Equatable {
        /// What the reader sees of it; the alternative text of an image, or the title, when there is no text.
        public internal(set) var text: String
        /// Absolute.
        public let address: String
        /// The link types, as written.
        public let rel: String?
        /// Whether it stands in the main part.
        public internal(set) var isMainContent: Bool
    }

    /// Reads a page.
    /// - Parameters:
    ///   - bytes: the body as it was received.
    ///   - contentType: the value of the Content-Type header, if there was one.
    ///   - maximumBytes: the bytes that are read.
    ///   - resolve: the absolute form of an address of the page, or nil for one that is not to be followed. Relative addresses are
    ///     joined to `<base href>` first if the page has one; that address itself is resolved too.
    public init(
        _ bytes: [UInt8], contentType: String? = nil, maximumBytes: Int = HTMLPage.maximumBytes, resolve: (String) -> String?
    ) {
        let isCut = bytes.count > maximumBytes
        let body = isCut ? Array(bytes.prefix(max(maximumBytes, 0))) : bytes
        let encoding = HTMLCharset.detect(body, contentType: contentType)
        self.init(HTMLDocument(encoding.decode(body)), resolve: resolve)
        charset = encoding.name
        isTruncated = isTruncated || isCut
    }

    /// Reads a page that is parsed already.
    public init(_ document: HTMLDocument, resolve: (String) -> String?) {
        let content = HTMLContent(document)
        let tables = HTMLTables(document)
        var main = HTMLRenderer(document, tables: tables)
        mainText = main.render(from: content.root) { content.isKept($0) }
        var whole = HTMLRenderer(document, tables: tables)
        text = whole.render(from: HTMLDocument.body) { !content.isUnreadable[$0] }
        wordCount = HTMLPage.countWords(mainText)
        readHeadings(document, content)
        readMetadata(document, content, resolve: resolve)
        readLinks(document, content, resolve: resolve)
        isTruncated = isTruncated || document.isTruncated || main.isTruncated || whole.isTruncated
        work = document.work
    }

    private static func countWords(_ text: String) -> Int {
        var count = 0
        var isInWord = false
        for byte in text.utf8 {
            if HTMLBytes.isSpace(byte) {
                isInWord = false
            } else if !isInWord, byte >= 0x80 || HTMLBytes.isLetterOrDigit(byte) {
                isInWord = true
                count += 1
            }
        }
        return count
    }

    private mutating func readHeadings(_ document: HTMLDocument, _ content: HTMLContent) {
        for node in document.nodes.indices where document.nodes[node].tag.headingLevel > 0 {
            if content.isUnreadable[node] || content.isFrame[node] { continue }
            guard headings.count < HTMLPage.maximumHeadings else {
                isTruncated = true
                return
            }
            let text = content.line(of: node)
            guard !text.isEmpty else { continue }
            headings.append(
                Heading(level: document.nodes[node].tag.headingLevel, text: text, anchor: anchor(of: node, in: document)))
        }
    }

    /// The `id` of the heading, of the link in it, or of the section that it begins.
    private func anchor(of node: Int, in document: HTMLDocument) -> String? {
        let child = Int(document.nodes[node].firstChild)
        let parent = Int(document.nodes[node].parent)
        var places = [node]
        if child >= 0 { places.append(child) }
        let isFirst = Int(document.nodes[parent].firstChild) >= node - HTMLPage.nodesBeforeHeading
        if document.nodes[parent].tag == .section || document.nodes[parent].tag == .div, isFirst { places.append(parent) }
        return places.lazy.compactMap { document.attribute("id", of: $0) ?? document.attribute("name", of: $0) }
            .first { !$0.isEmpty && $0.utf8.count <= HTMLPage.maximumLineBytes }
    }
}
