// URLs: the normal spelling of a URL is that of the same URL, and nothing in it could be taken for a second line or a second host.

import HTTP

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Input(start, count)
    let parts = input.text.split(separator: "\u{1}", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let url = WebURL(parts[0]) else { return 0 }
    check(url)
    if parts.count == 2, let joined = url.resolve(parts[1]) { check(joined) }
    return 0
}

private func check(_ url: WebURL) {
    let text = url.description
    guard let again = WebURL(text) else {
        hold(false, "the normal spelling is no URL: \(text.debugDescription)")
        return
    }
    hold(again.description == text, "\(text.debugDescription) is spelled \(again.description.debugDescription) the next time")
    hold(again.hostname == url.hostname && again.port == url.port, "\(text.debugDescription) changed its host on the way")
    hold(url.resolve(text)?.description == text, "\(text.debugDescription) is not absolute")
    hold(url.hostname.utf8.allSatisfy { $0 > 32 && $0 != 127 }, "\(url.hostname.debugDescription) holds a control character")
    hold(
        !url.hostname.utf8.contains { "/\\?#@<>^|%".utf8.contains($0) } || !["http", "https"].contains(url.scheme),
        "\(url.hostname)")
    hold(url.requestTarget.utf8.allSatisfy { $0 > 32 && $0 < 127 } || url.host == nil, "\(url.requestTarget.debugDescription)")
}
