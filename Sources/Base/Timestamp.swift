// Two clocks. `Timestamp` is a moment of the calendar, for people and for rows; `Instant` only measures distances and never jumps.
// Neither decides a lease, a schedule or an order between nodes: that is the database's clock alone.

import CLinux

/// A moment in UTC, in microseconds since 1970, the precision that PostgreSQL keeps.
public struct Timestamp: Sendable, Hashable, Comparable {
    public let microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The wall clock.
    public static var now: Timestamp { Timestamp(microseconds: insula_realtime_microseconds()) }

    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
}

/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
public struct Instant: Sendable, Hashable, Comparable {
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The monotonic clock.
    public static var now: Instant { Instant(nanoseconds: insula_monotonic_nanoseconds()) }

    /// The point that many milliseconds later.
    public func advanced(milliseconds: Int) -> Instant {
        Instant(nanoseconds: nanoseconds &+ UInt64(max(0, milliseconds)) &* 1_000_000)
    }

    /// Milliseconds from `earlier` to here; 0 when `earlier` is later.
    public func milliseconds(since earlier: Instant) -> Int {
        nanoseconds <= earlier.nanoseconds ? 0 : Int((nanoseconds - earlier.nanoseconds) / 1_000_000)
    }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}
