// The addresses of a database's hosts. libpq would look names up itself and block the loop meanwhile, so they are looked up here, on
// a thread that may block, and handed to libpq beside the names (which TLS still checks).

import Base
import Glibc
import Loop

enum HostLookUp {
    /// One address for each of `hosts`.
    static func addresses(of hosts: [String], pool: BlockingPool) async throws(Fault) -> [String] {
        if hosts.isEmpty { return [] }
        return try await pool.run { () throws(Fault) in
            var addresses: [String] = []
            for host in hosts { addresses.append(try address(of: host)) }
            return addresses
        }
    }

    private static func address(of host: String) throws(Fault) -> String {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        defer { if let found = unsafe found { unsafe freeaddrinfo(found) } }
        let code = unsafe getaddrinfo(host, nil, &hints, &found)
        guard code == 0, let first = unsafe found else { throw .databaseUnavailable("the database's host has no address") }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let named = unsafe getnameinfo(
            first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard named == 0 else { throw .databaseUnavailable("the database's host has no address") }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
