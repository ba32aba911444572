// A non-blocking stream socket on a loop. Reads and writes try the kernel first and suspend the calling task only when it has
// nothing to give or no room; one deadline guards whichever wait is under way. Used on its loop's own thread.

import Base
import CLinux
import Glibc

/// Why a read or a write came to nothing.
public enum SocketFailure: Error, Sendable {
    /// The deadline passed.
    case timedOut
    /// This side closed the socket, or was told to stop.
    case closed
    /// The kernel's error number.
    case kernel(Int32)
}

/// A connected stream socket.
@safe public final class StreamSocket: TimerEntry, EventHandler, @unchecked Sendable {
    public private(set) var descriptor: Int32
    public unowned let loop: EventLoop
    private var registration: EventLoop.Registration?
    private var readable = false
    private var writable = true
    private var peerEnded = false
    /// The deadline passed while nobody waited: the next wait, which would have none, ends at once.
    private var hasExpired = false
    private var reader: UnsafeContinuation<Wakeup, Never>?
    private var writer: UnsafeContinuation<Wakeup, Never>?

    private enum Wakeup { case ready, timedOut, closed }

    /// Takes over a connected, non-blocking descriptor. On the thread of `loop`.
    public convenience init(descriptor: Int32, loop: EventLoop) {
        self.init(descriptor: descriptor, loop: loop, connecting: false)
    }

    /// A socket that is still connecting is not writable before the kernel says so.
    init(descriptor: Int32, loop: EventLoop, connecting: Bool) {
        self.descriptor = descriptor
        self.loop = loop
        writable = !connecting
        super.init()
        registration = loop.register(descriptor, for: [.readable, .writable, .peerClosed, .edgeTriggered], handler: self)
    }

    deinit {
        if descriptor >= 0 { closeDescriptor(descriptor) }
    }

    /// Whether the socket has been closed on this side.
    public var isClosed: Bool { descriptor < 0 }

    /// Moves the deadline that guards reads and writes.
    public func setDeadline(_ deadline: Instant) {
        hasExpired = false
        loop.wheel.set(self, to: deadline)
    }

    /// Takes the deadline away.
    public func clearDeadline() {
        hasExpired = false
        loop.wheel.cancel(self)
    }

    // MARK: Reading

    /// Reads what there is, at least one byte, suspending until there is some. 0 is the end of the stream.
    public func read(into buffer: UnsafeMutableRawBufferPointer) async throws(SocketFailure) -> Int {
        while true {
            if let count = try unsafe readNow(into: buffer) { return count }
            try await untilReadable()
        }
    }

    /// Reads what there is without suspending; `nil` when there is nothing yet.
    public func readNow(into buffer: UnsafeMutableRawBufferPointer) throws(SocketFailure) -> Int? {
        guard descriptor >= 0 else { throw .closed }
        while readable {
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                // A short read has emptied the kernel's buffer: the next byte will be a new edge (epoll(7)). Not so when the peer's
                // end was already reported: that edge is spent, and the next read must find it.
                if count < buffer.count { readable = peerEnded }
                return count
            }
            if count == 0 { return 0 }
            let code = insula_errno()
            if code == EAGAIN {
                readable = false
            } else if code != EINTR {
                throw .kernel(code)
            }
        }
        return nil
    }

    /// Suspends until a read may find something.
    public func untilReadable() async throws(SocketFailure) {
        guard descriptor >= 0 else { throw .closed }
        if readable { return }
        if hasExpired { throw .timedOut }
        precondition(unsafe reader == nil, "a socket has one reader")
        let wakeup = unsafe await withUnsafeContinuation { unsafe reader = $0 }
        try check(wakeup)
    }

    /// Notes that a read made elsewhere on the descriptor (by TLS) found nothing more, so that the next wait waits.
    public func awaitReadable() {
        readable = false
    }

    /// Notes that a write made elsewhere on the descriptor (by TLS) found no room, so that the next wait waits.
    public func awaitWritable() {
        writable = false
    }

    // MARK: Writing

    /// Writes all of `bytes`, suspending while the kernel has no room.
    public func write(_ bytes: UnsafeRawBufferPointer) async throws(SocketFailure) {
        var sent = 0
        while sent < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = try unsafe writeNow(rest)
            if count == 0 { try await untilWritable() }
            sent += count
        }
    }

    /// Writes what the kernel has room for without suspending; 0 when it has none.
    public func writeNow(_ bytes: UnsafeRawBufferPointer) throws(SocketFailure) -> Int {
        guard descriptor >= 0 else { throw .closed }
        while writable {
            let count = unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            let code = insula_errno()
            if code == EAGAIN {
                writable = false
            } else if code != EINTR {
                throw .kernel(code)
            }
        }
        return 0
    }

    /// Suspends until a write may find room.
    public func untilWritable() async throws(SocketFailure) {
        guard descriptor >= 0 else { throw .closed }
        if writable { return }
        if hasExpired { throw .timedOut }
        precondition(unsafe writer == nil, "a socket has one writer")
        let wakeup = unsafe await withUnsafeContinuation { unsafe writer = $0 }
        try check(wakeup)
    }

    private func check(_ wakeup: Wakeup) throws(SocketFailure) {
        switch wakeup {
        case .ready: return
        case .timedOut: throw .timedOut
        case .closed: throw .closed
        }
    }

    // MARK: Events

    public func handle(_ events: EventSet) {
        if !events.isDisjoint(with: [.readable, .peerClosed, .hangUp, .failed]) {
            readable = true
            if !events.isDisjoint(with: [.peerClosed, .hangUp, .failed]) { peerEnded = true }
            resumeReader(.ready)
        }
        if !events.isDisjoint(with: [.writable, .hangUp, .failed]) {
            writable = true
            resumeWriter(.ready)
        }
    }

    override func fire() {
        hasExpired = true
        resumeReader(.timedOut)
        resumeWriter(.timedOut)
    }

    private func resumeReader(_ wakeup: Wakeup) {
        guard let waiting = unsafe reader else { return }
        unsafe reader = nil
        unsafe waiting.resume(returning: wakeup)
    }

    private func resumeWriter(_ wakeup: Wakeup) {
        guard let waiting = unsafe writer else { return }
        unsafe writer = nil
        unsafe waiting.resume(returning: wakeup)
    }

    // MARK: Ending

    /// Tells the peer that no more will be written.
    public func finishWriting() {
        if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// Closes the socket; waits under way end with `.closed`. May be called again.
    public func close() {
        guard descriptor >= 0 else { return }
        if let registration { loop.unregister(descriptor, registration) }
        registration = nil
        loop.wheel.cancel(self)
        closeDescriptor(descriptor)
        descriptor = -1
        resumeReader(.closed)
        resumeWriter(.closed)
    }
}

/// `close` of the C library, under a name that the methods called `close` don't hide.
private func closeDescriptor(_ descriptor: Int32) {
    _ = close(descriptor)
}
