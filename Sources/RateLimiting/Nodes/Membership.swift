// A node's place among the others, as a state machine: the roster as it was read goes in, a roster to write and a regime come out. What
// shrinks is done first and written down then; what grows is written down first. So at every moment the slices of all nodes and the
// database's part are together no more than a budget, whoever joins, leaves, crashes or pauses, and however late a message is:
//   - a newcomer serves when every other node that serves divides by enough, or is struck out because its lease ran out;
//   - with it the database's part of every budget is charged what the newcomer holds, who holds it only as the rate pays for it; after
//     many such charges a newcomer holds nothing, and leases all that it spends, until there may be another;
//   - a node stops by its own clock before the others may strike it out.

import Base

struct Membership: Sendable {
    /// How long a place lasts that is not renewed, and how much earlier its holder gives it up by its own clock.
    static let leaseNanoseconds: Int64 = 12_000_000_000
    static let marginNanoseconds: Int64 = 500_000_000

    /// What is to be done about a roster.
    struct Step: Sendable {
        /// To be adopted before `roster` is written.
        var first: Regime?
        /// To be written in place of what was read.
        let roster: Roster
        /// Whether the other nodes should look at once.
        let isNews: Bool
        fileprivate let then: Then
        /// What the database's clock showed when the roster was read. What is charged counts as charged when it was written.
        fileprivate let databaseRead: Int64
        /// Whether the buckets that were handed over become this node's when `roster` is written.
        var takesOver: Bool { then == .startAlone(vanishedFor: nil) }
    }

    fileprivate enum Then: Equatable {
        case stay
        /// The first node, so long after the last one vanished; `nil` when nothing was spent that is not handed over.
        case startAlone(vanishedFor: Int64?)
        case growAlone
        case share(Int)
        case hold(Int)
        /// As one of so many, with nothing but what it leases.
        case earn(Int)
    }

    let life: UUIDBits
    let node: UUIDBits
    private(set) var regime = Regime.suspended {
        didSet {
            if case .sharing = regime {
                if case .sharing = oldValue { return }
                term += 1
            }
        }
    }
    /// Counts the times that this node began to share: what was leased before belongs to a slice that is gone.
    private(set) var term = 0
    /// Until when this node may spend, by its own clock.
    private(set) var deadline: UInt64 = 0

    init(life: UUIDBits, node: UUIDBits) {
        self.life = life
        self.node = node
    }

    // MARK: Looking

    /// - Parameters:
    ///   - roster: as it was read.
    ///   - databaseNow: the database's clock when it was read.
    ///   - now: the own clock, after that.
    mutating func look(at roster: Roster, databaseNow: Int64, now: UInt64) -> Step {
        var next = roster
        next.strike(now: databaseNow, keeping: life, node: node)
        next.forgetPaid(now: databaseNow)
        if let mine = next.index(of: life) {
            next.members[mine].leaseEnds = databaseNow + Membership.leaseNanoseconds
            if regime == .suspended && next.members[mine].isServing { forgetService(&next, mine, databaseNow) }
            return next.members[mine].isServing
                ? serve(&next, mine, since: roster, databaseNow: databaseNow, now: now)
                : join(&next, mine, since: roster, databaseNow: databaseNow, now: now)
        }
        // Struck out, or new: whatever this node held is no longer its own.
        var first: Regime?
        if regime != .suspended { first = .suspended }
        regime = .suspended
        deadline = 0
        guard next.members.count < Roster.mostMembers else {
            return Step(first: first, roster: next, isNews: false, then: .stay, databaseRead: databaseNow)
        }
        next.members.append(
            Roster.Member(life: life, node: node, leaseEnds: databaseNow + Membership.leaseNanoseconds))
        var step = join(&next, next.members.count - 1, since: roster, databaseNow: databaseNow, now: now)
        step.first = first
        return step
    }

    /// It was written down that this node serves, but the answer never came: it served nobody, and what it was given is lost.
    private func forgetService(_ next: inout Roster, _ mine: Int, _ databaseNow: Int64) {
        next.members[mine].isServing = false
        next.members[mine].divisor = 0
        if !next.isServedBesides(life) { next.vanishedAt = databaseNow }
    }

