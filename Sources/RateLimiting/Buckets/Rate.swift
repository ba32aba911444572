// How fast a bucket fills and how much it holds. What is promised of it, by every limiter here and over every interval Δ:
// admitted(Δ) ≤ burst + rate · Δ. Rounding goes against the caller: the interval between two units is rounded up to whole nanoseconds.
// Bounds: a bucket fills within `longestFillNanoseconds`; of a larger burst the rest is cut off.

/// A quota in a window, and the burst that may come at once.
public struct Rate: Sendable, Hashable {
    /// What any bucket takes at most to fill, about 146 years: sums of it with a clock can't overflow.
    static let longestFillNanoseconds: UInt64 = 1 << 62

    /// The units of a window, as callers are told.
    public let quota: Int
    /// The window in seconds, as callers are told.
    public let windowSeconds: Int
    /// Units that may come at once, at least 1.
    public let burst: Int
    /// Nanoseconds in which one unit comes back, at least 1.
    public let intervalNanoseconds: UInt64

    /// - Parameters:
    ///   - quota: units in the window, at least 1.
    ///   - windowSeconds: at least 1.
    ///   - burst: units that may come at once, at least 1; the quota when left out.
    public init(_ quota: Int, perSeconds windowSeconds: Int, burst: Int? = nil) {
        precondition(quota > 0 && windowSeconds > 0 && (burst ?? 1) > 0, "a rate's quota, window and burst are at least 1")
        let (window, isTooLong) = UInt64(windowSeconds).multipliedReportingOverflow(by: 1_000_000_000)
        let whole = min(isTooLong ? .max : window, Rate.longestFillNanoseconds)
        let (quotient, rest) = whole.quotientAndRemainder(dividingBy: UInt64(quota))
        self.init(
            quota: quota, windowSeconds: windowSeconds, burst: burst ?? quota, interval: quotient + (rest == 0 ? 0 : 1))
    }

    public init(perMinute quota: Int, burst: Int? = nil) {
        self.init(quota, perSeconds: 60, burst: burst)
    }

    public init(perSecond quota: Int, burst: Int? = nil) {
        self.init(quota, perSeconds: 1, burst: burst)
    }

    private init(quota: Int, windowSeconds: Int, burst: Int, interval: UInt64) {
        self.quota = quota
        self.windowSeconds = windowSeconds
        intervalNanoseconds = interval
        self.burst = Int(min(UInt64(burst), Rate.longestFillNanoseconds / interval))
    }

    /// A rate that another process used, of which only this is known; `nil` when no bucket of a limiter may have it.
    init?(intervalNanoseconds: UInt64, burst: Int) {
        guard intervalNanoseconds > 0, burst > 0, intervalNanoseconds <= RateLimiter.longestFillNanoseconds / UInt64(burst) else {
            return nil
        }
        self.init(quota: burst, windowSeconds: 1, burst: burst, interval: intervalNanoseconds)
    }

    /// The same rate with a smaller burst.
    @inline(__always)
    func holding(_ burst: Int) -> Rate { Rate(self, burst: burst) }

    private init(_ whole: Rate, burst: Int) {
        precondition(burst > 0 && burst <= whole.burst, "a part of a burst is at least 1 and at most the whole")
        quota = whole.quota
        windowSeconds = whole.windowSeconds
        self.burst = burst
        intervalNanoseconds = whole.intervalNanoseconds
    }

    /// What one of `nodes` holds of a burst: all of them together at most half of it, and each at least one unit.
    @inline(__always)
    func share(of nodes: Int) -> Rate { holding(max(1, burst / (2 * nodes))) }

    /// Nanoseconds in which an empty bucket fills.
    @inline(__always)
    public var fillNanoseconds: UInt64 { UInt64(burst) &* intervalNanoseconds }

    /// What the database holds of a burst that is shared: the half that the slices leave.
    var databaseFillNanoseconds: UInt64 { UInt64(burst - burst / 2) &* intervalNanoseconds }
}
