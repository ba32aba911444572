// Requests that are refused, each row with its reason: the cases of the public probes and corpora (ambiguous framing, bad tokens, bad
// line ends), and the bounds of a head met from both sides.

import Base
import Testing

@testable import HTTP

/// A request, the status that it must get, and why.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
    let why: String
    let status: Int
    let text: String

    init(_ why: String, _ status: Int, _ text: String) {
        self.why = why
        self.status = status
        self.text = text
    }

    /// A request to `POST /` with these further lines.
    static func field(_ why: String, _ lines: String, _ status: Int = 400) -> RefusedRequest {
        RefusedRequest(why, status, "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n")
    }

    /// A request with this first line.
    static func line(_ why: String, _ line: String, _ status: Int = 400) -> RefusedRequest {
        RefusedRequest(why, status, "\(line)\r\nHost: a\r\n\r\n")
    }

    var testDescription: String { why }
}

@Suite struct RequestRefusalTests {
    static let lines: [RefusedRequest] = [
        .line("no version (HTTP/0.9)", "GET /"),
        .line("no target", "GET HTTP/1.1"),
        .line("only a method", "GET"),
        .line("two spaces before the target", "GET  / HTTP/1.1"),
        .line("two spaces before the version", "GET /  HTTP/1.1"),
        .line("a space behind the version", "GET / HTTP/1.1 "),
        .line("a tab for a space", "GET\t/ HTTP/1.1"),
        .line("a space before the method", " GET / HTTP/1.1"),
        .line("a space inside the target", "GET /a b HTTP/1.1"),
        .line("a fragment in the target", "GET /a#b HTTP/1.1"),
        .line("a backslash in the path", "GET /a\\b HTTP/1.1"),
        .line("a control character in the target", "GET /a\u{1}b HTTP/1.1"),
        .line("NUL in the target", "GET /a\0b HTTP/1.1"),
        .line("DEL in the target", "GET /a\u{7F}b HTTP/1.1"),
        .line("a target that is not ASCII", "GET /caf\u{E9} HTTP/1.1"),
        .line("a query that is not ASCII", "GET /?caf\u{E9} HTTP/1.1"),
        .line("a fragment behind the query", "GET /?a#b HTTP/1.1"),
        .line("a target without a slash", "GET a/b HTTP/1.1"),
        .line("a target that begins with a query", "GET ?a HTTP/1.1"),
        .line("another scheme", "GET ftp://a/ HTTP/1.1"),
        .line("an absolute target without a host", "GET http:/// HTTP/1.1"),
        .line("user information in an absolute target", "GET http://user@a/ HTTP/1.1"),
        .line("an absolute target for another host", "GET http://b/ HTTP/1.1"),
        .line("an absolute target with a bad port", "GET http://a:99999/ HTTP/1.1"),
        .line("an asterisk with GET", "GET * HTTP/1.1"),
        .line("an asterisk with more behind it", "OPTIONS *a HTTP/1.1"),
        .line("CONNECT with an authority", "CONNECT a:443 HTTP/1.1"),
        .line("CONNECT with a path", "CONNECT / HTTP/1.1"),
        .line("a method with a colon", "GE:T / HTTP/1.1"),
        .line("a method in parentheses", "G(T) / HTTP/1.1"),
        .line("a method that is not ASCII", "G\u{C8}T / HTTP/1.1"),
        .line("an unknown method that is too long", String(repeating: "A", count: 33) + " / HTTP/1.1", 501),
        .line("version 1.10", "GET / HTTP/1.10"),
        .line("version 01.1", "GET / HTTP/01.1"),
        .line("version 1.", "GET / HTTP/1."),
        .line("version 1", "GET / HTTP/1"),
        .line("version .1", "GET / HTTP/.1"),
        .line("version 1,1", "GET / HTTP/1,1"),
        .line("a version in lower case", "GET / http/1.1"),
        .line("another protocol", "GET / HTTX/1.1"),
        .line("a protocol with a longer name", "GET / XHTTP/1.1"),
        .line("a space inside the version", "GET / HTTP/ 1.1"),
        .line("a signed version", "GET / HTTP/+1.1"),
        .line("a version with a letter", "GET / HTTP/1.x"),
        .line("version 2.0", "GET / HTTP/2.0", 505),
        .line("version 0.9", "GET / HTTP/0.9", 505),
        .line("version 9.9", "GET / HTTP/9.9", 505),
        RefusedRequest("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        RefusedRequest("the first bytes of TLS", 400, "\u{16}\u{3}\u{1}\u{2}"),
        RefusedRequest("an empty line that is repeated", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        RefusedRequest("an empty line of a bare line feed", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        RefusedRequest("a carriage return before the method", 400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        RefusedRequest("a bare line feed behind the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        RefusedRequest("a bare carriage return behind the request line", 400, "GET / HTTP/1.1\rHost: a\r\n\r\n"),
        RefusedRequest("two carriage returns behind the request line", 400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    ]

    static let fields: [RefusedRequest] = [
        RefusedRequest("a bare line feed behind a field", 400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        RefusedRequest("a bare line feed as the end of the head", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        RefusedRequest("line feeds alone", 400, "GET / HTTP/1.1\nHost: a\n\n"),
        RefusedRequest("a blank before the first field", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        RefusedRequest("a tab before the first field", 400, "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"),
        .field("a bare carriage return in a value", "X: a\rb"),
        .field("a bare carriage return in a name", "X\rY: a"),
        .field("two carriage returns behind a field", "X: a\r"),
        .field("a folded line", "X: a\r\n b"),
        .field("a folded line with a tab", "X: a\r\n\tb"),
        .field("a folded Transfer-Encoding", "Transfer-Encoding:\r\n chunked"),
        .field("a space before the colon", "X : a"),
        .field("a tab before the colon", "X\t: a"),
        .field("a space inside a name", "X Y: a"),
        .field("no colon", "XYZ"),
        .field("an empty name", ": a"),
        .field("a line of blanks", "  "),
        .field("a name in brackets", "[X]: a"),
        .field("a slash in a name", "a/b: c"),
        .field("NUL in a name", "X\0: a"),
        .field("a name that is not ASCII", "X\u{E9}: a"),
        .field("NUL in a value", "X: a\0b"),
        .field("a control character in a value", "X: a\u{1}b"),
        .field("escape in a long value", "X: abcdefghijklmno\u{1B}pqrst"),
        .field("DEL in a value", "X: abcdefghijk\u{7F}"),
        .field("a vertical tab in a value", "X: a\u{B}b"),
        .field("Content-Length and Transfer-Encoding", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        .field("Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        .field("Content-Length 0 and Transfer-Encoding", "Transfer-Encoding: chunked\r\nContent-Length: 0"),
        .field("two different lengths", "Content-Length: 5\r\nContent-Length: 6"),
        .field("the same length twice", "Content-Length: 5\r\nContent-Length: 5"),
        .field("a list of the same length", "Content-Length: 5, 5"),
        .field("a list of lengths", "Content-Length: 5,6"),
        .field("a positive sign", "Content-Length: +5"),
        .field("a negative length", "Content-Length: -5"),
        .field("minus zero", "Content-Length: -0"),
        .field("a hexadecimal length", "Content-Length: 0x5"),
        .field("hexadecimal digits", "Content-Length: 1F"),
        .field("an octal length", "Content-Length: 0o5"),
        .field("a leading zero", "Content-Length: 05"),
        .field("an underscore in a length", "Content-Length: 1_0"),
        .field("a space in a length", "Content-Length: 1 0"),
        .field("a fraction", "Content-Length: 1.0"),
        .field("an exponent", "Content-Length: 1e3"),
        .field("a quoted length", "Content-Length: \"5\""),
        .field("an empty length", "Content-Length:"),
        .field("a length of blanks", "Content-Length: \t"),
        .field("a length that passes 64 bits", "Content-Length: 18446744073709551616"),
        .field("a length of very many digits", "Content-Length: " + String(repeating: "9", count: 400)),
        .field("digits of another script", "Content-Length: \u{FF15}"),
        .field("a vertical tab before a length", "Content-Length: \u{B}5"),
        .field("an unknown coding", "Transfer-Encoding: xchunked"),
        .field("gzip before chunked", "Transfer-Encoding: gzip, chunked"),
        .field("chunked before gzip", "Transfer-Encoding: chunked, gzip"),
        .field("chunked twice", "Transfer-Encoding: chunked, chunked"),
        .field("two fields of Transfer-Encoding", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        .field("identity", "Transfer-Encoding: identity"),
        .field("identity after chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        .field("an empty coding", "Transfer-Encoding:"),
        .field("a comma before chunked", "Transfer-Encoding: , chunked"),
        .field("a comma behind chunked", "Transfer-Encoding: chunked,"),
        .field("a quoted coding", "Transfer-Encoding: \"chunked\""),
        .field("a coding with a parameter", "Transfer-Encoding: chunked;q=1"),
        .field("a coding with a vertical tab", "Transfer-Encoding: \u{B}chunked"),
        .field("a coding with a form feed", "Transfer-Encoding: chunked\u{C}"),
        .field("a coding with NUL", "Transfer-Encoding: chunked\0"),
        .field("a space before the colon of Transfer-Encoding", "Transfer-Encoding : chunked"),
        RefusedRequest("a coding in HTTP/1.0", 400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        RefusedRequest("a body with TRACE", 400, "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"),
        RefusedRequest("no Host", 400, "GET / HTTP/1.1\r\nX: y\r\n\r\n"),
        RefusedRequest("no field at all", 400, "GET / HTTP/1.1\r\n\r\n"),
        .field("Host twice", "Host: a"),
        .field("another Host", "Host: b"),
        .field("Content-Type twice", "Content-Type: a/b\r\nContent-Type: a/b"),
        .field("Authorization twice", "Authorization: a\r\nauthorization: b"),
        .field("an API key twice", "X-API-Key: a\r\nX-API-Key: b"),
        .field("an unknown expectation", "Content-Length: 1\r\nExpect: 200-ok", 417),
        .field("two expectations in one", "Content-Length: 1\r\nExpect: 100-continue, 100-continue", 417),
    ]

    static let hosts = [
        "", "a b", "a,b", "user@a", "user:pass@a", "a/", "a/b", "a?b", "a#b", "http://a", "a:", "a:80:81", "a:8x", "a:-1",
        "a:65536",
        "a:000080", ":80", "[::1", "::1", "[::1]x", "[::g]", "[1:2:3:4:5:6:7:8:9]", "[::1%25eth0]", "caf\u{E9}", "a\\b", "a\"b",
        "<a>",
    ]

    @Test(arguments: lines + fields)
    func `is refused`(_ refused: RefusedRequest) {
        guard case .refused(let refusal) = parseRequest(refused.text) else {
            Issue.record("\(refused.why): taken")
            return
        }
        #expect(refusal.status == refused.status)
        #expect(!refusal.reason.description.isEmpty)
        #expect(refusal.fault.code == refusal.code)
    }

    @Test(arguments: lines + fields)
    func `is refused in whatever pieces it comes`(_ refused: RefusedRequest) {
        let expected = parseRequest(refused.text)
        let bytes = Array(refused.text.utf8)
        for size in [1, 2, 3, 7, 16] {
            #expect(parseRequest(bytes, piece: size, into: RequestHead()) == expected)
        }
    }

    @Test(arguments: hosts.filter { $0 != "a:" })
    func `a malformed host is refused`(host: String) {
        let outcome = parseRequest("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        guard case .refused(let refusal) = outcome else {
            Issue.record("\(host) was taken")
            return
        }
        #expect(refusal.status == 400)
    }

    @Test(arguments: [
        "a", "a.b-c.d_e", "a:", "a:80", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[2001:db8::1]:8000", "[::ffff:1.2.3.4]",
    ])
    func `a sound host is taken`(host: String) {
        let text = "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        #expect(parseRequest(text) == .head(consumed: text.utf8.count))
    }

    @Test(arguments: [
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
        "get / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: caf\u{E9}\r\n\r\n",
        "GET /?filter[name]=a|b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%00/%2F HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET // HTTP/1.1\r\nHost: a\r\n\r\n",
        "!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: abcdefgh\tijklmnopqr\r\n\r\n",
    ])
    func `unusual but sound requests are taken`(text: String) {
        #expect(parseRequest(text) == .head(consumed: text.utf8.count))
    }
}

@Suite struct RequestBoundTests {
    private func outcome(_ text: String) -> [RequestHeadParser.Outcome] {
        let bytes = Array(text.utf8)
        return [bytes.count, 1000, 1].map { parseRequest(bytes, piece: $0, into: RequestHead()) }
    }

    private func statuses(_ text: String) -> [Int] {
        outcome(text).map {
            switch $0 {
            case .refused(let refusal): refusal.status
            case .head: 200
            case .incomplete: 0
            }
        }
    }

    @Test func `a target at the bound is taken and one byte more is 414`() {
        let path = "/" + String(repeating: "a", count: Limits.requestTargetBytes - 1)
        #expect(statuses("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n") == [200, 200, 200])
        #expect(statuses("GET \(path)a HTTP/1.1\r\nHost: a\r\n\r\n") == [414, 414, 414])
    }

    @Test func `a request line without an end is 414, and no more of it is kept`() {
        #expect(statuses("GET /" + String(repeating: "a", count: 2 * Limits.requestTargetBytes)) == [414, 414, 414])
        #expect(statuses(String(repeating: "A", count: 100_000)) == [414, 414, 414])
    }

    @Test func `a head at the bound is taken and one byte more is 431`() {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let value = String(repeating: "x", count: Limits.requestHeadBytes - start.utf8.count - 4)
        #expect(statuses(start + value + "\r\n\r\n") == [200, 200, 200])
        #expect(statuses(start + value + "x\r\n\r\n") == [431, 431, 431])
        #expect(statuses(start + value + value) == [431, 431, 431])
        #expect(statuses("GET / HTTP/1.1\r\n" + String(repeating: "x", count: Limits.requestHeadBytes)) == [431, 431, 431])
    }

    @Test func `as many fields as the bound says are taken and one more is 431`() {
        let fields = (1..<Limits.requestHeaderCount).map { "X\($0): y\r\n" }.joined()
        #expect(statuses("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == [200, 200, 200])
        #expect(statuses("GET / HTTP/1.1\r\nHost: a\r\n\(fields)Z: y\r\n\r\n") == [431, 431, 431])
    }
}
