// Where a request came from. The peer's address is the only one that the kernel vouches for; what header fields say counts as far as
// proxies that the operator trusts have written it. Each proxy appends the address that it saw, so that the list is walked from the right:
// the first address that is no trusted proxy is the caller, and nothing to its left is believed.
// Bounds: `mostHops` entries are walked. A malformed entry ends the walk at the last trusted proxy.

import Base
import Loop

/// The proxies whose word is taken.
public struct TrustedProxies: Sendable {
    /// How many entries are looked at, at most.
    static let mostHops = 16

    private let blocks: [AddressBlock]

    /// - Parameter list: addresses and CIDR blocks, separated by commas; empty for none.
    /// - Throws: `.invalid` naming the entry that is malformed.
    public init(_ list: String) throws(Fault) {
        var blocks: [AddressBlock] = []
        for entry in list.split(separator: ",", omittingEmptySubsequences: list.isEmpty) {
            let text = entry.drop { $0 == " " }.prefix { $0 != " " }
            guard let block = AddressBlock(text), entry.filter({ $0 != " " }) == text else {
                throw .invalid("", "format", "'\(entry)' is no address and no CIDR block such as 192.0.2.0/24 or 2001:db8::/32.")
            }
            blocks.append(block)
        }
        self.blocks = blocks
    }

    /// The caller's address; `nil` when the peer came over a Unix socket. An IPv4 address that is written as IPv6 counts as IPv4.
    public func client(of head: RequestHead, peer: SocketAddress) -> IPAddress? {
        guard let peer = IPAddress(peer) else { return nil }
        guard !blocks.isEmpty, contains(peer) else { return peer }
        switch (head.headers.contains(.forwardedFor), head.headers.contains(.forwarded)) {
        case (false, false): return peer
        case (true, false): return walk(.forwardedFor, head, from: peer)
        case (false, true): return walk(.forwarded, head, from: peer)
        case (true, true):
            // A proxy that writes one of them passes the other on as the caller sent it. Where they differ, nobody can tell which it is.
            let address = walk(.forwardedFor, head, from: peer)
            return address == walk(.forwarded, head, from: peer) ? address : peer
        }
    }

    private func walk(_ name: KnownHeader, _ head: RequestHead, from peer: IPAddress) -> IPAddress {
        var walk = Walk(proxies: self, last: peer)
        for field in head.headers.fields.reversed() where field.known == name {
            walk.take(head.bytes, field.value, isForwarded: name == .forwarded)
        }
        return walk.last
    }

    private func contains(_ address: IPAddress) -> Bool {
        for block in blocks where block.contains(address) { return true }
        return false
    }

    /// The walk from the right over the entries of all fields.
    private struct Walk {
        let proxies: TrustedProxies
        /// Whom the proxies so far vouch for.
        var last: IPAddress
        var hops = 0
        var isOver = false

        /// Goes over one field's entries, the last first.
        mutating func take(_ bytes: [UInt8], _ field: Range<Int>, isForwarded: Bool) {
            let text = bytes.span
            var end = field.upperBound
            while !isOver {
                let start = isForwarded ? text.forwardedElement(field, endingAt: end) : text.listElement(field, endingAt: end)
                guard let start else {
                    isOver = true
                    return
                }
                let entry = text.trimmed(start..<end)
                step(isForwarded ? text.forwardedFor(entry) : text.nodeAddress(entry))
                if start == field.lowerBound { return }
                end = start - 1
            }
        }

        private mutating func step(_ address: IPAddress?) {
            hops += 1
            guard let address, hops <= TrustedProxies.mostHops else {
                isOver = true
                return
            }
            last = address
            if !proxies.contains(address) { isOver = true }
        }
    }
}

extension IPAddress {
    /// The address of a peer, without its port; `nil` for a Unix socket.
    public init?(_ peer: SocketAddress) {
        switch peer {
        case .v4(let bits, _): self = .v4(bits)
        case .v6(let bits, _): self = IPAddress.v6(high: bits.high, low: bits.low).unmapped
        case .unix: return nil
        }
    }

