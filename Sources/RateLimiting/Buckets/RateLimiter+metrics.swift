// What the limiter counts, for a scrape.

import Base
import Synchronization

extension RateLimiter {
    /// Appends the families of the limiter.
    public func writeMetrics(to text: inout MetricsText) {
        var counts: [BucketKey.Kind: Stripe.Counts] = [:]
        var buckets = 0
        for box in boxes {
            box.stripe.withLock { stripe in
                buckets += stripe.count
                for kind in BucketKey.Kind.allCases {
                    counts[kind, default: Stripe.Counts()].admitted += stripe.counts[Int(kind.rawValue)].admitted
                    counts[kind, default: Stripe.Counts()].refused += stripe.counts[Int(kind.rawValue)].refused
                }
            }
        }
        text.family("insula_rate_limit_checks_total", "counter", "Requests that were counted in a bucket, by what it belongs to.")
        for kind in BucketKey.Kind.allCases {
            text.sample("insula_rate_limit_checks_total", "bucket=\"\(kind)\",outcome=\"admitted\"", counts[kind]?.admitted ?? 0)
            text.sample("insula_rate_limit_checks_total", "bucket=\"\(kind)\",outcome=\"refused\"", counts[kind]?.refused ?? 0)
        }
        text.family(
            "insula_rate_limit_crowded_total", "counter", "Requests that were refused because there was no room for their bucket."
        )
        text.sample("insula_rate_limit_crowded_total", "", crowdedCount)
        text.family("insula_rate_limit_buckets", "gauge", "Buckets that are remembered.")
        text.sample("insula_rate_limit_buckets", "", buckets)
    }
}
