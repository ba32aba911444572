// The tokenizer on its own: the cases that need no public suite.

import Testing

@testable import HTML

struct TokenizerTests {
    private static func tokens(_ html: String) -> [HTMLToken] {
        var tokenizer = HTMLTokenizer(Array(html.utf8))
        var out: [HTMLToken] = []
        while let token = tokenizer.next() { out.append(token) }
        return out
    }

    @Test(arguments: [
        ("&amp;&AMP&amp", "&&&"), ("&notin;&notit;&not", "∉¬it;¬"), ("&zwnj;|&AElig;", "\u{200C}|Æ"),
        ("&#x20AC;&#8364&#128;", "€€€"), ("&#0;&#xD800;&#x110000;&#99999999999;", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ("&#;&#x;&;&nosuch;& b", "&#;&#x;&;&nosuch;& b"), ("&fjlig;&NotEqualTilde;", "fj≂̸"),
        ("a\r\nb\rc&#13;", "a\nb\nc\r"), ("a\0b", "ab"), ("1 < 2 <3 </", "1 < 2 <3 </"), ("a<!b>c</ d>e<?f>g</>h", "acegh"),
        ("<b>x</b title='>'>y", "xy"), ("x<a href='", "x"), ("<!-->a--><!--b--!>c<!--d", "a-->c"),
    ])
    func `text is what stands between the tags, references expanded`(html: String, text: String) {
        #expect(HTMLTokenizer.text(of: html) == text)
    }

    @Test func `the table holds all references of the standard, each in its place`() {
        #expect(HTMLReferences.shared.count == 2_231)
        let entries = HTMLReferences.named.split { $0 == " " || $0 == "\n" }
        for entry in entries {
            let parts = entry.split { $0 == "!" || $0 == ":" }
            let codes = parts[1].split(separator: "+").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
            var wanted = String.UnicodeScalarView()
            wanted.append(contentsOf: codes)
            #expect(HTMLTokenizer.text(of: "&\(parts[0]);").unicodeScalars.elementsEqual(wanted), "\(parts[0])")
            #expect(parts[0].utf8.count <= HTMLReferences.maximumNameBytes)
        }
    }

    @Test func `references in attributes leave addresses alone`() {
        let html = "<a href='?a=1&copy=2&amp;b=&lt;&copy' title=&quot;x&notit; A=3 href=second>"
        guard case .startTag(let tag)? = TokenizerTests.tokens(html).first else {
            Issue.record("no start tag")
            return
        }
        #expect(tag.attributes.map(\.name) == ["href", "title", "a"])
        #expect(tag.value("href") == "?a=1&copy=2&b=<©")
        #expect(tag.value("title") == "\"x&notit;")
        #expect(tag.value("a") == "3")
    }

    @Test func `attributes beyond the bound are dropped and the tag still ends in its place`() {
        let many = (0..<HTMLTokenizer.maximumAttributes + 9).map { "a\($0)=\($0)" }.joined(separator: " ")
        let tokens = TokenizerTests.tokens("<p \(many)>x")
        guard case .startTag(let tag)? = tokens.first else {
            Issue.record("no start tag")
            return
        }
        #expect(tag.attributes.count == HTMLTokenizer.maximumAttributes)
        #expect(tokens.last == .text(Array("x".utf8)))
    }

    @Test(arguments: [
        "<div>", "<a href=", "&", "<", "</", "<!--", "--!", "&#", "&am", "<a b='", "<![CDATA[", "<!doctype ", "<p a",
    ])
    func `the work of a flood grows no faster than its length`(piece: String) {
        func work(_ times: Int) -> Int {
            var tokenizer = HTMLTokenizer(Array(String(repeating: piece, count: times).utf8))
            while tokenizer.next() != nil {}
            return tokenizer.work
        }
        #expect(work(20_000) <= 20_000 * (piece.utf8.count + 1) * 2)
        #expect(work(20_000) <= work(10_000) * 2 + 100)
    }

    @Test(arguments: [HTMLTokenizer.ContentModel.script, .rawText, .escapableText, .characterData])
    func `the work of a flood inside raw text grows no faster than its length`(model: HTMLTokenizer.ContentModel) {
        for piece in ["<", "</", "</script", "</script ", "<!--", "-", "-->", "<script>", "]", "&", "]]"] {
            var tokenizer = HTMLTokenizer(Array(String(repeating: piece, count: 20_000).utf8))
            tokenizer.contentModel = model
            tokenizer.lastStartTag = "script"
            while tokenizer.next() != nil {}
            #expect(tokenizer.work <= 20_000 * (piece.utf8.count + 1) * 2, "\(piece)")
        }
    }

    @Test func `every cut of a page has tokens and ends`() {
        let html = Array(
            "<!DOCTYPE html PUBLIC \"a\" 'b'><title>x&amp;</title><script><!--<script>--></script><p a='&lt;' b=c/>é".utf8)
        for end in html.indices {
            var tokenizer = HTMLTokenizer(Array(html[..<end]))
            var count = 0
            while tokenizer.next() != nil { count += 1 }
            #expect(count <= end)
        }
    }
}
