// Sends what is in the outbox: claims what is due under a lease, hands it over, and writes down what came of it. Any number of nodes do so
// beside each other. At least once: a node that dies between the handing over and the writing down leaves a mail that is sent again, with
// the same Message-ID. Two tasks live on the home loop: one claims, one tends leases and leftovers. What they share is `state`, guarded by
// its mutex. Bounds: `concurrency` mails at once, `MailSchedule.attemptLimit` attempts, `removeLimit` rows a removal.

import Base
import Loop
import Postgres
import Synchronization

/// Delivers the mail of all tenants.
public final class MailDelivery: Sendable {
    static let concurrency = 4
    static let removeLimit = 500
    static let countLimit = 10_000
    /// Between two removals of what is long over.
    static let removalMilliseconds = 3_600_000

    /// The times of leases and looks. Those of tests are shorter.
    struct Times: Sendable {
        var leaseMilliseconds = 60_000
        var tendMilliseconds = 15_000
        /// Between looks at the outbox when nothing wakes the delivery.
        var pollMilliseconds = 5_000
    }

    private struct State {
        var sending: [MailClaim: Task<Void, Never>] = [:]
        var isDraining = false
        var isStopped = false
        var claimer: Sleeper?
        var sleepers: [Sleeper] = []
        var own: [Task<Void, Never>] = []
        /// Woken whenever a mail is done with while the delivery drains.
        var drain: Sleeper?
    }

    public let metrics = MailMetrics()
    private let database: Database
    private let home: EventLoop
    private let attempts: MailAttempts
    private let node: NodeID
    private let times: Times
    private let state = Mutex(State())

    /// - Parameters:
    ///   - home: the loop that it all happens on.
    ///   - settings: what the mail says of where it comes from.
    ///   - node: this node. One that keeps its id over a restart takes up at once what it left; no two live nodes may share one.
    public convenience init(
        _ settings: MailSettings, _ transport: MailTransport, outbox: MailOutbox, database: Database, home: EventLoop,
        node: NodeID
    ) {
        let attempts = MailAttempts(
            database: database, outbox: outbox, settings: settings, transport: transport, node: node)
        self.init(attempts, database: database, home: home, times: Times())
    }

    init(_ attempts: MailAttempts, database: Database, home: EventLoop, times: Times) {
        self.database = database
        self.home = home
        self.attempts = attempts
        node = attempts.node
        self.times = times
    }

    private var lane: Once { database.worker }
    private var isStopped: Bool { state.withLock { $0.isStopped } }
    private var sending: [MailClaim: Task<Void, Never>] { state.withLock { $0.sending } }

    // MARK: Start and stop

    /// Takes up what this node left in an earlier life, and begins to deliver.
    public func start() async {
        if case .folder(let folder) = attempts.transport {
            Log.write(.info, "mail is written to a folder, since INSULA_SMTP_URL is not set", ["folder": .text(folder.path)])
        }
        await home.call { [self] in
            _ = try? await lane.execute(OutboxStatements.recover, node)
            begin { [self] sleeper in await claim(sleeper) }
            begin { [self] sleeper in await tend(sleeper) }
        }
    }

    private func begin(_ body: @escaping @Sendable (Sleeper) async -> Void) {
        let sleeper = Sleeper(loop: home)
        let task = home.spawn { await body(sleeper) }
        state.withLock { state in
            if state.claimer == nil { state.claimer = sleeper }
            state.sleepers.append(sleeper)
            state.own.append(task)
        }
    }

    /// Looks at the outbox now. Safe from any thread.
    public func wake() {
        home.spawn { [self] in state.withLock { $0.claimer }?.wake() }
    }

    /// Claims no more, lets what is under way end for at most `graceMilliseconds`, breaks off the rest, and hands back what is left.
    public func stop(graceMilliseconds: Int) async {
        await home.call { [self] in
            let drain = Sleeper(loop: home)
            state.withLock { state in
                state.isDraining = true
                state.drain = drain
            }
            let deadline = Instant.now.advanced(milliseconds: graceMilliseconds)
            while !sending.isEmpty, Instant.now < deadline { await drain.wait(until: deadline) }
            let rest = Array(sending.values)
            for task in rest { task.cancel() }
            for task in rest { await task.value }
            let own = state.withLock { state in
                state.isStopped = true
                return state.own
            }
            for sleeper in state.withLock({ $0.sleepers }) { sleeper.wake() }
            for task in own { await task.value }
            _ = try? await lane.execute(OutboxStatements.handBack, node, [])
        }
    }

    private func rest(_ sleeper: Sleeper, _ milliseconds: Int) async {
        // A fifth of it by chance, so that nodes that started together don't stay together.
        let jittered = milliseconds - milliseconds / 10 + Int(Double(milliseconds / 5) * Double.random(in: 0..<1))
        await sleeper.wait(until: Instant.now.advanced(milliseconds: jittered))
    }

    // MARK: Claiming

    private func claim(_ sleeper: Sleeper) async {
        // Whether a claim may have been made whose answer was lost.
        var isUnsure = false
        while !isStopped {
            if isUnsure { isUnsure = !(await handBackOthers()) }
            let free = state.withLock { $0.isDraining ? 0 : MailDelivery.concurrency - $0.sending.count }
            if free > 0, !isUnsure {
                do throws(Fault) {
                    let claims = try await lane.query(OutboxStatements.claim, node, times.leaseMilliseconds, free)
                    for claim in claims { send(claim) }
                    if claims.count == free { continue }
                } catch {
                    Log.write(
                        .warning, "the outbox of mail could not be looked at", ["cause": .text(error.cause ?? error.message)])
                    isUnsure = true
                }
            }
            await rest(sleeper, times.pollMilliseconds)
        }
    }

    private func handBackOthers() async -> Bool {
        (try? await lane.execute(OutboxStatements.handBack, node, sending.keys.map(\.mail))) != nil
    }

    private func send(_ claim: MailClaim) {
        let task = home.spawn { [self] in
            switch await attempts.perform(claim, patienceMilliseconds: times.leaseMilliseconds) {
            case .sent: metrics.sent.add()
            case .failed: metrics.failed.add()
            case .retried: metrics.retried.add()
            case .left: break
            }
            let drain = state.withLock { state in
                state.sending[claim] = nil
                return state.drain
            }
            drain?.wake()
            state.withLock { $0.claimer }?.wake()
        }
        state.withLock { $0.sending[claim] = task }
    }

    // MARK: Tending

    /// Renews the leases of what is under way, counts what waits, and now and then removes what is long over.
    private func tend(_ sleeper: Sleeper) async {
        var removed: Instant?
        while !isStopped {
            let held = sending.keys.map(\.mail)
            if !held.isEmpty { _ = try? await lane.execute(OutboxStatements.renew, node, times.leaseMilliseconds, held) }
            if let count = try? await lane.first(OutboxStatements.waiting, MailDelivery.countLimit) {
                metrics.waiting.add(count - metrics.waiting.current)
            }
            if removed.map({ Instant.now.milliseconds(since: $0) >= MailDelivery.removalMilliseconds }) ?? true {
                removed = .now
                await removeFinished()
            }
            await rest(sleeper, times.tendMilliseconds)
        }
    }

    /// Removes what was finished 30 days ago, a part at a time.
    func removeFinished() async {
        while !isStopped {
            let count = try? await lane.execute(OutboxStatements.remove, MailDelivery.removeLimit)
            guard count == MailDelivery.removeLimit else { return }
        }
    }
}
