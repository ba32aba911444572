// Dialling: a non-blocking connect to one address, guarded by a deadline.

import Base
import CLinux
import Glibc

extension StreamSocket {
    /// Connects to `address` on the calling task's loop.
    /// - Throws: `.timedOut` at the deadline, `.kernel` with the error number when the peer refused or can't be reached.
    public static func connect(
        to address: SocketAddress, on loop: EventLoop, deadline: Instant
    ) async throws(SocketFailure) -> StreamSocket {
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
        let socket = StreamSocket(descriptor: descriptor, loop: loop, connecting: true)
        socket.setDeadline(deadline)
        do throws(SocketFailure) {
            try await socket.untilWritable()
        } catch {
            socket.close()
            throw error
        }
        let failure = SocketOptions.pendingError(descriptor)
        guard failure == 0 else {
            socket.close()
            throw .kernel(failure)
        }
        socket.clearDeadline()
        return socket
    }
}
