// The second look at everybody who reads for long, on every loop: once a second each credential is asked about again. Most are known to the
// loop's cache, which hears of every revocation, so that nobody else is asked.
// Bounds: a look every `pauseMilliseconds`, no more readers than connections.

import Base
import Loop

/// Somebody who reads for long.
protocol LongReader: AnyObject, Sendable {
    /// Looks whether he may still read, and ends him if not.
    func verify() async
}

/// The long readers, by loop.
final class ReaderWatch: Sendable {
    static let pauseMilliseconds = 1_000

    // Each is used on the loop of its index alone.
    private final class Readers: @unchecked Sendable {
        var all: [ObjectIdentifier: any LongReader] = [:]
        var isWatching = false
    }

    private let loops: [Readers]

    init(loopCount: Int) {
        loops = (0..<loopCount).map { _ in Readers() }
    }

    func add(_ reader: any LongReader, on loop: EventLoop) {
        let here = loops[loop.index]
        here.all[ObjectIdentifier(reader)] = reader
        guard !here.isWatching else { return }
        here.isWatching = true
        loop.spawn {
            while !here.all.isEmpty {
                await loop.sleep(milliseconds: ReaderWatch.pauseMilliseconds)
                for reader in Array(here.all.values) { await reader.verify() }
            }
            here.isWatching = false
        }
    }

    func remove(_ reader: any LongReader, on loop: EventLoop) {
        loops[loop.index].all[ObjectIdentifier(reader)] = nil
    }
}
