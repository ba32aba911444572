// The statements that nodes share budgets by, on a real database.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Testing

@testable import RateLimiting

@Suite struct BudgetStatementTests {
    private func request(_ number: UInt64, _ rate: Rate, _ units: UInt64) -> LeaseRequest {
        LeaseRequest(key: BucketKey(.tenant, UUIDBits(high: 9, low: number)), rate: rate, units: units)
    }

    @Test func `a lease takes what is there and no more, and what is charged first`() async throws {
        try await TestDatabase.make().run { database, _ in
            // Nothing comes back while the test runs.
            let rate = Rate(100, perSeconds: 100_000, burst: 10)
            var roster = Roster()
            func lease(_ units: UInt64, _ key: UInt64 = 1) async throws -> UInt64 {
                try await BudgetLease([request(key, rate, units)], roster: roster).run(on: database.worker).first?.1 ?? 0
            }
            // Half of the burst is the database's.
            #expect(try await lease(3) == 3)
            #expect(try await lease(3) == 2)
            #expect(try await lease(1) == 0)
            #expect(try await lease(1, 3) == 1)
            let row = try #require(try await database.worker.first(BudgetStatements.read))
            let ignorant = roster
            roster.charge(190_000, now: row.now)
            _ = try await database.worker.first(BudgetStatements.renew, row.version, JSONBytes(roster.json.bytes), false)
            // Not quite two of ten: three of five are left where there is no row yet, two where one was taken, and none where all was.
            #expect(try await lease(9, 2) == 3)
            #expect(try await lease(9, 3) == 2)
            #expect(try await lease(1) == 0)
            // Who has not heard of a charge yet gets nothing, from whatever bucket.
            for key in [1, 2, 4] as [UInt64] {
                #expect(try await BudgetLease([request(key, rate, 4)], roster: ignorant).run(on: database.worker).isEmpty)
            }
            #expect(try await lease(9, 4) == 3)
        }
    }

    @Test func `one round serves many buckets, each apart, and two nodes at once get no more`() async throws {
        try await TestDatabase.make().run(loops: 2) { database, group in
            let rate = Rate(1_000, perSeconds: 1_000_000, burst: 100)
            let requests = (0..<200).map { request(UInt64($0), rate, 40) }
            let lease = BudgetLease(requests, roster: Roster())
            let rounds = try await withThrowingTaskGroup(of: [UInt64].self) { tasks in
                for number in 0..<4 {
                    tasks.addTask(executorPreference: group.loops[number % 2]) {
                        try await lease.run(on: database.worker).map(\.1)
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(rounds.joined().reduce(0, +) == 200 * 50)
        }
    }

    @Test func `budgets that are full again are forgotten, others not`() async throws {
        let database = try await TestDatabase.make()
        try await database.run { pool, _ in
            let slow = Rate(100, perSeconds: 100_000, burst: 10)
            let fast = Rate(perSecond: 1_000_000, burst: 10)
            _ = try await BudgetLease([request(1, slow, 2), request(2, fast, 1)], roster: Roster()).run(on: pool.worker)
            let owner = try database.connectAsSuperuser()
            repeat {
                try await pool.worker.execute(BudgetStatements.forget, 0, 100)
            } while try owner.rows(
                "SELECT 1 FROM rate_budgets"
            ).count > 1
            #expect(try owner.rows("SELECT encode(key, 'hex') FROM rate_budgets") == [[request(1, slow, 1).key.hexadecimal]])
        }
    }

    @Test func `the roster is read as it was written, and only over what was read`() async throws {
        try await TestDatabase.make().run { database, _ in
            let row = try #require(try await database.worker.first(BudgetStatements.read))
            #expect(try Roster(JSONValue(parsing: row.content.bytes)) == Roster())
            var roster = Roster()
            roster.members = [
                Roster.Member(
                    life: UUIDBits(high: 1, low: 2), node: UUIDBits(high: 3, low: 4), leaseEnds: 1_800_000_000_123_456_789,
                    isServing: true, divisor: 3)
            ]
            roster.charge(12_345, now: 77)
            roster.isShared = true
            roster.peak = 3
            roster.vanishedAt = 5
            let content = JSONBytes(roster.json.bytes)
            #expect(
                try await database.worker.first(BudgetStatements.write, row.version, content, [1, 2], true) == row.version + 1)
            #expect(try await database.worker.first(BudgetStatements.renew, row.version, content, false) == nil)
            #expect(try await database.worker.first(BudgetStatements.readHandover) == [1, 2])
            let again = try #require(try await database.worker.first(BudgetStatements.read))
            #expect(try Roster(JSONValue(parsing: again.content.bytes)) == roster)
        }
        #expect(throws: Fault.self) { try Roster(["members": []]) }
        #expect(throws: Fault.self) { try Roster([]) }
    }

    @Test func `what is handed over is read as it was written`() {
        let spent = (0..<50).map { number in
            SpentBudget(
                key: BucketKey(.credential, UUIDBits(high: .max, low: UInt64(number))),
                rate: Rate(perMinute: number + 1), missing: UInt64(number) * 1_000_000_000)
        }
        let read = SpentBudget.read(SpentBudget.bytes(spent))
        #expect(read?.map(\.key) == spent.map(\.key) && read?.map(\.missing) == spent.map(\.missing))
        #expect(read?.map(\.rate.burst) == spent.map(\.rate.burst))
        #expect(SpentBudget.read([1, 2, 3]) == nil)
        #expect(SpentBudget.read([UInt8](repeating: 0, count: SpentBudget.byteCount)) == nil)
    }

    @Test func `a roster keeps its bounds`() {
        var roster = Roster()
        for number in 0..<200 { roster.charge(1_000, now: Int64(number)) }
        #expect(roster.charges.count <= Roster.mostCharges && roster.charged == 200_000)
        // What was put together is charged no less.
        #expect(roster.fullAt(Rate(perSecond: 10)) >= 184 + Roster.debt(1_000_000_000, 200_000))
        roster.members = (0..<Roster.mostMembers).map { number in
            Roster.Member(
                life: UUIDBits(high: 1, low: UInt64(number)), node: UUIDBits(high: 2, low: UInt64(number)), leaseEnds: .max,
                isServing: true, divisor: 64)
        }
        var late = Membership(life: UUIDBits(high: 8, low: 8), node: UUIDBits(high: 9, low: 9))
        let step = late.look(at: roster, databaseNow: 1, now: 1)
        #expect(step.roster.members.count == Roster.mostMembers && late.wrote(step, sentAt: 1, now: 1) == nil)
        #expect(late.regime == .suspended && late.deadline == 0)
    }
}

extension BucketKey {
    var hexadecimal: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
