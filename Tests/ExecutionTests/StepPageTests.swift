// The journal as it is shown: in parts, by number and by size, in the order in which steps began, each step once.

import Base
import InsulaTesting
import JSON
import Tenancy
import Testing

@testable import Execution

@Suite struct StepPageTests {
    /// Writes steps of that many bytes of input; those of one moment are told apart by their keys.
    private func fill(_ shop: Workshop, _ id: ExecutionID, count: Int, bytes: Int) throws {
        try shop.force(
            """
            INSERT INTO execution_steps
                (tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch, started_at)
            SELECT $1, $2, 'step ' || lpad(n::text, 4, '0'), 'ping', 'pure', sha256('x'), to_jsonb(repeat('x', $4::int)),
                'succeeded', 1, 1, timestamptz '2026-01-01' + n / 3 * interval '1 microsecond'
            FROM generate_series(1, $3::int) n
            """, ["\(shop.tenant.uuid)", "\(id.uuid)", "\(count)", "\(bytes)"])
    }

    /// The numbers of steps in all parts.
    private func parts(_ shop: Workshop, _ id: ExecutionID, limit: Int = 100) async throws -> [Int] {
        var (counts, keys, place) = ([Int](), [String](), ExecutionStep.Place?.none)
        repeat {
            let part = try await shop.executions.steps(of: id, after: place, limit: limit, try shop.permit())
            counts.append(part.elements.count)
            keys += part.elements.map(\.key)
            place = part.next
        } while place != nil && counts.count < 100
        #expect(keys == keys.sorted() && Set(keys).count == keys.count)
        return counts
    }

    @Test func `steps come in parts of as many as were asked for, each once and in order`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let id = try await shop.trigger(try await shop.agent("ping"))
            #expect(try await parts(shop, id) == [0])
            try fill(shop, id, count: 130, bytes: 10)
            #expect(try await parts(shop, id) == [100, 30])
            #expect(try await parts(shop, id, limit: 65) == [65, 65])
            #expect(try await parts(shop, id, limit: 1_000) == [130])
        }
    }

    @Test func `steps stand in the order in which they were done, however quickly`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let blueprint = Blueprint(
                tools: Array(repeating: Blueprint.ToolUse(name: "ping", configuration: JSONObject()), count: 12),
                strategy: Blueprint.StrategyUse(name: "reactive"), limits: .standard)
            let agent = try await shop.agents.create(CreateAgent(name: "T", blueprint: blueprint), try shop.permit())
            _ = try await shop.agents.start(agent.id, try shop.permit())
            let id = try await shop.trigger(agent)
            try await shop.working { _ = try await shop.ended(id) }
            #expect(try await shop.steps(id).map(\.key) == (0..<12).map { "tool[\($0)]" })
        }
    }

    @Test func `a part of large steps ends before it passes its bound, and has one step at least`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let (many, huge) = (try await shop.trigger(agent), try await shop.trigger(agent))
            try fill(shop, many, count: 5, bytes: Executions.stepPageBytes * 3 / 8)
            #expect(try await parts(shop, many) == [2, 2, 1])
            try fill(shop, huge, count: 2, bytes: Executions.stepPageBytes + 1)
            #expect(try await parts(shop, huge) == [1, 1])
        }
    }
}
