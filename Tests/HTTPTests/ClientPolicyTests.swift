// What the outgoing client refuses to send, to reach and to follow.

import Base
import Loop
import Testing

@testable import HTTP

@Suite struct ClientPolicyTests {
    // MARK: Requests

    @Test(arguments: [
        ("X-A", "a\r\nX-B: c", "headers[1].value"), ("X-A", "a\nb", "headers[1].value"), ("X-A", "a\0", "headers[1].value"),
        ("X-A", "a\rb", "headers[1].value"), ("X-A", "\u{7F}", "headers[1].value"), ("X A", "a", "headers[1].name"),
        ("X-A:", "a", "headers[1].name"), ("X-A\r\nX-B", "a", "headers[1].name"), ("", "a", "headers[1].name"),
        ("X-\u{E9}", "a", "headers[1].name"), ("Host", "a", "headers[1].name"), ("Content-Length", "1", "headers[1].name"),
        ("transfer-encoding", "chunked", "headers[1].name"), ("Connection", "x-a", "headers[1].name"),
        ("Upgrade", "h2c", "headers[1].name"), ("Expect", "100-continue", "headers[1].name"),
        ("Accept-Encoding", "gzip", "headers[1].name"), ("Proxy-Authorization", "x", "headers[1].name"),
    ])
    func `a header that could break the message is refused by name, and nothing is dialled`(
        name: String, value: String, path: String
    ) async throws {
        try await withClient { _ in
        } _: { client, peer in
            for header in [ClientHeader(name, value), ClientHeader(name, secret: Secret(value))] {
                let request = try peer.request { $0.headers = [ClientHeader("x-ok", "1"), header] }
                let fault = await fault { () throws(Fault) in try await client.send(request) }
                #expect(fault?.code == .invalid && fault?.fields.first?.path == path)
                #expect(fault?.message.contains(value) != true || value == "a" || value == "1" || value == "x")
            }
            #expect(await client.connectionCounts().open == 0)
        }
    }

