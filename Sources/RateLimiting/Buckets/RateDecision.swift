// What a limiter answers: whether, how much is left, when the bucket is full again and when to come back. Numbers alone, so that an
// answer costs no allocation; whole seconds are rounded up, since a caller who comes back early is refused again.

/// The outcome of one check.
public struct RateDecision: Sendable {
    public enum Outcome: UInt8, Sendable {
        case admitted
        /// The bucket does not hold as much.
        case refused
        /// The limiter holds as many buckets as it may, and none of them is full.
        case crowded
        /// This node may not spend anything now: it has lost its place among the others.
        case suspended
    }

    public let outcome: Outcome
    public let rate: Rate
    /// What the bucket lacks, in nanoseconds of filling.
    let missing: UInt64
    /// How long until the same cost is admitted.
    private let wait: UInt64

    @inline(__always)
    init(_ outcome: Outcome, rate: Rate, missing: UInt64, wait: UInt64) {
        self.outcome = outcome
        self.rate = rate
        self.missing = missing
        self.wait = wait
    }

    @inline(__always)
    public var isAdmitted: Bool { outcome == .admitted }

    /// Whole units that are left.
    public var remaining: Int {
        let fill = rate.fillNanoseconds
        return missing >= fill ? 0 : Int((fill - missing) / rate.intervalNanoseconds)
    }

    /// Seconds until the bucket is full, rounded up.
    public var fullAfterSeconds: Int { RateDecision.seconds(missing) }

    /// Seconds until the same cost may be admitted, rounded up; 0 when it was admitted.
    public var retryAfterSeconds: Int { RateDecision.seconds(wait) }

    private static func seconds(_ nanoseconds: UInt64) -> Int {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int(whole) + (rest == 0 ? 0 : 1)
    }
}
