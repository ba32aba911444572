// A block of addresses in CIDR notation (RFC 4632; RFC 4291, section 2.3).

/// All addresses that begin with the same bits.
public struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
    /// The first address of the block.
    public let first: IPAddress
    /// How many leading bits all members share.
    public let bits: Int

    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or a single address. `nil` when it is malformed or has bits set behind its prefix, which
    /// is most often a slip of the pen.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let most: Int
        if case .v4 = address { most = 32 } else { most = 128 }
        var bits = most
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(isDigit), let number = Int(parts[1]),
                number <= most, parts[1] == String(number)
            else { return nil }
            bits = number
        }
        guard AddressBlock.masked(address, bits) == address else { return nil }
        self.first = address
        self.bits = bits
    }

    /// Whether `address` is a member. An IPv4 address is no member of an IPv6 block, nor the other way round.
    public func contains(_ address: IPAddress) -> Bool {
        AddressBlock.masked(address, bits) == first
    }

    public var description: String { "\(first)/\(bits)" }

    /// `address` with all but its first `bits` bits cleared.
    private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
        switch address {
        case .v4(let value): .v4(bits == 0 ? 0 : value & (.max << UInt32(max(0, 32 - bits))))
        case .v6(let high, let low):
            .v6(
                high: bits == 0 ? 0 : high & (.max << UInt64(max(0, 64 - bits))),
                low: bits <= 64 ? 0 : low & (.max << UInt64(128 - bits)))
        }
    }
}
