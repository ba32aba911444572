// Work that blocks or burns a core (DNS, argon2, files, big parses) leaves the loops for a few threads behind a bounded queue.
// The permit belongs to the job, not to the caller: a caller that goes away does not free a place. A full queue is a fault at once.

import Base
import CLinux
import Glibc
import Synchronization

/// A bounded pool of threads for blocking work.
@safe public final class BlockingPool: @unchecked Sendable {
    // The queue and the flag are guarded by `mutex`; `condition` is signalled whenever either changes.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var queue: [Job] = []
    private var head = 0
    private var stopping = false
    private var threads: [Thread] = []
    private let queueLimit: Int
    private let niceness: Int32
    private let name: String

    /// A pool whose threads start when there is first work for them.
    /// - Parameters:
    ///   - queueLimit: jobs that may wait; one more is refused.
    ///   - niceness: how far the threads stand back behind those of the loops, 0 to 19.
    public init(
        name: String, threads: Int = Limits.blockingThreads, queueLimit: Int = Limits.blockingQueue, niceness: Int32 = 0
    ) {
        self.niceness = niceness
        self.name = name
        self.queueLimit = queueLimit
        threadLimit = threads
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    /// A piece of work; told to run, or that it never will.
    private typealias Job = @Sendable (_ runs: Bool) -> Void

    private let threadLimit: Int
    private var idle = 0

    /// Runs `body` on a thread of the pool and suspends the caller meanwhile.
    /// - Throws: what `body` throws; `.overloaded` when the queue is full; `.unavailable` when the pool has stopped.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        let result: Result<Value, Fault> = unsafe await withUnsafeContinuation { continuation in
            let job: Job = { runs in
                do throws(Fault) {
                    guard runs else { throw BlockingPool.ended }
                    unsafe continuation.resume(returning: .success(try body()))
                } catch {
                    unsafe continuation.resume(returning: .failure(error))
                }
            }
            if let refusal = submit(job) { unsafe continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    /// The server stops: what waits is not begun any more.
    private static let ended = Fault(.unavailable, "The server is stopping.", retryAfterSeconds: 1)

    private func submit(_ job: @escaping Job) -> Fault? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if stopping { return BlockingPool.ended }
        if queue.count - head >= queueLimit {
            return Fault(
                .overloaded, "Too much work is waiting. Try again shortly.", retryAfterSeconds: 1, cause: "pool \(name) is full")
        }
        queue.append(job)
        if idle < queue.count - head && threads.count < threadLimit {
            threads.append(Thread(name: "\(name)-\(threads.count)") { [unowned self] in self.work() })
        }
        unsafe pthread_cond_signal(condition)
        return nil
    }

    private func work() {
        // On Linux a thread's own; a kernel that refuses it only makes the loops share.
        if niceness > 0 { _ = nice(niceness) }
        while let job = next() { job(true) }
    }

    private func next() -> Job? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        idle += 1
        defer { idle -= 1 }
        while head == queue.count {
            if stopping { return nil }
            unsafe pthread_cond_wait(condition, mutex)
        }
        let job = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64 {
            queue.removeFirst(head)
            head = 0
        }
        return job
    }

    /// Lets what runs end, refuses what waits, and ends the threads.
    public func stop() {
        unsafe pthread_mutex_lock(mutex)
        stopping = true
        let ending = threads
        threads = []
        let waiting = queue[head...]
        queue = []
        head = 0
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
        for job in waiting { job(false) }
        for thread in ending { thread.join() }
    }

    deinit {
        stop()
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }
}
