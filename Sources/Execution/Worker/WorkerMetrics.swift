// What a worker counts.

import Base

/// The counters of one node's worker.
public final class WorkerMetrics: Sendable {
    public let claimed = Counter()
    public let succeeded = Counter()
    public let failed = Counter()
    public let cancelled = Counter()
    public let timedOut = Counter()
    public let indeterminate = Counter()
    public let retried = Counter()
    /// Runs that let go to wait.
    public let suspended = Counter()
    /// Runs that ended without a word, since their lease was lost or handed back.
    public let left = Counter()
    /// Leases of dead nodes that this one put back.
    public let reaped = Counter()
    public let running = Gauge()
    /// From the claim to the end of a run.
    public let duration = Histogram()

    public init() {}

    func count(_ outcome: Run.Outcome) {
        switch outcome {
        case .ended(.succeeded): succeeded.add()
        case .ended(.failed): failed.add()
        case .ended(.cancelled): cancelled.add()
        case .ended(.timedOut): timedOut.add()
        case .ended(.indeterminate): indeterminate.add()
        case .ended: break
        case .retried: retried.add()
        case .suspended: suspended.add()
        case .left: left.add()
        }
    }

    /// Writes all of it as Prometheus reads it.
    public func write(to text: inout MetricsText) {
        text.family("insula_executions_claimed_total", "counter", "Executions that this node took from the queue.")
        text.sample("insula_executions_claimed_total", "", claimed.current)
        text.family("insula_executions_total", "counter", "Runs of this node by how they ended.")
        let outcomes: [(String, Counter)] = [
            ("succeeded", succeeded), ("failed", failed), ("cancelled", cancelled), ("timed_out", timedOut),
            ("indeterminate", indeterminate), ("retried", retried), ("suspended", suspended),
            ("left", left),
        ]
        for (name, counter) in outcomes { text.sample("insula_executions_total", "outcome=\"\(name)\"", counter.current) }
        text.family("insula_leases_reaped_total", "counter", "Leases of dead nodes that this node put back.")
        text.sample("insula_leases_reaped_total", "", reaped.current)
        text.family("insula_executions_running", "gauge", "Executions that this node works on now.")
        text.sample("insula_executions_running", "", running.current)
        text.family("insula_execution_seconds", "histogram", "From the claim to the end of a run.")
        text.histogram("insula_execution_seconds", "", duration)
    }
}
