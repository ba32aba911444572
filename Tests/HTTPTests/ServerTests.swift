// The server over real sockets: how requests follow each other on a connection, and how each kind of answer is framed.

import Base
import Loop
import Testing

@testable import HTTP

@Suite struct ServerTests {
    @Test func `a connection carries one request after another`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            for number in 0..<5 {
                try await wire.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try await wire.takeAnswer()
                #expect(answer.status == 200 && answer.body == "GET /\(number)")
                #expect(!answer.hasField("connection") && answer.hasField("date"))
            }
            #expect(scene.server.connectionCount == 1)
            wire.close()
        }
    }

    /// A GET, a body with a length, a chunked body with extension and trailer, and a last request that closes.
    private static let train =
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
        + "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nfgh\r\n2\r\nij\r\n0\r\nT: v\r\n\r\n"
        + "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    private static let answers = ["GET /1", "abcde", "fghij", "GET /4"]

    @Test func `many requests in one packet are answered in order`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            let count = 500
            try await wire.send((0..<count).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for number in 0..<count { #expect(try await wire.takeAnswer().body == "GET /\(number)") }
            wire.close()
        }
    }

    @Test func `requests split at any byte are the same requests`() async throws {
        try await withServer { scene in
            let bytes = Array(Self.train.utf8)
            for split in 1..<bytes.count {
                let wire = try await scene.dial()
                try await wire.send(Array(bytes[..<split]))
                await Task.yield()
                try await wire.send(Array(bytes[split...]))
                for expected in Self.answers { #expect(try await wire.takeAnswer().body == expected, "split at \(split)") }
                #expect(try await wire.takeAll() == "")
                wire.close()
            }
        }
    }

    @Test func `requests that come byte by byte are the same requests`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            for byte in Self.train.utf8 {
                try await wire.send([byte])
                await Task.yield()
            }
            for expected in Self.answers { #expect(try await wire.takeAnswer().body == expected) }
            #expect(try await wire.takeAll() == "")
            wire.close()
        }
    }

    @Test func `a body longer than any buffer comes through, with a length and in chunks`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            let body = String((0..<100_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
            try await wire.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(try await wire.takeAnswer().body == body)
            let size = String(body.utf8.count, radix: 16)
            try await wire.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n0\r\n\r\n")
            #expect(try await wire.takeAnswer().body == body)
            wire.close()
        }
    }

    @Test func `leave to send a body is given when the body is wanted`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await wire.takeHead() == "HTTP/1.1 100 Continue\r\n\r\n")
            try await wire.send("hi")
            #expect(try await wire.takeAnswer().body == "hi")
            // The body came unasked with the head: no leave is needed.
            try await wire.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nho")
            #expect(try await wire.takeAnswer().body == "ho")
            // An expectation without a body asks for nothing.
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await wire.takeAnswer().body == "GET /x")
            wire.close()
        }
    }

    @Test func `a final answer in place of leave closes the connection, since a body may or may not follow`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            let answer = try await wire.takeAnswer()
            #expect(answer.body == "ignored" && answer.has("connection: close"))
            try await wire.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAll() == "")
            #expect(scene.responder.seen == ["/ignore"])
            wire.close()
        }
    }

    @Test func `a short body that nobody read is passed over, a long one closes and says so`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            for framing in ["Content-Length: 5\r\n\r\nabcde", "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"] {
                try await wire.send("POST /ignore HTTP/1.1\r\nHost: a\r\n\(framing)")
                let answer = try await wire.takeAnswer()
                #expect(answer.body == "ignored" && !answer.hasField("connection"))
            }
            try await wire.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
            #expect(try await wire.takeAnswer().has("connection: close"))
            #expect(try await wire.takeAll() == "")
            wire.close()
        }
    }

    @Test func `a body that is read twice is the same body`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("POST /twice HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try await wire.takeAnswer().body == "abc")
            wire.close()
        }
    }

    @Test func `a stream is chunked, and its end keeps the connection`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /stream-nothing HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try await wire.takeAnswer()
            #expect(answer.has("transfer-encoding: chunked") && !answer.hasField("content-length"))
            #expect(answer.body == "onetwo")
            #expect(try await wire.takeAnswer().body == "")
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAnswer().body == "GET /x")
            wire.close()
        }
    }

    @Test func `a stream that breaks off is closed without its last chunk`() async throws {
        try await withServer { scene in
            let text = try await scene.tell("GET /break HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(text.hasSuffix("4\r\npart\r\n"))
            #expect(scene.responder.faults == [.internalError])
        }
    }

    @Test func `the answer to HEAD has the fields of GET and no body`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await wire.takeAnswer(toHead: true)
            #expect(head.status == 200 && head.hasField("content-length") && head.hasField("content-type"))
            try await wire.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAnswer(toHead: true).has("transfer-encoding: chunked"))
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAnswer().body == "GET /x")
            wire.close()
        }
    }

    @Test func `204 and 304 have no body and no framing`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            for (path, status) in [("/empty", 204), ("/unchanged", 304), ("/stream-204", 204)] {
                try await wire.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try await wire.takeAnswer()
                #expect(answer.status == status)
                #expect(!answer.hasField("content-length") && !answer.hasField("transfer-encoding"))
            }
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await wire.takeAnswer().body == "GET /x")
            wire.close()
        }
    }

    @Test func `HTTP/1.0 closes unless it asks to stay`() async throws {
        try await withServer { scene in
            let closed = try await scene.tell("GET /x HTTP/1.0\r\n\r\nGET /y HTTP/1.0\r\n\r\n")
            #expect(closed.contains("connection: close\r\n") && closed.hasSuffix("GET /x"))
            let wire = try await scene.dial()
            try await wire.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let answer = try await wire.takeAnswer()
            #expect(answer.has("connection: keep-alive") && answer.body == "GET /x")
            // A stream can't be chunked for HTTP/1.0: it lasts until the close.
            try await wire.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let stream = try await wire.takeAnswer()
            #expect(!stream.hasField("transfer-encoding") && stream.has("connection: close") && stream.body == "onetwo")
            wire.close()
        }
    }

    @Test func `close is announced and done, and what follows is not read`() async throws {
        try await withServer { scene in
            let text = try await scene.tell(
                "GET /x HTTP/1.1\r\nHost: a\r\nConnection: foo, CLOSE\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(text.contains("connection: close\r\n") && text.hasSuffix("GET /x"))
            #expect(scene.responder.seen == ["/x"])
        }
    }

    @Test func `a client that only listens any more still gets its answer`() async throws {
        try await withServer { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            wire.socket.finishWriting()
            #expect(try await wire.takeAnswer().body == "GET /x")
            #expect(await until { scene.responder.gate.waiting == 1 })
            scene.responder.gate.open()
            #expect(try await wire.takeAnswer().body == "waited")
            #expect(try await wire.takeAll() == "")
            wire.close()
        }
    }

    @Test func `a client that leaves in the middle of a head or a body is forgotten`() async throws {
        try await withServer { scene in
            for text in ["GET /x HT", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"] {
                let wire = try await scene.dial()
                try await wire.send(text)
                wire.socket.finishWriting()
                _ = try await wire.takeAll()
                wire.close()
            }
            #expect(await until { scene.server.connectionCount == 0 })
            #expect(scene.responder.faults == [.malformed])
        }
    }
}
