// The bytes that records have together, counted while they are made: steps that copy fields into each other grow them by any factor, and
// what is shared in memory is written out in the end.
// Bound: `RecordBounds.bytes`.

import Base
import JSON

/// What records have together so far.
struct RecordSum {
    /// Why records may be too long though the text that they were read from was not.
    static let words = "as JSON, in which each of them repeats the names of its fields"

    private var left = RecordBounds.bytes

    /// Counts one more.
    /// - Throws: `.limitReached` when all together have more than `RecordBounds.bytes`; no more of it is looked at then.
    mutating func add(_ value: JSONValue) throws(Fault) {
        guard let size = value.size(atMost: left) else {
            throw Fault(
                .limitReached, "The records would have more than \(RecordBounds.bytes) bytes together \(RecordSum.words).")
        }
        left -= size
    }
}