    /// The IPv4 address inside an IPv4-mapped one (RFC 4291, section 2.5.5.2), and any other address as it is.
    var unmapped: IPAddress {
        if case .v6(0, let low) = self, low >> 32 == 0xFFFF { return .v4(UInt32(truncatingIfNeeded: low)) }
        return self
    }
}

extension Span<UInt8> {
    /// Where the element of a plain list begins that ends at `end`.
    fileprivate func listElement(_ field: Range<Int>, endingAt end: Int) -> Int? {
        var at = end
        while at > field.lowerBound, self[at - 1] != UInt8(ascii: ",") { at -= 1 }
        return at
    }

    /// The same for `Forwarded`, where a comma inside quotes separates nothing; `nil` when the quotes don't pair up. An escaped quote has no
    /// place in an address, so that a backslash is no element of ours either.
    fileprivate func forwardedElement(_ field: Range<Int>, endingAt end: Int) -> Int? {
        var at = end
        var isQuoted = false
        while at > field.lowerBound, isQuoted || self[at - 1] != UInt8(ascii: ",") {
            if self[at - 1] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if self[at - 1] == UInt8(ascii: "\\") { return nil }
            at -= 1
        }
        return isQuoted ? nil : at
    }

    /// The address of `for` in an element of `Forwarded` (RFC 7239, section 4); `nil` when it stands there not once or is no address.
    fileprivate func forwardedFor(_ element: Range<Int>) -> IPAddress? {
        var found: Range<Int>?
        var from = element.lowerBound
        while from < element.upperBound {
            var to = from
            var isQuoted = false
            while to < element.upperBound, isQuoted || self[to] != UInt8(ascii: ";") {
                if self[to] == UInt8(ascii: "\"") { isQuoted.toggle() }
                to += 1
            }
            let pair = trimmed(from..<to)
            if pair.count > 4, matches(pair.lowerBound..<pair.lowerBound + 4, lowercase: "for=") {
                guard found == nil else { return nil }
                found = pair.lowerBound + 4..<pair.upperBound
            }
            from = to + 1
        }
        guard var found else { return nil }
        if self[found.lowerBound] == UInt8(ascii: "\"") {
            guard found.count > 2, self[found.upperBound - 1] == UInt8(ascii: "\"") else { return nil }
            found = found.lowerBound + 1..<found.upperBound - 1
        }
        return nodeAddress(found)
    }

    /// An address as proxies write it: bare, or with a port behind it, which wants brackets around version 6.
    fileprivate func nodeAddress(_ range: Range<Int>) -> IPAddress? {
        guard !range.isEmpty else { return nil }
        if self[range.lowerBound] == UInt8(ascii: "[") {
            var close = range.lowerBound + 1
            while close < range.upperBound, self[close] != UInt8(ascii: "]") { close += 1 }
            guard close < range.upperBound, isPort(close + 1..<range.upperBound) else { return nil }
            return IPAddress(v6: extracting(range.lowerBound + 1..<close))?.unmapped
        }
        var colons = 0
        var colon = range.upperBound
        for at in range where self[at] == UInt8(ascii: ":") {
            colons += 1
            colon = at
        }
        if colons > 1 { return IPAddress(v6: extracting(range))?.unmapped }
        guard isPort(colon..<range.upperBound) else { return nil }
        return IPAddress(v4: extracting(range.lowerBound..<colon))
    }

    /// Whether it is nothing, or a colon and one to five digits.
    private func isPort(_ range: Range<Int>) -> Bool {
        if range.isEmpty { return true }
        guard self[range.lowerBound] == UInt8(ascii: ":"), (2...6).contains(range.count) else { return false }
        for at in range.dropFirst() where !isDigit(self[at]) { return false }
        return true
    }
}
