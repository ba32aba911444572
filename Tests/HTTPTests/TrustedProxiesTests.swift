// Whose address a request is taken to come from, and that no header field that a caller writes changes it.

import Base
import Loop
import Testing

@testable import HTTP

@Suite struct TrustedProxiesTests {
    /// The caller's address as text; the peer is 10.0.0.1 unless another is given.
    private func client(
        _ fields: String..., trusting list: String = "10.0.0.0/8, 2001:db8:f::/48",
        peer: SocketAddress = .v4(0x0A00_0001, port: 9)
    ) throws -> String? {
        let head = RequestHead()
        let text = "GET / HTTP/1.1\r\nhost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count))
        return try TrustedProxies(list).client(of: head, peer: peer)?.description
    }

    @Test func `without trusted proxies the peer is the caller, whatever a header says`() throws {
        #expect(try client("x-forwarded-for: 192.0.2.1", trusting: "") == "10.0.0.1")
        #expect(try client("forwarded: for=192.0.2.1", trusting: "") == "10.0.0.1")
        #expect(try client("x-forwarded-for: 192.0.2.1", peer: .v4(0xC633_6401, port: 1)) == "198.51.100.1")
        #expect(try client() == "10.0.0.1")
        #expect(try client(peer: .unix("")) == nil)
    }

    @Test func `the right-most address that is no proxy is the caller`() throws {
        #expect(try client("x-forwarded-for: 192.0.2.1") == "192.0.2.1")
        #expect(try client("X-Forwarded-For: 203.0.113.9, 192.0.2.1") == "192.0.2.1")
        #expect(try client("x-forwarded-for: 203.0.113.9, 192.0.2.1 ,10.0.0.3,10.0.0.2") == "192.0.2.1")
        #expect(
            try client("x-forwarded-for: 203.0.113.9", "x-forwarded-for: 192.0.2.1", "x-forwarded-for: 10.2.2.2") == "192.0.2.1")
        #expect(try client("x-forwarded-for: 10.0.0.3, 10.0.0.2") == "10.0.0.3")
        #expect(try client("x-forwarded-for: 2001:db8:a::1, 2001:db8:f::7") == "2001:db8:a::1")
        #expect(try client("x-forwarded-for: [2001:db8:a::1]:443") == "2001:db8:a::1")
        #expect(try client("x-forwarded-for: 192.0.2.1:8080") == "192.0.2.1")
        #expect(try client("x-forwarded-for: ::ffff:192.0.2.1") == "192.0.2.1")
        // A dual-stack socket shows the proxy as a mapped address.
        #expect(
            try client("x-forwarded-for: 192.0.2.1", peer: .v6(.init(high: 0, low: 0xFFFF_0A00_0001), port: 1)) == "192.0.2.1")
    }

    @Test func `Forwarded is read the same way`() throws {
        #expect(try client("forwarded: for=203.0.113.9, for=192.0.2.1;proto=https;by=10.0.0.1") == "192.0.2.1")
        #expect(try client(#"Forwarded: proto=http; For="[2001:db8:a::1]:4711""#) == "2001:db8:a::1")
        #expect(try client(#"forwarded: for=192.0.2.1, by="a,b;c";for=10.0.0.9"#) == "192.0.2.1")
        #expect(try client("forwarded: for=192.0.2.1", "forwarded: for=10.9.9.9") == "192.0.2.1")
    }

    @Test(arguments: [
        "", "unknown", "_hidden", "192.0.2", "192.0.2.256", "192.0.2.1:", "192.0.2.1:999999", "192.0.2.1 192.0.2.2",
        "[2001:db8::1", "2001:db8::1]",
        "2001:db8::1%eth0", "1.2.3.4.", "0300.0.2.1", "\"192.0.2.1\"",
    ])
    func `a malformed entry ends the walk at the last proxy`(_ entry: String) throws {
        #expect(try client("x-forwarded-for: 192.0.2.7, \(entry), 10.0.0.2") == "10.0.0.2")
        #expect(try client("x-forwarded-for: 192.0.2.7, \(entry)") == "10.0.0.1")
    }

    @Test(arguments: [
        "for=unknown", "for=_x", "proto=https", "for=", "for=\"192.0.2.1", "for=192.0.2.1;for=192.0.2.2", #"for="\1""#,
        "for=2001:db8::1:x",
    ])
    func `a malformed element of Forwarded ends it too`(_ element: String) throws {
        #expect(try client("forwarded: for=192.0.2.7, \(element)") == "10.0.0.1")
    }

    @Test func `two header fields that disagree are not believed`() throws {
        #expect(try client("x-forwarded-for: 192.0.2.1", "forwarded: for=192.0.2.1") == "192.0.2.1")
        // Whichever of them the proxy writes, the other is the caller's.
        #expect(try client("x-forwarded-for: 192.0.2.1", "forwarded: for=203.0.113.5") == "10.0.0.1")
    }

    @Test func `a walk has a bound`() throws {
        let hops = Array(repeating: "10.0.0.2", count: TrustedProxies.mostHops - 1).joined(separator: ", ")
        #expect(try client("x-forwarded-for: 192.0.2.1, \(hops)") == "192.0.2.1")
        #expect(try client("x-forwarded-for: 192.0.2.1, 10.0.0.4, \(hops)") == "10.0.0.4")
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.1/8", "proxy.example", "10.0.0.0/8,", ",", "10.0.0.0/8 10.1.0.0/16", "10.0.0.0/8;x"])
    func `a malformed list is refused`(_ list: String) {
        #expect(throws: Fault.self) { try TrustedProxies(list) }
    }
}
