import Base
import InsulaTesting
import Loop
import Postgres
import Testing

@Suite struct SessionTests {
    @Test func `a session commits what it did, in its scope, when it returns`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let seen = try await database.session(.tenant(tenant)) { session throws(Fault) in
                try await session.execute(Notes.insert, tenant, 1, "one")
                var batch = session.batch()
                batch.add(Notes.insert, tenant, 2, "two")
                let all = batch.add(Notes.all, 0)
                let results = try await batch.run()
                #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).isEmpty)
                return try results.rows(all).map(\.1)
            }
            #expect(seen == ["one", "two"])
            #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).count == 2)
        }
    }

    @Test func `a session that throws leaves nothing, and its connection serves the next`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            for turn in 0..<20 {
                let thrown = await fault { () throws(Fault) in
                    try await database.session(.tenant(tenant)) { session throws(Fault) in
                        try await session.execute(Notes.insert, tenant, turn, "gone")
                        if turn % 2 == 0 { throw Fault(.conflict, "Changed its mind.") }
                        _ = try await session.first(Notes.divide, 0)
                    }
                }
                #expect(thrown?.code == (turn % 2 == 0 ? .conflict : .invalid))
            }
            #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).isEmpty)
            let scope = try await database.session(.none) { session throws(Fault) in try await session.first(Notes.tenant) }
            #expect(scope == .some("") || scope == .some(nil))
        }
    }

    @Test func `a session whose failure was swallowed does not pass for committed`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let thrown = await fault { () throws(Fault) in
                try await database.session(.tenant(tenant)) { session throws(Fault) in
                    try await session.execute(Notes.insert, tenant, 1, "gone")
                    _ = await fault { () throws(Fault) in _ = try await session.first(Notes.divide, 0) }
                }
            }
            #expect(thrown?.code == .internalError)
            #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).isEmpty)
        }
    }

    @Test func `sessions have connections of their own, never two at once on one`() async throws {
        let database = try await Notes.database()
        try await database.run { database, group in
            let shared = await withTaskGroup(of: Bool.self) { tasks in
                for turn in 0..<40 {
                    tasks.addTask(executorPreference: group.loops[0]) {
                        let tenant = TenantID.make()
                        let rows = try? await database.session(.tenant(tenant)) { session throws(Fault) in
                            let first = try await session.first(Notes.process)
                            try await session.execute(Notes.insert, tenant, turn, "mine")
                            let last = try await session.first(Notes.process)
                            #expect(first == last)
                            return try await session.query(Notes.all, 0)
                        }
                        return rows?.map(\.0) != [tenant]
                    }
                }
                return await tasks.contains(true)
            }
            #expect(!shared)
        }
    }

    @Test func `who waits for a session gets one in turn, and one waiter too many is refused`() async throws {
        let database = try await Notes.database()
        try await database.run { database, group in
            let overloaded = await withTaskGroup(of: Fault?.self) { tasks in
                for _ in 0..<Limits.sessionLanesPerLoop + Limits.sessionWaiters + 3 {
                    tasks.addTask(executorPreference: group.loops[0]) {
                        await fault { () throws(Fault) in
                            try await database.session(.none) { session throws(Fault) in
                                _ = try await session.first(Notes.divide, 1)
                            }
                        }
                    }
                }
                return await tasks.reduce(into: [Fault]()) { faults, fault in if let fault { faults.append(fault) } }
            }
            #expect(overloaded.count == 3)
            #expect(overloaded.allSatisfy { $0.code == .overloaded })
        }
    }

    @Test func `a session that lost its connection fails as a whole, and never goes on elsewhere`() async throws {
        let database = try await Notes.database()
        try await database.run { lanes, _ async throws in
            let tenant = TenantID.make()
            let killer = try database.connectAsSuperuser()
            let thrown = await fault { () throws(Fault) in
                try await lanes.session(.tenant(tenant)) { session throws(Fault) in
                    try await session.execute(Notes.insert, tenant, 1, "gone")
                    let process = try await session.first(Notes.process) ?? 0
                    _ = try killer.rows("SELECT pg_terminate_backend($1::int, 5000)", ["\(process)"])
                    var calls = 0
                    while calls < 100 {
                        calls += 1
                        _ = await fault { () throws(Fault) in _ = try await session.first(Notes.divide, 1) }
                        await EventLoop.current?.sleep(milliseconds: 1)
                    }
                    try await session.execute(Notes.insert, tenant, 2, "nor this")
                }
            }
            #expect(thrown?.code == .unavailable)
            #expect(try await lanes.once(.tenant(tenant)).query(Notes.all, 0).isEmpty)
        }
    }
}
