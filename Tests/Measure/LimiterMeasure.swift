// Times one check of the limiter: the bucket of one key, hot in the cache, and of many keys in turn. One JSON object.

import Base
import JSON
import RateLimiting

enum LimiterMeasure {
    private static let checks = 2_000_000
    private static let keys = 10_000

    /// Prints nanoseconds a check, the best of several rounds.
    static func run() {
        let limiter = RateLimiter()
        let rate = Rate(perMinute: 60_000_000)
        let names = (0..<keys).map { BucketKey(.tenant, UUIDBits(high: 0x0192_0000, low: UInt64($0))) }
        var writer = JSONWriter()
        writer.beginObject()
        for (name, count) in [("one_key_ns", 1), ("many_keys_ns", keys)] {
            writer.key(name: name)
            writer.double((best(limiter, rate, Array(names.prefix(count))) * 10).rounded() / 10)
        }
        writer.endObject()
        print(String(decoding: writer.finish(), as: UTF8.self))
    }

    private static func best(_ limiter: RateLimiter, _ rate: Rate, _ names: [BucketKey]) -> Double {
        (0..<7).map { _ in
            var admitted = 0
            var at = 0
            let start = Instant.now
            for _ in 0..<checks {
                // The clock is read once a request, and is part of what a check costs.
                if limiter.take(from: names[at], rate, now: .now).isAdmitted { admitted += 1 }
                at += 1
                if at == names.count { at = 0 }
            }
            precondition(admitted > 0, "a measured check has an outcome")
            return Double(Instant.now.nanoseconds - start.nanoseconds) / Double(checks)
        }.min() ?? 0
    }
}
