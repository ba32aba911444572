// Whose bucket it is: 128 bits and a kind, the same on every node. An address of version 6 counts as the network of its first 64 bits,
// since whoever has one has them all.

import Base
import HTTP

/// The name of a bucket.
public struct BucketKey: Sendable, Hashable {
    /// What the 128 bits name. The raw value is part of what nodes share through the database, and never 0.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case tenant = 1
        case credential = 2
        case anonymous = 3
        case authentication = 4

        /// Whether it names an address, of which anybody may have many.
        var isAddress: Bool { rawValue >= Kind.anonymous.rawValue }
    }

    public let kind: Kind
    let high: UInt64
    let low: UInt64

    /// The bucket of something that has an id: a tenant, or a key or user.
    @inline(__always)
    public init(_ kind: Kind, _ id: UUIDBits) {
        self.kind = kind
        high = id.high
        low = id.low
    }

    /// The bucket of an address, in a class of calls.
    @inline(__always)
    public init(_ kind: Kind, _ address: IPAddress) {
        self.kind = kind
        switch address {
        case .v4(let bits):
            high = 0
            low = 0xFFFF << 32 | UInt64(bits)
        case .v6(let network, _):
            high = network
            low = 0
        }
    }

    /// Where it is looked for: mixed with what this process drew by lot, so that nobody can aim keys at one place.
    @inline(__always)
    var hash: UInt64 {
        let seed = BucketKey.seed
        let first = (high ^ seed.0).multipliedFullWidth(by: low ^ seed.1)
        let second = (first.high ^ first.low ^ UInt64(kind.rawValue)).multipliedFullWidth(by: seed.2)
        return second.high ^ second.low
    }

    private static let seed = (
        UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1
    )

    /// Reads `bytes`; `nil` when they name no kind.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 17, let kind = Kind(rawValue: bytes[0]) else { return nil }
        self.kind = kind
        high = bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[9..<17].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// 17 bytes: the kind, then the 128 bits, most significant first.
    var bytes: [UInt8] {
        [kind.rawValue] + [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }
}
