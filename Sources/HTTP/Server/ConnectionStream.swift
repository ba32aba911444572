// A connection in the hands of a guest: he reads what there is and writes what there is room for, over TCP or TLS alike. While he waits he
// holds no buffer.
// Bounds: `readBytes` a read.

import Base
import Loop

/// A connection that was handed over. Used on its loop's own thread; it has one reader and one writer.
public final class ConnectionStream: @unchecked Sendable {
    public let loop: EventLoop
    private let transport: Transport
    private var early: [UInt8]
    private var buffer: [UInt8] = []

    init(_ transport: Transport, loop: EventLoop, early: [UInt8]) {
        self.transport = transport
        self.loop = loop
        self.early = early
    }

    /// The most bytes that one read answers.
    private static let readBytes = 16 << 10

    /// Reads what there is, suspending until there is some; empty at the end.
    public func read() async throws(SocketFailure) -> [UInt8] {
        if !early.isEmpty {
            defer { early = [] }
            return early
        }
        while true {
            // A reader who waits holds no buffer.
            if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: ConnectionStream.readBytes) }
            if let count = try transport.readNow(into: &buffer, 0..<buffer.count) { return Array(buffer[..<count]) }
            buffer = []
            try await transport.untilReadable()
        }
    }

    /// Writes what there is room for, from `start` on.
    /// - Returns: how much that was.
    public func writeNow(_ bytes: [UInt8], from start: Int) throws(SocketFailure) -> Int {
        try transport.writeNow(bytes, from: start)
    }

    /// Suspends until a write may find room.
    public func untilWritable() async throws(SocketFailure) {
        try await transport.socket.untilWritable()
    }

    /// Tells the peer that no more will be written.
    public func finishWriting() {
        transport.finishWriting()
    }

    /// Ends the connection; what waits for it ends with `.closed`.
    public func close() {
        transport.close()
    }
}
