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
    /// nodes there have been since this one was alone; 0 when nothing is known of what was spent before.
    case sharing(nodes: Int, atMost: Int)
}
