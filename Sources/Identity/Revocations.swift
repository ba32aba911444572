// The news of revocations on this node, numbered: whoever applies them, or a notification that brings them, writes here; every loop reads
// on from the number it knows. Guarded by a mutex, and by an atomic number that tells whether there is anything to read.
// Bounds: the last `kept` are there; whoever knows none of them forgets everything.

import Base
import Synchronization

/// The last revocations of this node.
final class Revocations: Sendable {
    static let kept = 1_024

    private let ring = Mutex<[Revocation]>([])
    private let last = Atomic<UInt64>(0)

    /// The number of the last one.
    var sequence: UInt64 { last.load(ordering: .acquiring) }

    /// Writes one down.
    func append(_ revocation: Revocation) {
        ring.withLock { ring in
            let number = last.load(ordering: .relaxed) + 1
            if ring.count < Revocations.kept {
                ring.append(revocation)
            } else {
                ring[Int((number - 1) % UInt64(Revocations.kept))] = revocation
            }
            last.store(number, ordering: .releasing)
        }
    }

    /// Those after the one with the number `known`, and the number of the last; `nil` instead of them when some are no longer there.
    func since(_ known: UInt64) -> (fresh: [Revocation]?, last: UInt64) {
        ring.withLock { ring in
            let number = last.load(ordering: .relaxed)
            guard number - known <= UInt64(ring.count) else { return (nil, number) }
            let fresh = (known..<number).map { ring[Int($0 % UInt64(Revocations.kept))] }
            return (fresh, number)
        }
    }
}
