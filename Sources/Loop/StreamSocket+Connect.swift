// Dialling: a non-blocking connect to one address, guarded by a deadline. In two steps for callers that must be able to close the socket
// while it connects.

import Base
import CLinux
import Glibc

extension StreamSocket {
    /// Begins to connect to `address`, without waiting. On the thread of `loop`.
    /// - Throws: `.kernel` with the error number when the address can't be reached at all.
    public static func dial(_ address: SocketAddress, on loop: EventLoop) throws(SocketFailure) -> StreamSocket {
        let descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .kernel(insula_errno()) }
        let result = unsafe address.withKernelForm { unsafe Glibc.connect(descriptor, $0, $1) }
        let code = result == 0 ? 0 : insula_errno()
        guard code == 0 || code == EINPROGRESS else {
            _ = Glibc.close(descriptor)
            throw .kernel(code)
        }
        SocketOptions.setNoDelay(descriptor)
        return StreamSocket(descriptor: descriptor, loop: loop, connecting: true)
    }

    /// Suspends until a dialled socket is connected. On a failure the socket is closed.
    /// - Throws: `.timedOut` at the deadline, `.kernel` with the error number when the peer refused, `.closed` when this side closed it.
    public func untilConnected(deadline: Instant) async throws(SocketFailure) {
        setDeadline(deadline)
        do throws(SocketFailure) {
            try await untilWritable()
            // Closed between the wake-up and here: the descriptor's number may be somebody else's by now.
            guard !isClosed else { throw .closed }
            let failure = SocketOptions.pendingError(descriptor)
            guard failure == 0 else { throw .kernel(failure) }
        } catch {
            close()
            throw error
        }
        clearDeadline()
    }

    /// Connects to `address` on the calling task's loop.
    /// - Throws: as `dial` and `untilConnected`.
    public static func connect(
        to address: SocketAddress, on loop: EventLoop, deadline: Instant
    ) async throws(SocketFailure) -> StreamSocket {
        let socket = try dial(address, on: loop)
        try await socket.untilConnected(deadline: deadline)
        return socket
    }
}
