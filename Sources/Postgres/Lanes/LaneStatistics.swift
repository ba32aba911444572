// What a lane has done, for the metrics. Written by its loop alone, read from anywhere.

import Synchronization

/// A lane's figures at one moment.
public struct LaneStatistics: Sendable {
    /// Such as `once-0`: the kind of lane and its loop.
    public let name: String
    /// Whether statements can be sent now.
    public let isReady: Bool
    /// Syncs that wait for their answer.
    public let inFlight: Int
    /// Syncs sent since the start.
    public let queries: Int
    /// Syncs that failed.
    public let errors: Int
    /// Connections made after the first.
    public let reconnects: Int
}

/// The figures behind `LaneStatistics`. One writer: the loop.
final class LaneCounters: Sendable {
    private let ready = Atomic<Bool>(false)
    private let waiting = Atomic<Int>(0)
    private let sent = Atomic<Int>(0)
    private let failed = Atomic<Int>(0)
    private let connected = Atomic<Int>(0)

    private func add(_ amount: Int, to counter: borrowing Atomic<Int>) {
        counter.store(counter.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    func countSent() {
        add(1, to: sent)
        add(1, to: waiting)
    }

    func countAnswered(failed: Bool) {
        add(-1, to: waiting)
        if failed { add(1, to: self.failed) }
    }

    func countConnected() { add(1, to: connected) }
    func setReady(_ value: Bool) { ready.store(value, ordering: .relaxed) }

    func read(name: String) -> LaneStatistics {
        LaneStatistics(
            name: name, isReady: ready.load(ordering: .relaxed), inFlight: waiting.load(ordering: .relaxed),
            queries: sent.load(ordering: .relaxed), errors: failed.load(ordering: .relaxed),
            reconnects: max(0, connected.load(ordering: .relaxed) - 1))
    }
}
