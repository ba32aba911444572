// Trees of broken and of proper markup, and the bounds of the tree.

import Testing

@testable import HTML

struct DocumentTests {
    /// The tree as nested names, with text in quotes; head and body only when they hold something.
    private static func outline(_ html: String) -> String {
        let document = HTMLDocument(Array(html.utf8))
        func spell(_ node: Int) -> String {
            if document.nodes[node].isText { return "'" + String(decoding: document.bytes(of: node), as: UTF8.self) + "'" }
            var children: [String] = []
            var child = Int(document.nodes[node].firstChild)
            while child >= 0 {
                let text = spell(child)
                if text != "head", text != "body" { children.append(text) }
                child = Int(document.nodes[child].nextSibling)
            }
            return document.nodes[node].name + (children.isEmpty ? "" : "(" + children.joined(separator: " ") + ")")
        }
        return spell(0)
    }

    @Test(arguments: [
        ("x", "html(body('x'))"),
        ("", "html"),
        ("<title>a</title><p>b", "html(head(title('a')) body(p('b')))"),
        ("<p>a<p>b<div>c</div>", "html(body(p('a') p('b') div('c')))"),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "html(body(ul(li('a') li('b' ul(li('c'))) li('d'))))"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "html(body(dl(dt('a') dd('b') dt('c'))))"),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", "html(body(table(tr(td('a') td('b')) tr(th('c'))) 'd'))"),
        (
            "<table><tbody><tr><td><table><tr><td>a</table>b<td>c</table>",
            "html(body(table(tbody(tr(td(table(tr(td('a'))) 'b') td('c'))))))"
        ),
        ("<table><tr><td><p>a</td><td>b</div></p></td></table>", "html(body(table(tr(td(p('a')) td('b')))))"),
        ("<select><option>a<option>b</select>c", "html(body(select(option('a') option('b')) 'c'))"),
        ("<b><i>a</b>b</i>c", "html(body(b(i('a' 'b')) 'c'))"),
        ("<b><p>a</b>b</p>c", "html(body(b(p('a' 'b')) 'c'))"),
        ("<a href=1><div>a</a>b</div>c", "html(body(a(div('a')) div('b') 'c'))"),
        ("<a href=1>a<a href=2>b</a>c", "html(body(a('a') a('b') 'c'))"),
        ("a</p></div></b></table></td>b", "html(body('a' 'b'))"),
        ("<div>a</span>b</div>", "html(body(div('a' 'b')))"),
        ("<h1>a<h2>b</h3>c", "html(body(h1('a') h2('b') 'c'))"),
        ("a<br>b<br/>c</br>d<img>e<hr>f", "html(body('a' br 'b' br 'c' 'd' img 'e' hr 'f'))"),
        ("<script>a<b>c</script><style>d</style>e", "html(head(script style) body('e'))"),
        ("<textarea><b>a</textarea><xmp><b></xmp>", "html(body(textarea('<b>a') xmp('<b>')))"),
        ("<a id=x/>a", "html(body(a('a')))"), ("<a id='x'/>a", "html(body(a 'a'))"),
        ("<?xml version='1.0'?><div/><script/>a", "html(body(div script 'a'))"),
        ("<div/>a", "html(body(div('a')))"),
        ("<svg><title>a</title><path/><p>b", "html(body(svg(title('a') path) p('b')))"),
        ("<svg><![CDATA[a<b]]></svg><![CDATA[c]]>d", "html(body(svg('a<b') 'd'))"),
        ("<html lang=en><body><html lang=fr><body>a</body>b</html>c", "html(body('a' 'b' 'c'))"),
        ("<head><noscript><p>a</noscript></head>b", "html(head(noscript) body(p('a' 'b')))"),
        ("<pre>\n\na</pre>", "html(body(pre('\na')))"), ("a\0b", "html(body('ab'))"),
        ("<custom-a><custom-b>x</custom-a>y", "html(body(custom-a(custom-b('x')) 'y'))"),
        ("<button><p>a</button>b", "html(body(button(p('a')) 'b'))"),
        ("<template><td>a</td></template>b", "html(head(template(td('a'))) body('b'))"),
    ])
    func `markup of every sort has the tree a reader expects`(html: String, tree: String) {
        #expect(DocumentTests.outline(html) == tree)
    }

    @Test func `the first attributes of the root and the body count`() {
        let document = HTMLDocument(Array("<p><html lang=en><html lang=fr><body class=a><body class=b>".utf8))
        #expect(document.attribute("lang", of: 0) == "en")
        #expect(document.attribute("class", of: 2) == "a")
    }

    @Test func `depth is bounded and no text is lost beyond it`() {
        let html = String(repeating: "<div>", count: 5_000) + "deep" + String(repeating: "</div>", count: 5_000) + "after"
        let document = HTMLDocument(Array(html.utf8))
        var depths = [Int](repeating: 0, count: document.nodes.count)
        for node in 1..<document.nodes.count { depths[node] = depths[Int(document.nodes[node].parent)] + 1 }
        #expect(depths.max() == HTMLDocument.maximumDepth)
        #expect(!document.isTruncated)
        #expect(
            document.text(within: HTMLDocument.body, limit: 100) == "" || document.nodes.count > HTMLDocument.maximumLineNodes)
        #expect(String(decoding: document.text, as: UTF8.self) == "deepafter")
    }

    @Test func `nodes are bounded and the document says so`() {
        let full = HTMLDocument(Array(String(repeating: "<p>x", count: HTMLDocument.maximumNodes / 2 + 10).utf8))
        #expect(full.nodes.count == HTMLDocument.maximumNodes)
        #expect(full.isTruncated)
        #expect(!HTMLDocument(Array("<p>x".utf8)).isTruncated)
    }

    @Test(arguments: [
        "<div>", "<p>x", "<a href=x>", "<b><i></b>", "<b><p>", "</x>", "<x1>", "<li>", "<table><tr><td>", "<td>", "<svg>",
        "<svg><p>", "<h1>",
        "<a><b><i><u><s><tt></a>", "<button>", "<form><div></form>", "<pre>\n", "<option>", "<template>", "</p>",
        "<select><a></select>",
    ])
    func `the work of a flood of tags grows no faster than its length`(piece: String) {
        func work(_ times: Int) -> Int { HTMLDocument(Array(String(repeating: piece, count: times).utf8)).work }
        let (half, whole) = (work(1_000), work(2_000))
        #expect(Double(whole) <= Double(half) * 2.2 + 1_000, "\(piece)")
        #expect(whole <= 2_000 * piece.utf8.count * (HTMLDocument.maximumDepth + 8))
    }

    @Test func `a parent comes before its children in every tree`() {
        for seed in 0..<50 {
            let document = HTMLDocument(Soup(seed: UInt64(seed)).bytes(pieces: 300))
            for node in 1..<document.nodes.count {
                #expect(document.nodes[node].parent < node)
                #expect(document.nodes[node].nextSibling < 0 || document.nodes[node].nextSibling > node)
            }
        }
    }
}

