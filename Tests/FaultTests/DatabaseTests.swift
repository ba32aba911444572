// The database goes away under a running server, and one of two nodes on one database is killed.

import Base
import Crypto
import Foundation
import InsulaTesting
import JSON
import Postgres
import Testing

extension FaultTests {
    @Suite struct Databases {
        @Test func `a killed PostgreSQL is answered for with 503, and comes back without a restart of the server`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                let key = try #require(server.secret("API key"))
                // With its folder out of reach PostgreSQL can't be started again until the test has seen enough.
                let away = installation.cluster + ".away"
                let postmaster = try #require(installation.postmasters.first)
                try FileManager.default.moveItem(atPath: installation.cluster, toPath: away)
                kill(postmaster, SIGKILL)
                let answer = try await until("the API answers 503") {
                    let answer = await server.call("GET", "/v1/tenant", key: key)
                    return answer?.status == 503 ? answer : nil
                }
                #expect(Int(answer.headers["retry-after"] ?? "") ?? 0 >= 1)
                #expect(answer.headers["content-type"] == "application/problem+json")
                try await untilTrue("/readyz answers 503") { await server.call("GET", "/readyz")?.status == 503 }
                #expect(await server.call("GET", "/readyz")?.headers["retry-after"] != nil)
                #expect(await server.call("GET", "/healthz")?.status == 200)

                try FileManager.default.moveItem(atPath: away, toPath: installation.cluster)
                try await untilTrue("the API answers again") {
                    await server.call("GET", "/v1/tenant", key: key)?.status == 200
                }
                try await untilTrue("/readyz answers 200") { await server.call("GET", "/readyz")?.status == 200 }
                #expect(installation.postmasters.count == 1)
                #expect(installation.postmasters.first != postmaster)
                server.child.signal(SIGTERM)
                #expect(try await server.child.end() == .status(0))
                #expect(installation.postmasters.isEmpty)
            }
        }

        @Test func `a server stops in good order while PostgreSQL is gone`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                let away = installation.cluster + ".away"
                let postmaster = try #require(installation.postmasters.first)
                try FileManager.default.moveItem(atPath: installation.cluster, toPath: away)
                kill(postmaster, SIGKILL)
                try await untilTrue("/readyz answers 503") { await server.call("GET", "/readyz")?.status == 503 }
                server.child.signal(SIGTERM)
                #expect(try await server.child.end() == .status(0))
                #expect(installation.postmasters.isEmpty)
            }
        }

        @Test func `of two nodes one is killed, and every execution ends without a finished step run again`() async throws {
            let (executionCount, stepCount, concurrency) = (200, 3, 16)
            let database = try await TestDatabase.make()
            try await Sink.run(holding: "/0", "/1", "/2") { sink in
                let settings = sink.settings.merging(
                    [
                        "INSULA_DATABASE_URL": database.url, "INSULA_WORKERS": "\(concurrency)",
                        "INSULA_ROOT_KEY": RootKey.generate().spelt,
                    ]) { $1 }
                try await Installation.run(settings) { first in
                    try await Installation.run(settings) { second in
                        let one = try await first.serve()
                        let two = try await second.serve()
                        #expect(first.postmasters.isEmpty && second.postmasters.isEmpty)
                        let key = try #require(one.secret("API key"))
                        #expect(two.secret("API key") == nil)
                        let steps = (0..<stepCount).map { step in
                            ["url": .string(sink.url("/\(step)")), "method": "POST", "idempotent": true] as JSONValue
                        }
                        let agent = try await one.agent(key: key, steps[0], steps[1], steps[2])
                        var executions: [String] = []
                        for number in 0..<executionCount {
                            executions.append(try await (number % 2 == 0 ? one : two).trigger(agent, key: key))
                        }
                        let view = try database.connectAsSuperuser()
                        try await untilTrue("both nodes work") {
                            try view.rows("SELECT count(DISTINCT node_id) FROM execution_queue") == [["2"]]
                                && sink.hits.count >= 2
                        }
                        one.child.signal(SIGKILL)
                        _ = try await one.child.end()
                        sink.release()
                        try await untilTrue("the queue is empty") {
                            try view.rows("SELECT count(*) FROM execution_queue") == [["0"]]
                        }
                        for execution in executions {
                            #expect(try await two.ended(execution, key: key) == "succeeded")
                        }
                        check(sink, executions: executionCount, steps: stepCount, interrupted: concurrency)
                    }
                }
            }
        }

        /// The requests of an execution never go back to an earlier step, and none is repeated but for those that the kill interrupted.
        private func check(_ sink: Sink, executions: Int, steps: Int, interrupted: Int) {
            var paths: [String: [String]] = [:]
            for hit in sink.hits {
                // The key is that of the execution and the step.
                let execution = hit.idempotencyKey?.split(separator: ":").first.map(String.init) ?? ""
                paths[execution, default: []].append(hit.path)
            }
            #expect(paths.count == executions)
            for (execution, paths) in paths {
                #expect(paths == paths.sorted(), "\(execution) went back")
                #expect(Set(paths).count == steps, "\(execution) left out a step")
            }
            let repeated = sink.hits.count - executions * steps
            #expect((0...interrupted).contains(repeated))
            print("two nodes, one killed: \(executions) executions ended, \(sink.hits.count) requests, \(repeated) repeated")
        }
    }
}
