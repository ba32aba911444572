import Base
import Glibc
import InsulaTesting
import Loop
import Postgres
import Synchronization
import Testing

@Suite struct NotificationListenerTests {
    /// What was delivered.
    private final class Inbox: Sendable {
        private let events = Mutex<[NotificationListener.Event]>([])

        func append(_ event: NotificationListener.Event) { events.withLock { $0.append(event) } }
        var all: [NotificationListener.Event] { events.withLock { $0 } }
    }

    @Test func `notifications arrive in order, and a break is told as a gap`() async throws {
        let database = try await TestDatabase.makeEmpty()
        let inbox = Inbox()
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "test")
        let listener = NotificationListener(
            try ConnectionTarget(database.url), loop: group.loops[0], pool: pool, channels: ["queue", "outbox"]
        ) { inbox.append($0) }
        try await Task(executorPreference: group.loops[0]) {
            listener.start()
            let sender = try database.connectAsSuperuser()
            try await eventually { inbox.all.first }
            for number in 0..<3 { try sender.run("NOTIFY queue, '\(number)'; NOTIFY elsewhere, 'no'") }
            try sender.run("NOTIFY outbox")
            try await eventually { inbox.all.count == 5 ? true : nil }
            _ = try sender.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'insula listener 0' AND datname = $1",
                [database.name])
            try await eventually { inbox.all.count == 7 ? true : nil }
            try sender.run("NOTIFY queue, 'again'")
            try await eventually { inbox.all.count == 8 ? true : nil }
            await listener.stop()
        }.value
        group.stop()
        pool.stop()
        #expect(
            inbox.all == [
                .gap, .notification(channel: "queue", payload: "0"), .notification(channel: "queue", payload: "1"),
                .notification(channel: "queue", payload: "2"), .notification(channel: "outbox", payload: ""), .lost, .gap,
                .notification(channel: "queue", payload: "again"), .lost,
            ])
    }

    @Test func `a connection that is there and says nothing is given up, and news are known to come as far as they do`()
        async throws
    {
        let database = try await TestDatabase.makeEmpty()
        let inbox = Inbox()
        let heard = Mutex<[Instant]>([])
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "test")
        let listener = NotificationListener(
            try ConnectionTarget(database.url), loop: group.loops[0], pool: pool, channels: ["queue"]
        ) { moment in
            heard.withLock { $0.append(moment) }
        } deliver: {
            inbox.append($0)
        }
        try await Task(executorPreference: group.loops[0]) {
            let begin = Instant.now
            listener.start()
            let superuser = try database.connectAsSuperuser()
            try await eventually { heard.withLock { $0.count >= 3 } ? true : nil }
            let moments = heard.withLock { $0 }
            #expect(moments == moments.sorted() && moments[0] >= begin && inbox.all == [.gap])
            let rows = try superuser.rows(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'insula listener 0' AND datname = $1", [database.name])
            let pid = try #require(rows.first?[0].flatMap { pid_t($0) })
            #expect(kill(pid, SIGSTOP) == 0)
            defer { kill(pid, SIGCONT) }
            try await eventually { inbox.all.count >= 3 ? true : nil }
            #expect(inbox.all == [.gap, .lost, .gap])
            // The new connection hears what comes from now on.
            try superuser.run("NOTIFY queue, 'again'")
            try await eventually { inbox.all.count == 4 ? true : nil }
            await listener.stop()
        }.value
        group.stop()
        pool.stop()
        #expect(inbox.all.suffix(2) == [.notification(channel: "queue", payload: "again"), .lost])
    }
}
