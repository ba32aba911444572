// Counters, gauges and histograms in the text format of Prometheus. Each is declared once with its name and help and updated with
// relaxed atomics, so that counting costs nanoseconds; what is only known when asked for is read by a probe at that moment.
// Bounds: label values come from fixed sets (routes, codes, states), never from input.

import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)

    public init() {}

    public func add(_ amount: Int = 1) {
        value.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    public var current: UInt64 { value.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
    private let value = Atomic<Int>(0)

    public init() {}

    public func add(_ amount: Int) {
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    public var current: Int { value.load(ordering: .relaxed) }
}

/// Durations in fixed buckets from 0.1 ms to 60 s.
public final class Histogram: Sendable {
    /// The upper bounds of the buckets, in microseconds.
    public static let boundsMicroseconds: InlineArray<14, Int> = [
        100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000, 10_000_000, 60_000_000,
    ]

    private let buckets: [Counter] = (0...14).map { _ in Counter() }
    private let sum = Counter()

    public init() {}

    public func record(microseconds: Int) {
        var bucket = 0
        while bucket < 14 && microseconds > Histogram.boundsMicroseconds[bucket] { bucket += 1 }
        buckets[bucket].add()
        sum.add(max(0, microseconds))
    }

    /// The count of each bucket, the last one for all that is longer, and the sum in microseconds.
    public var current: (buckets: [UInt64], sumMicroseconds: UInt64) {
        (buckets.map(\.current), sum.current)
    }
}

/// The text that a scrape gets.
public struct MetricsText: ~Copyable {
    public private(set) var text = ""

    public init() {}

    /// Begins a family of samples. `kind` is `counter`, `gauge` or `histogram`.
    public mutating func family(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    /// One sample; `labels` as they stand between the braces, empty for none.
    public mutating func sample(_ name: String, _ labels: String = "", _ value: some BinaryInteger) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// The samples of a histogram of seconds.
    public mutating func histogram(_ name: String, _ labels: String = "", _ histogram: Histogram) {
        let (buckets, sum) = histogram.current
        let separator = labels.isEmpty ? "" : ","
        var total: UInt64 = 0
        for (at, count) in buckets.enumerated() {
            total += count
            let bound = at < 14 ? "\(Double(Histogram.boundsMicroseconds[at]) / 1e6)" : "+Inf"
            text += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(total)\n"
        }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_sum\(braces) \(Double(sum) / 1e6)\n\(name)_count\(braces) \(total)\n"
    }
}
