// What a node that was alone hands over when it leaves: the buckets that are not full, 41 bytes each. With it a restart forgets nothing.

/// A bucket that is not full.
struct SpentBudget: Sendable, Equatable {
    static let byteCount = 41
    /// How many are handed over at most; of more nothing is, and the next node begins with empty buckets.
    static let most = 50_000

    let key: BucketKey
    let rate: Rate
    /// What it lacks, in nanoseconds of filling.
    let missing: UInt64

    static func bytes(_ all: [SpentBudget]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(all.count * byteCount)
        for one in all {
            bytes += one.key.bytes
            for word in [one.missing, one.rate.intervalNanoseconds, UInt64(one.rate.burst)] {
                for at in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * at))) }
            }
        }
        return bytes
    }

    /// `nil` when the bytes are not well formed.
    static func read(_ bytes: [UInt8]) -> [SpentBudget]? {
        guard bytes.count.isMultiple(of: byteCount), bytes.count <= most * byteCount else { return nil }
        var all: [SpentBudget] = []
        for start in stride(from: 0, to: bytes.count, by: byteCount) {
            func word(_ offset: Int) -> UInt64 { bytes[start + offset..<start + offset + 8].reduce(0) { $0 << 8 | UInt64($1) } }
            guard let key = BucketKey(Array(bytes[start..<start + 17])), let burst = Int(exactly: word(33)),
                let rate = Rate(intervalNanoseconds: word(25), burst: burst)
            else { return nil }
            all.append(SpentBudget(key: key, rate: rate, missing: min(word(17), rate.fillNanoseconds)))
        }
        return all
    }
}
