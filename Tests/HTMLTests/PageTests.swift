// Pages as they are found, and what a reader gets of each.

import Testing

@testable import HTML

/// Makes a page of text with a resolver that knows one origin.
func read(_ html: String, contentType: String? = nil) -> HTMLPage {
    HTMLPage(Array(html.utf8), contentType: contentType) { reference in
        if reference.hasPrefix("http://") || reference.hasPrefix("https://") { return reference }
        if reference.hasPrefix("//") { return "https:" + reference }
        if reference.hasPrefix("/") { return "https://site.example" + reference }
        return reference.contains(":") ? nil : "https://site.example/dir/" + reference
    }
}

struct PageTests {
    static let prose =
        "The river had risen in the night, and by morning the lower road was gone; nobody in the village was much surprised, since it went every spring."

    @Test func `an article keeps its text and loses navigation, sidebar, cookie banner and footer`() {
        let page = read(
            """
            <!DOCTYPE html><html lang="en-GB"><head><meta charset=utf-8><title>The flood | The Valley Post</title>
            <meta property="og:title" content="The flood"><meta name="description" content="A road &amp; a river.">
            <meta property="article:published_time" content="2024-03-01T08:00:00Z"><meta name=author content="M. Rivers">
            <meta property="og:image" content="/i.png"><meta name="twitter:card" content="summary">
            <link rel="canonical" href="/news/flood"></head>
            <body class="has-sidebar nav-open"><div id="cookie-consent"><p>We use cookies to make this site better for you and for our partners, of
            whom there are four hundred.</p><button>Accept</button></div>
            <header class="site"><a href="/">The Valley Post</a><nav><ul><li><a href="/news">News</a><li><a href="/sport">Sport</a></ul></nav></header>
            <div class="wrap"><div class="content-column"><article><h1>The flood</h1><p class="byline">By <a rel="author" href="/m">M. Rivers</a></p>
            <p>\(PageTests.prose)</p><h2 id="after">What came after</h2><p>\(PageTests.prose) See <a href="map.html">the map</a>.</p>
            <blockquote><p>It goes every spring.</p></blockquote><ul><li>Sand<li>Bags</ul>
            <div class="share-buttons"><a href="/s1">Share</a><a href="/s2">Post</a></div></article></div>
            <div class="sidebar"><h3>Most read</h3><ul><li><a href="/1">One thing happened today</a><li><a href="/2">Another did not</a></ul></div></div>
            <footer><p>© The Valley Post. All rights reserved, in every valley and on every hill that can be seen from one.</p></footer>
            <script>var x = "<p>not text</p>";</script></body></html>
            """)
        #expect(
            page.mainText == """
                The flood

                By M. Rivers

                \(PageTests.prose)

                What came after

                \(PageTests.prose) See the map.

                It goes every spring.

                - Sand
                - Bags
                """)
        #expect(page.title == "The flood")
        #expect(page.description == "A road & a river.")
        #expect(page.canonical == "https://site.example/news/flood")
        #expect(page.language == "en-GB")
        #expect(page.author == "M. Rivers")
        #expect(page.published == "2024-03-01T08:00:00Z")
        #expect(page.properties.map(\.name) == ["og:title", "og:image", "twitter:card"])
        #expect(page.headings.map(\.text) == ["The flood", "What came after"])
        #expect(page.headings.map(\.anchor) == [nil, "after"])
        #expect(page.links.first { $0.text == "the map" }?.isMainContent == true)
        #expect(page.links.first { $0.text == "Sport" }?.isMainContent == false)
        #expect(page.text.contains("We use cookies"))
        #expect(page.wordCount == page.mainText.split { $0.isWhitespace }.filter { $0 != "-" }.count)
    }

    @Test func `a documentation page keeps sections, code, tables and notes`() {
        let page = read(
            """
            <?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x"><html><head>
            <title>6.2. The apt Command</title></head><body><div class="navheader"><table><tr><th colspan="3">Chapter 6</th></tr>
            <tr><td><a href="a.html">Prev</a></td><td><a href="b.html">Next</a></td></tr></table><hr/></div>
            <div class="section"><div class="titlepage"><h2 class="title"><a id="apt"/>6.2. The <code>apt</code> Command</h2></div>
            <div class="toc"><p>Table of Contents</p><dl><dt><a href="#i">6.2.1. Initialization</a></dt><dt><a href="#j">6.2.2. More</a></dt></dl></div>
            <div class="para">\(PageTests.prose)</div><pre class="screen">
            # apt update
              Hit:1   http://deb.debian.org &lt;main&gt;

            # apt upgrade
            </pre><div class="sidebar"><p class="title"><strong>TIP</strong> Increments</p><div class="para">\(PageTests.prose)</div></div>
            <table><tr><th>package</th><th>size</th></tr><tr><td><p><a href="p">mc</a></p></td><td><p>1482</p></td></tr></table>
            <dl><dt>term</dt><dd>its meaning</dd></dl><ol><li>one<ul><li>inner</li></ul></li><li><p>two</p></li></ol></div>
            <div class="navfooter"><p><a href="a.html">Prev</a> <a href="b.html">Next</a></p></div></body></html>
            """)
        #expect(
            page.mainText == """
                6.2. The apt Command

                \(PageTests.prose)

                # apt update
                  Hit:1   http://deb.debian.org <main>

                # apt upgrade

                TIP Increments

                \(PageTests.prose)

                package | size
                mc | 1482

                term
                its meaning

                1. one
                  - inner
                2. two
                """)
        #expect(page.title == "6.2. The apt Command")
        #expect(page.headings == [HTMLPage.Heading(level: 2, text: "6.2. The apt Command", anchor: "apt")])
    }

    @Test func `a page that is a list of links is read as that list`() {
        let items = (1...30).map { "<li><a href='/p\($0)'>Page number \($0)</a></li>" }.joined()
        let page = read(
            "<title>Index</title><nav><a href=/home>Home</a></nav><h1>Index</h1><ul>\(items)</ul><footer>Foot</footer>")
        #expect(page.mainText.hasPrefix("Index\n\n- Page number 1\n- Page number 2\n"))
        #expect(!page.mainText.contains("Home"))
        #expect(!page.mainText.contains("Foot"))
        #expect(page.links.count == 31)
        #expect(page.links.filter(\.isMainContent).count == 30)
    }

    @Test func `an index with a short introduction keeps its lists`() {
        let items = (1...200).map { "<dt><a href='/s\($0)'>\($0). The section of that number</a></dt>" }.joined()
        let page = read(
            "<h1>A book</h1><p>\(PageTests.prose)</p><p>\(PageTests.prose)</p><div class=toc><p>Contents</p><dl>\(items)</dl></div>"
        )
        #expect(page.mainText.hasPrefix("A book\n\n\(PageTests.prose)\n\n\(PageTests.prose)\n\nContents\n\n1. The section"))
    }

    @Test func `a blog keeps the post and not its comments`() {
        let comment = "<li><p>\(PageTests.prose) I was there and it was not like that at all.</p></li>"
        let page = read(
            """
            <body><div id="page"><div id="masthead">My blog</div><div id="main"><div class="post"><h2><a href="/p">A post</a></h2>
            <div class="meta"><time datetime="2021-05-06">May 6</time></div><div class="entry"><p>\(PageTests.prose)</p><p>\(PageTests.prose)</p>
            <p>Short end.</p></div></div><div id="comments"><h3>2 comments</h3><ol class="commentlist">\(comment)\(comment)</ol>
            <form><textarea>Say something</textarea></form></div></div>
            <div id="right-column"><h3>Archive</h3><ul><li><a href="/1">January of that year</a><li><a href="/2">February of that year</a>
            <li><a href="/3">March of that year</a></ul></div></div>
            """)
        #expect(page.mainText == "A post\n\n\(PageTests.prose)\n\n\(PageTests.prose)\n\nShort end.")
        #expect(page.headings.map(\.text) == ["A post", "Archive"])
    }

    @Test func `a page without a body tag and without structure is its text`() {
        let page = read("<title>Note</title>First line<br>second line<br><br>A new\n paragraph &copy; <b>bold</b><i>italic</i>")
        #expect(page.mainText == "First line\nsecond line\n\nA new paragraph © bolditalic")
        #expect(page.title == "Note")
    }

    @Test func `the main element wins over a longer neighbour, and an empty one does not count`() {
        let long = (0..<6).map { _ in "<p>\(PageTests.prose)</p>" }.joined()
        let page = read(
            "<div>\(long)</div><main><p>\(PageTests.prose)</p><p>Main and more of the main thing, \(PageTests.prose)</p></main>")
        #expect(page.mainText == "\(PageTests.prose)\n\nMain and more of the main thing, \(PageTests.prose)")
        #expect(read("<main id=app></main><p>\(PageTests.prose)</p>").mainText == PageTests.prose)
    }

    @Test func `what frames the page stays when it is the page`() {
        #expect(read("<form id=aspnet><p>\(PageTests.prose)</p></form>").mainText == PageTests.prose)
        #expect(read("<div class=sidebar-wrapper><p>\(PageTests.prose)</p></div>").mainText == PageTests.prose)
        #expect(read("<body style='display: none'><div hidden>\(PageTests.prose)</div>").mainText == PageTests.prose)
        #expect(read("<nav>Only a menu, nothing else is here</nav>").mainText == "Only a menu, nothing else is here")
    }

    @Test func `hidden text, scripts, styles, templates and form controls are not read`() {
        let page = read(
            """
            <p>\(PageTests.prose)</p><div hidden>a1</div><p style="Display : NONE">a2</p><template><p>a3</p></template><script>a4</script>
            <style>a5</style><select><option>a6</select><textarea>a7</textarea><svg><text>a8</text></svg><iframe>a9</iframe><noscript>a0</noscript>
            """)
        #expect(page.mainText == PageTests.prose)
    }

    @Test func `text is clean: spaces joined, invisible characters gone`() {
        let page = read("<p>a&nbsp;&nbsp; b\u{200B}c&shy;d \u{1}\t\ne\u{FEFF}f</p><p> </p><p>g</p>")
        #expect(page.mainText == "a bcd ef\n\ng")
    }

    @Test(arguments: [
        ("<meta property=og:title content=A><title>B</title><h1>C</h1>", "A"), ("<title> B\n b </title><h1>C</h1>", "B b"),
        ("<meta property=og:title content=' '><title></title><h1>C <i>c</i></h1>", "C c"), ("<h2>D</h2>", ""),
        ("<svg><title>S</title></svg><title>B</title>", "B"), ("<title>&lt;a&gt; &amp;amp;</title>", "<a> &amp;"),
    ])
    func `the title comes from where the rule says`(html: String, title: String) {
        #expect(read(html).title == title)
    }

    @Test func `the encoding of the header and of the meta is obeyed`() {
        let cyrillic: [UInt8] = [0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2]
        let byMeta = HTMLPage(Array("<meta charset=windows-1251><p>".utf8) + cyrillic) { $0 }
        #expect(byMeta.mainText == "Привет")
        #expect(byMeta.charset == "windows-1251")
        let byHeader = HTMLPage(Array("<p>".utf8) + cyrillic, contentType: "text/html; charset=cp1251") { $0 }
        #expect(byHeader.mainText == "Привет")
    }
}