    private mutating func join(
        _ next: inout Roster, _ mine: Int, since read: Roster, databaseNow: Int64, now: UInt64
    ) -> Step {
        let count = next.members.count
        var then = Then.stay
        if !next.isServedBesides(life) {
            next.members[mine].isServing = true
            next.members[mine].divisor = 1
            then = .startAlone(vanishedFor: next.vanishedAt.map { max(0, databaseNow - $0) })
            next.vanishedAt = nil
            next.handedOverAt = nil
            next.isShared = false
            if next.charges.isEmpty { next.peak = 1 }
        } else if next.members.allSatisfy({ !$0.isServing || $0.divisor >= count }) {
            let begins = !next.isShared
            if begins { next.begin(now: databaseNow) }
            if next.chargeSlice(of: count, now: databaseNow) {
                then = .hold(count)
            } else {
                then = .earn(count)
                // What the database has of each budget is from before: it counts again from the next charge on, however small.
                if begins { next.charge(1, now: databaseNow) }
            }
            next.peak = max(next.peak, count)
            next.members[mine].isServing = true
            next.members[mine].divisor = count
        }
        let isNews = next.members.map(\.life) != read.members.map(\.life) || then != .stay
        return Step(first: nil, roster: next, isNews: isNews, then: then, databaseRead: databaseNow)
    }

    private mutating func serve(
        _ next: inout Roster, _ mine: Int, since read: Roster, databaseNow: Int64, now: UInt64
    ) -> Step {
        let count = next.members.count
        var first: Regime?
        var then = Then.stay
        switch regime {
        case .suspended: break
        case .alone:
            if count > 1 {
                // What nobody has asked for yet is full only when this node has been alone for as long as any bucket takes to fill.
                first = .sharing(nodes: count, atMost: knowsAll(now: now) ? count : 0, .none)
            }
        case .sharing(let nodes, let most, let arrears):
            if count > nodes {
                first = .sharing(nodes: count, atMost: most == 0 ? 0 : max(most, count), arrears)
            } else if count == 1 {
                then = .growAlone
            } else if count < nodes {
                then = .share(count)
            } else if most == 0, read.isShared, next.chargeSlice(of: count, now: databaseNow) {
                // Nothing was known of what had been spent: this node's slices are charged like a newcomer's.
                then = .hold(count)
            }
        }
        next.members[mine].divisor = count
        if then == .growAlone {
            next.isShared = false
            if next.charges.isEmpty { next.peak = 1 }
        }
        if let first { regime = first }
        let before = read.members.first { $0.life == life }?.divisor
        let isNews = next.members.map(\.life) != read.members.map(\.life) || next.members[mine].divisor != before
        return Step(first: first, roster: next, isNews: isNews, then: then, databaseRead: databaseNow)
    }

    // MARK: After the writing

    /// The roster of `step` was written.
    /// - Parameters:
    ///   - sentAt: the own clock before what the step was made from was asked for.
    ///   - now: the own clock, after the writing.
    /// - Returns: the regime to adopt, when it is another one.
    mutating func wrote(_ step: Step, sentAt: UInt64, now: UInt64) -> Regime? {
        let last = regime
        switch step.then {
        case .stay: break
        case .startAlone(nil): regime = .alone(since: now, .full)
        case .startAlone(.some(let past)): regime = .alone(since: now - min(now, UInt64(past)), .empty)
        case .growAlone:
            guard case .sharing(_, let most, let arrears) = regime else { break }
            regime = .alone(since: now, most == 0 || !arrears.arePaid(at: now) ? .empty : .share(of: most))
        case .share(let count):
            guard case .sharing(_, let most, let arrears) = regime else { break }
            regime = .sharing(nodes: count, atMost: most, arrears)
        case .hold(let count):
            regime = .sharing(
                nodes: count, atMost: count, step.roster.arrears(database: step.databaseRead, own: now))
        case .earn(let count): regime = .sharing(nodes: count, atMost: 0, .none)
        }
        if step.roster.index(of: life) != nil {
            deadline = sentAt &+ UInt64(Membership.leaseNanoseconds - Membership.marginNanoseconds)
        }
        return regime == last ? nil : regime
    }

    /// What was to be taken over can't be: whoever was here before may have spent everything.
    mutating func knowNothing(now: UInt64) -> Regime {
        regime = .alone(since: now, .empty)
        return regime
    }

    // MARK: Leaving

    /// Whether everything that was spent stands in this node's buckets, so that it can be handed over.
    func knowsAll(now: UInt64) -> Bool {
        guard case .alone(let since, let start) = regime else { return false }
        return start == .full || now >= since &+ RateLimiter.longestFillNanoseconds
    }

    /// The roster without this node, which has stopped to spend. `handsOver` says that what it spent alone is written beside.
    mutating func leave(_ roster: Roster, databaseNow: Int64, handsOver: Bool) -> Roster {
        var next = roster
        let served = next.index(of: life).map { next.members[$0].isServing } ?? false
        next.members.removeAll { $0.life == life }
        if served, !next.isServedBesides(life) {
            next.vanishedAt = handsOver ? nil : databaseNow
            next.handedOverAt = handsOver ? databaseNow : nil
        }
        regime = .suspended
        deadline = 0
        return next
    }
}
