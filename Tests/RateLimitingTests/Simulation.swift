// A world with one database and some nodes, in which time, messages, crashes and pauses are drawn from a seed. The nodes run the product's
// own state machine and buckets; the database is its row of the roster and its half of one budget, by the same arithmetic as the statements.
// Every admission is written down with the moment at which it was decided.

import Base

@testable import RateLimiting

final class Simulation {
    static let second: UInt64 = 1_000_000_000
    /// The world's clock begins here, so that all clocks have a past.
    static let dawn: UInt64 = 1_000 * second

    /// Something that happens at a moment.
    private struct Event {
        let at: UInt64
        let order: Int
        let action: () -> Void
    }

    final class Node {
        let number: Int
        let limiter = RateLimiter(.suspended)
        var membership: Membership
        var isAlive = true
        /// Until when the process does not run at all.
        var pausedUntil: UInt64 = 0
        /// How far its clock is from the world's.
        let offset: UInt64
        var roster = Roster()
        var isBusy = false

        init(number: Int, life: UInt64, offset: UInt64) {
            self.number = number
            self.offset = offset
            membership = Membership(
                life: UUIDBits(high: 1, low: life), node: UUIDBits(high: 2, low: UInt64(number)))
            limiter.setDeadline(0)
        }
    }

    let rate: Rate
    let key = BucketKey(.tenant, UUIDBits(high: 3, low: 4))
    private(set) var now = Simulation.dawn
    private(set) var ledger = Ledger()
    private(set) var mostServing = 0
    private(set) var leased: UInt64 = 0
    var nodes: [Node] = []
    private var random: Seeded
    private var events: [Event] = []
    private var order = 0
    private var lives: UInt64 = 0

    // The database.
    private var roster = Roster()
    private var version = 0
    private var handover: [SpentBudget]?
    private var row: (fullAt: Int64, charged: Int64)?

    /// Whether all messages arrive soon.
    private let isCalm: Bool

    init(rate: Rate, seed: UInt64, isCalm: Bool = false) {
        self.rate = rate
        self.isCalm = isCalm
        random = Seeded(state: seed)
    }

    // MARK: Time

