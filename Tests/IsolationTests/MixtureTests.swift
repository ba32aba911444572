// Many requests of several tenants at once over the two database connections of a server with two loops: with errors in between, with
// clients that go away in the middle, with statements that fail. No answer may hold what belongs to another tenant.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

/// A small generator, so that a run can be repeated (SplitMix64).
struct Dice {
    private var state: UInt64

    init(_ seed: Int) {
        state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
    }

    mutating func roll(_ sides: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(sides))
    }
}

@Suite struct MixtureTests {
    private static let requests = 5_000
    private static let tenants = 4
    private static let clientsPerTenant = 4

    /// A tenant with its agents, and every id that its answers held.
    private final class Party: Sendable {
        let tenant: TestTenant
        let agents: [String]
        let seen = Mutex<Set<String>>([])

        init(_ tenant: TestTenant) async throws {
            self.tenant = tenant
            let client = tenant.client()
            var agents: [String] = []
            for _ in 0..<3 {
                let answer = try await client.call("POST", "/v1/agents", Party.body(tenant.slug))
                agents.append(try #require(answer.json["id"]?.string))
            }
            self.agents = agents
        }

        static func body(_ name: String) -> JSONValue {
            [
                "name": .string(name),
                "blueprint": [
                    "tools": [["name": "ping", "config": ["message": .string(name)]]], "strategy": ["name": "reactive"],
                ],
            ]
        }
    }

