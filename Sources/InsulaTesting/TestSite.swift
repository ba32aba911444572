// A web site on loopback for what fetches pages: it serves the pages a test gives it, and 404 for everything else.

import Base
import HTTP
import Loop

/// A site that tools may read.
public final class TestSite: Sendable {
    /// Where it is, without a slash at the end.
    public let address: String
    private let server: Server
    private let group: LoopGroup

    private final class Pages: Responder {
        private let pages: [String: String]

        init(_ pages: [String: String]) {
            self.pages = pages
        }

        func respond(to exchange: Exchange) async {
            guard let page = pages[exchange.head.pathText] else { return exchange.respond(status: 404) }
            exchange.respond(status: 200) { head in
                head.append(contentsOf: "content-type: text/html; charset=utf-8\r\n".utf8)
            } body: { body in
                body.append(contentsOf: page.utf8)
            }
        }

        func refuse(_ fault: Fault, on exchange: Exchange) {
            exchange.respond(status: fault.code.status)
        }
    }

    private init(_ pages: [String: String]) async throws(Fault) {
        group = LoopGroup(count: 1)
        server = try await Server(on: .v4(0x7F00_0001, port: 0), group: group, responder: Pages(pages))
        address = "http://127.0.0.1:\(server.address.port)"
    }

    /// Runs `body` with a site that has these pages, by their paths.
    public static func run<Value>(
        _ pages: [String: String], _ body: (TestSite) async throws -> Value
    ) async throws -> Value {
        let site = try await TestSite(pages)
        do {
            let value = try await body(site)
            await site.stop()
            return value
        } catch {
            await site.stop()
            throw error
        }
    }

    private func stop() async {
        await server.stop(graceMilliseconds: 100)
        group.stop()
    }
}
