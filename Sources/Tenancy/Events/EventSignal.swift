// How this node hears that it wrote something into the outbox, before it looks by itself. Whoever commits raises it; a signal that is
// lost costs a poll's wait and nothing else.

import Synchronization

/// Tells the sequencer of this node that there are events. Safe from any thread.
public final class EventSignal: Sendable {
    /// Not the bare closure: a generic type that hands one out and takes it back wraps it anew each time.
    private struct Listener {
        var wake: (@Sendable () -> Void)?
    }

    private let sequencer = Mutex(Listener())

    public init() {}

    /// Events were committed. Call it after the commit, as `Database.afterCommit` does.
    public func raise() {
        sequencer.withLock { $0.wake }?()
    }

    /// Has `wake` called at every signal; `nil` ends that.
    func attach(_ wake: (@Sendable () -> Void)?) {
        sequencer.withLock { $0.wake = wake }
    }
}
