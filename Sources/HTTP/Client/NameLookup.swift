// The system's resolver, `getaddrinfo`, which blocks: it is called on a pool for blocking work and nowhere else. All addresses of a name
// are answered, those that this machine can't reach included, since the address guard judges the whole set.

import Base
import CLinux
import Glibc

enum NameLookup {
    /// The addresses of `name` in the system's order of preference, without repeats.
    /// - Throws: `.outboundFailed` when there is none.
    static func addresses(_ name: String) throws(Fault) -> [IPAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            let reason = unsafe String(cString: gai_strerror(code))
            throw Fault(.outboundFailed, "The name \(name) could not be resolved.", cause: reason)
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe address(entry.pointee), !found.contains(address) { found.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return found
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let form = unsafe UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch unsafe entry.ai_family {
        case AF_INET:
            let form = unsafe form.loadUnaligned(as: sockaddr_in.self)
            return .v4(UInt32(bigEndian: form.sin_addr.s_addr))
        case AF_INET6:
            let bytes = unsafe form + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
            return .v6(
                high: UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        default:
            return nil
        }
    }
}