    @Test func `headers are bounded in number and size`() async throws {
        try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send("HTTP/1.1 204 No Content\r\n\r\n")
        } _: { client, peer in
            let many = (0..<Limits.requestHeaderCount).map { ClientHeader("x-\($0)", "a") }
            let size = ClientRequest.headerBytes - "x: \r\n".utf8.count
            for (headers, isSent) in [
                (many, true), (many + [ClientHeader("x", "y")], false),
                ([ClientHeader("x", String(repeating: "a", count: size))], true),
                ([ClientHeader("x", String(repeating: "a", count: size + 1))], false),
            ] {
                let request = try peer.request { $0.headers = headers }
                let fault = await fault { () throws(Fault) in try await client.send(request) }
                #expect(isSent ? fault == nil : fault?.code == .invalid)
            }
        }
    }

    @Test func `methods for proxies and a body for HEAD are refused`() async throws {
        try await withClient { _ in
        } _: { client, peer in
            for method in [Method.connect, .trace, .other] {
                let request = try peer.request(method)
                #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .invalid)
            }
            let request = try peer.request(.head) { $0.body = [1] }
            #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .invalid)
        }
        #expect(await fault { () throws(Fault) in try ClientRequest(.get, "/relative") }?.fields.first?.path == "url")
    }

    // MARK: Targets

    @Test(arguments: [
        "http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://0x7f.1/", "http://169.254.169.254/latest/",
        "http://[::ffff:127.0.0.1]/", "http://user@example.com/", "http://user:hunter2@127.0.0.1/", "ftp://127.0.0.1/",
        "ws://127.0.0.1/",
        "file:///etc/passwd", "mailto:a@b", "data:,x",
    ])
    func `a target that is not public, or no web server, is refused`(url: String) async throws {
        try await withLoops { group in
            let client = OutgoingClient(group: group, rule: AddressGuard(), pool: BlockingPool(name: "names"))
            let request = try ClientRequest(.get, url)
            let fault = await fault { () throws(Fault) in try await client.send(request) }
            #expect(fault?.code == .outboundRefused)
            // What a name resolved to is for the log alone.
            if url.contains("localhost") {
                #expect(fault?.message.contains("localhost") == true && fault?.message.contains("127.") == false)
            }
            #expect(fault?.message.contains("hunter2") != true)
            #expect(await client.connectionCounts().open == 0)
        }
    }

    @Test func `a name is resolved, judged as a whole, and its addresses are tried in turn`() async throws {
        let response = try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send("HTTP/1.1 204 No Content\r\n\r\n")
        } _: { client, peer in
            // The peer listens on one of the addresses that `localhost` may have.
            try await client.send(try ClientRequest(.get, "http://localhost:\(peer.port)/"))
        }
        #expect(response.status == 204)
        #expect(await fault { () throws(Fault) in try NameLookup.addresses("") }?.code == .outboundFailed)
    }

    @Test func `a port where nobody listens is a failure`() async throws {
        try await withClient { _ in
        } _: { client, peer in
            let request = try peer.request()
            peer.stop()
            #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .outboundUnreachable)
            #expect(await client.connectionCounts().open == 0)
        }
    }

    // MARK: Redirects

    /// A peer that sends `/redirect/STATUS/…` on to `/end` and shows there what it got.
    private static func redirecting(_ wire: Wire) async throws {
        while true {
            let (head, body) = try await wire.takeMessage()
            guard !head.isEmpty else { return }
            let parts = head.split(separator: " ")[1].split(separator: "/")
            if parts.first == "redirect" {
                let target =
                    parts.count > 2
                    ? String(decoding: parts[2].utf8.map { $0 == UInt8(ascii: "|") ? UInt8(ascii: "/") : $0 }, as: UTF8.self)
                    : "/end"
                try await wire.send("HTTP/1.1 \(parts[1]) Redirect\r\nLocation: \(target)\r\nContent-Length: 4\r\n\r\nbody")
            } else if parts.first == "loop" {
                try await wire.send("HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n")
            } else {
                let text = head + body
                try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            }
        }
    }

    @Test(arguments: [
        (301, HTTP.Method.post, "GET", false), (302, .post, "GET", false), (303, .post, "GET", false), (307, .post, "POST", true),
        (308, .post, "POST", true), (301, .put, "PUT", true), (302, .delete, "DELETE", false), (303, .put, "GET", false),
        (303, .get, "GET", false), (301, .get, "GET", false),
    ])
    func `a redirect changes the method as browsers do`(status: Int, method: HTTP.Method, becomes: String, keepsBody: Bool)
        async throws
    {
        let (response, text, accepted) = try await withClient(serve: Self.redirecting) { client, peer in
            let request = try peer.request(method, "/redirect/\(status)#part") {
                if method == .post || method == .put { $0.body = Array("payload".utf8) }
                $0.headers = [ClientHeader("Content-Type", "text/x"), ClientHeader("Authorization", "mine")]
            }
            let response = try await client.send(request)
            return (response, String(decoding: response.body, as: UTF8.self), peer.accepted)
        }
        #expect(response.redirectCount == 1 && response.url.path == "/end" && response.url.fragment == "part")
        #expect(text.hasPrefix("\(becomes) /end HTTP/1.1\r\n"))
        #expect(text.hasSuffix("payload") == keepsBody)
        #expect(text.contains("Content-Type: text/x") == (becomes == method.name.description))
        // The same origin keeps credentials, and the connection.
        #expect(text.contains("Authorization: mine") && accepted == 1)
    }

    @Test func `credentials stay with their origin`() async throws {
        let text = try await withClient(serve: Self.redirecting) { client, peer in
            let other = try Peer(on: EventLoop.current!, Self.redirecting)
            defer { other.stop() }
            let request = try peer.request(.get, "/redirect/307/http:||127.0.0.1:\(other.port)|end") {
                $0.headers = [
                    ClientHeader("Authorization", "mine"), ClientHeader("Cookie", "mine"), ClientHeader("X-Api-Key", "mine"),
                    ClientHeader("X-Token", secret: Secret("mine")), ClientHeader("X-Open", "yes"),
                ]
            }
            return String(decoding: try await client.send(request).body, as: UTF8.self)
        }
        #expect(text.contains("X-Open: yes") && !text.contains("mine"))
    }

    @Test func `redirects are counted, or not followed at all`() async throws {
        try await withClient(serve: Self.redirecting) { client, peer in
            let endless = try peer.request(.get, "/loop")
            #expect(await fault { () throws(Fault) in try await client.send(endless) }?.code == .outboundFailed)
            let once = try peer.request(.get, "/redirect/302") { $0.maxRedirects = 1 }
            #expect(try await client.send(once).status == 200)
            let plain = try peer.request(.get, "/redirect/302") { $0.maxRedirects = 0 }
            let response = try await client.send(plain)
            #expect(response.status == 302 && response.body == Array("body".utf8))
            let wrong = try peer.request(.get, "/redirect/302/http:||[x")
            #expect(await fault { () throws(Fault) in try await client.send(wrong) }?.code == .outboundFailed)
        }
    }

    @Test func `each redirect is judged like a request`() async throws {
        try await withLoops { group in
            let peer = try Peer(on: group.loops[0], Self.redirecting)
            let inside = try Peer(on: group.loops[0], Self.redirecting)
            let client = OutgoingClient(
                group: group, rule: try AddressGuard(allowing: "127.0.0.1/32:\(peer.port)"), pool: BlockingPool(name: "names"))
            for target in [
                "http:||127.0.0.1:\(inside.port)|end", "http:||localhost:\(inside.port)|", "http:||169.254.169.254|",
                "ftp:||127.0.0.1|",
                "http:||user@127.0.0.1:\(peer.port)|", "||[::1]:\(peer.port)|",
            ] {
                let request = try peer.request(.get, "/redirect/302/\(target)")
                #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .outboundRefused, "\(target)")
            }
            #expect(inside.accepted == 0)
            peer.stop()
            inside.stop()
        }
    }

    @Test func `a redirect never leaves TLS`() throws {
        let hop = try ClientHop(try ClientRequest(.get, "https://example.com/a"))
        for (location, isRefused) in [("http://example.com/", true), ("//example.com/b", false), ("https://b.example/", false)] {
            let head = ResponseHead()
            var parser = ResponseHeadParser()
            let bytes = Array("HTTP/1.1 302 Found\r\nLocation: \(location)\r\n\r\n".utf8)
            #expect(parser.parse(bytes.span, to: .get, into: head) == .head(consumed: bytes.count))
            if isRefused {
                #expect(#expect(throws: Fault.self) { try hop.redirected(by: head) }?.code == .outboundRefused)
            } else {
                #expect(try hop.redirected(by: head)?.origin.isSecure == true)
            }
        }
    }
}
