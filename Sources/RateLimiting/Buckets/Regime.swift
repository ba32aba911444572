// How a node may spend the budgets that it shares with the others. Alone it has them whole. Beside others it holds a slice of each, which
// doesn't fill by itself: what is spent is leased again from PostgreSQL, which has the other half of the burst and the whole rate.

/// By which rule a node's buckets are spent and filled.
public enum Regime: Sendable, Equatable {
    /// What a bucket that is not known yet holds at the beginning.
    public enum Start: Sendable, Equatable {
        /// Nobody has spent anything.
        case full
        /// Whoever was here before may have spent everything.
        case empty
        /// The slice that it was when this node was one of so many.
        case share(of: Int)
    }

    /// Nothing is spent.
    case suspended
    /// The whole burst and the whole rate, since that moment of the monotonic clock in nanoseconds.
    case alone(since: UInt64, Start)
    /// A slice as one of `nodes`; a bucket that is not known yet holds no more than the slice of one of `atMost`, which is the most
    /// nodes there have been since this one was alone (0 when nothing is known of what was spent before), and no more than is paid.
    case sharing(nodes: Int, atMost: Int, Arrears)
}

/// What a newcomer's slices have not been paid for yet. The rate pays, charge after charge, and until then he holds so much less: what he
/// held sooner would come on top of what the others may have spent just before.
public struct Arrears: Sendable, Equatable {
    struct Charge: Sendable, Equatable {
        /// On the own clock.
        let at: UInt64
        /// This charge and all that came after it, in millionths of a budget.
        let parts: Int64
    }

    static let none = Arrears(charges: [], peak: 1)

    let charges: [Charge]
    let peak: Int

    /// From when on a slice is paid in full.
    func paidAt(_ rate: Rate) -> UInt64 {
        let whole = Roster.whole(of: rate, peak: peak)
        return charges.reduce(0) { max($0, $1.at + UInt64(Roster.debt(whole, $1.parts))) }
    }

    /// Whether every slice is paid, whatever its rate.
    func arePaid(at now: UInt64) -> Bool {
        charges.allSatisfy { $0.at + UInt64(Roster.debt(Int64(RateLimiter.longestFillNanoseconds), $0.parts)) <= now }
    }
}
