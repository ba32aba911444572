// The outgoing client over real sockets, against peers that answer well, badly, late or not at all.

import Base
import Loop
import Testing

@testable import HTTP

@Suite struct ClientTests {
    /// Runs `test` with a client that may reach loopback, and a peer that does `serve` with each connection.
    private func run<Value: Sendable>(
        serve: @escaping @Sendable (Wire) async throws -> Void,
        _ test: @escaping @Sendable (OutgoingClient, Peer) async throws -> Value
    ) async throws -> Value {
        try await withLoops { group in
            let peer = try Peer(on: group.loops[0], serve)
            let client = OutgoingClient(
                group: group, rule: try AddressGuard(allowing: "127.0.0.0/8"), pool: BlockingPool(name: "names"))
            let value = try await test(client, peer)
            await client.stop()
            peer.stop()
            return value
        }
    }

    private func fault(_ body: () async throws(Fault) -> some Any) async -> Fault? {
        do throws(Fault) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a request goes out whole and its answer comes back`() async throws {
        let (response, sent) = try await run { wire in
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
}
