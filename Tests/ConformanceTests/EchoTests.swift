import Base
import Foundation
import Loop
import Testing

extension Conformance {
    @Suite struct EchoTests {
        /// Starts the server as a process, sends `request` and returns all that came back until the server closed.
        private func exchange(_ request: String) async throws -> String {
            let server = try await ConformProgram.startServer()
            defer { server.process.terminate() }
            let port = server.port
            let group = LoopGroup(count: 1)
            defer { group.stop() }
            let loop = group.loops[0]
            let result: Result<String, any Error> = await loop.call {
                do throws(SocketFailure) {
                    let socket = try await StreamSocket.connect(
                        to: .v4(0x7F00_0001, port: port), on: loop, deadline: Instant.now.advanced(milliseconds: 10_000))
                    socket.setDeadline(Instant.now.advanced(milliseconds: 10_000))
                    try await socket.write(Array(request.utf8))
                    var answer: [UInt8] = []
                    while true {
                        let piece = try await socket.read(upTo: 4096)
                        if piece.isEmpty { break }
                        answer += piece
                    }
                    socket.close()
                    return .success(String(decoding: answer, as: UTF8.self))
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }

        @Test func `any path is 200, a POST comes back, the header and the cookies can be seen`() async throws {
            let answer = try await exchange(
                "GET /any/path?q=1 HTTP/1.1\r\nHost: a\r\n\r\n"
                    + "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
                    + "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n"
                    + "GET /echo HTTP/1.1\r\nHost: a\r\nX-Colour:  blue \r\n\r\n"
                    + "GET /cookie HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=2\r\nConnection: close\r\n\r\n")
            let answers = answer.components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(answers.count == 5)
            #expect(answers.allSatisfy { $0.hasPrefix("200 ") })
            let bodies = answers.map { $0.components(separatedBy: "\r\n\r\n")[1] }
            #expect(bodies[1] == "first")
            #expect(bodies[2] == "second")
            #expect(bodies[3].lowercased().contains("x-colour: blue\n"))
            #expect(bodies[4] == "a=1\nb=2\n")
        }

        @Test(arguments: [
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\n\n",
        ])
        func `a broken message is answered 400 and the connection closed`(_ request: String) async throws {
            let answer = try await exchange(request)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
            #expect(answer.lowercased().contains("connection: close\r\n"), "\(answer)")
        }
    }
}
