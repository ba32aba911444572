// A byte stream that is plain TCP or TLS over it, with the same calls for both. Used on its loop's own thread.

import Base
import Loop

/// The stream of a connection.
@safe final class Transport {
    /// What a peer takes at least within each write deadline.
    private static let stepBytes = 64 << 10

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

    func clearDeadline() {
        socket.clearDeadline()
    }

    /// Suspends until a read may find something. After `readNow` answered `nil` that is when the kernel has more: OpenSSL has handed out
    /// all that it can decrypt by then, and a part of a record inside it is no reason to read again.
    func untilReadable() async throws(SocketFailure) {
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

    /// Writes all of `bytes`, as a server: the peer has to take at least `stepBytes` within each `stallMilliseconds`, so that neither
    /// silence nor a byte now and then holds the memory of an answer.
    func write(_ bytes: [UInt8], stallMilliseconds: Int) async throws(SocketFailure) {
        var sent = 0
        var mark = -Transport.stepBytes
        while true {
            sent += try writeNow(bytes, from: sent)
            if sent == bytes.count { return }
            if sent - mark >= Transport.stepBytes {
                mark = sent
                socket.setDeadline(Instant.now.advanced(milliseconds: stallMilliseconds))
            }
            try await socket.untilWritable()
        }
    }

    /// Writes all of `bytes`, as a client: whatever the waits, `deadline` ends them.
    func write(_ bytes: [UInt8], until deadline: Instant) async throws(SocketFailure) {
        var sent = 0
        while true {
            sent += try writeNow(bytes, from: sent)
            if sent == bytes.count { return }
            socket.setDeadline(deadline)
            try await socket.untilWritable()
        }
    }

    /// Writes what there is room for without suspending, and answers how much that was. When it is not all, the next wait for room waits.
    func writeNow(_ bytes: [UInt8], from start: Int) throws(SocketFailure) -> Int {
        var sent = start
        while sent < bytes.count {
            let outcome: Result<Int, SocketFailure> = unsafe bytes.withUnsafeBytes { all in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: all[sent...])
                return Result { () throws(SocketFailure) in
                    if let tls { return try unsafe tls.writeNow(rest) }
                    return try unsafe socket.writeNow(rest)
                }
            }
            let count = try outcome.get()
            if count == 0 { break }
            sent += count
        }
        return sent - start
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
