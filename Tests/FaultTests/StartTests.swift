// What an operator meets first: the first start and the second, a start that can't be, and where the data folder may lie.

import Base
import Foundation
import Testing

extension FaultTests {
    @Suite struct Starts {
        @Test func `the first start shows the secrets, the second none, and both serve`() async throws {
            try await Installation.run { installation in
                let first = try await installation.serve()
                let key = try #require(first.secret("API key"))
                #expect(first.secret("tenant") == "default")
                #expect((first.secret("password") ?? "").count >= 20)
                #expect(first.child.output.components(separatedBy: "curl ").count == 4)
                _ = try await first.expect(200, "GET", "/v1/tenant", key: key)
                first.child.signal(SIGTERM)
                #expect(try await first.child.end() == .status(0))

                let second = try await installation.serve()
                #expect(second.child.output.split(separator: "\n").count == 1)
                #expect(second.secret("API key") == nil && second.secret("password") == nil)
                #expect(!second.child.output.contains(key) && !second.child.errors.contains(key))
                _ = try await second.expect(200, "GET", "/v1/tenant", key: key)
                #expect(!first.child.errors.contains(key), "the log holds the key")
            }
        }

        @Test func `a port that is taken ends the start with a sentence and leaves no PostgreSQL behind`() async throws {
            try await Sink.run { sink in
                try await Installation.run { installation in
                    let (child, ending) = try await installation.command("serve", settings: ["INSULA_PORT": "\(sink.port)"])
                    #expect(ending == .status(69))
                    #expect(child.errors.contains("insula: ") && child.errors.contains("\(sink.port)"))
                    #expect(child.errors.contains("in use"))
                    try await untilTrue("PostgreSQL has ended") { installation.postmasters.isEmpty }
                }
            }
        }

        @Test func `two servers do not share a port by accident`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                try await Installation.run { other in
                    let (child, ending) = try await other.command("serve", settings: ["INSULA_PORT": "\(server.port)"])
                    #expect(ending == .status(69))
                    #expect(child.errors.contains("\(server.port)"))
                    #expect(other.postmasters.isEmpty)
                }
                #expect(await server.call("GET", "/healthz")?.status == 200)
            }
        }

        @Test func `a second server on the same data folder says so and leaves the first alone`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                let (child, ending) = try await installation.command("serve")
                #expect(ending == .status(69))
                #expect(child.errors.contains("Another Insula server uses this data folder."))
                #expect(installation.postmasters.count == 1)
                #expect(await server.call("GET", "/readyz")?.status == 200)
            }
        }

        @Test func `a data folder behind closed doors works`() async throws {
            try await Installation.run { installation in
                // A home that nobody else may enter: as root, PostgreSQL's own user can't reach what is in it.
                let home = installation.folder + "/home"
                try FileManager.default.createDirectory(
                    atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                let server = try await installation.serve(settings: ["INSULA_DATA": home + "/deep/data"])
                #expect(await server.call("GET", "/readyz")?.status == 200)
                server.child.signal(SIGTERM)
                #expect(try await server.child.end() == .status(0))
                let again = try await installation.serve(settings: ["INSULA_DATA": home + "/deep/data"])
                #expect(again.secret("API key") == nil, "the second start has another database")
                again.child.signal(SIGTERM)
                #expect(try await again.child.end() == .status(0))
            }
        }
    }
}

/// Whole processes: the program as it is built, killed, stopped and misled.
@Suite(.serialized) struct FaultTests {}