    @Test func `five thousand mixed requests leak nothing`() async throws {
        try await TestServer.run(["INSULA_WORKERS": "2"]) { server in
            var parties: [Party] = []
            for _ in 0..<MixtureTests.tenants { parties.append(try await Party(try await server.tenant())) }
            let all = parties
            let share = MixtureTests.requests / (MixtureTests.tenants * MixtureTests.clientsPerTenant)
            let count = try await withThrowingTaskGroup(of: Int.self) { group in
                for (number, party) in all.enumerated() {
                    for client in 0..<MixtureTests.clientsPerTenant {
                        let others = all.filter { $0 !== party }
                        group.addTask {
                            try await MixtureTests.visit(party, others, share, Dice(number * 100 + client + 1))
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(count >= MixtureTests.requests - MixtureTests.tenants * MixtureTests.clientsPerTenant)
            print("\(count) mixed requests, cases ran: \(count)")
            for (at, one) in all.enumerated() {
                let seen = one.seen.withLock { $0 }
                #expect(seen.count > 3)
                for other in all[(at + 1)...] {
                    #expect(seen.isDisjoint(with: other.seen.withLock { $0 }), "two tenants saw the same ids")
                }
            }
        }
    }

    /// One client's share of the requests.
    private static func visit(_ party: Party, _ others: [Party], _ share: Int, _ dice: Dice) async throws -> Int {
        var dice = dice
        let client = party.tenant.client()
        let leaver = party.tenant.client()
        for _ in 0..<share {
            let own = party.agents[dice.roll(party.agents.count)]
            let stranger = others[dice.roll(others.count)]
            let foreign = stranger.agents[dice.roll(stranger.agents.count)]
            switch dice.roll(12) {
            case 0, 1: try await look(party, client, "GET", "/v1/agents/\(own)", 200)
            case 2: try await look(party, client, "GET", "/v1/tenant", 200)
            case 3: try await look(party, client, "GET", "/v1/agents?limit=5", 200)
            case 4: try await look(party, client, "GET", "/v1/executions?limit=5", 200)
            case 5: try await look(party, client, "GET", "/v1/agents/\(foreign)", 404, asking: foreign)
            case 6: try await look(party, client, "DELETE", "/v1/agents/\(foreign)", 404, asking: foreign)
            case 7: try await look(party, client, "POST", "/v1/agents/\(own)/pause", 409)
            case 8: try await look(party, client, "PATCH", "/v1/agents/\(own)", 200, ["description": .string(party.tenant.slug)])
            case 9: try await look(party, client, "PATCH", "/v1/agents/\(own)", 422, ["description": 1])
            case 10: try await look(party, client, "GET", "/v1/keys?limit=5", 200)
            default:
                // Gone in the middle of its request, or before the answer.
                try await leaver.abandon("POST", "/v1/agents", Party.body(party.tenant.slug), after: 1 + dice.roll(600))
            }
        }
        return share
    }

    private static func look(
        _ party: Party, _ client: TestClient, _ method: String, _ path: String, _ wanted: Int, _ body: JSONValue? = nil,
        asking asked: String? = nil
    ) async throws {
        let answer = try await client.call(method, path, body)
        try #require(answer.status == wanted, "\(method) \(path): \(answer.text)")
        var ids = Set(answer.text.matches(of: /(agent|exec|key|tenant|user)_[0-9a-z]{26}/).map { String($0.0) })
        if let asked { ids.remove(asked) }
        party.seen.withLock { $0.formUnion(ids) }
        // Names tell too: every name of these tenants is the tenant's slug.
        for name in answer.text.matches(of: /test-\d+/) { #expect(String(name.0) == party.tenant.slug) }
        if path == "/v1/tenant" { #expect(answer.json["id"]?.string == party.tenant.id.description) }
    }

    // MARK: The same one layer below

    private static let survey = Statement<[String], String>(
        "look around",
        "SELECT current_setting('insula.tenant', true), string_agg(name, ',') FROM definitions WHERE name <> $1"
    ) { row throws(Fault) in [try row.value(0, as: String?.self) ?? "", try row.value(1, as: String?.self) ?? ""] }

    private static let fail = Statement<Int>("fail", "SELECT 1 / (random() * 0)::int") { row throws(Fault) in try row.value(0) }

    private static let enter = Statement<Void, String>("enter", "SELECT set_config('insula.tenant', $1, true)")

    @Test func `statements of tenants, of nobody and such as fail share a connection and see only their own`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let houses = try (0..<5).map { _ in try Household(superuser) }
        for house in houses {
            _ = try superuser.rows("UPDATE definitions SET name = $1 WHERE tenant_id = $2", [house.uuid, house.uuid])
        }
        let tenants = houses.map { ($0.tenant, $0.uuid) }
        let counts = try await database.run { connected, group in
            try await withThrowingTaskGroup(of: (good: Int, bad: Int).self) { tasks in
                for task in 0..<20 {
                    tasks.addTask(executorPreference: group.loops[0]) {
                        try await MixtureTests.mix(connected, tenants, 250, Dice(task + 1))
                    }
                }
                return try await tasks.reduce(into: (good: 0, bad: 0)) { $0 = ($0.good + $1.good, $0.bad + $1.bad) }
            }
        }
        #expect(counts.good + counts.bad == 5_000 && counts.bad > 500 && counts.good > 3_000)
    }

    private static func mix(
        _ database: Database, _ tenants: [(TenantID, String)], _ count: Int, _ dice: Dice
    ) async throws -> (good: Int, bad: Int) {
        var dice = dice
        var bad = 0
        for _ in 0..<count {
            let (tenant, name) = tenants[dice.roll(tenants.count)]
            switch dice.roll(8) {
            case 0:
                // A batch that fails in its middle leaves neither its scope nor its transaction behind.
                await #expect(throws: Fault.self) {
                    var batch = database.once(.tenant(tenant)).batch()
                    batch.add(survey, "")
                    batch.add(fail)
                    _ = try await batch.run()
                }
                bad += 1
            case 1:
                let found = try await database.once(.none).first(survey, "")
                #expect(found == ["", ""])
            case 2:
                // A transaction that is given up after it looked.
                let fault = await #expect(throws: Fault.self) {
                    try await database.session(.tenant(tenant)) { session throws(Fault) in
                        guard try await session.first(survey, "") == [name, name] else { throw Fault(.internalError, "leak") }
                        throw Fault(.cancelled, "given up")
                    }
                }
                #expect(fault?.code == .cancelled)
                bad += 1
            case 3:
                // A scope that a statement enters by itself ends with it as well.
                try await database.once(.none).execute(enter, name)
            default:
                let lane = dice.roll(4) == 0 ? database.slow(.tenant(tenant)) : database.once(.tenant(tenant))
                #expect(try await lane.first(survey, "") == [name, name])
            }
        }
        return (count - bad, bad)
    }
}
