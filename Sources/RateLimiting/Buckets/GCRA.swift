// The generic cell rate algorithm: a bucket is one number, the moment at which it is full again (the theoretical arrival time). A unit
// moves that moment on by the rate's interval, and is refused when it would then lie further ahead than a whole bucket takes to fill.
// So admitted(Δ) ≤ burst + rate · Δ holds for every interval, with nothing to reset and no clock of its own.

/// The rule of one bucket. Pure: the bucket's number and the clock are the caller's.
public enum GCRA {
    /// Takes `cost` units at `now` from the bucket that is full at `fullAt`, which is moved on when they are admitted and left as it is
    /// when not. Both in nanoseconds of one clock below 2^63.
    /// - Parameter cost: at least 1. More than the burst is never admitted.
    @inline(__always)
    public static func take(_ cost: Int = 1, from fullAt: inout UInt64, now: UInt64, rate: Rate) -> RateDecision {
        precondition(cost > 0 && now < 1 << 63, "a cost is at least 1, and a clock has not run for 292 years")
        let fill = rate.fillNanoseconds
        let start = max(fullAt, now)
        // A cost up to the burst is at most `fill`, which is at most 2^62.
        let price = cost <= rate.burst ? UInt64(cost) &* rate.intervalNanoseconds : fill
        let after = start &+ price
        if cost <= rate.burst, after &- now <= fill {
            fullAt = after
            return RateDecision(.admitted, rate: rate, missing: after &- now, wait: 0)
        }
        return RateDecision(.refused, rate: rate, missing: start &- now, wait: after &- now &- fill)
    }
}
