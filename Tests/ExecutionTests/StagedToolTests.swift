// What `data_processing` writes: all of it, once, exactly when its step has succeeded, whatever is in the way.

import Base
import HTTP
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

@Suite struct StagedToolTests {
    /// A workshop with the tool, which may reach a site.
    private func run(
        _ site: Site = Site { _, _ in (404, [], "") },
        _ body: @escaping @Sendable (Workshop, DataProcessingTool, String) async throws -> Void
    ) async throws {
        try await Workshop.run([PingTool()]) { plain in
            let server = try await Server(on: .v4(0x7F00_0001, port: 0), group: plain.group, responder: site)
            let rule = try AddressGuard(allowing: "127.0.0.1/32:\(server.address.port)")
            let client = OutgoingClient(group: plain.group, rule: rule, pool: plain.pool)
            let tool = DataProcessingTool(database: plain.database, client: client, pool: plain.pool)
            let shop = plain.with([tool])
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(shop, tool, "http://127.0.0.1:\(server.address.port)"))
            } catch {
                result = .failure(error)
            }
            await client.stop()
            await server.stop(graceMilliseconds: 0)
            try result.get()
        }
    }

    private static func plan(_ count: Int) -> JSONValue {
        [
            "source": ["records": .array((0..<count).map { ["id": .integer($0)] })], "output": false,
            "destination": ["dataset": "made", "key": ["id"]],
        ]
    }

    private func count(_ shop: Workshop, _ table: String) throws -> String? {
        try shop.force("SELECT count(*) FROM \(table)")[0][0]
    }

    @Test func `what does not fit whole leaves nothing behind, and what does is there with its step`() async throws {
        try await run { shop, tool, _ in
            try shop.force(#"UPDATE tenants SET quotas = '{"datasets": 2, "dataset_records": 1100}'"#)
            let configuration = try #require(Self.plan(1_200).object)
            // The first two parts would fit.
            func execution(_ plan: JSONObject) async throws -> Execution {
                let blueprint = Blueprint(
                    tools: [Blueprint.ToolUse(name: tool.name, configuration: plan)],
                    strategy: Blueprint.StrategyUse(name: "reactive"), limits: .standard)
                let agent = try await shop.agents.create(CreateAgent(name: "T", blueprint: blueprint), try shop.permit())
                _ = try await shop.agents.start(agent.id, try shop.permit())
                let id = try await shop.trigger(agent)
                var ended = try await shop.get(id)
                try await shop.working { ended = try await shop.ended(id) }
                return ended
            }
            let failed = try await execution(configuration)
            #expect(failed.summary.state == .failed && failed.fault?["code"] == "limit_reached")
            #expect(try count(shop, "dataset_records") == "0" && count(shop, "datasets") == "0")
            let done = try await execution(try #require(Self.plan(1_100).object))
            #expect(done.summary.state == .succeeded, "\(String(describing: done.fault))")
            let report = done.output?["data_processing"]
            #expect(report?["inserted"] == 1_100 && report?["updated"] == 0 && report?["count"] == 1_100)
            #expect(try count(shop, "dataset_records") == "1100")
        }
    }

    @Test func `a worker that lost its lease before the end writes nothing`() async throws {
        try await run { shop, tool, _ in
            _ = try await shop.trigger(try await shop.agent("data_processing"))
            let claim = try await shop.claim()
            let (store, log) = (shop.store(claim), RunLog(epoch: 1))
            _ = try await store.begin()
            let input = try #require(Self.plan(600).object)
            let step = try shop.step(tool, input: input)
            try await store.begin(step, log)
            let context = ToolContext(
                tenant: shop.tenant, execution: claim.execution, stepKey: step.key,
                deadline: Instant.now.advanced(milliseconds: 60_000), log: log)
            let write = try await tool.stage(try tool.arguments.decode(JSONValue.object(input).bytes), in: context)
            try shop.force("UPDATE execution_queue SET epoch = epoch + 1")
            let failure = await #expect(throws: StepFailure.self) {
                try await store.transact(step, Spending()) { session throws(StepFailure) in try await write(session).bytes }
            }
            #expect(failure?.fault.code == .leaseLost)
            #expect(try count(shop, "dataset_records") == "0" && count(shop, "datasets") == "0")
            #expect(try shop.force("SELECT status FROM execution_steps") == [["started"]])
        }
    }

    @Test func `one that is tried answers with its failure, and leaves nothing behind`() async throws {
        try await run { shop, tool, _ in
            try shop.force(#"UPDATE tenants SET quotas = '{"datasets": 2, "dataset_records": 1000}'"#)
            let agent = try await shop.agent("data_processing")
            for (count, member, stored) in [(1_200, "error", "0"), (600, "output", "600")] {
                _ = try await shop.trigger(agent)
                let claim = try await shop.claim()
                let (store, log) = (shop.store(claim), RunLog(epoch: 1))
                _ = try await store.begin()
                let input = try #require(Self.plan(count).object)
                let step = try shop.step(tool, input: input)
                try await store.begin(step, log)
                let context = ToolContext(
                    tenant: shop.tenant, execution: claim.execution, stepKey: step.key,
                    deadline: Instant.now.advanced(milliseconds: 60_000), log: log)
                guard case .staged(let stage) = try TriedTool(base: tool).prepare(input).way else {
                    Issue.record("a staged tool is staged when it is tried, too")
                    return
                }
                let write = try await stage(context)
                let answer = Mutex(JSONValue.null)
                try await store.transact(step, Spending()) { session throws(StepFailure) in
                    let made = try await write(session)
                    answer.withLock { $0 = made }
                    return made.bytes
                }
                #expect(answer.withLock { $0.object?.members.map(\.name) } == [member])
                #expect(try self.count(shop, "dataset_records") == stored)
                #expect(try await shop.steps(claim.execution).map(\.status) == [.succeeded])
            }
        }
    }

    @Test func `records that are larger as JSON than their text was are refused by the field that they pass`() async throws {
        let names = (0..<20).map { "n\($0)" + String(repeating: "x", count: 100) }
        let row = [String](repeating: "1", count: 20).joined(separator: ",")
        let text = ([names.joined(separator: ",")] + [String](repeating: row, count: 5_000)).joined(separator: "\n")
        let site = Site { _, _ in (200, [("content-type", "text/csv")], text) }
        try await run(site) { shop, tool, origin in
            let source: JSONValue = ["url": .string(origin + "/large.csv")]
            let rules: [(JSONValue, String)] = [
                (["source": source, "output": false, "destination": ["dataset": "d"]], "destination.records["),
                (["source": source, "output": false, "enrich": ["set": ["a": 1]]], "enrich.set"),
                (
                    [
                        "source": source, "output": false,
                        "enrich": ["derive": [["field": "b", "op": "add", "of": [["value": 1], ["value": 2]]]]],
                    ], "enrich.derive[0]"
                ),
            ]
            for (plan, field) in rules {
                let fault = try await shop.refusal(tool, plan)
                #expect(fault.code == .limitReached && fault.fields.count == 1, "\(field): \(fault)")
                #expect(fault.fields.first?.path.hasPrefix(field) == true, "\(fault)")
                #expect(fault.message.contains("as JSON, in which each of them repeats the names"), "\(fault)")
            }
            // What needs no room for them is done.
            let counted = try await shop.call(
                tool, ["source": source, "aggregate": ["by": [], "measures": ["rows": ["op": "count"]]]])
            #expect(counted["records"] == [["rows": 5_000]])
        }
    }
}
