// What the delivery of mail counts.

import Base

/// The counters of one node's mail.
public final class MailMetrics: Sendable {
    public let sent = Counter()
    public let failed = Counter()
    public let retried = Counter()
    /// Mail that waits or is under way on all nodes, as last counted; no more than `MailDelivery.countLimit` is counted.
    public let waiting = Gauge()

    public init() {}

    /// Writes all of it as Prometheus reads it.
    public func write(to text: inout MetricsText) {
        text.family("insula_mail_total", "counter", "Attempts of this node to deliver a mail by how they ended.")
        for (name, counter) in [("sent", sent), ("failed", failed), ("retried", retried)] {
            text.sample("insula_mail_total", "outcome=\"\(name)\"", counter.current)
        }
        text.family("insula_mail_waiting", "gauge", "Mail of all nodes that is not delivered yet, counted every few seconds.")
        text.sample("insula_mail_waiting", "", waiting.current)
    }
}
