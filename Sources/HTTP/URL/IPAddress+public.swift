// Which addresses belong to the public internet (the special-purpose registries of IANA: RFC 6890 and its successors). Everything that
// is not plainly public counts as private: tunnels and translations too, since they carry an IPv4 address past a check of the outside.

extension IPAddress {
    /// Whether the address is globally reachable unicast, neither special-purpose nor a wrapping of another address.
    public var isPublic: Bool {
        switch self {
        case .v4: !IPAddress.special4.contains { $0.contains(self) }
        case .v6: IPAddress.global6.contains(self) && !IPAddress.special6.contains { $0.contains(self) }
        }
    }

    private static let special4: [AddressBlock] = blocks([
        "0.0.0.0/8",  // this network; 0.0.0.0 means the machine itself on Linux
        "10.0.0.0/8",  // private
        "100.64.0.0/10",  // behind a carrier's translation; 100.100.100.200 is a cloud's metadata service
        "127.0.0.0/8",  // loopback
        "168.63.129.16/32",  // a cloud's host agent, in the middle of a public block
        "169.254.0.0/16",  // link-local; 169.254.169.254 is the metadata service of most clouds
        "172.16.0.0/12",  // private
        "192.0.0.0/24",  // protocol assignments
        "192.0.2.0/24",  // documentation
        "192.88.99.0/24",  // relays of 6to4
        "192.168.0.0/16",  // private
        "198.18.0.0/15",  // benchmarking
        "198.51.100.0/24",  // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, and the broadcast address
    ])

    /// All unicast of the internet lies here. Outside are loopback, unspecified, IPv4-mapped and IPv4-compatible, both blocks of NAT64,
    /// discard, unique local, link-local, site-local and multicast.
    private static let global6: AddressBlock = blocks(["2000::/3"])[0]

    private static let special6: [AddressBlock] = blocks([
        "2001::/23",  // protocol assignments, Teredo and benchmarking among them
        "2001:db8::/32",  // documentation
        "2002::/16",  // 6to4, with an IPv4 address inside
        "3ffe::/16",  // an experiment that has ended
        "3fff::/20",  // documentation
    ])

    private static func blocks(_ texts: [String]) -> [AddressBlock] {
        texts.map {
            guard let block = AddressBlock($0) else { preconditionFailure("\($0) is no block of addresses.") }
            return block
        }
    }
}
