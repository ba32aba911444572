// How workers hear that something is ready before they look by themselves: at once in this process, and by NOTIFY in the others. A
// notification takes a lock of the whole database server until its transaction ends, so that it is never part of the transaction
// that enqueues: those of a few milliseconds are gathered and sent as one. A lost signal costs a poll's wait and nothing else.

import Base
import Loop
import Postgres
import Synchronization
import Tenancy

/// Tells workers that executions are ready. Safe from any thread.
public final class QueueSignal: Sendable {
    /// The channel of the notifications; the payload is the id of the node that sends.
    public static let channel = "insula_queue"
    /// How long further signals are gathered before one notification goes out.
    static let gatherMilliseconds = 5

    static let notify = Statement<Void, String, String>("notify of ready executions", "SELECT pg_notify($1, $2)")

    private struct State {
        var isSending = false
        var worker: (@Sendable () -> Void)?
    }

    private let database: Database
    private let loop: EventLoop
    private let node: NodeID
    /// Raised with every change of an execution, since each writes events.
    let events: EventSignal
    private let state = Mutex(State())

    /// - Parameters:
    ///   - loop: where notifications are sent from.
    ///   - events: told that events were written.
    public init(database: Database, loop: EventLoop, node: NodeID, events: EventSignal = EventSignal()) {
        self.events = events
        self.database = database
        self.loop = loop
        self.node = node
    }

    /// Something is ready. Call it after the commit.
    public func raise() {
        let (worker, isFirst) = state.withLock { state in
            defer { state.isSending = true }
            return (state.worker, !state.isSending)
        }
        worker?()
        events.raise()
        guard isFirst else { return }
        loop.spawn { [self] in
            await loop.sleep(milliseconds: QueueSignal.gatherMilliseconds)
            state.withLock { $0.isSending = false }
            // Whoever is not told looks by itself within a second.
            _ = try? await database.worker.execute(QueueSignal.notify, QueueSignal.channel, node.description)
        }
    }

    /// Another node's notification came in.
    public func received(_ payload: String) {
        guard payload != node.description else { return }
        wakeWorker()
    }

    func wakeWorker() {
        state.withLock { $0.worker }?()
    }

    /// Has `wake` called at every signal; `nil` ends that.
    func attach(_ wake: (@Sendable () -> Void)?) {
        state.withLock { $0.worker = wake }
    }
}
