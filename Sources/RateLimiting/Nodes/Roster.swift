// Who shares the budgets: the nodes that are live, by how many each divides, and what the database's half of every budget was charged when
// somebody joined. One value in one row, changed by compare-and-swap on its version, so that every decision is a pure function of what was
// read. Times are the database's clock in nanoseconds since 1970.
// Bounds: `mostMembers` members, `mostCharges` charges; older ones are put together so that nothing is charged less.

import Base

struct Roster: Sendable, Equatable {
    static let mostMembers = 64
    static let mostCharges = 16
    /// A whole budget, in the unit of charges.
    static let whole: Int64 = 1_000_000
    /// Within `breathNanoseconds` no more than this is charged, or a node that crashes again and again would take everybody's rate.
    static let mostCharged = whole * 3 / 4
    static let breathNanoseconds: Int64 = 120_000_000_000

    struct Member: Sendable, Equatable {
        /// One life of a process.
        let life: UUIDBits
        /// What stays over a restart: a new life of the same node ends the old one at once.
        let node: UUIDBits
        /// From when on the others may take it for dead.
        var leaseEnds: Int64
        var isServing = false
        /// By how many it divides the budgets at most; it holds its slice and no more. 0 before it serves.
        var divisor = 0
    }

    /// A charge to the database's half of every budget, whether it has a row or not.
    struct Charge: Sendable, Equatable {
        var at: Int64
        /// What had been charged before, in millionths of a budget.
        var before: Int64
    }

    var members: [Member] = []
    /// Whether the database holds a half. Otherwise one node has everything, or nobody.
    var isShared = false
    /// All that was ever charged, in millionths of a budget.
    var charged: Int64 = 0
    var charges: [Charge] = []
    /// When sharing began, and what had been charged before: the database's part was empty then, of every budget.
    var began: Charge?
    /// The most members there have been since the last time that one was alone.
    var peak = 1
    /// When the last node that served vanished without saying what was spent.
    var vanishedAt: Int64?
    /// When the last node that served left what was spent behind.
    var handedOverAt: Int64?

    func index(of life: UUIDBits) -> Int? { members.firstIndex { $0.life == life } }

    /// Whether others than `life` serve.
    func isServedBesides(_ life: UUIDBits) -> Bool { members.contains { $0.isServing && $0.life != life } }

    // MARK: Changes

    /// Strikes out whose lease is over and earlier lives of `node`. `life` itself stays.
    mutating func strike(now: Int64, keeping life: UUIDBits, node: UUIDBits) {
        let struck = members.filter { $0.life != life && ($0.leaseEnds < now || $0.node == node) }
        guard !struck.isEmpty else { return }
        members.removeAll { struck.contains($0) }
        guard struck.contains(where: { $0.isServing }), !members.contains(where: { $0.isServing }) else { return }
        // Until then it may have spent what it had.
        vanishedAt = struck.filter { $0.isServing }.map { min($0.leaseEnds, now) }.max()
    }

    /// Charges every budget `parts` of a whole one.
    mutating func charge(_ parts: Int64, now: Int64) {
        charges.append(Charge(at: now, before: charged))
        charged += parts
        if charges.count > Roster.mostCharges {
            charges[1].before = charges[0].before
            charges.removeFirst()
        }
    }

    /// Charges every budget a slice of one of `count`. `false`, and nothing is charged, when there were many charges lately.
    mutating func chargeSlice(of count: Int, now: Int64) -> Bool {
        let slice = (Roster.whole + Int64(2 * count) - 1) / Int64(2 * count)
        let before = charges.first { $0.at > now - Roster.breathNanoseconds }?.before ?? charged
        guard charged - before + slice <= Roster.mostCharged else { return false }
        charge(slice, now: now)
        return true
    }

    /// Begins to share: nothing is in the database's part of any budget.
    mutating func begin(now: Int64) {
        isShared = true
        began = Charge(at: now, before: charged)
    }

    /// Forgets the charges that every budget has paid off.
    mutating func forgetPaid(now: Int64) {
        charges.removeAll { Roster.debt(Int64(RateLimiter.longestFillNanoseconds), charged - $0.before) + $0.at <= now }
    }

    // MARK: What the charges amount to

    /// From when on the database's part of a budget without a row is full.
    func fullAt(_ rate: Rate) -> Int64 {
        let whole = whole(of: rate)
        let first = began.map { $0.at + Int64(rate.databaseFillNanoseconds) + Roster.debt(whole, charged - $0.before) } ?? 0
        return charges.reduce(first) { max($0, $1.at + Roster.debt(whole, charged - $1.before)) }
    }

    /// What is not paid yet of all charges, on a clock that shows `own` no sooner than the database's shows `database`.
    func arrears(database: Int64, own: UInt64) -> Arrears {
        Arrears(
            charges: charges.map { charge in
                Arrears.Charge(at: UInt64(max(0, Int64(own) + charge.at - database)), parts: charged - charge.before)
            }, peak: peak)
    }

    /// Nanoseconds of filling for that many millionths, rounded up.
    static func debt(_ fill: Int64, _ parts: Int64) -> Int64 { ((fill + 999) / 1_000) * parts / 1_000 + 1 }

    /// The whole of a budget as charges count it. A burst that is too small for a unit a node counts as so much larger.
    func whole(of rate: Rate) -> Int64 { Roster.whole(of: rate, peak: peak) }

    static func whole(of rate: Rate, peak: Int) -> Int64 {
        Int64(max(rate.fillNanoseconds, 2 * UInt64(max(peak, 1)) * rate.intervalNanoseconds))
    }
}
