// One thread, one epoll, one run queue: the event loop *is* the Swift task executor, so that resuming a task on its own loop is a
// call and never a hop. Loops share nothing; work reaches another loop through its inbox alone.
// Bounds: at most `eventsPerWait` events a wait; each pass runs the jobs that were ready when it began, so that no job starves the sockets.

import Base
import CLinux
import Glibc
import Synchronization

/// Something that is told when its descriptor is ready. Called on the loop's thread.
public protocol EventHandler: AnyObject {
    /// The descriptor became ready for `events`.
    func handle(_ events: EventSet)
}

/// Something that wants to be called once at the end of a pass, when all that was ready has run. Called on the loop's thread.
public protocol PassHandler: AnyObject {
    func passEnded()
}

/// An event loop and the executor of the tasks that live on it.
@safe public final class EventLoop: TaskExecutor, @unchecked Sendable {
    // Everything below `inbox` is touched by the loop's own thread alone; the inbox is guarded by its mutex, the flags are atomic.

    static let eventsPerWait = 256

    /// The loop's place in its group, from 0.
    public let index: Int

    private let epoll: Int32
    private let wakeup: Int32
    private let wakePending = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)
    private let inbox = Mutex<[UnownedJob]>([])

    private var ready: [UnownedJob] = []
    private var running: [UnownedJob] = []
    private var received: [UnownedJob] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var passHandlers: [any PassHandler] = []
    private var endingHandlers: [any PassHandler] = []
    private let events: UnsafeMutablePointer<epoll_event>
    let wheel = TimerWheel(now: .now)

    /// The monotonic clock as read when this pass began: cheap, and the same for all that runs in the pass.
    public private(set) var now = Instant.now

    private struct Slot {
        var handler: (any EventHandler)?
        var generation: UInt32
    }

    /// The place of a registered descriptor, with a generation so that a stale event finds nobody.
    public struct Registration: Sendable {
        let slot: Int
        let generation: UInt32
    }

    init(index: Int) {
        self.index = index
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(epoll >= 0 && wakeup >= 0, "the kernel gave no epoll or eventfd descriptor")
        unsafe events = .allocate(capacity: EventLoop.eventsPerWait)
        let added = insula_epoll_add(epoll, wakeup, EPOLLIN.rawValue, UInt64.max)
        precondition(added == 0, "the wake-up descriptor could not be watched")
    }

    deinit {
        unsafe events.deallocate()
        close(wakeup)
        close(epoll)
    }

    /// The loop that the calling thread runs, if it runs one.
    public static var current: EventLoop? {
        guard let pointer = unsafe insula_current_loop() else { return nil }
        return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Whether the calling thread is this loop's.
    public var isCurrent: Bool {
        unsafe insula_current_loop() == Unmanaged.passUnretained(self).toOpaque()
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.append(job)
        } else {
            inbox.withLock { $0.append(job) }
            wake()
        }
    }

    /// Starts a task that lives on this loop.
    @discardableResult
    public func spawn(_ body: sending @escaping @isolated(any) () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self, operation: body)
    }

    private func wake() {
        if !wakePending.exchange(true, ordering: .acquiringAndReleasing) {
            var one: UInt64 = 1
            _ = unsafe write(wakeup, &one, 8)
        }
    }

    /// Ends `run` after the pass under way. Safe from any thread.
    func stop() {
        stopping.store(true, ordering: .releasing)
        wake()
    }

    // MARK: The loop

    /// Runs on the calling thread until `stop`.
    func run() {
        unsafe insula_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
        defer { insula_set_current_loop(nil) }
        let executor = unsafe asUnownedTaskExecutor()
        while !stopping.load(ordering: .acquiring) {
            unsafe runReady(on: executor)
            endPass()
            wait(timeoutMilliseconds: ready.isEmpty ? wheel.millisecondsToNext(from: now) : 0)
            wheel.advance(to: now)
        }
    }

    private func runReady(on executor: UnownedTaskExecutor) {
        // A few rounds before the sockets are looked at again: a resumed task often resumes another.
        for _ in 0..<8 where !ready.isEmpty {
            swap(&ready, &running)
            for job in running { unsafe job.runSynchronously(on: executor) }
            running.removeAll(keepingCapacity: true)
        }
    }

    private func endPass() {
        guard !passHandlers.isEmpty else { return }
        swap(&passHandlers, &endingHandlers)
        for handler in endingHandlers { handler.passEnded() }
        endingHandlers.removeAll(keepingCapacity: true)
    }

    private func wait(timeoutMilliseconds: Int32) {
        let count = unsafe epoll_wait(epoll, events, Int32(EventLoop.eventsPerWait), timeoutMilliseconds)
        now = .now
        guard count > 0 else { return }
        for at in 0..<Int(count) {
            let tag = unsafe insula_epoll_tag(events + at)
            let set = EventSet(rawValue: unsafe insula_epoll_events(events + at))
            if tag == UInt64.max {
                drainInbox()
            } else {
                let slot = Int(tag & 0xFFFF_FFFF)
                if slots[slot].generation == UInt32(truncatingIfNeeded: tag >> 32) { slots[slot].handler?.handle(set) }
            }
        }
    }

    private func drainInbox() {
        var count: UInt64 = 0
        _ = unsafe read(wakeup, &count, 8)
        wakePending.store(false, ordering: .releasing)
        inbox.withLock { swap(&$0, &received) }
        ready.append(contentsOf: received)
        received.removeAll(keepingCapacity: true)
    }

    // MARK: Descriptors

    /// Watches `descriptor` for `events` and holds `handler` until `unregister`.
    public func register(_ descriptor: Int32, for events: EventSet, handler: any EventHandler) -> Registration {
        precondition(isCurrent, "descriptors are registered on the loop that watches them")
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            slots[slot].handler = handler
        } else {
            slot = slots.count
            slots.append(Slot(handler: handler, generation: 0))
        }
        let registration = Registration(slot: slot, generation: slots[slot].generation)
        let result = insula_epoll_add(epoll, descriptor, events.rawValue, tag(registration))
        precondition(result == 0, "the kernel refused to watch a descriptor")
        return registration
    }

    /// Changes what `descriptor` is watched for.
    public func modify(_ descriptor: Int32, _ registration: Registration, for events: EventSet) {
        _ = insula_epoll_modify(epoll, descriptor, events.rawValue, tag(registration))
    }

    /// Stops watching. Call it before the descriptor is closed.
    public func unregister(_ descriptor: Int32, _ registration: Registration) {
        guard slots[registration.slot].generation == registration.generation else { return }
        _ = insula_epoll_remove(epoll, descriptor)
        slots[registration.slot].handler = nil
        slots[registration.slot].generation &+= 1
        freeSlots.append(registration.slot)
    }

    private func tag(_ registration: Registration) -> UInt64 {
        UInt64(registration.generation) << 32 | UInt64(registration.slot)
    }

    /// Calls `handler` once when all that is ready in this pass has run.
    public func atEndOfPass(_ handler: any PassHandler) {
        passHandlers.append(handler)
    }
}

/// What a descriptor is, or should be watched, ready for. The raw value is epoll's.
public struct EventSet: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let readable = EventSet(rawValue: EPOLLIN.rawValue)
    public static let writable = EventSet(rawValue: EPOLLOUT.rawValue)
    public static let peerClosed = EventSet(rawValue: EPOLLRDHUP.rawValue)
    public static let hangUp = EventSet(rawValue: EPOLLHUP.rawValue)
    public static let failed = EventSet(rawValue: EPOLLERR.rawValue)
    /// Report changes only, not states (edge-triggered).
    public static let edgeTriggered = EventSet(rawValue: EPOLLET.rawValue)
    /// One waiter for each event among the loops that watch the same descriptor.
    public static let exclusive = EventSet(rawValue: EPOLLEXCLUSIVE.rawValue)
}