/// Reproducible tag soup.
struct Soup {
    private var state: UInt64
    private static let pieces = [
        "<div>", "</div>", "<p>", "</p>", "<a href='/x?a=1&b=2'>", "</a>", "<b>", "</b>", "<i>", "</i>", "<table>", "</table>",
        "<tr>", "<td>",
        "</td>", "<ul>", "<li>", "</ul>", "<ol start=3>", "</ol>", "<h1>", "</h1>", "<h2 id=x>", "</h2>", "<pre>\n", "</pre>",
        "<br>", "&amp;", "&",
        "&#x41;", "<!--", "-->", "<!doctype html>", "<script>", "</script>", "<style>", "</style>", "<title>", "</title>",
        "<svg>", "</svg>",
        "<math>", "<nav>", "</nav>", "<article>", "</article>", "<main>", "</main>", "word ",
        "some longer words of text, and more of them. ",
        "\0", "é", "<", ">", "\"", "'", "<base href=//b/>", "<meta name=description content=x>", "<link rel=canonical href=c>",
        "<time datetime=2020>", "<template>", "</template>", "<form>", "</form>", "<select>", "<option>", "</select>", "<a",
        " href=", "<![CDATA[",
        "]]>", "<dl>", "<dt>", "<dd>", "</dl>", "<noscript>", "</noscript>", "<button>", "</button>", "<frameset>", "</html>",
        "<body>", "</head>",
    ]

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    private mutating func next(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }

    func bytes(pieces count: Int) -> [UInt8] {
        var soup = self
        var out: [UInt8] = []
        for _ in 0..<count {
            if soup.next(40) == 0 { out.append(UInt8(soup.next(256))) }
            out += Array(Soup.pieces[soup.next(Soup.pieces.count)].utf8)
        }
        return out
    }
}
