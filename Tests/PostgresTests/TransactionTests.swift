import Base
import InsulaTesting
import Loop
import Postgres
import Synchronization
import Testing

@Suite struct TransactionTests {
    @Test func `what operations do inside a transaction is one, whichever lane they ask for`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let other = TenantID.make()
            try await database.transaction(.tenant(tenant)) { _ throws(Fault) in
                try await database.once(.tenant(tenant)).execute(Notes.insert, tenant, 1, "once")
                try await database.slow(.tenant(tenant)).execute(Notes.insert, tenant, 2, "slow")
                _ = try await database.session(.tenant(tenant)) { inner throws(Fault) in
                    try await inner.execute(Notes.insert, tenant, 3, "session")
                }
                // Within, all of it is there; in another scope nothing is.
                #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).count == 3)
                #expect(try await database.once(.tenant(other)).query(Notes.all, 0).isEmpty)
            }
            #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).count == 3)
        }
    }

    @Test func `a transaction that fails leaves nothing, and says nothing to others`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let told = Mutex<[String]>([])
            for turn in 0..<3 {
                let thrown = await fault { () throws(Fault) in
                    try await database.transaction(.tenant(tenant)) { _ throws(Fault) in
                        try await database.once(.tenant(tenant)).execute(Notes.insert, tenant, turn, "gone")
                        Database.afterCommit { told.withLock { $0.append("gone") } }
                        if turn == 0 { throw Fault(.conflict, "Changed its mind.") }
                        if turn == 1 { _ = try await database.once(.tenant(tenant)).first(Notes.divide, 0) }
                        // A failure that nobody minded dooms the transaction all the same.
                        if turn == 2 {
                            _ = await fault { () throws(Fault) in
                                _ = try await database.once(.tenant(tenant)).first(Notes.divide, 0)
                            }
                        }
                    }
                }
                #expect(thrown?.code == [.conflict, .invalid, .internalError][turn])
            }
            #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).isEmpty)
            #expect(told.withLock { $0 }.isEmpty)
        }
    }

    @Test func `what is done apart from a transaction stays when it is undone`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let thrown = await fault { () throws(Fault) in
                try await database.transaction(.tenant(tenant)) { _ throws(Fault) in
                    try await database.once(.tenant(tenant)).execute(Notes.insert, tenant, 1, "gone")
                    try await Database.apart { () throws(Fault) in
                        try await database.once(.tenant(tenant)).execute(Notes.insert, tenant, 2, "stays")
                        #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).count == 1)
                    }
                    #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).count == 2)
                    throw Fault(.conflict, "Changed its mind.")
                }
            }
            #expect(thrown?.code == .conflict)
            #expect(try await database.once(.tenant(tenant)).query(Notes.all, 0).count == 1)
        }
    }

    @Test func `what is to be told is told once, after the commit, and at once outside`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let tenant = TenantID.make()
            let told = Mutex<[String]>([])
            try await database.transaction(.tenant(tenant)) { _ throws(Fault) in
                try await database.once(.tenant(tenant)).execute(Notes.insert, tenant, 1, "kept")
                Database.afterCommit { told.withLock { $0.append("inside") } }
                #expect(told.withLock { $0 }.isEmpty)
            }
            #expect(told.withLock { $0 } == ["inside"])
            Database.afterCommit { told.withLock { $0.append("outside") } }
            #expect(told.withLock { $0 } == ["inside", "outside"])
        }
    }
}
