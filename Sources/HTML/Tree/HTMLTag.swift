// The elements that mean something to the tree or to a reader, and what they mean. Everything else is `.other`: an inline element of
// any name.

/// The elements of HTML that are told apart here.
public enum HTMLTag: String, Sendable, CaseIterable {
    case other = ""
    case html, head, body, title, meta, link, base, style, script, noscript, template
    case p, div, section, article, aside, main, nav, header, footer, address, blockquote, center, details, summary, dialog
    case fieldset, legend, figure, figcaption, form, hgroup, hr, menu, search, pre, listing, xmp, plaintext
    case h1, h2, h3, h4, h5, h6, ul, ol, dir, dl, li, dt, dd
    case table, caption, colgroup, col, thead, tbody, tfoot, tr, td, th
    case a, b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u, span
    case br, wbr, img, area, embed, input, param, source, track, frame, basefont, bgsound, keygen
    case select, option, optgroup, textarea, button, label, object, applet, marquee, iframe, noembed, noframes
    case canvas, audio, video, svg, math, foreignObject = "foreignobject", time, rp, rt

    private static let byName: [String: HTMLTag] = {
        var names: [String: HTMLTag] = ["image": .img]
        for tag in allCases where tag != .other { names[tag.rawValue] = tag }
        return names
    }()

    /// The element called `name` (in lower case).
    public init(name: String) {
        self = HTMLTag.byName[name] ?? .other
    }

    /// Never has content nor an end tag.
    var isVoid: Bool {
        switch self {
        case .area, .base, .br, .col, .embed, .hr, .img, .input, .link, .meta, .param, .source, .track, .wbr, .frame, .basefont,
            .bgsound, .keygen:
            true
        default: false
        }
    }

    /// Stands on lines of its own.
    var isBlock: Bool {
        switch self {
        case .body, .p, .div, .section, .article, .aside, .main, .nav, .header, .footer, .address, .blockquote, .center, .details,
            .summary, .dialog, .fieldset, .legend, .figure, .figcaption, .form, .hgroup, .hr, .menu, .search, .pre, .listing,
            .xmp,
            .plaintext, .h1, .h2, .h3, .h4, .h5, .h6, .ul, .ol, .dir, .dl, .li, .dt, .dd:
            true
        default: isTablePart || self == .table
        }
    }

    var isTablePart: Bool {
        switch self {
        case .caption, .colgroup, .thead, .tbody, .tfoot, .tr, .td, .th: true
        default: false
        }
    }

    /// Its start tag ends an open paragraph.
    var endsParagraph: Bool { isBlock && !isTablePart && self != .body }

    /// An end tag inside it does not reach what is open outside.
    var isBoundary: Bool {
        switch self {
        case .html, .body, .table, .td, .th, .caption, .button, .template, .object, .applet, .marquee, .foreignObject: true
        default: false
        }
    }

    /// Marks text without structuring it; may be nested wrongly.
    var isFormatting: Bool {
        switch self {
        case .a, .b, .big, .code, .em, .font, .i, .nobr, .s, .small, .strike, .strong, .tt, .u: true
        default: false
        }
    }

    /// May stand in the head.
    var belongsToHead: Bool {
        switch self {
        case .title, .meta, .link, .base, .basefont, .bgsound, .style, .script, .noscript, .template, .noframes: true
        default: false
        }
    }

    /// 1 to 6 for a heading, 0 otherwise.
    public var headingLevel: Int {
        switch self {
        case .h1: 1
        case .h2: 2
        case .h3: 3
        case .h4: 4
        case .h5: 5
        case .h6: 6
        default: 0
        }
    }

    /// White space in it counts.
    var isPreformatted: Bool { self == .pre || self == .listing || self == .xmp || self == .plaintext }

    /// White space directly in it never shows.
    var ignoresSpace: Bool {
        switch self {
        case .html, .head, .table, .thead, .tbody, .tfoot, .tr, .colgroup, .ul, .ol, .dl, .select: true
        default: false
        }
    }

    /// What it holds is never read as text of the page.
    var isUnreadable: Bool {
        switch self {
        case .head, .title, .style, .script, .template, .iframe, .noembed, .noframes, .object, .applet, .svg, .canvas, .audio,
            .video,
            .select, .textarea, .button, .rp, .embed:
            true
        default: false
        }
    }

    /// How the tokenizer reads what follows its start tag.
    var contentModel: HTMLTokenizer.ContentModel {
        switch self {
        case .title, .textarea: .escapableText
        case .style, .xmp, .iframe, .noembed, .noframes: .rawText
        case .script: .script
        case .plaintext: .plainText
        default: .data
        }
    }
}
