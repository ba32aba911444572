// A listening socket on one loop. Each loop opens its own with SO_REUSEPORT, and the kernel spreads the connections.
// Bounds: up to `Limits.acceptsPerWakeup` accepts a wake-up; when descriptors run out, accepting pauses for a moment instead of spinning.

import Base
import CLinux
import Glibc

/// Accepts connections for one loop.
@safe public final class Listener: EventHandler, @unchecked Sendable {
    public let loop: EventLoop
    /// The bound address, with the port that the kernel chose when 0 was asked for.
    public let address: SocketAddress
    private var descriptor: Int32
    private var registration: EventLoop.Registration?
    private var accept: ((StreamSocket, SocketAddress) -> Void)?
    private var pause: Pause?

    /// Binds and listens. Connections are accepted from `start` on.
    /// - Throws: `.unavailable` with the reason when the address can't be bound.
    public init(_ wanted: SocketAddress, on loop: EventLoop) throws(Fault) {
        self.loop = loop
        let descriptor = socket(
            wanted.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Listener.refused(wanted) }
        SocketOptions.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if wanted.family != AF_UNIX { SocketOptions.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        let bound = unsafe wanted.withKernelForm { unsafe bind(descriptor, $0, $1) }
        guard bound == 0, listen(descriptor, 4096) == 0 else {
            let fault = Listener.refused(wanted)
            close(descriptor)
            throw fault
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let named = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &length) }
        }
        self.descriptor = descriptor
        address = named == 0 ? SocketAddress(storage) ?? wanted : wanted
    }

    /// Finds out whether an address is free, without taking it. SO_REUSEPORT, by which loops share a port, would let another server of
    /// the same user share it as well, and each would get a part of the connections.
    /// - Throws: `.unavailable` with the reason when it is not.
    public static func probe(_ wanted: SocketAddress) throws(Fault) {
        guard wanted.family != AF_UNIX, wanted.port != 0 else { return }
        let descriptor = socket(wanted.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw refused(wanted) }
        defer { close(descriptor) }
        SocketOptions.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        guard unsafe wanted.withKernelForm({ unsafe bind(descriptor, $0, $1) }) == 0 else { throw refused(wanted) }
    }

    /// Makes sure that no other process listens there. Our own loops share a port by SO_REUSEPORT, and so could a second server of the
    /// same user without anybody noticing.
    /// - Throws: as `init`.
    public static func checkIsFree(_ wanted: SocketAddress) throws(Fault) {
        guard wanted.port != 0 else { return }
        let probe = socket(wanted.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw refused(wanted) }
        defer { close(probe) }
        SocketOptions.set(probe, SOL_SOCKET, SO_REUSEADDR, 1)
        let bound = unsafe wanted.withKernelForm { unsafe bind(probe, $0, $1) }
        guard bound == 0 else { throw refused(wanted) }
    }

    private static func refused(_ address: SocketAddress) -> Fault {
        let reason = unsafe String(cString: strerror(insula_errno()))
        return Fault(.unavailable, "The address can't be listened on (port \(address.port)): \(reason).")
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Begins to accept. `accept` gets each connection and the peer's address, on the loop's thread.
    public func start(_ accept: @escaping (StreamSocket, SocketAddress) -> Void) {
        self.accept = accept
        registration = loop.register(descriptor, for: [.readable], handler: self)
    }

    public func handle(_ events: EventSet) {
        for _ in 0..<Limits.acceptsPerWakeup {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let connection = unsafe insula_accept(descriptor, &storage, &length)
            if connection < 0 {
                let code = insula_errno()
                if code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS { rest() }
                if code == EINTR || code == ECONNABORTED { continue }
                return
            }
            SocketOptions.setNoDelay(connection)
            accept?(StreamSocket(descriptor: connection, loop: loop), SocketAddress(storage) ?? address)
        }
    }

    /// Out of descriptors: look away for 100 ms, since a level-triggered listener would spin.
    private func rest() {
        guard pause == nil, let registration else { return }
        loop.modify(descriptor, registration, for: [])
        let entry = Pause { [unowned self] in
            self.pause = nil
            if let registration = self.registration {
                self.loop.modify(self.descriptor, registration, for: [.readable])
            }
        }
        pause = entry
        loop.setTimer(entry, to: loop.now.advanced(milliseconds: 100))
    }

    private final class Pause: TimerEntry {
        private let ended: () -> Void

        init(_ ended: @escaping () -> Void) {
            self.ended = ended
        }

        override func fire() {
            ended()
        }
    }

    /// Stops accepting and closes the listening socket. On the loop's thread.
    public func stop() {
        guard descriptor >= 0 else { return }
        if let registration { loop.unregister(descriptor, registration) }
        if let pause { loop.cancelTimer(pause) }
        registration = nil
        accept = nil
        close(descriptor)
        descriptor = -1
    }
}
