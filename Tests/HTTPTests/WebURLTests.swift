// URLs: the public vectors of the standard when they are at hand, and the spellings that matter to the address guard in any case.

import Foundation
import Testing

@testable import HTTP

/// One case of `urltestdata.json`.
struct URLVector: Decodable, Sendable {
    let input: String
    let base: String?
    let failure: Bool?
    let href: String?
    let hostname: String?
    let pathname: String?

    /// The cases, which are empty when the folder of vectors is absent.
    static let all: [URLVector] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared =
            ProcessInfo.processInfo.environment["INSULA_SHARED"].map { URL(fileURLWithPath: $0) }
            ?? root.deletingLastPathComponent().appendingPathComponent("shared")
        let file = shared.appendingPathComponent("vectors/url/urltestdata.json")
        guard let data = try? Data(contentsOf: file) else { return [] }
        guard let list = try? JSONDecoder().decode([Entry].self, from: data) else { fatalError("The URL vectors can't be read.") }
        return list.compactMap(\.vector)
    }()

    /// A case or a comment between cases.
    private struct Entry: Decodable {
        let vector: URLVector?

        init(from decoder: any Decoder) throws {
            vector = try? URLVector(from: decoder)
        }
    }
}

@Suite struct WebURLTests {
    @Test func `the vectors of the standard agree`() {
        guard !URLVector.all.isEmpty else {
            print("URL vectors: the folder is absent")
            return
        }
        for vector in URLVector.all {
            let url: WebURL?
            if let base = vector.base {
                url = WebURL(base)?.resolve(vector.input)
            } else {
                url = WebURL(vector.input)
            }
            #expect((url == nil) == (vector.failure ?? false), "\(vector.input) on \(vector.base ?? "nothing")")
            #expect(url?.description == vector.href, "\(vector.input) on \(vector.base ?? "nothing")")
            #expect(url?.hostname == vector.hostname, "\(vector.input)")
            #expect(url?.path == vector.pathname, "\(vector.input)")
        }
        print("URL vectors: \(URLVector.all.count) cases ran")
    }

    @Test(arguments: [
        "http://127.0.0.1", "http://127.1", "http://127.0.1", "http://2130706433", "http://0x7f000001", "http://0x7f.1",
        "http://0177.0.0.1",
        "http://017700000001", "http://0x7F.0X0.0.0x1", "http://127.0.0.1.", "http://%31%32%37.0.0.1", "http://127%2E0.0.1",
        "http://\u{FF11}\u{FF12}\u{FF17}.0.0.1", "http://127\u{3002}0\u{FF0E}0\u{FF61}1", "http:127.0.0.1", "http:/127.0.0.1",
        "http:\\\\127.0.0.1",
        "http://user@127.0.0.1", "http://example.com@127.0.0.1", "http://127.0.0.1\\@example.com", "HTTP://127.0.0.1",
        " http://127.0.0.1 ",
        "ht\ntp://127.0\t.0.1", "http://127.0.0.1#@example.com", "http://127.0.0.1?@example.com", "http:///127.0.0.1",
        "http://\u{2460}27.0.0.1",
        "http://000000000000000000000177.0.0.1", "http://127.0.0.0x1",
    ])
    func `every spelling of an address is that address`(text: String) {
        #expect(WebURL(text)?.host == .address(.v4(0x7F00_0001)))
    }

    @Test(arguments: [
        "http://", "http://:80", "http://@", "http://a b", "http://a%20b", "http://a<b", "http://a^b", "http://a|b", "http://a%b",
        "http://%",
        "http://256.1.1.1", "http://1.2.3.4.5", "http://1.2.3.08", "http://4294967296", "http://0x100000000", "http://a.1.2.3.4",
        "http://1..2",
        "http://[::1", "http://::1", "http://[::1]a", "http://[fe80::1%25eth0]", "http://[1.2.3.4]", "http://[]",
        "http://a:65536", "http://a:8x",
        "http://a:-1", "http://a%00b", "http://a%2Fb", "http://a%3Ab", "http://a%40b", "http://\u{2100}.com", "http://a\u{FF0F}b",
        "http://a\u{FF20}b",
        "http://\u{FF05}00.com", "//a", "a", "/a", "", "://a", "1http://a", "http//a", "http://\u{FFFD}", "http://%FF",
    ])
    func `what has no sound host is no URL`(text: String) {
        #expect(WebURL(text) == nil)
    }

    @Test(arguments: [
        ("http://a.b/c/d?e#f", "", "http://a.b/c/d?e"), ("http://a.b/c/d", "g", "http://a.b/c/g"),
        ("http://a.b/c/d", "/g", "http://a.b/g"),
        ("http://a.b/c/d", "//h/g", "http://h/g"), ("http://a.b/c/d", "?g", "http://a.b/c/d?g"),
        ("http://a.b/c/d?e", "#g", "http://a.b/c/d?e#g"),
        ("http://a.b/c/d", "../../../g", "http://a.b/g"), ("http://a.b/c/d/", "./g/.", "http://a.b/c/d/g/"),
        ("http://a.b/c", "https:g", "https://g/"),
        ("http://a.b/c/d", "http:g", "http://a.b/c/g"), ("http://a.b/c", "mailto:x@y", "mailto:x@y"),
        ("http://a.b/c", "\\\\h\\g", "http://h/g"),
        ("http://a.b/c", "x y", "http://a.b/x%20y"), ("http://u:p@a.b:81/c", "d", "http://u:p@a.b:81/d"),
        ("http://a.b/c", "%2e%2E/g", "http://a.b/g"),
    ])
    func `a reference is resolved against its base`(base: String, reference: String, expected: String) {
        #expect(WebURL(base)?.resolve(reference)?.description == expected)
    }

    @Test func `the parts that a client needs are there`() throws {
        let url = try #require(WebURL("HTTPS://us%65r:p%40ss@B\u{FC}cher.example:8443/a b/../c?q='x'#frag"))
        #expect(url.host == .domain("xn--bcher-kva.example"))
        #expect(url.authority == "xn--bcher-kva.example:8443")
        #expect(url.requestTarget == "/c?q=%27x%27")
        #expect(url.effectivePort == 8443)
        #expect(url.isSecure)
        #expect(url.username == "us%65r")
        #expect(url.password == "p%40ss")
        #expect(url.withoutCredentials.description == "https://xn--bcher-kva.example:8443/c?q=%27x%27")
        #expect(WebURL("https://a:443")?.authority == "a")
        #expect(WebURL("https://a")?.effectivePort == 443)
        #expect(WebURL("http://[::1]:80/")?.authority == "[::1]")
        #expect(WebURL("ws://a")?.effectivePort == 80)
        #expect(WebURL("mailto:a@b")?.host == nil)
        #expect(WebURL("mailto:a@b")?.effectivePort == nil)
    }

    @Test func `a URL read from its own text is itself`() {
        for vector in URLVector.all {
            guard let url = WebURL(vector.input) else { continue }
            #expect(WebURL(url.description) == url, "\(vector.input)")
        }
        #expect(WebURL("http://a/%zz?%").map { WebURL($0.description) == $0 } == true)
    }

    @Test func `a text at the bound is read and a longer one is not`() {
        let path = String(repeating: "a", count: WebURL.bytes - 9)
        #expect(WebURL("http://a/" + path)?.path.utf8.count == path.utf8.count + 1)
        #expect(WebURL("http://a/" + path + "a") == nil)
        let name = String(repeating: "\u{E9}", count: InternationalName.bytes)
        #expect(WebURL("http://\(name)/") == nil)
    }
}
