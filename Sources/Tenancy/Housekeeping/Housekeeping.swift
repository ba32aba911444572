// What is over is removed by and by: tenants whose time has come, and rows that nothing asks for any more. Every node has this task, one at
// a time does the work: each batch is a transaction of its own under one lock, so that a node that dies leaves nothing half done and the
// next one goes on. It runs in a role that can remove nothing else (`migrations/…_keep_house.sql`).
// Bounds: `batchRows` a transaction, `batchesPerRound` a round, a round every `pauseMilliseconds`.

import Base
import Loop
import Postgres
import Synchronization

/// The removal of what is over.
public final class Housekeeping: Sendable {
    /// Rows that one transaction removes at most.
    public static let batchRows = 500
    /// Transactions of one kind in one round at most.
    public static let batchesPerRound = 2_000
    /// Between the rounds of a node, with some jitter.
    static let pauseMilliseconds = 60_000

    private struct State {
        var isStopped = false
        var sleeper: Sleeper?
        var task: Task<Void, Never>?
    }

    private let database: Database
    private let loop: EventLoop
    private let state = Mutex(State())
    private let removed: [HousekeepingChore: Counter]
    private let rounds = Counter()
    private let failures = Counter()

    public init(database: Database, loop: EventLoop) {
        self.database = database
        self.loop = loop
        removed = Dictionary(uniqueKeysWithValues: HousekeepingChore.allCases.map { ($0, Counter()) })
    }

    // MARK: Start and stop

    /// Begins to make rounds.
    public func start() async {
        await loop.call { [self] in
            let sleeper = Sleeper(loop: loop)
            let task = loop.spawn { [self] in await makeRounds(sleeper) }
            state.withLock { state in
                state.sleeper = sleeper
                state.task = task
            }
        }
    }

    /// Ends after the batch that is under way.
    public func stop() async {
        await loop.call { [self] in
            let (sleeper, task) = state.withLock { state in
                state.isStopped = true
                return (state.sleeper, state.task)
            }
            sleeper?.wake()
            await task?.value
        }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func makeRounds(_ sleeper: Sleeper) async {
        while !isStopped {
            let pause = Housekeeping.pauseMilliseconds
            await sleeper.wait(until: Instant.now.advanced(milliseconds: Int.random(in: pause / 2...pause)))
            guard !isStopped else { return }
            do throws(Fault) {
                _ = try await round()
            } catch {
                failures.add()
                Log.write(.warning, "housekeeping was broken off", ["cause": .text(error.cause ?? error.message)])
            }
        }
    }

    // MARK: A round

    /// Does what there is to do, unless another node is at it.
    /// - Returns: how many rows were removed.
    public func round() async throws(Fault) -> Int {
        var total = 0
        for chore in HousekeepingChore.allCases {
            var batches = 0
            var step = HousekeepingStep.more(0)
            while case .more = step, batches < Housekeeping.batchesPerRound, !isStopped {
                step = try await database.session(.none, on: .housekeeping) { session throws(Fault) in
                    // Another node does it: there is nothing to wait for.
                    guard try await session.first(HousekeepingStatements.lock) == true else { return .done(0) }
                    return try await chore.step(in: session)
                }
                removed[chore]?.add(step.count)
                total += step.count
                batches += 1
            }
        }
        rounds.add()
        return total
    }

    /// Appends the figures.
    public func write(to text: inout MetricsText) {
        text.family("insula_housekeeping_rounds_total", "counter", "Rounds of housekeeping.")
        text.sample("insula_housekeeping_rounds_total", "", rounds.current)
        text.family("insula_housekeeping_failures_total", "counter", "Rounds of housekeeping that were broken off.")
        text.sample("insula_housekeeping_failures_total", "", failures.current)
        text.family("insula_housekeeping_removed_total", "counter", "Rows that housekeeping removed.")
        for chore in HousekeepingChore.allCases {
            text.sample("insula_housekeeping_removed_total", "of=\"\(chore.rawValue)\"", removed[chore]?.current ?? 0)
        }
    }
}

/// What one transaction of a chore did.
enum HousekeepingStep: Sendable {
    /// So many rows are gone, and there may be more.
    case more(Int)
    /// So many rows are gone, and there are no more.
    case done(Int)

    var count: Int {
        switch self {
        case .more(let count), .done(let count): count
        }
    }
}
