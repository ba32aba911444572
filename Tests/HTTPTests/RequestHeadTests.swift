// What a request head means, however its bytes are split, and that its accessors speak of the right bytes.

import Base
import Testing

@testable import HTTP

/// Parses `text` in one piece.
func parseRequest(_ text: String, into head: RequestHead = RequestHead()) -> RequestHeadParser.Outcome {
    var parser = RequestHeadParser()
    return parser.parse(Array(text.utf8).span, into: head)
}

/// Parses `bytes` as they would come in pieces of `size` bytes.
func parseRequest(_ bytes: [UInt8], piece size: Int, into head: RequestHead) -> RequestHeadParser.Outcome {
    var parser = RequestHeadParser()
    var received = 0
    while received < bytes.count {
        received = min(bytes.count, received + size)
        let outcome = parser.parse(bytes.span.extracting(0..<received), into: head)
        if outcome != .incomplete { return outcome }
    }
    return .incomplete
}

@Suite struct RequestHeadTests {
    @Test func `a usual request is taken apart`() {
        let head = RequestHead()
        let text =
            "POST /v1/agents?limit=5&x= HTTP/1.1\r\nHost: api.example:8000\r\nuser-agent: curl/8\r\n"
            + "CONTENT-LENGTH: 12\r\nX-Thing:\t a b \t\r\nAuthorization: Bearer abc\r\n\r\n"
        #expect(parseRequest(text + "hello world!", into: head) == .head(consumed: text.utf8.count))
        #expect(head.method == .post)
        #expect(head.methodText == "POST")
        #expect(head.pathText == "/v1/agents")
        #expect(head.queryText == "limit=5&x=")
        #expect(head.minorVersion == 1)
        #expect(head.bodyLength == .fixed(12))
        #expect(head.keepAlive)
        #expect(!head.expectContinue)
        #expect(head.headers.fields.count == 5)
        #expect(head.headers.text(of: .host) == "api.example:8000")
        #expect(head.headers.text(of: .authorization) == "Bearer abc")
        #expect(head.headers.text(named: "x-thing") == "a b")
        #expect(head.headers.name(head.headers.fields[3]) == "X-Thing")
        #expect(head.headers.text(of: .cookie) == nil)
        #expect(head.headers.withValue(of: .userAgent) { $0.count } == 6)
    }

    @Test func `every split of a head gives the same result`() {
        let samples = [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nPUT /a/b?c=d HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
            "GET http://a.example/x?y HTTP/1.1\r\nhost: A.example\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        ]
        for sample in samples {
            let bytes = Array(sample.utf8)
            let whole = RequestHead()
            let expected = parseRequest(bytes, piece: bytes.count, into: whole)
            for size in 1..<bytes.count {
                let head = RequestHead()
                #expect(parseRequest(bytes, piece: size, into: head) == expected)
                guard case .head = expected else { continue }
                #expect(head.bytes == whole.bytes)
                #expect(head.path == whole.path)
                #expect(head.query == whole.query)
                #expect(head.bodyLength == whole.bodyLength)
                #expect(head.keepAlive == whole.keepAlive)
                #expect(head.headers.fields.map(\.value) == whole.headers.fields.map(\.value))
            }
        }
    }

    @Test func `pipelined heads are taken one after the other`() {
        let requests = (0..<5).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
        let bytes = Array(requests.joined().utf8)
        var parser = RequestHeadParser()
        let head = RequestHead()
        var at = 0
        for index in 0..<5 {
            guard case .head(let consumed) = parser.parse(bytes.span.extracting(at..<bytes.count), into: head) else {
                Issue.record("request \(index) was not taken")
                return
            }
            #expect(head.pathText == "/\(index)")
            #expect(head.headers.fields.count == 1)
            at += consumed
        }
        #expect(at == bytes.count)
    }

    @Test func `nothing of an earlier request shows in a later one`() {
        let head = RequestHead()
        let first =
            "OPTIONS * HTTP/1.0\r\nHost: a\r\nCookie: secret\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\n"
        #expect(parseRequest(first, into: head) == .head(consumed: first.utf8.count))
        #expect(head.wantsUpgrade)
        let second = "GET /a HTTP/1.1\r\nHost: b\r\n\r\n"
        #expect(parseRequest(second, into: head) == .head(consumed: second.utf8.count))
        #expect(head.headers.text(of: .cookie) == nil)
        #expect(head.bodyLength == .none)
        #expect(head.query == nil)
        #expect(!head.wantsUpgrade)
        #expect(head.keepAlive)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1", "Connection: close", false),
        ("GET / HTTP/1.1", "Connection: foo, Close", false),
        ("GET / HTTP/1.1", "Connection: closed", true),
        ("GET / HTTP/1.1", "Connection: keep-alive", true),
        ("GET / HTTP/1.0", "X: y", false),
        ("GET / HTTP/1.0", "Connection: Keep-Alive", true),
        ("GET / HTTP/1.0", "Connection: keep-alive, close", false),
        ("GET / HTTP/1.7", "X: y", true),
    ])
    func `the connection outlives a request as version and Connection say`(line: String, field: String, keeps: Bool) {
        let head = RequestHead()
        let text = "\(line)\r\nHost: a\r\n\(field)\r\n\r\n"
        #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count))
        #expect(head.keepAlive == keeps)
    }

