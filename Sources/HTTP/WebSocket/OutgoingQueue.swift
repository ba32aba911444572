// What waits to be written on a connection: pieces that many connections may share, so that one event for a thousand readers is spelled
// once. What comes within one pass of the loop leaves together. A reader who is slow fills it, and then it says so.
// Bounds: `limitBytes`, given at the start.

import Base
import Loop

/// The writing side of a connection that was handed over. Used on its loop's own thread.
public final class OutgoingQueue: PassHandler, @unchecked Sendable {
    private let stream: ConnectionStream
    private let limitBytes: Int
    private var pieces: [[UInt8]] = []
    /// What leaves before all that has not begun to; a newer one takes its place.
    private var newest: [UInt8]?
    /// How much of the first piece has left.
    private var sent = 0
    private var isWatched = false
    private var isDraining = false
    private var isOver = false
    /// Who waits until no more than so many bytes wait.
    private var waiters: [(bytes: Int, sleeper: Sleeper)] = []
    /// Bytes that wait.
    public private(set) var count = 0

    public init(_ stream: ConnectionStream, limitBytes: Int) {
        self.stream = stream
        self.limitBytes = limitBytes
    }

    /// Adds a piece, which leaves at the end of the pass.
    /// - Returns: `false` when there is no room for it; then it was not added.
    public func add(_ piece: [UInt8]) -> Bool {
        guard !isOver else { return true }
        guard count + piece.count <= limitBytes || count == 0 else { return false }
        push(piece)
        return true
    }

    /// Adds a piece behind all bounds, for what ends the connection or keeps it alive.
    public func push(_ piece: [UInt8]) {
        guard !isOver, !piece.isEmpty else { return }
        pieces.append(piece)
        count += piece.count
        guard !isWatched, !isDraining else { return }
        isWatched = true
        stream.loop.atEndOfPass(self)
    }

    /// Adds a piece of which only the newest counts, such as the answer to a ping: while the reader is slow, one of them waits at most.
    public func replace(_ piece: [UInt8]) {
        guard isDraining || count > OutgoingQueue.joinedBytes, !isOver else { return push(piece) }
        count += piece.count - (newest?.count ?? 0)
        newest = piece
    }

    /// Forgets what has not begun to leave.
    public func forgetWaiting() {
        guard let first = pieces.first else { return }
        let begun = sent > 0
        newest = nil
        pieces = begun ? [first] : []
        count = begun ? first.count - sent : 0
    }

    /// Suspends until at most `bytes` wait, or until it is over.
    public func until(atMost bytes: Int) async {
        while count > bytes, !isOver {
            let sleeper = Sleeper(loop: stream.loop)
            waiters.append((bytes, sleeper))
            await sleeper.wait(until: Instant(nanoseconds: .max))
        }
    }

    private func wake() {
        for waiter in waiters where count <= waiter.bytes || isOver { waiter.sleeper.wake() }
        waiters.removeAll { count <= $0.bytes || isOver }
    }

    /// Nothing more leaves.
    public func end() {
        isOver = true
        pieces = []
        newest = nil
        count = 0
        wake()
    }

    public func passEnded() {
        isWatched = false
        guard !isDraining, !isOver else { return }
        do throws(SocketFailure) {
            try write()
        } catch {
            return fail()
        }
        guard !pieces.isEmpty else { return }
        isDraining = true
        stream.loop.spawn { [self] in await drain() }
    }

    private func drain() async {
        do throws(SocketFailure) {
            while !pieces.isEmpty, !isOver {
                try await stream.untilWritable()
                try write()
            }
        } catch {
            fail()
        }
        isDraining = false
    }

    /// Writes what there is room for.
    private func write() throws(SocketFailure) {
        while !isOver {
            if sent == 0, let newest {
                pieces.insert(newest, at: 0)
                self.newest = nil
            }
            guard !pieces.isEmpty else { return }
            if pieces.count > 1, sent == 0 { join() }
            let first = pieces[0]
            let written = try stream.writeNow(first, from: sent)
            sent += written
            count -= written
            wake()
            guard sent == first.count else { return }
            pieces.removeFirst()
            sent = 0
        }
    }

    /// The most bytes that are copied together for one call to the kernel.
    private static let joinedBytes = 32 << 10

    /// Puts small pieces together.
    private func join() {
        var size = 0
        let many = pieces.prefix { piece in
            size += piece.count
            return size <= OutgoingQueue.joinedBytes
        }.count
        guard many > 1 else { return }
        pieces.replaceSubrange(..<many, with: [Array(pieces[..<many].joined())])
    }

    private func fail() {
        end()
        stream.close()
    }
}
