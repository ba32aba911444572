// Decides whether a client of ours may connect to what a URL's host resolved to. The whole set of addresses is judged, once, and the
// dialler takes its address from the judged set: a second look-up could answer otherwise. Private targets are closed but for the
// blocks and ports that the operator lists.

import Base

/// The rule for outgoing connections.
public struct AddressGuard: Sendable {
    /// A block that the operator opened.
    struct Opening: Sendable, Hashable {
        let block: AddressBlock
        /// The only port that is open; `nil` for all.
        let port: Int?
    }

    /// An operator's list has at most so many entries.
    public static let openings = 256
    /// A set of addresses larger than this is refused.
    public static let addresses = 64

    let openings: [Opening]

    /// A guard that opens nothing but the public internet.
    public init() {
        openings = []
    }

    /// A guard with an operator's list, as `INSULA_OUTBOUND_ALLOW` has it: entries `10.0.0.0/8`, `127.0.0.1/32:8080`, `fd00::/8` or
    /// `[fd00::/8]:443`, separated by commas. Throws a fault `.invalid` that names the entry that is wrong.
    public init(allowing text: String) throws(Fault) {
        var openings: [Opening] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: true) {
            let entry = String(entry.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            guard !entry.isEmpty else { continue }
            guard let opening = Opening(entry) else {
                throw .invalid("INSULA_OUTBOUND_ALLOW", "format", "\(entry) is neither CIDR nor CIDR:port.")
            }
            openings.append(opening)
        }
        guard openings.count <= AddressGuard.openings else {
            throw .invalid(
                "INSULA_OUTBOUND_ALLOW", "limit", "INSULA_OUTBOUND_ALLOW has more than \(AddressGuard.openings) entries.")
        }
        self.openings = openings
    }

    /// Whether one address and port may be connected to.
    public func permits(_ address: IPAddress, port: Int) -> Bool {
        address.isPublic || openings.contains { $0.block.contains(address) && ($0.port == nil || $0.port == port) }
    }

    /// The address to dial, the first of `addresses`, when every member of the set may be connected to.
    /// - Throws: `.outboundRefused` when any member may not; `.outboundFailed` when the set is empty.
    public func choose(from addresses: [IPAddress], port: Int) throws(Fault) -> IPAddress {
        guard let first = addresses.first else { throw Fault(.outboundFailed, "The host has no address.") }
        guard addresses.count <= AddressGuard.addresses else { throw Fault(.outboundRefused, "The host has too many addresses.") }
        for address in addresses where !permits(address, port: port) {
            throw Fault(
                .outboundRefused, "The host's address is not public, and the operator has not opened it.",
                cause: "\(address) port \(port) is not public and not in INSULA_OUTBOUND_ALLOW")
        }
        return first
    }
}

extension AddressGuard.Opening {
    /// Reads one entry of the operator's list.
    init?(_ entry: String) {
        var block = entry[...]
        var port: Int?
        if entry.hasPrefix("[") {
            guard let bracket = entry.firstIndex(of: "]") else { return nil }
            block = entry[entry.index(after: entry.startIndex)..<bracket]
            guard block.contains(":") else { return nil }
            let rest = entry[entry.index(after: bracket)...]
            if !rest.isEmpty {
                guard rest.hasPrefix(":"), let number = AddressGuard.Opening.port(rest.dropFirst()) else { return nil }
                port = number
            }
        } else if entry.count(where: { $0 == ":" }) == 1, let colon = entry.firstIndex(of: ":") {
            guard let number = AddressGuard.Opening.port(entry[entry.index(after: colon)...]) else { return nil }
            block = entry[..<colon]
            port = number
        }
        guard let parsed = AddressBlock(block) else { return nil }
        self.init(block: parsed, port: port)
    }

    private static func port(_ text: Substring) -> Int? {
        guard text.utf8.count <= 5, text.utf8.allSatisfy(isDigit), let number = Int(text), (1...65_535).contains(number) else {
            return nil
        }
        return number
    }
}
