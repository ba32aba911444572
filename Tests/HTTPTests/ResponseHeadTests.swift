// Heads of responses: how long their bodies are by RFC 9112, section 6.3, what is refused, and that splits change nothing.

import Base
import Testing

@testable import HTTP

/// Parses `text` in pieces of `size` bytes.
private func parse(
    _ text: String, to method: HTTP.Method = .get, piece size: Int = .max, into head: ResponseHead = ResponseHead()
) -> ResponseHeadParser.Outcome {
    let bytes = Array(text.utf8)
    var parser = ResponseHeadParser()
    var received = 0
    while received < bytes.count {
        received += min(bytes.count - received, size)
        let outcome = parser.parse(bytes.span.extracting(0..<received), to: method, into: head)
        if outcome != .incomplete { return outcome }
    }
    return .incomplete
}

@Suite struct ResponseHeadTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK", "Content-Length: 5", HTTP.Method.get, BodyLength.fixed(5), true),
        ("HTTP/1.1 200 OK", "Content-Length: 0", .get, .none, true),
        ("HTTP/1.1 200 OK", "Content-Length: 5", .head, .none, true),
        ("HTTP/1.1 204 No Content", "Content-Length: 5", .get, .none, true),
        ("HTTP/1.1 304 Not Modified", "Content-Length: 5", .get, .none, true),
        ("HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", .get, .chunked, true),
        ("HTTP/1.1 200 OK", "Connection: close", .get, .untilClose, false),
        ("HTTP/1.1 200 OK", "X: y", .get, .untilClose, false),
        ("HTTP/1.1 200", "Content-Length: 5\r\nConnection: close", .get, .fixed(5), false),
        ("HTTP/1.1 200 ", "Content-Length: 5", .get, .fixed(5), true),
        ("HTTP/1.0 200 OK", "Content-Length: 5", .get, .fixed(5), false),
        ("HTTP/1.0 200 OK", "Content-Length: 5\r\nConnection: keep-alive", .get, .fixed(5), true),
        ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", .get, .none, true),
    ])
    func `the body's length follows from the head`(
        line: String, fields: String, method: HTTP.Method, length: BodyLength, keepsAlive: Bool
    ) {
        let text = "\(line)\r\n\(fields)\r\n\r\n"
        for size in [1, 3, text.utf8.count] {
            let head = ResponseHead()
            #expect(parse(text, to: method, piece: size, into: head) == .head(consumed: text.utf8.count))
            #expect(head.bodyLength == length)
            #expect(head.keepAlive == keepsAlive)
        }
    }

    @Test func `interim responses are told apart and leave nothing behind`() {
        let bytes = Array("HTTP/1.1 100 Continue\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n".utf8)
        var parser = ResponseHeadParser()
        let head = ResponseHead()
        #expect(parser.parse(bytes.span, to: .get, into: head) == .interim(consumed: 34))
        let rest = bytes.span.extracting(34..<bytes.count)
        #expect(parser.parse(rest, to: .get, into: head) == .head(consumed: rest.count))
        #expect(head.status == 200)
        #expect(head.headers.fields.count == 1)
        #expect(head.headers.text(of: .contentLength) == "1")
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200OK\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\n", "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n X: y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func `a malformed head is refused in every split`(text: String) {
        for size in [1, 2, text.utf8.count] {
            guard case .refused(let refusal) = parse(text, piece: size) else {
                Issue.record("taken")
                return
            }
            #expect(refusal.code == .outboundFailed)
        }
    }

    @Test func `a head and its fields are bounded`() {
        let line = "HTTP/1.1 200 OK\r\n"
        let fields = String(repeating: "X: y\r\n", count: Limits.responseHeaderCount)
        #expect(parse(line + fields + "\r\n") == .head(consumed: line.utf8.count + fields.utf8.count + 2))
        guard case .refused = parse(line + fields + "X: y\r\n\r\n") else {
            Issue.record("more fields than the bound were taken")
            return
        }
        let value = String(repeating: "v", count: Limits.responseHeadBytes - line.utf8.count - 7)
        #expect(parse(line + "X: " + value + "\r\n\r\n") == .head(consumed: Limits.responseHeadBytes))
        for endless in [line + "X: " + value + "vv\r\n\r\n", line + "X: " + value + value, String(repeating: "H", count: 70_000)]
        {
            guard case .refused = parse(endless) else {
                Issue.record("a head beyond the bound was taken")
                return
            }
        }
    }
}
