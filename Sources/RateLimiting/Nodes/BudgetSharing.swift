// Keeps this node's place among the others and leases what its buckets lack, beside the requests and never in their way: one task on the
// first loop. A node that is alone renews its place once a second and asks for nothing else.
// Bounds: one statement under way; `leaseLimit` buckets a statement; `attempts` at the roster in a row before the next second.

import Base
import JSON
import Loop
import Postgres
import Synchronization

/// Shares the budgets of a limiter with the other nodes.
public final class BudgetSharing: Sendable {
    /// The channel on which nodes tell each other to look at the roster.
    public static let channel = BudgetStatements.channel
    static let renewMilliseconds = 1_000
    static let leaseMilliseconds = 50
    static let forgetMilliseconds = 10_000
    static let leaseLimit = 512
    static let forgetLimit = 5_000
    static let attempts = 8
    static let joinMilliseconds = 15_000

    // Used on the home loop alone.
    private final class State: @unchecked Sendable {
        var membership: Membership
        var roster = Roster()
        var renewed = Instant(nanoseconds: 0)
        var forgot = Instant.now
        var turn = 0
        var isStopped = false
        var task: Task<Void, Never>?
        let sleeper: Sleeper
        var waiting: [CheckedContinuation<Void, Never>] = []

        init(membership: Membership, loop: EventLoop) {
            self.membership = membership
            sleeper = Sleeper(loop: loop)
        }
    }

    private let database: Database
    private let loop: EventLoop
    private let limiter: RateLimiter
    private let state: State
    private let nodes = Atomic<Int>(0)
    private let leased = Counter()
    /// Whether somebody said that the roster should be looked at.
    private let lookNow = Atomic<Bool>(false)

    /// - Parameters:
    ///   - loop: where its task lives.
    ///   - limiter: begun with the regime `.suspended`.
    ///   - node: what this node is called over its restarts; no two live ones share it.
    public init(database: Database, loop: EventLoop, limiter: RateLimiter, node: NodeID) {
        self.database = database
        self.loop = loop
        self.limiter = limiter
        let life = UUIDBits.version7(milliseconds: UInt64(Timestamp.now.microseconds / 1000))
        state = State(membership: Membership(life: life, node: node.uuid), loop: loop)
        limiter.setDeadline(0)
    }

    // MARK: Start and stop

    /// Takes a place, and waits until this node may serve: at once when it is alone, as soon as the others know of it, or when the leases
    /// of those that are gone ran out.
    public func start() async {
        await loop.call { [self] in
            state.task = loop.spawn { [self] in await live() }
            let timer = loop.spawn { [self] in
                await loop.sleep(milliseconds: BudgetSharing.joinMilliseconds)
                resumeWaiting()
            }
            await withCheckedContinuation { self.state.waiting.append($0) }
            timer.cancel()
        }
    }

    /// Gives the place up, and leaves behind what was spent when nobody else knows it.
    public func stop() async {
        await loop.call { [self] in
            state.isStopped = true
            state.sleeper.wake()
            await state.task?.value
            await leave()
        }
    }

    /// Another node wrote something into the roster that matters. From any thread.
    public func hear() {
        lookNow.store(true, ordering: .releasing)
        loop.spawn { [state] in state.sleeper.wake() }
    }

    /// The nodes that share the budgets, as this one knows them; 0 while it has no place.
    public var nodeCount: Int { nodes.load(ordering: .relaxed) }

    /// Units that were leased from the database.
    public var leasedCount: Int { Int(leased.current) }

    private func resumeWaiting() {
        for waiting in state.waiting { waiting.resume() }
        state.waiting = []
    }

    // MARK: The task

    private func live() async {
        while !state.isStopped {
            let isNews = lookNow.exchange(false, ordering: .acquiringAndReleasing)
            if isNews || Instant.now.milliseconds(since: state.renewed) >= BudgetSharing.renewMilliseconds {
                state.renewed = Instant.now
                await renew()
            }
            await lease()
            await forget()
            let isLeasing = if case .sharing = state.membership.regime { true } else { false }
            let rest = isLeasing ? BudgetSharing.leaseMilliseconds : BudgetSharing.renewMilliseconds
            if !lookNow.load(ordering: .acquiring) { await state.sleeper.wait(until: Instant.now.advanced(milliseconds: rest)) }
        }
        resumeWaiting()
    }

    /// Reads the roster and writes it back with this node's place renewed, again while others write in between.
    private func renew() async {
        for attempt in 0..<BudgetSharing.attempts where !state.isStopped {
            do throws(Fault) {
                if try await renewOnce() { return }
            } catch {
                // The place lasts for a few more seconds by its own clock, and is tried for again in one.
                Log.write(
                    .warning, "the place among the nodes could not be renewed", ["cause": .text(error.cause ?? error.message)])
                return
            }
            await loop.sleep(milliseconds: Int.random(in: 1...10 << attempt))
        }
    }

