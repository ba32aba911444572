// What is claimed, and in which order: tenants by how much they were served, priorities with the time that they waited, and no more than the
// plan, the definition and the key allow, however many nodes claim.

import Base
import JSON
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct QueueTests {
    /// Puts rows into the queue past everything else.
    private func fill(
        _ shop: Workshop, _ tenant: TenantID, _ count: Int, key: String? = nil, limit: Int? = nil, priority: Int = 0,
        apart: Bool = false
    ) throws {
        let agent = AgentID.make().uuid.description
        _ = try shop.force(
            """
            WITH d AS (
                INSERT INTO definitions (tenant_id, id, kind, name, description, state, version)
                VALUES ($1, $2, 'agent', 'q', '', 'running', 1) RETURNING tenant_id, id
            ), v AS (
                INSERT INTO definition_versions (tenant_id, definition_id, version, body)
                SELECT tenant_id, id, 1, '{"tools":[],"strategy":{"name":"reactive"}}' FROM d
            ), e AS (
                INSERT INTO executions (
                    tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds,
                    priority)
                SELECT d.tenant_id, gen_random_uuid(), d.id, 1, 'queued', 'manual', '{}', 1, 60000, $6::int
                FROM d, generate_series(1, $3::int)
                RETURNING *
            )
            INSERT INTO execution_queue (tenant_id, execution_id, definition_id, ready_at, priority, lane, lane_limit, definition_limit)
            SELECT tenant_id, id, definition_id, now() - $6::int * interval '10 seconds', priority,
                CASE WHEN $4 <> '' OR $5::int > 0 THEN md5(definition_id::text || $4 || CASE WHEN $7 = 't' THEN id::text ELSE '' END)::uuid
                    ELSE '00000000-0000-0000-0000-000000000000' END,
                CASE WHEN $4 <> '' THEN 1 END, nullif($5::int, 0)
            FROM e
            """,
            [tenant.uuid.description, agent, String(count), key ?? "", String(limit ?? 0), String(priority), apart ? "t" : "f"])
    }

    private func counts(_ claims: [Claim]) -> [TenantID: Int] {
        Dictionary(grouping: claims, by: \.tenant).mapValues(\.count)
    }

    @Test func `a tenant with much to do does not hold up one with little`() async throws {
        try await Workshop.run([]) { shop in
            let other = try Workshop.makeTenant(in: shop.url)
            for tenant in [shop.tenant, other] { try shop.subscribe(.enterprise, tenant) }
            try fill(shop, shop.tenant, 500)
            #expect(try await shop.claims(40, as: .make()).count == 40)
            try fill(shop, other, 20)
            let claims = counts(try await shop.claims(30, as: .make()))
            #expect(claims[other] ?? 0 >= 15, "who was served less comes first: \(claims)")
            #expect(claims[shop.tenant] ?? 0 > 0 || claims[other] == 20)
        }
    }

    @Test func `tenants that compete are served by the weight of their plans`() async throws {
        try await Workshop.run([]) { shop in
            let other = try Workshop.makeTenant(in: shop.url)
            try shop.subscribe(.enterprise)
            try shop.subscribe(.professional, other)
            try fill(shop, shop.tenant, 200)
            try fill(shop, other, 200)
            let claims = counts(try await shop.claims(60, as: .make()))
            #expect(claims == [shop.tenant: 40, other: 20])
        }
    }

    @Test func `no more run than the plan, the definition or the key allows, over all nodes`() async throws {
        try await Workshop.run([]) { shop in
            try fill(shop, shop.tenant, 50)
            let first = try await shop.claims(3, as: .make())
            let second = try await shop.claims(50, as: .make())
            #expect(first.count == 3 && second.count == Plan.free.quotas.runningAgents - 3)
            #expect(try await shop.claims(50, as: .make()).isEmpty)

            let other = try Workshop.makeTenant(in: shop.url)
            try shop.subscribe(.enterprise, other)
            try fill(shop, other, 20, limit: 2)
            try fill(shop, other, 20, key: "a")
            try fill(shop, other, 20, key: "b")
            try fill(shop, other, 1)
            var claims: [Claim] = []
            for _ in 0..<3 { claims += try await shop.claims(20, as: .make()) }
            #expect(claims.count == 2 + 1 + 1 + 1 && claims.allSatisfy { $0.tenant == other })
        }
    }

    @Test func `what matters more goes first, until the rest has waited long enough`() async throws {
        try await Workshop.run([]) { shop in
            try shop.subscribe(.enterprise)
            try fill(shop, shop.tenant, 5, priority: 0)
            try fill(shop, shop.tenant, 5, priority: 5)
            func priorities(_ claims: [Claim]) throws -> [String?] {
                try claims.map {
                    try shop.force(
                        "SELECT priority FROM execution_queue WHERE execution_id = $1", [$0.execution.uuid.description])[0][0]
                }
            }
            #expect(try priorities(try await shop.claims(3, as: .make())) == ["5", "5", "5"])
            try shop.force("UPDATE execution_queue SET ready_at = ready_at - interval '51 seconds' WHERE priority = 0")
            #expect(try priorities(try await shop.claims(3, as: .make())) == ["0", "0", "0"])
        }
    }

    @Test func `a halted tenant is passed over and goes on with the times it had`() async throws {
        try await Workshop.run([]) { shop in
            try fill(shop, shop.tenant, 3)
            try shop.force("UPDATE tenants SET state = 'suspended', suspended_at = now()")
            #expect(try await shop.claims(3, as: .make()).isEmpty)
            try shop.force("UPDATE tenants SET state = 'active', suspended_at = NULL")
            #expect(try await shop.claims(3, as: .make()).count == 3)
        }
    }

    @Test func `what a limit held back begins when a run ends, and not when somebody happens to look`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            try shop.force(#"UPDATE tenants SET quotas = '{"running_agents": 1}'"#)
            let agent = try await shop.agent("ping")
            var ids: [ExecutionID] = []
            for _ in 0..<6 { ids.append(try await shop.trigger(agent)) }
            var lease = Workshop.lease
            lease.pollMilliseconds = 3_600_000
            let worker = shop.worker(lease: lease)
            await worker.start()
            for id in ids { #expect(try await shop.ended(id).summary.state == .succeeded) }
            await worker.stop(graceMilliseconds: 0)
        }
    }

    @Test func `who stands behind the lanes of suspended tenants is served without waiting for the next look`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let other = try Workshop.makeTenant(in: shop.url)
            for tenant in [shop.tenant, other] { try shop.subscribe(.enterprise, tenant) }
            try fill(shop, shop.tenant, 2 * ClaimStatement.laneLimit + 100, key: "key", apart: true)
            try shop.force(
                "UPDATE tenants SET state = 'suspended', suspended_at = now() WHERE tenant_id = $1",
                [shop.tenant.uuid.description])
            try fill(shop, other, 1)
            var lease = Workshop.lease
            lease.pollMilliseconds = 3_600_000
            let worker = shop.worker(lease: lease)
            await worker.start()
            try await shop.until("the other tenant is served") {
                try shop.force("SELECT 1 FROM execution_queue WHERE tenant_id = $1", [other.uuid.description]).isEmpty
            }
            await worker.stop(graceMilliseconds: 0)
        }
    }

    @Test func `every lane comes to its turn however many there are`() async throws {
        try await Workshop.run([]) { shop in
            try shop.subscribe(.enterprise)
            let count = ClaimStatement.laneLimit + 40
            try fill(shop, shop.tenant, count, key: "key", apart: true)
            let node = NodeID.make()
            var place = ClaimStatement.Place()
            var claimed = 0
            for _ in 0..<12 {
                let rows = try await shop.claimRows(200, as: node, from: place)
                claimed += rows.compactMap(\.claim).count
                place = rows.first?.place ?? ClaimStatement.Place()
            }
            #expect(claimed == count)
        }
    }
}
