// What must end a connection, over a real socket: each row is answered once with its status and a close, and the request behind it, which a
// confused reader might take for a second one, is never seen. Cases as Http11Probe, the llhttp and gunicorn corpora and h1spec have them.

import Base
import Loop
import Testing

@testable import HTTP

/// A request that is refused, with the reason in a sentence.
struct Refused: Sendable, CustomTestStringConvertible {
    let sentence: String
    let status: Int
    let text: String

    init(_ sentence: String, _ text: String) {
        self.init(sentence, 400, text)
    }

    init(_ sentence: String, _ status: Int, _ text: String) {
        self.sentence = sentence
        self.status = status
        self.text = text
    }

    var testDescription: String { sentence }

    static let rows: [Refused] = lines + framing + chunks

    /// Request lines and header lines.
    private static let lines: [Refused] = [
        Refused("a version with a leading zero", "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
        Refused("a version without a minor number", "GET / HTTP/1\r\nHost: a\r\n\r\n"),
        Refused("a version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        Refused("no version, as in HTTP/0.9", "GET /\r\n\r\n"),
        Refused("a major version that is not ours", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        Refused("a major version of the far future", 505, "GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
        Refused("two spaces behind the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a tab behind the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        Refused("a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a target without a slash", "GET index HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("bytes beyond ASCII in the target", "GET /\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a star for a method that has none", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("CONNECT, which is for proxies", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        Refused("a method that is no token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("a target beyond the bound", 414, "GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("the hello of TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n"),
        Refused("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Refused("a request line that ends with a bare line feed", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        Refused("a header that ends with a bare line feed", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        Refused("a bare carriage return in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
        Refused("a NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
        Refused("a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
        Refused("a folded line before the first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        Refused("a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        Refused("a tab before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n"),
        Refused("a line without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
        Refused("a line without a name", "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n"),
        Refused("a name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nX[]: y\r\n\r\n"),
        Refused("no host", "GET / HTTP/1.1\r\n\r\n"),
        Refused("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        Refused("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        Refused("a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        Refused("a host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        Refused("a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        Refused("a host that differs from the target's", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refused("an expectation that nobody can meet", 417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n"),
        Refused(
            "more headers than the bound", 431,
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: Limits.requestHeaderCount) + "\r\n"),
        Refused(
            "a header beyond the bound", 431, "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n"),
    ]

    private static func post(_ fields: String, _ body: String = "") -> String {
        "POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
    }

    /// Lengths that could be read in two ways.
    private static let framing: [Refused] = [
        Refused("a length and chunks", post("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        Refused("chunks and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 6", "0\r\n\r\n")),
        Refused("two lengths that differ", post("Content-Length: 0\r\nContent-Length: 5")),
        Refused("two lengths that agree", post("Content-Length: 0\r\nContent-Length: 0")),
        Refused("a list of lengths", post("Content-Length: 0, 0")),
        Refused("a length with a plus sign", post("Content-Length: +0")),
        Refused("a length below zero", post("Content-Length: -1")),
        Refused("a length in hexadecimal", post("Content-Length: 0x0")),
        Refused("a length with a leading zero", post("Content-Length: 00")),
        Refused("a length with a space inside", post("Content-Length: 0 0")),
        Refused("an empty length", post("Content-Length:")),
        Refused("a length beyond every number", post("Content-Length: 99999999999999999999")),
        Refused("a length with a letter behind it", post("Content-Length: 0a")),
        Refused("a coding that is not ours", post("Transfer-Encoding: gzip")),
        Refused("a coding before chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")),
        Refused("chunked twice", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n")),
        Refused("chunked in two fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        Refused("identity beside chunked", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n")),
        Refused("chunked that is quoted", post("Transfer-Encoding: \"chunked\"", "0\r\n\r\n")),
        Refused("chunked with a prefix", post("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        Refused("chunked behind a vertical tab", post("Transfer-Encoding: \u{B}chunked", "0\r\n\r\n")),
        Refused("an empty coding", post("Transfer-Encoding:")),
        Refused("a coding whose name ends with a space", post("Transfer-Encoding : chunked", "0\r\n\r\n")),
        Refused("chunks in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Refused("TRACE with a body", "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"),
    ]

    private static func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", body) }

    /// Bodies whose chunks are not sound. The head was, so that a handler meets the fault.
    private static let chunks: [Refused] = [
        Refused("a chunk size with a prefix", chunked("0x1\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size with a sign", chunked("+1\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size below zero", chunked("-1\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size with a space before it", chunked(" 1\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size with a space behind it", chunked("1 \r\na\r\n0\r\n\r\n")),
        Refused("a chunk size with an underscore", chunked("1_0\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size beyond every number", chunked("fffffffffffffffff\r\na\r\n0\r\n\r\n")),
        Refused("an empty chunk size", chunked("\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size that is no number", chunked("zz\r\na\r\n0\r\n\r\n")),
        Refused("a chunk size line that ends with a bare line feed", chunked("1\na\r\n0\r\n\r\n")),
        Refused("a chunk longer than its size", chunked("1\r\nab\r\n0\r\n\r\n")),
        Refused("a chunk that ends with a bare line feed", chunked("1\r\na\n0\r\n\r\n")),
        Refused("an extension with a bare line feed", chunked("1;x\ny\r\na\r\n0\r\n\r\n")),
        Refused("an extension with a NUL", chunked("1;x\0\r\na\r\n0\r\n\r\n")),
        Refused("a trailer with a space before its colon", chunked("0\r\nX : y\r\n\r\n")),
        Refused("a trailer that is folded", chunked("0\r\nX: y\r\n z\r\n\r\n")),
        Refused("a trailer with a bare line feed", chunked("0\r\nX: y\n\r\n")),
    ]
}

@Suite struct ServerRefusalTests {
    private static let second = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `what could be understood in two ways is answered once, and nothing behind it is understood at all`() async throws
    {
        try await withServer { scene in
            for row in Refused.rows {
                let text = try await scene.tell(row.text + Self.second)
                #expect(text.hasPrefix("HTTP/1.1 \(row.status) "), "\(row.sentence): \(text.prefix(60))")
                #expect(text.lowercased().contains("\r\nconnection: close\r\n"), "\(row.sentence)")
                #expect(text.count(of: "\r\ndate: ") == 1, "\(row.sentence): \(text)")
            }
            #expect(!scene.responder.seen.contains("/smuggled"))
            #expect(scene.responder.seen.allSatisfy { $0 == "/echo" })
        }
    }

    @Test func `a refusal comes behind the answers to the sound requests before it`() async throws {
        try await withServer { scene in
            let text = try await scene.tell("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGE(T / HTTP/1.1\r\n\r\n\(Self.second)")
            let refusal = try #require(text.ranges(of: "HTTP/1.1 ").dropFirst().first)
            #expect(text.hasPrefix("HTTP/1.1 200 "))
            // Nothing of the HEAD before it hides its body.
            #expect(text[refusal.lowerBound...].hasPrefix("HTTP/1.1 400 ") && !text.hasSuffix("\r\n\r\n"))
            #expect(scene.responder.seen == ["/x"])
        }
    }

    @Test func `a refusal reaches a client that still sends`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("GE(T / HTTP/1.1\r\n\r\n" + String(repeating: "x", count: 200_000))
            #expect(try await wire.takeAnswer().status == 400)
            #expect(try await wire.takeAll() == "")
            wire.close()
        }
    }

    // MARK: What is sound, though unusual

    @Test(arguments: [
        ("an empty line before the request", "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x"),
        ("a name in any case, a value without a blank", "GET /x HTTP/1.1\r\nhOsT:a\r\n\r\n", "GET /x"),
        ("blanks around a value", "GET /x HTTP/1.1\r\nHost: \t a \t\r\n\r\n", "GET /x"),
        ("an empty value", "GET /x HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "GET /x"),
        ("bytes beyond ASCII in a value", "GET /x HTTP/1.1\r\nHost: a\r\nX: \u{E9}\r\n\r\n", "GET /x"),
        ("a target in absolute form", "GET http://A/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x"),
        ("a star for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *"),
        ("a method that nobody knows", "BREW /x HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /x"),
        ("a method in small letters is another method", "get /x HTTP/1.1\r\nHost: a\r\n\r\n", "get /x"),
        ("a later minor version", "GET /x HTTP/1.9\r\nHost: a\r\n\r\n", "GET /x"),
        ("a host with a port", "GET /x HTTP/1.1\r\nHost: a:8080\r\n\r\n", "GET /x"),
        ("a host that is an address of version 6", "GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /x"),
        (
            "an offer to change the protocol, which is not taken",
            "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET /x"
        ),
        ("a body of GET, which is read past", "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", "GET /x"),
        (
            "a coding in capital letters",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", "a"
        ),
        (
            "a chunk size with leading zeros",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0001\r\na\r\n00\r\n\r\n", "a"
        ),
        (
            "HTTP/1.0 with an expectation, which it can't have",
            "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na", "a"
        ),
    ])
    func `what is unusual and clear is answered, and so is the request behind it`(sentence: String, text: String, body: String)
        async throws
    {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send(text + Self.second)
            let answer = try await wire.takeAnswer()
            #expect(answer.status == 200 && answer.body == body, "\(sentence)")
            if text.contains("HTTP/1.0") {
                #expect(try await wire.takeAll() == "")
            } else {
                #expect(try await wire.takeAnswer().body == "GET /smuggled", "\(sentence)")
            }
            wire.close()
        }
    }

    // MARK: What every answer owes (the response rules of CISPA's study and RFC 9110)

    @Test(arguments: [
        "GET /x HTTP/1.1\r\nHost: a", "HEAD /x HTTP/1.1\r\nHost: a", "GET /empty HTTP/1.1\r\nHost: a",
        "GET /unchanged HTTP/1.1\r\nHost: a",
        "GET /stream HTTP/1.1\r\nHost: a", "GET /x HTTP/1.0", "GET /stream HTTP/1.0",
        "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 99",
        "GET / HTTP/1.1", "NONSENSE", "OPTIONS * HTTP/1.1\r\nHost: a", "GET / HTTP/3.0\r\nHost: a",
    ])
    func `every answer is framed once, dated, and spelled as RFC 9112 has it`(request: String) async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            defer { wire.close() }
            try await wire.send(request + "\r\n\r\n")
            wire.socket.finishWriting()
            let head = try await wire.takeHead()
            let body = try await wire.takeAll()
            let lines = head.split(separator: "\r\n")
            let status = try #require(Int(lines[0].dropFirst(9).prefix(3)))
            #expect(lines[0].hasPrefix("HTTP/1.1 ") && lines[0].utf8.count >= 13)
            var names: [String] = []
            for line in lines.dropFirst() {
                let colon = try #require(line.firstIndex(of: ":"))
                #expect(line[..<colon].utf8.allSatisfy { ByteClass.token.contains($0) } && colon > line.startIndex)
                names.append(line[..<colon].lowercased())
            }
            #expect(Set(names).count == names.count, "a field that may stand once stands once")
            #expect(names.contains("date"), "an origin server with a clock dates its answers")
            let hasLength = names.contains("content-length")
            let isChunked = names.contains("transfer-encoding")
            #expect(!(hasLength && isChunked), "one framing at most")
            #expect(!isChunked || !request.contains("HTTP/1.0"), "no chunks for HTTP/1.0")
            #expect(!(status == 204 && hasLength), "204 has no length")
            if request.hasPrefix("HEAD") || status == 204 || status == 304 {
                #expect(body.isEmpty)
            } else if let line = lines.first(where: { $0.lowercased().hasPrefix("content-length:") }) {
                #expect(Int(line.dropFirst(15).filter { $0 != " " }) == body.utf8.count, "the length is the body's")
            }
            #expect(!names.contains("keep-alive") && !names.contains("upgrade"))
        }
    }
}

extension String {
    /// How often `text` occurs.
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