    private func renewOnce() async throws(Fault) -> Bool {
        let sentAt = Instant.now.nanoseconds
        guard let row = try await database.worker.first(BudgetStatements.read) else { throw BudgetSharing.rosterless }
        state.roster = try Roster(try JSONValue(parsing: row.content.bytes))
        let step = state.membership.look(at: state.roster, databaseNow: row.now, now: Instant.now.nanoseconds)
        if let first = step.first { adopt(first) }
        if state.membership.regime == .suspended { limiter.setDeadline(0) }
        let handedOver = step.takesOver ? try await database.worker.first(BudgetStatements.readHandover) : nil
        let content = JSONBytes(step.roster.json.bytes)
        let written =
            step.takesOver
            ? try await database.worker.first(BudgetStatements.write, row.version, content, nil, step.isNews)
            : try await database.worker.first(BudgetStatements.renew, row.version, content, step.isNews)
        guard written != nil else { return false }
        if let next = state.membership.wrote(step, sentAt: sentAt, now: Instant.now.nanoseconds) {
            adopt(next)
            if step.takesOver, let bytes = handedOver ?? nil { takeOver(bytes, row.now) }
        }
        state.roster = step.roster
        limiter.setDeadline(state.membership.deadline)
        nodes.store(state.membership.regime == .suspended ? 0 : step.roster.members.count, ordering: .relaxed)
        if state.membership.regime != .suspended { resumeWaiting() }
        return true
    }

    private static let rosterless = Fault(
        .internalError, "The server could not do it.", cause: "the roster of the nodes has no row")

    private func adopt(_ regime: Regime) {
        limiter.adopt(regime, now: Instant.now.nanoseconds)
        Log.write(.debug, "budgets are shared otherwise", ["regime": .text("\(regime)")])
    }

    // MARK: Leasing

    /// Leases what buckets lack, unless the database holds no part of them.
    private func lease() async {
        guard case .sharing = state.membership.regime, state.roster.isShared else { return }
        state.turn += 1
        let requests = limiter.requests(limit: BudgetSharing.leaseLimit, from: state.turn, now: Instant.now.nanoseconds)
        guard !requests.isEmpty else { return }
        let term = state.membership.term
        do throws(Fault) {
            let grants = try await BudgetLease(requests, roster: state.roster).run(on: database.worker)
            guard case .sharing = state.membership.regime, state.membership.term == term else { return }
            for (request, units) in grants {
                limiter.fill(request, units: units)
                leased.add(Int(units))
            }
        } catch {
            Log.write(.debug, "nothing could be leased", ["cause": .text(error.cause ?? error.message)])
        }
    }

    /// Deletes rows that say nothing any more.
    private func forget() async {
        guard Instant.now.milliseconds(since: state.forgot) >= BudgetSharing.forgetMilliseconds else { return }
        state.forgot = Instant.now
        _ = try? await database.worker.execute(BudgetStatements.forget, state.roster.charged, BudgetSharing.forgetLimit)
    }

    // MARK: Handing over

    private func leave() async {
        let now = Instant.now.nanoseconds
        let spent = limiter.spent(now: now)
        let handsOver = state.membership.knowsAll(now: now) && spent.count <= SpentBudget.most
        limiter.setDeadline(0)
        adopt(.suspended)
        let bytes = handsOver ? SpentBudget.bytes(spent) : nil
        for _ in 0..<BudgetSharing.attempts {
            guard let row = try? await database.worker.first(BudgetStatements.read),
                let json = try? JSONValue(parsing: row.content.bytes), let roster = try? Roster(json)
            else { return }
            let next = state.membership.leave(roster, databaseNow: row.now, handsOver: handsOver)
            guard next != roster else { return }
            let written = try? await database.worker.first(
                BudgetStatements.write, row.version, JSONBytes(next.json.bytes), next.handedOverAt == nil ? nil : bytes, true)
            if written != nil { return }
        }
    }

    /// Takes over what the last node had spent, less what came back since. What can't be read may have been everything.
    private func takeOver(_ bytes: [UInt8], _ databaseNow: Int64) {
        let now = Instant.now.nanoseconds
        let past = UInt64(max(0, databaseNow - (state.roster.handedOverAt ?? databaseNow)))
        let spent = SpentBudget.read(bytes)?.compactMap { one in
            one.missing > past ? SpentBudget(key: one.key, rate: one.rate, missing: one.missing - past) : nil
        }
        if let spent, limiter.restore(spent, now: now) { return }
        adopt(state.membership.knowNothing(now: now))
    }
}
