// How a server ends: killed in the middle of a run, told to stop, told twice.

import Base
import Foundation
import JSON
import Testing

extension FaultTests {
    @Suite struct Ends {
        @Test func `a server killed in mid-run goes on after its restart, and runs no finished step again`() async throws {
            try await Sink.run(holding: "/second") { sink in
                try await Installation.run(sink.settings) { installation in
                    let server = try await installation.serve()
                    let key = try #require(server.secret("API key"))
                    let agent = try await server.agent(
                        key: key, ["url": .string(sink.url("/first"))], ["url": .string(sink.url("/second"))])
                    let execution = try await server.trigger(agent, key: key)
                    try await untilTrue("the second step is under way") { sink.count("/second") == 1 }
                    server.child.signal(SIGKILL)
                    #expect(try await server.child.end() == .signal(SIGKILL))
                    sink.release()

                    let next = try await installation.serve()
                    #expect(try await next.ended(execution, key: key) == "succeeded")
                    #expect(sink.count("/first") == 1)
                    #expect(sink.count("/second") == 2)
                    // The node took up its own work; nobody had to wait for the lease to run out.
                    #expect(!next.child.errors.contains("leases of dead nodes"))
                    #expect(installation.postmasters.count == 1)
                    let steps = try await next.expect(200, "GET", "/v1/executions/\(execution)/steps", key: key)
                    #expect(steps["data"]?.array?.count == 2)
                    #expect(steps["data"]?.array?.allSatisfy { $0["status"] == "succeeded" } == true)
                    print("kill -9 in mid-run: \(sink.hits.count) requests for 2 steps, of which 1 was interrupted")
                }
            }
        }

        @Test func `SIGTERM lets the request under way end, then stops all, PostgreSQL included`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                let key = try #require(server.secret("API key"))
                let body = #"{"name":"late","role":"member"}"#
                let wire = try #require(await Wire.dial(server.port))
                #expect(await wire.send(Wire.head("POST", "/v1/keys", key: key, length: body.utf8.count) + body.prefix(10)))
                // Answered after the request above has begun, since both came in this order.
                _ = try await server.expect(200, "GET", "/v1/tenant", key: key)
                server.child.signal(SIGTERM)
                try await untilTrue("no new connection is taken") { await Wire.dial(server.port) == nil }
                #expect(await wire.send(String(body.dropFirst(10))))
                let answer = Answer(await wire.takeAll())
                #expect(answer?.status == 201)
                #expect(try await server.child.end() == .status(0))
                #expect(installation.postmasters.isEmpty)
            }
        }

        @Test func `a second SIGTERM ends a drain at once, and PostgreSQL follows`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                let key = try #require(server.secret("API key"))
                let wire = try #require(await Wire.dial(server.port))
                #expect(await wire.send(Wire.head("POST", "/v1/keys", key: key, length: 100) + "{"))
                _ = try await server.expect(200, "GET", "/v1/tenant", key: key)
                server.child.signal(SIGTERM)
                try await untilTrue("no new connection is taken") { await Wire.dial(server.port) == nil }
                server.child.signal(SIGTERM)
                #expect(try await server.child.end() == .signal(SIGTERM))
                await wire.close()
                try await untilTrue("PostgreSQL has ended") { installation.postmasters.isEmpty }
                let next = try await installation.serve()
                #expect(await next.call("GET", "/readyz")?.status == 200)
            }
        }

        @Test func `SIGTERM in the middle of a run hands it back, and the next start ends it`() async throws {
            try await Sink.run(holding: "/second") { sink in
                try await Installation.run(sink.settings) { installation in
                    let server = try await installation.serve()
                    let key = try #require(server.secret("API key"))
                    let agent = try await server.agent(
                        key: key, ["url": .string(sink.url("/first"))], ["url": .string(sink.url("/second"))])
                    let execution = try await server.trigger(agent, key: key)
                    try await untilTrue("the second step is under way") { sink.count("/second") == 1 }
                    server.child.signal(SIGTERM)
                    #expect(try await server.child.end() == .status(0))
                    #expect(installation.postmasters.isEmpty)
                    sink.release()
                    let next = try await installation.serve()
                    #expect(try await next.ended(execution, key: key) == "succeeded")
                    #expect(sink.count("/first") == 1)
                }
            }
        }

        @Test func `SIGHUP without certificates changes nothing`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                server.child.signal(SIGHUP)
                try await untilTrue("the signal is heard") { server.child.errors.contains("there are no certificates") }
                #expect(await server.call("GET", "/readyz")?.status == 200)
            }
        }
    }
}