    func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }

    /// Has `action` happen so much later.
    func after(_ nanoseconds: UInt64, _ action: @escaping () -> Void) {
        order += 1
        events.append(Event(at: now + nanoseconds, order: order, action: action))
        var at = events.count - 1
        while at > 0, isEarlier(at, (at - 1) / 2) {
            events.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    private func isEarlier(_ left: Int, _ right: Int) -> Bool {
        (events[left].at, events[left].order) < (events[right].at, events[right].order)
    }

    func run(seconds: UInt64) {
        let end = now + seconds * Simulation.second
        while let next = events.first, next.at <= end {
            events.swapAt(0, events.count - 1)
            events.removeLast()
            var at = 0
            while true {
                var least = at
                for child in [2 * at + 1, 2 * at + 2] where child < events.count && isEarlier(child, least) { least = child }
                if least == at { break }
                events.swapAt(at, least)
                at = least
            }
            now = max(now, next.at)
            next.action()
        }
        now = end
    }

    /// The way of a message: mostly short, sometimes seconds.
    private func way() -> UInt64 {
        if isCalm { return number(100...5_000) * 1_000 }
        return switch number(0...99) {
        case 0: number(0...8) * Simulation.second
        case 1...9: number(0...400) * 1_000_000
        default: number(100...5_000) * 1_000
        }
    }

    /// Has `action` happen to a node, when it is alive and not paused.
    private func on(_ node: Node, in delay: UInt64, _ action: @escaping () -> Void) {
        after(delay) { [self] in
            guard node.isAlive else { return }
            if node.pausedUntil > now { return on(node, in: node.pausedUntil - now, action) }
            action()
        }
    }

    private func clock(_ node: Node) -> UInt64 { now + node.offset }

    // MARK: Nodes

    /// Begins a life of the node of that number.
    @discardableResult
    func start(_ number: Int) -> Node {
        lives += 1
        let node = Node(number: number, life: lives, offset: self.number(0...1_000 * Simulation.second))
        nodes.append(node)
        renew(node)
        lease(node)
        return node
    }

    func crash(_ node: Node) {
        node.isAlive = false
        nodes.removeAll { $0 === node }
    }

    func pause(_ node: Node, seconds: UInt64) { node.pausedUntil = now + seconds * Simulation.second }

    /// A request comes to the node.
    func request(_ node: Node) {
        guard node.isAlive, node.pausedUntil <= now else { return }
        if node.limiter.take(from: key, rate, now: Instant(nanoseconds: clock(node))).isAdmitted { ledger.note(1, at: now) }
        mostServing = max(mostServing, nodes.count { $0.membership.regime != .suspended })
    }

    private func adopt(_ node: Node, _ regime: Regime) { node.limiter.adopt(regime, now: clock(node)) }

    private func renew(_ node: Node) {
        on(node, in: number(800...1_200) * 1_000_000) { [self] in renew(node) }
        guard !node.isBusy else { return }
        node.isBusy = true
        renewOnce(node, attempts: 8)
    }

    private func renewOnce(_ node: Node, attempts: Int) {
        let sentAt = clock(node)
        after(way()) { [self] in
            let (roster, version, databaseNow, handover) = (roster, version, Int64(now), handover)
            on(node, in: way()) { [self] in
                node.roster = roster
                let step = node.membership.look(at: roster, databaseNow: databaseNow, now: clock(node))
                if let first = step.first { adopt(node, first) }
                if node.membership.regime == .suspended { node.limiter.setDeadline(0) }
                write(node, step, version, sentAt: sentAt, databaseNow: databaseNow, handover, attempts: attempts)
            }
        }
    }

    private func write(
        _ node: Node, _ step: Membership.Step, _ version: Int, sentAt: UInt64, databaseNow: Int64, _ handedOver: [SpentBudget]?,
        attempts: Int
    ) {
        after(way()) { [self] in
            let isWritten = self.version == version
            if isWritten {
                roster = step.roster
                self.version += 1
                if step.takesOver { handover = nil }
            }
            // Sometimes the answer is lost.
            if !isCalm, number(0...199) == 0 { return on(node, in: way()) { node.isBusy = false } }
            on(node, in: way()) { [self] in
                guard isWritten else {
                    if attempts > 1 { return renewOnce(node, attempts: attempts - 1) }
                    node.isBusy = false
                    return
                }
                wrote(node, step, sentAt: sentAt, databaseNow: databaseNow, handedOver)
            }
        }
    }

    private func wrote(_ node: Node, _ step: Membership.Step, sentAt: UInt64, databaseNow: Int64, _ handedOver: [SpentBudget]?) {
        if let next = node.membership.wrote(step, sentAt: sentAt, now: clock(node)) {
            adopt(node, next)
            if step.takesOver, let handedOver {
                let past = UInt64(max(0, databaseNow - (node.roster.handedOverAt ?? databaseNow)))
                let left = handedOver.filter { $0.missing > past }
                    .map { SpentBudget(key: $0.key, rate: $0.rate, missing: $0.missing - past) }
                precondition(node.limiter.restore(left, now: clock(node)), "one bucket has room")
            }
        }
        node.roster = step.roster
        node.limiter.setDeadline(node.membership.deadline)
        node.isBusy = false
    }

    /// Stops a node as its operator does.
    func leave(_ node: Node) {
        nodes.removeAll { $0 === node }
        let spent = node.limiter.spent(now: clock(node))
        let handsOver = node.membership.knowsAll(now: clock(node))
        node.limiter.setDeadline(0)
        adopt(node, .suspended)
        // The process takes no more part, but its last words do arrive.
        let membership = node.membership
        node.isAlive = false
        tryToLeave(membership, spent, handsOver: handsOver, attempts: 8)
    }

    private func tryToLeave(_ membership: Membership, _ spent: [SpentBudget], handsOver: Bool, attempts: Int) {
        after(way()) { [self] in
            let (roster, version, databaseNow) = (roster, version, Int64(now))
            after(way()) { [self] in
                var membership = membership
                let next = membership.leave(roster, databaseNow: databaseNow, handsOver: handsOver)
                guard next != roster else { return }
                after(way()) { [self] in
                    if self.version == version {
                        self.roster = next
                        self.version += 1
                        handover = next.handedOverAt == nil ? nil : spent
                    } else if attempts > 1 {
                        tryToLeave(membership, spent, handsOver: handsOver, attempts: attempts - 1)
                    }
                }
            }
        }
    }

    // MARK: Leases

    private func lease(_ node: Node) {
        on(node, in: number(40...60) * 1_000_000) { [self] in
            guard case .sharing = node.membership.regime, node.roster.isShared else { return lease(node) }
            let known = node.roster
            let requests = node.limiter.requests(limit: 10, from: 0, now: clock(node))
            guard let request = requests.first else { return lease(node) }
            let term = node.membership.term
            after(way()) { [self] in
                let units = grant(request, known)
                on(node, in: way()) { [self] in
                    if case .sharing = node.membership.regime, node.membership.term == term {
                        node.limiter.fill(request, units: units)
                        leased += units
                    }
                    lease(node)
                }
            }
        }
    }

    /// What the statements `ensure` and `lease` do.
    private func grant(_ request: LeaseRequest, _ known: Roster) -> UInt64 {
        let whole = known.whole(of: request.rate)
        if row == nil { row = (known.fullAt(request.rate), known.charged) }
        guard let last = row, known.charged == roster.charged else { return 0 }
        let unit = Int64(request.rate.intervalNanoseconds)
        let charged =
            last.charged < known.charged
            ? max(known.fullAt(request.rate), last.fullAt + Roster.debt(whole, known.charged - last.charged)) : last.fullAt
        let fullAt = max(charged, Int64(now))
        let room = (Int64(now) + Int64(request.rate.databaseFillNanoseconds) - fullAt) / unit
        let units = max(0, min(Int64(request.units), room))
        guard units > 0 else { return 0 }
        row = (fullAt + units * unit, max(last.charged, known.charged))
        return UInt64(units)
    }

    /// What the statement `forget` does.
    func forget() {
        if let last = row, last.charged == roster.charged, last.fullAt <= Int64(now) { row = nil }
    }
}
