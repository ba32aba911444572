// The loops of the process, one a core, each on its own thread.

import Base
import CLinux
import Glibc
import Synchronization

/// A fixed set of running event loops.
@safe public final class LoopGroup: Sendable {
    /// The loops, by index.
    public let loops: [EventLoop]
    private let threads: Mutex<[Thread]>

    /// Starts `count` loops on threads of their own.
    public init(count: Int) {
        precondition(count > 0 && count <= 256, "a group has 1 to 256 loops")
        loops = (0..<count).map { EventLoop(index: $0) }
        threads = Mutex(loops.map { loop in Thread(name: "loop-\(loop.index)") { loop.run() } })
    }

    /// Ends every loop and waits for their threads. Tasks that still live on them never run again: stop what owns them first.
    public func stop() {
        for loop in loops { loop.stop() }
        let ending = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ending { thread.join() }
    }
}
