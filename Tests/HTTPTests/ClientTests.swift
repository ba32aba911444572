// The outgoing client over real sockets, against peers that answer well, badly or only in part.

import Base
import Loop
import Testing

@testable import HTTP

@Suite struct ClientTests {
    /// What the client makes of `answer`, which is sent in two parts when `split` is given.
    private func take(
        _ answer: String, _ method: HTTP.Method = .get, split: Int? = nil,
        _ change: @escaping @Sendable (inout ClientRequest) -> Void = { _ in }
    ) async throws -> Result<ClientResponse, Fault> {
        try await withClient { wire in
            _ = try await wire.takeMessage()
            let bytes = Array(answer.utf8)
            try await wire.send(Array(bytes[..<(split ?? bytes.count)]))
            await Task.yield()
            if let split { try await wire.send(Array(bytes[split...])) }
        } _: { client, peer in
            let request = try peer.request(method, "/", change)
            do throws(Fault) { return .success(try await client.send(request)) } catch { return .failure(error) }
        }
    }

    @Test func `a request goes out whole and its answer comes back`() async throws {
        let (response, sent) = try await withClient { wire in
            let (head, body) = try await wire.takeMessage()
            let text = head + body
            try await wire.send("HTTP/1.1 201 Created\r\nContent-Length: \(text.utf8.count)\r\nX-Thing: a b\r\n\r\n\(text)")
        } _: { client, peer in
            var request = try ClientRequest(
                .post, "http://127.0.0.1:\(peer.port)/a b?c=d#e", headers: [ClientHeader("X-Name", "value")],
                body: Array("{}".utf8))
            request.headers.append(ClientHeader("authorization", secret: Secret("token"), prefix: "Bearer "))
            let response = try await client.send(request)
            return (response, String(decoding: response.body, as: UTF8.self))
        }
        #expect(response.status == 201)
        #expect(response.headers.text(named: "x-thing") == "a b")
        #expect(response.url.description.hasSuffix("/a%20b?c=d#e"))
        #expect(!response.isTruncated && response.redirectCount == 0 && !response.timings.reusedConnection)
        let port = try #require(response.url.port)
        #expect(
            sent == """
                POST /a%20b?c=d HTTP/1.1\r
                host: 127.0.0.1:\(port)\r
                accept: */*\r
                user-agent: insula\r
                accept-encoding: identity\r
                X-Name: value\r
                authorization: Bearer token\r
                content-length: 2\r
                \r
                {}
                """)
    }

    @Test func `what the caller says about itself replaces what the client would say`() async throws {
        let sent = try await withClient { wire in
            let head = try await wire.takeHead()
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(head.utf8.count)\r\n\r\n\(head)")
        } _: { client, peer in
            let request = try peer.request {
                $0.headers = [ClientHeader("Accept", "text/html"), ClientHeader("User-Agent", "me")]
            }
            return String(decoding: try await client.send(request).body, as: UTF8.self)
        }
        #expect(sent.contains("\r\nAccept: text/html\r\nUser-Agent: me\r\n\r\n"))
        #expect(!sent.contains("insula") && !sent.contains("*/*") && !sent.contains("content-length"))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", "abcde"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n3\r\ncde\r\n0\r\nT: v\r\n\r\n", "abcde"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the close", "until the close"),
        ("HTTP/1.0 200 OK\r\nContent-Encoding: Identity\r\n\r\nabc", "abc"),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            "x"
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""), ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ""),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ""),
    ])
    func `each framing of a body is understood, whole and split at any byte`(answer: String, body: String) async throws {
        let whole = try await take(answer).get()
        #expect(String(decoding: whole.body, as: UTF8.self) == body)
        let responses = try await withClient { wire in
            let number = Int(try await wire.takeHead().split(separator: " ")[1].dropFirst()) ?? 0
            let bytes = Array(answer.utf8)
            try await wire.send(Array(bytes[..<number]))
            await Task.yield()
            try await wire.send(Array(bytes[number...]))
        } _: { client, peer in
            var bodies: [[UInt8]] = []
            for split in 1..<answer.utf8.count { bodies.append(try await client.send(try peer.request(.get, "/\(split)")).body) }
            return bodies
        }
        #expect(responses.allSatisfy { $0 == Array(body.utf8) })
    }

    @Test func `the answer to HEAD has no body, whatever its head tells`() async throws {
        let response = try await take("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n", .head).get()
        #expect(response.status == 200 && response.body.isEmpty)
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n folded: y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        // Answers that end early.
        "", "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
    ])
    func `an answer that is not sound or not whole is a failure`(answer: String) async throws {
        let result = try await take(answer)
        let fault = #expect(throws: Fault.self) { try result.get() }
        #expect(fault?.code == .outboundFailed, "\(answer)")
    }

    @Test func `an endless head and endless interim answers are failures`() async throws {
        let long = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: Limits.responseHeadBytes) + "\r\n\r\n"
        let many = String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 9) + "HTTP/1.1 204 No Content\r\n\r\n"
        let few = String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 8) + "HTTP/1.1 204 No Content\r\n\r\n"
        #expect(await fault { () throws(Fault) in try await sound(long).get() }?.code == .outboundFailed)
        #expect(await fault { () throws(Fault) in try await sound(many).get() }?.code == .outboundFailed)
        #expect(await fault { () throws(Fault) in try await sound(few).get() } == nil)
    }

    private func sound(_ answer: String) async -> Result<ClientResponse, Fault> {
        (try? await take(answer)) ?? .failure(Fault(.internalError, "The test could not run."))
    }

    @Test func `a body beyond the limit is a fault, by its length at once or when it has grown so far`() async throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n0123456789a",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n",
        ] {
            let result = try await take(answer) { $0.responseLimitBytes = 10 }
            #expect(#expect(throws: Fault.self) { try result.get() }?.code == .contentTooLarge)
        }
        let fits = try await take("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789") { $0.responseLimitBytes = 10 }.get()
        #expect(fits.body.count == 10 && !fits.isTruncated)
    }

    @Test func `a body is cut at the limit when that is wanted`() async throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n0123456789ab", "HTTP/1.1 200 OK\r\n\r\n0123456789ab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n4\r\n89ab\r\n0\r\n\r\n",
        ] {
            let response = try await take(answer) {
                $0.responseLimitBytes = 10
                $0.truncatesAtLimit = true
            }.get()
            #expect(response.isTruncated && response.body == Array("0123456789".utf8))
        }
    }

    @Test func `a stream hands out what has come before the rest is sent`() async throws {
        let pieces = try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            // Goes on when the client, having taken the first piece, asks on a second connection.
            guard wire.number == 1 else { return }
            _ = try await wire.take(1)
            try await wire.send("3\r\ntwo\r\n0\r\n\r\n")
        } _: { client, peer in
            try await client.withResponse(to: try peer.request()) { (stream) async throws(Fault) -> [String] in
                var pieces: [String] = []
                while let piece = try await stream.next() {
                    pieces.append(String(decoding: piece, as: UTF8.self))
                    if pieces.count == 1 {
                        try? await stream.connection.transport.write([0], until: Instant.now.advanced(milliseconds: 5_000))
                    }
                }
                return pieces
            }
        }
        #expect(pieces == ["one", "two"])
    }

    @Test func `a server that answers before it has read all is heard`() async throws {
        let status = try await withClient { wire in
            _ = try await wire.takeHead()
            try await wire.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        } _: { client, peer in
            let request = try peer.request(.post) { $0.body = [UInt8](repeating: 0, count: 16 << 20) }
            return try await client.send(request).status
        }
        #expect(status == 413)
    }
}
