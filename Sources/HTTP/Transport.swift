// A byte stream that is plain TCP or TLS over it, with the same calls for both. Used on its loop's own thread.

import Base
import Loop

/// The stream of a connection.
@safe final class Transport {
    let socket: StreamSocket
    private let tls: TLSSession?

    init(_ socket: StreamSocket, tls: TLSSession?) {
        self.socket = socket
        self.tls = tls
    }

    var isSecure: Bool { tls != nil }

    /// Completes the handshake of TLS; does nothing on plain TCP.
    func open() async throws(SocketFailure) {
        if let tls { try await tls.handshake() }
    }

    func setDeadline(_ deadline: Instant) {
        socket.setDeadline(deadline)
    }

    /// Suspends until a read may find something.
    func untilReadable() async throws(SocketFailure) {
        if let tls, tls.hasPending { return }
        try await socket.untilReadable()
    }

    /// Reads what there is into `buffer[range]` without suspending: `nil` for nothing yet, 0 for the end.
    func readNow(into buffer: inout [UInt8], _ range: Range<Int>) throws(SocketFailure) -> Int? {
        var outcome: Result<Int?, SocketFailure> = .success(nil)
        unsafe buffer.withUnsafeMutableBytes { bytes in
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
            outcome = Result { () throws(SocketFailure) in
                if let tls { return try unsafe tls.readNow(into: room) }
                return try unsafe socket.readNow(into: room)
            }
        }
        return try outcome.get()
    }

    /// Writes all of `bytes`; a wait for room is guarded by `Limits.writeDeadlineMilliseconds`.
    func write(_ bytes: [UInt8]) async throws(SocketFailure) {
        var sent = 0
        while sent < bytes.count {
            var outcome: Result<Int, SocketFailure> = .success(0)
            unsafe bytes.withUnsafeBytes { all in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: all[sent...])
                outcome = Result { () throws(SocketFailure) in
                    if let tls { return try unsafe tls.writeNow(rest) }
                    return try unsafe socket.writeNow(rest)
                }
            }
            let count = try outcome.get()
            if count == 0 {
                socket.setDeadline(Instant.now.advanced(milliseconds: Limits.writeDeadlineMilliseconds))
                try await socket.untilWritable()
            }
            sent += count
        }
    }

    /// Ends the writing side, so that the peer reads the last answer before anything else.
    func finishWriting() {
        tls?.finishWriting()
        socket.finishWriting()
    }

    func close() {
        socket.close()
    }
}
