// Links made absolute, and the bounds of a page.

import Testing

@testable import HTML

struct LinkTests {
    private static func addresses(_ html: String) -> [String] { read(html).links.map(\.address) }

    @Test(arguments: [
        ("<a href='x.html'>", ["https://site.example/dir/x.html"]), ("<a href=' /a b\n/c '>", ["https://site.example/a b/c"]),
        ("<a href='//cdn.example/x'>", ["https://cdn.example/x"]),
        ("<a href='https://o.example/?a=1&amp;b=2&copy=3'>", ["https://o.example/?a=1&b=2&copy=3"]),
        ("<a href='#top'><a href=''><a href='javascript:x()'><a href='  JavaScript:x()'><a href='data:,x'><a name=x>", []),
        ("<a href='java&#10;script:x()'>", []), ("<a href='mailto:a@b'>", []),
        (
            "<base href='/docs/v2/'><a href='x'><a href='../y'><a href='/z'><a href='?q'><a href='https://o.example/'>",
            [
                "https://site.example/docs/v2/x", "https://site.example/docs/y", "https://site.example/z",
                "https://site.example/docs/v2/?q", "https://o.example/",
            ]
        ),
        (
            "<base target=_blank><base href='https://b.example/a/b?c#d'><base href='/no/'><a href='e'><a href='//h/p'>",
            ["https://b.example/a/e", "https://h/p"]
        ),
        ("<base href='mailto:x'><a href='y'>", ["https://site.example/dir/y"]),
        ("<map><area href='/area' alt='here'></map>", ["https://site.example/area"]),
    ])
    func `links are absolute and lead somewhere`(html: String, addresses: [String]) {
        #expect(LinkTests.addresses(html) == addresses)
    }

    /// The examples of RFC 3986 section 5.4.
    @Test(arguments: [
        ("g:h", "g:h"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"), ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"), (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"), ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"), ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"), ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/../y", "http://a/b/c/y"), ("g?y/../x", "http://a/b/c/g?y/../x"), ("g#s/../x", "http://a/b/c/g#s/../x"),
    ])
    func `references are joined to a base as RFC 3986 shows`(reference: String, address: String) {
        #expect(HTMLBase("http://a/b/c/d;p?q")?.join(reference) == address)
    }

    @Test func `a link is listed once, with its text and its place`() {
        let page = read(
            """
            <nav><a href=/a></a><a href=/b>In the menu</a></nav><p>\(PageTests.prose) <a href=/a rel="nofollow  ugc">First</a>
            <a href=/c><img alt="Picture"></a> <a href=/d title=Titled></a> <a href=/b>Again</a></p>
            """)
        #expect(page.links.map(\.text) == ["First", "In the menu", "Picture", "Titled"])
        #expect(page.links.map(\.isMainContent) == [true, true, true, true])
        #expect(page.links.map(\.rel) == [nil, nil, nil, nil])
        #expect(read("<a rel='nofollow  ugc' href=/x>x</a>").links.first?.rel == "nofollow ugc")
    }

    @Test func `a link left open does not swallow the page`() {
        let page = read("<a name=top/><div><a href=/x>One</a><div>\(PageTests.prose)</div><p>\(PageTests.prose)</p></div>")
        #expect(page.mainText.hasSuffix("\(PageTests.prose)\n\n\(PageTests.prose)"))
        #expect(page.links.map(\.text) == ["One"])
    }

    @Test func `counts and lengths are bounded and the page says so`() {
        let links = read((0...HTMLPage.maximumLinks).map { "<a href=/\($0)>x</a>" }.joined())
        #expect(links.links.count == HTMLPage.maximumLinks)
        #expect(links.isTruncated)
        let headings = read((0...HTMLPage.maximumHeadings).map { "<h2>\($0)</h2>" }.joined())
        #expect(headings.headings.count == HTMLPage.maximumHeadings)
        #expect(headings.isTruncated)
        let properties = read((0...HTMLPage.maximumProperties).map { "<meta property=og:\($0) content=x>" }.joined())
        #expect(properties.properties.count == HTMLPage.maximumProperties)
        #expect(properties.isTruncated)
        let text = read("<p>" + String(repeating: "é", count: HTMLRenderer.maximumBytes))
        #expect(text.mainText.utf8.count <= HTMLRenderer.maximumBytes)
        #expect(text.mainText.hasSuffix("é"))
        #expect(text.isTruncated)
        let line = read(
            "<title>" + String(repeating: "é", count: 5_000) + "</title><a href=/\(String(repeating: "x", count: 5_000))>y</a>")
        #expect(line.title.utf8.count == HTMLPage.maximumLineBytes)
        #expect(line.links.isEmpty)
        #expect(!read("<p>x").isTruncated)
    }

    @Test func `bytes beyond the bound are not read`() {
        let bytes = Array("<p>x</p><p>y</p><p>z</p>".utf8)
        let page = HTMLPage(bytes, maximumBytes: 8) { $0 }
        #expect(page.mainText == "x")
        #expect(page.isTruncated)
        #expect(!HTMLPage(bytes, maximumBytes: bytes.count) { $0 }.isTruncated)
    }

    @Test func `any bytes have a page within the bounds`() {
        for seed in 0..<60 {
            let bytes = Soup(seed: UInt64(seed)).bytes(pieces: 200)
            let page = HTMLPage(bytes) { "http://h/" + $0 }
            #expect(page.work <= bytes.count * 24 + 1_000)
            #expect(page == HTMLPage(bytes) { "http://h/" + $0 })
            #expect(page.mainText.utf8.count <= bytes.count * 2 && page.links.count <= bytes.count)
        }
    }
}
