// Budgets of guesses in a database: how many are free, how the waits grow, what resets them, and that nothing gives more of them.

import Base
import InsulaTesting
import Loop
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Identity

@Suite struct GuessBudgetTests {
    @Test func `who takes the same budgets in another order waits for nobody for ever`() async throws {
        try await AccountHouse.run { house in
            let budgets = GuessBudgets(database: house.database)
            let rule = (0..<6).map { GuessBudgets.Subject.mail(house.tenant, "\($0)@example.com") }
            let codes = await house.codes(
                (0..<200).map { at in
                    let subjects = at.isMultiple(of: 2) ? rule : rule.reversed()
                    return {
                        if at.isMultiple(of: 5) { try await budgets.reset(subjects) } else { try await budgets.take(subjects) }
                    }
                })
            #expect(codes.allSatisfy { $0 == nil || $0 == .rateLimited })
        }
    }

    private func attempt(_ budgets: GuessBudgets, _ subjects: [GuessBudgets.Subject]) async -> Fault? {
        do throws(Fault) {
            try await budgets.take(subjects)
            return nil
        } catch {
            return error
        }
    }

    private func run(_ body: @escaping @Sendable (GuessBudgets, TestDatabase) async throws -> Void) async throws {
        let own = try await TestDatabase.make()
        try await own.run { database, _ in try await body(GuessBudgets(database: database), own) }
    }

    /// Whether the fault asks for so many minutes of patience, however slow the machine was meanwhile.
    private func isWait(_ fault: Fault?, _ minutes: Int) -> Bool {
        (minutes * 60 - 29...minutes * 60).contains(fault?.retryAfterSeconds ?? 0)
    }

    /// Lets that many seconds pass for every budget.
    private func pass(_ seconds: Int, _ own: TestDatabase) throws {
        _ = try own.connectAsSuperuser().rows(
            """
            UPDATE guess_budgets SET free_at = free_at - $1::int * interval '1 second',
                attempted_at = attempted_at - $1::int * interval '1 second'
            """, ["\(seconds)"])
    }

    @Test func `ten attempts are free, and then the waits grow to an hour`() async throws {
        try await run { budgets, own in
            let subject = GuessBudgets.Subject.account(TenantNaming(), "mia")
            for _ in 0..<10 { #expect(await attempt(budgets, [subject]) == nil) }
            for minutes in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
                let refused = try #require(await attempt(budgets, [subject]))
                #expect(refused.code == .rateLimited && isWait(refused, minutes))
                // Shortly before it is still refused, and being refused makes nothing longer.
                try pass(minutes * 60 - 30, own)
                #expect(await attempt(budgets, [subject])?.code == .rateLimited)
                try pass(30, own)
                #expect(await attempt(budgets, [subject]) == nil)
            }
            // Another name, and the same one in another tenant, have their own.
            #expect(await attempt(budgets, [.account(TenantNaming(), "max")]) == nil)
            var other = TenantNaming()
            other.add("acme")
            #expect(await attempt(budgets, [.account(other, "mia")]) == nil)
            // A day of quiet, and all is as new.
            try pass(90_000, own)
            for _ in 0..<10 { #expect(await attempt(budgets, [subject]) == nil) }
            #expect(await attempt(budgets, [subject]) != nil)
        }
    }

    @Test func `ten wrong codes lock a second factor for a minute, then two, and up to a day`() async throws {
        try await run { budgets, own in
            let subject = GuessBudgets.Subject.secondFactor(.make())
            for _ in 0..<10 { #expect(await attempt(budgets, [subject]) == nil) }
            for minutes in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 1_440, 1_440] {
                #expect(isWait(await attempt(budgets, [subject]), minutes))
                try pass(minutes * 60, own)
                #expect(await attempt(budgets, [subject]) == nil)
            }
        }
    }

    @Test func `however many come at once, only so many attempts are taken`() async throws {
        try await run { budgets, _ in
            let subject = GuessBudgets.Subject.account(TenantNaming(), "mia")
            let taken = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 { group.addTask { await self.attempt(budgets, [subject]) == nil } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 10)
        }
    }

    @Test func `what was no wrong guess is given back, and a success makes all as new`() async throws {
        try await run { budgets, _ in
            let subject = GuessBudgets.Subject.account(TenantNaming(), "mia")
            for _ in 0..<30 {
                #expect(await attempt(budgets, [subject]) == nil)
                try await budgets.giveBack([subject])
            }
            for _ in 0..<10 { #expect(await attempt(budgets, [subject]) == nil) }
            try await budgets.giveBack([subject])
            #expect(await attempt(budgets, [subject]) == nil)
            #expect(await attempt(budgets, [subject]) != nil)
            try await budgets.reset([subject])
            for _ in 0..<10 { #expect(await attempt(budgets, [subject]) == nil) }
        }
    }

    @Test func `a refusal by one budget is a refusal, and undoing what surrounds an attempt does not undo the attempt`()
        async throws
    {
        try await run { budgets, _ in
            let account = GuessBudgets.Subject.account(TenantNaming(), "mia")
            let address = GuessBudgets.Subject.address("203.0.113.9")
            for _ in 0..<10 { #expect(await attempt(budgets, [account]) == nil) }
            #expect(await attempt(budgets, [account, address])?.code == .rateLimited)
            #expect(await attempt(budgets, [address]) == nil)
            let factor = GuessBudgets.Subject.secondFactor(.make())
            let scope = Scope.tenant(.make())
            for _ in 0..<10 {
                do throws(Fault) {
                    try await budgets.database.transaction(scope) { _ throws(Fault) in
                        try await budgets.take([factor])
                        throw Fault(.forbidden, "The code is not valid.")
                    }
                } catch {
                    #expect(error.code == .forbidden)
                }
            }
            #expect(await attempt(budgets, [factor])?.code == .rateLimited)
        }
    }

    @Test func `what no rule remembers is swept away, so many rows at a time, and nothing else`() async throws {
        try await run { budgets, own in
            let superuser = try own.connectAsSuperuser()
            _ = try superuser.rows(
                """
                INSERT INTO guess_budgets SELECT sha256(n::text::bytea), 10, now(), now() - n * interval '1 day' FROM generate_series(1, 20) n
                """)
            #expect(try await budgets.database.once(.none).execute(GuessBudgets.sweep, 5) == 5)
            #expect(try await budgets.database.once(.none).execute(GuessBudgets.sweep, 500) == 8)
            #expect(try superuser.rows("SELECT count(*) FROM guess_budgets") == [["7"]])
        }
    }

    @Test func `without the database nothing is tried`() async throws {
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "test", threads: 1)
        let nowhere = Database(
            try ConnectionTarget("postgresql://127.0.0.1:1/none"), loops: group, pool: pool)
        let code = await group.loops[0].call { () -> Fault.Code? in
            await attempt(GuessBudgets(database: nowhere), [.address(nil)])?.code
        }
        #expect(code == .unavailable)
        group.stop()
        pool.stop()
    }
}
