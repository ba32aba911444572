// Numbers what happened. Changes write their events into the outbox, each in its own transaction and without waiting for one another; this
// task takes what is committed and writes it down with the next numbers of each tenant, without gaps, in the order in which the
// changes of one thing followed each other. Any node does it, one at a time, by a lock that ends with the statement. All nodes hear
// which tenants it concerned.
// Bounds: `batchRows` a statement; one statement every `gatherMilliseconds`; without a signal one every `pollMilliseconds`.

import Base
import Loop
import Postgres
import Synchronization

/// The one who numbers events. Every node has one.
public final class EventSequencer: Sendable {
    /// The channel on which nodes hear of new events. The payload is `tenant:seq tenant:seq …`: whose they are, and the last number.
    public static let channel = "insula_events"
    /// Events that one statement numbers at most.
    public static let batchRows = 1_000
    static let pollMilliseconds = 1_000
    /// Between two statements at least: what comes meanwhile goes together.
    static let gatherMilliseconds = 20
    /// Until the next try when another node is at it.
    static let busyMilliseconds = 5

    /// What one statement did.
    enum Step: Sendable, Equatable {
        case moved(Int)
        /// Another node is at it.
        case busy
    }

    private struct State {
        var isStopped = false
        var isWoken = false
        var sleeper: Sleeper?
        var task: Task<Void, Never>?
    }

    private let database: Database
    private let loop: EventLoop
    private let signal: EventSignal
    private let state = Mutex(State())
    private let numbered = Counter()
    private let failures = Counter()

    public init(database: Database, loop: EventLoop, signal: EventSignal) {
        self.database = database
        self.loop = loop
        self.signal = signal
    }

    // MARK: Start and stop

    /// Begins to number.
    public func start() async {
        await loop.call { [self] in
            let sleeper = Sleeper(loop: loop)
            let task = loop.spawn { [self] in await run(sleeper) }
            state.withLock { state in
                state.sleeper = sleeper
                state.task = task
            }
        }
        signal.attach { [weak self] in self?.wake() }
    }

    /// Ends after the statement under way.
    public func stop() async {
        signal.attach(nil)
        await loop.call { [self] in
            let (sleeper, task) = state.withLock { state in
                state.isStopped = true
                return (state.sleeper, state.task)
            }
            sleeper?.wake()
            await task?.value
        }
    }

    /// There is something in the outbox. Safe from any thread.
    public func wake() {
        let isFirst = state.withLock { state in
            defer { state.isWoken = true }
            return !state.isWoken
        }
        guard isFirst else { return }
        loop.spawn { [self] in state.withLock { $0.sleeper }?.wake() }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func run(_ sleeper: Sleeper) async {
        while !isStopped {
            let began = Instant.now
            state.withLock { $0.isWoken = false }
            var pause = EventSequencer.pollMilliseconds
            do throws(Fault) {
                switch try await step() {
                case .busy: pause = EventSequencer.busyMilliseconds
                case .moved(EventSequencer.batchRows): pause = 0
                case .moved: break
                }
            } catch {
                failures.add()
                Log.write(.warning, "events were not numbered", ["cause": .text(error.cause ?? error.message)])
            }
            guard pause > 0 else { continue }
            await sleeper.wait(until: began.advanced(milliseconds: pause))
            let passed = Instant.now.milliseconds(since: began)
            if !isStopped, passed < EventSequencer.gatherMilliseconds {
                await loop.sleep(milliseconds: EventSequencer.gatherMilliseconds - passed)
            }
        }
    }

    // MARK: One statement

    /// Numbers what there is, at most a batch.
    func step() async throws(Fault) -> Step {
        guard let moved = try await database.worker.first(EventSequencer.move, EventSequencer.batchRows) else { return .busy }
        guard let moved else { return .busy }
        numbered.add(moved)
        return .moved(moved)
    }

    /// The rows that are taken are those that the statement itself removes, and the number goes on from the row as it stands: what another
    /// node has moved since this statement's snapshot is neither moved twice nor numbered twice.
    static let move = Statement<Int?, Int>(
        "number events",
        """
        WITH turn AS MATERIALIZED (
            SELECT pg_try_advisory_xact_lock(4849512170101) AS held
        ), taken AS (
            DELETE FROM event_outbox o
            -- By their places: a plan that was made while the table was empty would look through all of it for each.
            USING (SELECT ctid AS place FROM event_outbox WHERE (SELECT held FROM turn) ORDER BY id LIMIT $1) next
            WHERE o.ctid = next.place
            RETURNING o.*
        ), counted AS (
            SELECT tenant_id, count(*) AS many FROM taken GROUP BY tenant_id
        ), numbered AS (
            INSERT INTO event_sequences AS s (tenant_id, last_seq)
            SELECT tenant_id, many FROM counted ORDER BY tenant_id
            ON CONFLICT (tenant_id) DO UPDATE SET last_seq = s.last_seq + excluded.last_seq
            RETURNING tenant_id, last_seq
        ), written AS (
            INSERT INTO events (tenant_id, seq, type, ref, payload, at)
            SELECT t.tenant_id, n.last_seq - c.many + row_number() OVER (PARTITION BY t.tenant_id ORDER BY t.id),
                t.type, t.ref, t.payload, t.at
            FROM taken t JOIN counted c ON c.tenant_id = t.tenant_id JOIN numbered n ON n.tenant_id = t.tenant_id
        ), told AS (
            SELECT count(pg_notify('\(channel)', line)) AS lines FROM (
                SELECT string_agg(tenant_id || ':' || last_seq, ' ') AS line
                FROM (SELECT *, row_number() OVER () / 100 AS part FROM numbered) n GROUP BY part
            ) l
        )
        SELECT CASE WHEN held THEN (SELECT count(*) FROM taken) + 0 * (SELECT lines FROM told) END FROM turn
        """
    ) { row throws(Fault) in try row.value(0) }

    /// Appends the figures.
    public func write(to text: inout MetricsText) {
        text.family("insula_events_numbered_total", "counter", "Events that this node numbered.")
        text.sample("insula_events_numbered_total", "", numbered.current)
        text.family("insula_event_numbering_failures_total", "counter", "Statements that numbered nothing because they failed.")
        text.sample("insula_event_numbering_failures_total", "", failures.current)
    }
}
