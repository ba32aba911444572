// HTML: every input has tokens and a page, within their bounds, and reading it twice gives the same.

import HTML

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Input(start, count)
    var tokenizer = HTMLTokenizer(input.bytes)
    var tokens = 0
    while tokenizer.next() != nil {
        tokens += 1
        hold(tokens <= input.bytes.count, "there are more tokens than bytes")
    }
    _ = HTMLTokenizer.text(of: input.text)

    let page = HTMLPage(input.bytes) { "http://a/" + $0 }
    hold(page == HTMLPage(input.bytes) { "http://a/" + $0 }, "one page was read in two ways")
    hold(page.links.count <= HTMLPage.maximumLinks, "too many links")
    hold(page.headings.count <= HTMLPage.maximumHeadings, "too many headings")
    hold(page.properties.count <= HTMLPage.maximumProperties, "too many properties")
    hold(page.title.utf8.count <= HTMLPage.maximumLineBytes, "too long a title")
    let cut = HTMLPage(input.bytes, maximumBytes: input.bytes.count / 2) { _ in nil }
    hold(cut.links.isEmpty, "a link that resolves to nothing was kept")
    return 0
}
