import Base
import InsulaTesting
import Loop
import Postgres
import Testing

/// Repeats `attempt` until it gives a value, for at most twenty seconds.
@discardableResult func eventually<Value>(_ attempt: () async throws -> Value?) async throws -> Value {
    let deadline = Instant.now.advanced(milliseconds: 20_000)
    while Instant.now < deadline {
        if let value = try await attempt() { return value }
        if let loop = EventLoop.current { await loop.sleep(milliseconds: 5) } else { await Task.yield() }
    }
    throw Fault(.timedOut, "It did not happen in time.")
}

@Suite struct LaneFailureTests {
    @Test func `a killed connection fails what is in flight, and the lane is back without help`() async throws {
        let database = try await Notes.database()
        let outcome = try await database.run { lanes, group in
            let once = lanes.once(.none)
            let process = try #require(try await once.first(Notes.process))
            async let paused = fault { () throws(Fault) in try await once.execute(Notes.pause, 60) }
            async let behind = fault { () throws(Fault) in _ = try await once.first(Notes.divide, 4) }
            let killer = try database.connectAsSuperuser()
            // The kill comes when the server has begun the pause.
            try await eventually {
                try killer.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'",
                    ["\(process)"]
                ).first
            }
            let faults = (await paused, await behind)
            let back = try await eventually { try? await once.first(Notes.process) }
            let statistics = lanes.statistics.first { $0.name == "once-0" }
            return (faults.0, faults.1, back != process, statistics)
        }
        for fault in [outcome.0, outcome.1] {
            #expect(fault?.code == .unavailable && fault?.retryAfterSeconds == 1)
            #expect(fault?.cause?.hasPrefix("lost in flight") == true)
        }
        #expect(outcome.2)
        #expect(outcome.3?.isReady == true && outcome.3?.reconnects == 1 && outcome.3?.inFlight == 0)
    }

    @Test func `a batch whose results came but whose commit never did is lost`() async throws {
        let database = try await Notes.database()
        let killer = try database.connectAsSuperuser()
        for statement in [
            "CREATE TABLE late (number int)", "GRANT INSERT ON late TO PUBLIC",
            "CREATE FUNCTION pause_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'",
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
                + "EXECUTE FUNCTION pause_commit()",
        ] {
            _ = try killer.rows(statement)
        }
        let insert = Statement<Void, Int>("insert late", "INSERT INTO late VALUES ($1)")
        let found = try await database.run { lanes, _ async throws -> Fault? in
            let once = lanes.once(.none)
            let killer = try database.connectAsSuperuser()
            let process = try #require(try await once.first(Notes.process))
            async let written = fault { () throws(Fault) in
                var batch = once.batch()
                batch.add(insert, 1)
                batch.add(insert, 2)
                _ = try await batch.run()
            }
            // Both rows are inserted, and the server is in the middle of the commit; with its end it sends what it had to say before.
            try await eventually {
                try killer.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'",
                    ["\(process)"]
                ).first
            }
            return await written
        }
        #expect(found?.code == .unavailable && found?.cause?.hasPrefix("lost in flight") == true)
        #expect(try killer.rows("SELECT count(*) FROM late") == [["0"]])
    }

    @Test func `a read marked as repeatable survives the loss of its connection`() async throws {
        let slowly = Statement<Int, Double>("slowly", "SELECT 7 FROM (SELECT pg_sleep($1)) AS s", repeatable: true) {
            row throws(Fault) in try row.value(0)
        }
        let database = try await Notes.database()
        let answer = try await database.run { lanes, _ async throws in
            let once = lanes.once(.none)
            let process = try #require(try await once.first(Notes.process))
            async let answer = once.first(slowly, 0.3)
            let killer = try database.connectAsSuperuser()
            try await eventually {
                try killer.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'",
                    ["\(process)"]
                ).first
            }
            return try await answer
        }
        #expect(answer == 7)
    }

    @Test func `while there is no server calls fail at once, and the lanes are back when it is`() async throws {
        let folder = try await TestCluster.folderWithCluster()
        let first = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        try makeRoles(first.url)
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "test")
        let database = Database(try ConnectionTarget(first.url), loops: group, pool: pool)
        let outcome = try await Task(executorPreference: group.loops[0]) {
            try await database.start()
            #expect(try await database.once(.none).first(Notes.divide, 4) == 25)
            await first.stop()
            let down = try await eventually {
                await fault { () throws(Fault) in _ = try await database.once(.none).first(Notes.divide, 4) }
            }
            let isReady = database.isReady
            let second = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
            let answer = try await eventually { try? await database.once(.none).first(Notes.divide, 5) }
            await database.stop()
            await second.stop()
            return (down, isReady, answer)
        }.value
        group.stop()
        pool.stop()
        removeFolder(folder)
        #expect(outcome.0.code == .unavailable && outcome.0.retryAfterSeconds == 1)
        #expect(!outcome.1 && outcome.2 == 20)
    }

    @Test func `one Sync more than a lane may have in flight is refused as overload`() async throws {
        let database = try await Notes.database()
        let refused = try await database.run { database, group in
            let once = database.once(.none)
            return await withTaskGroup(of: Fault?.self) { tasks in
                for _ in 0..<Limits.laneQueue + 10 {
                    tasks.addTask(executorPreference: group.loops[0]) {
                        await fault { () throws(Fault) in _ = try await once.first(Notes.divide, 4) }
                    }
                }
                return await tasks.reduce(into: [Fault]()) { faults, fault in if let fault { faults.append(fault) } }
            }
        }
        #expect(refused.count == 10)
        #expect(refused.allSatisfy { $0.code == .overloaded && $0.retryAfterSeconds == 1 })
    }

    @Test func `more bytes than a lane may have in flight are refused as overload`() async throws {
        let length = Statement<Int, [UInt8]>("length", "SELECT octet_length($1)") { row throws(Fault) in try row.value(0) }
        let database = try await Notes.database()
        let lengths = try await database.run { database, group in
            let bytes = [UInt8](repeating: 7, count: 20 << 20)
            return await withTaskGroup(of: Int?.self) { tasks in
                for _ in 0..<4 {
                    tasks.addTask(executorPreference: group.loops[0]) { try? await database.slow(.none).first(length, bytes) }
                }
                return await tasks.reduce(into: [Int?]()) { $0.append($1) }
            }
        }
        #expect(lengths.filter { $0 == 20 << 20 }.count == 3 && lengths.contains(nil))
    }

    @Test func `a statement that takes too long is timed out, and the next one runs`() async throws {
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            let late = await fault { () throws(Fault) in
                try await database.session(.none) { session throws(Fault) in
                    try await session.execute(Statement<Void>("shorter", "SET LOCAL statement_timeout = 20"))
                    try await session.execute(Notes.pause, 60)
                }
            }
            #expect(late?.code == .timedOut)
            #expect(try await database.session(.none) { session throws(Fault) in try await session.first(Notes.divide, 4) } == 25)
        }
    }

    @Test func `a statement that does not prepare is named at start`() async throws {
        let wrong = Statement<Void, Int>("agent by nothing", "SELECT nothing FROM nowhere WHERE id = $1")
        let database = try await Notes.database()
        let thrown = await #expect(throws: Fault.self) {
            try await database.run(statements: [Notes.body, wrong, Notes.all]) { _, _ in }
        }
        #expect(thrown?.code == .internalError && thrown?.cause?.contains("agent by nothing: 42P01") == true)
    }

    @Test func `a statement that did not prepare at its first use is tried again at the next`() async throws {
        let late = Statement<Int>("late", "SELECT count(*) FROM late") { row throws(Fault) in try row.value(0) }
        let database = try await Notes.database()
        try await database.run { lanes, _ async throws in
            let once = lanes.once(.none)
            let early = await fault { () throws(Fault) in _ = try await once.first(late) }
            #expect(early?.code == .internalError && early?.cause?.contains("42P01") == true)
            try database.connect().run("CREATE TABLE late (); GRANT SELECT ON late TO insula_app")
            #expect(try await once.first(late) == 0)
        }
    }

    @Test func `the worker's lane has the worker's role, and the others the application's`() async throws {
        let role = Statement<String>("role", "SELECT current_user::text") { row throws(Fault) in try row.value(0) }
        let database = try await Notes.database()
        try await database.run { database, _ async throws in
            #expect(try await database.worker.first(role) == "insula_worker")
            #expect(try await database.once(.none).first(role) == "insula_app")
            #expect(try await database.slow(.none).first(role) == "insula_app")
            let denied = await fault { () throws(Fault) in _ = try await database.worker.query(Notes.all, 0) }
            #expect(denied?.code == .internalError && denied?.cause?.contains("42501") == true)
        }
    }
}

/// The product's roles, as the first migration makes them.
func makeRoles(_ url: String) throws {
    let connection = try BlockingConnection(ConnectionTarget(url))
    for role in ["insula_app", "insula_worker"] {
        try connection.run("CREATE ROLE \(role) NOLOGIN; GRANT \(role) TO CURRENT_USER")
    }
}