    @Test(arguments: [
        ("POST / HTTP/1.1", "Content-Length: 0", BodyLength.none),
        ("POST / HTTP/1.1", "Content-Length:7", .fixed(7)),
        ("POST / HTTP/1.1", "Content-Length: \t 7 \t", .fixed(7)),
        ("GET / HTTP/1.1", "Content-Length: 7", .fixed(7)),
        ("POST / HTTP/1.1", "Content-Length: 999999999999999999", .fixed(999_999_999_999_999_999)),
        ("POST / HTTP/1.1", "transfer-encoding: CHUNKED", .chunked),
        ("POST / HTTP/1.1", "Transfer-Encoding:\tchunked ", .chunked),
        ("POST / HTTP/1.1", "X: y", .none),
    ])
    func `the length of the body follows from the head`(line: String, field: String, length: BodyLength) {
        let head = RequestHead()
        let text = "\(line)\r\nHost: a\r\n\(field)\r\n\r\n"
        #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count))
        #expect(head.bodyLength == length)
    }

    @Test func `a target in absolute form is read as its path`() {
        let head = RequestHead()
        for (target, path, query) in [
            ("http://a", "/", nil), ("http://a:80?x=1", "/", "x=1"), ("HTTPS://a/b/c?d", "/b/c", "d"), ("http://a/?", "/", ""),
        ] as [(String, String, String?)] {
            let host = target.contains(":80") ? "a:80" : "a"
            let text = "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n"
            #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count), "\(target)")
            #expect(head.pathText == path, "\(target)")
            #expect(head.queryText == query, "\(target)")
        }
    }

    @Test func `a sender that waits for permission is seen, but not in HTTP 1_0 and not without a body`() {
        let head = RequestHead()
        for (line, field, expects) in [
            ("POST / HTTP/1.1", "Content-Length: 3", true), ("POST / HTTP/1.1", "Transfer-Encoding: chunked", true),
            ("POST / HTTP/1.0", "Content-Length: 3", false), ("POST / HTTP/1.1", "X: y", false),
        ] {
            let text = "\(line)\r\nHost: a\r\n\(field)\r\nExpect: 100-Continue\r\n\r\n"
            #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count))
            #expect(head.expectContinue == expects, "\(line) \(field)")
        }
    }

    @Test func `every known header is found from its name in any case`() {
        #expect(KnownHeader.allCases.count <= 64)
        for header in KnownHeader.allCases {
            for name in [header.name.description, header.name.description.uppercased()] {
                let bytes = Array((name + ": v").utf8)
                #expect(KnownHeader(bytes.span, 0..<name.utf8.count) == header)
                #expect(KnownHeader(bytes.span, 0..<name.utf8.count - 1) != header)
            }
        }
        let other = Array("x-nothing-known-and-longer-than-32-bytes".utf8)
        #expect(KnownHeader(other.span, 0..<9) == nil)
        #expect(KnownHeader(other.span, 0..<other.count) == nil)
    }

    @Test func `a list is searched by whole tokens`() {
        let head = RequestHead()
        let text = "GET / HTTP/1.1\r\nHost: a\r\nConnection: a,, b\t,Upgrade\r\nConnection: last\r\n\r\n"
        #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count))
        for token in ["a", "b", "upgrade", "last"] as [StaticString] {
            #expect(head.headers.list(of: .connection, contains: token))
        }
        #expect(!head.headers.list(of: .connection, contains: "up"))
        #expect(!head.headers.list(of: .accept, contains: "a"))
    }
}
