// One request under way, as its deadline and its cancellation see it: they end the wait that it is in, whichever that is, at once.
// Touched on its loop's own thread alone.

import Base
import Loop

final class ClientFlight: @unchecked Sendable {
    /// No request lasts longer, whatever it asks for.
    static let longestMilliseconds = 24 * 3_600_000

    let loop: EventLoop
    let start = Instant.now
    let deadline: Instant
    var timings = ClientTimings()
    private(set) var isCancelled = false
    private var socket: StreamSocket?
    private var sleeper: Sleeper?

    init(loop: EventLoop, timeoutMilliseconds: Int) {
        self.loop = loop
        deadline = start.advanced(milliseconds: min(timeoutMilliseconds, ClientFlight.longestMilliseconds))
    }

    /// The socket that a cancellation closes; `nil` when it belongs to this request no more.
    func hold(_ socket: StreamSocket?) {
        self.socket = socket
    }

    /// Waits for `sleeper` to be woken, until the deadline or the cancellation.
    func wait(for sleeper: Sleeper) async {
        self.sleeper = sleeper
        await sleeper.wait(until: deadline)
        self.sleeper = nil
    }

    func cancel() {
        isCancelled = true
        socket?.close()
        sleeper?.wake()
    }

    /// Whether the deadline or the cancellation came, so that another try is pointless.
    var isOver: Bool { isCancelled || Instant.now >= deadline }

    /// - Throws: `.cancelled` or `.timedOut` when the request is over.
    func check() throws(Fault) {
        if isCancelled { throw Fault(.cancelled, "The request was cancelled.") }
        if Instant.now >= deadline { throw Fault(.timedOut, "The remote server did not answer in time.") }
    }

    /// What a failed read or write means to the caller.
    func fault(_ failure: SocketFailure, _ message: @autoclosure () -> String) -> Fault {
        if isCancelled { return Fault(.cancelled, "The request was cancelled.") }
        switch failure {
        case .timedOut: return Fault(.timedOut, "The remote server did not answer in time.")
        case .closed: return Fault(.outboundFailed, message())
        case .kernel(let code): return Fault(.outboundFailed, message(), cause: "errno \(code)")
        }
    }
}
