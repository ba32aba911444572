// Which targets a client of ours may dial: the table of attacks on such checks, from the URL to the verdict, and the operator's list.

import Base
import Testing

@testable import HTTP

@Suite struct AddressGuardTests {
    /// The verdict on a URL whose host is an address in some spelling; `nil` when the host is no address.
    private func verdict(_ text: String, _ rule: AddressGuard = AddressGuard()) -> Bool? {
        guard let url = WebURL(text), case .address(let address) = url.host, let port = url.effectivePort else { return nil }
        return (try? rule.choose(from: [address], port: port)) != nil
    }

    @Test(arguments: [
        "http://0.0.0.0/", "http://0/", "http://0.1.2.3/", "http://10.0.0.1/", "http://10.255.255.255/", "http://012.1.2.3/",
        "http://100.64.0.1/", "http://100.127.255.255/", "http://100.100.100.200/", "http://127.0.0.1/",
        "http://127.255.255.254/",
        "http://127.1/", "http://0x7f.1/", "http://0177.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
        "http://127.0.0.1./", "http://%31%32%37.0.0.1/", "http://\u{2460}\u{2461}\u{2466}.0.0.1/",
        "http://127\u{3002}0\u{3002}0\u{3002}1/",
        "http://168.63.129.16/", "http://169.254.169.254/latest/meta-data", "http://169.254.0.1/", "http://0xA9FEA9FE/",
        "http://2852039166/",
        "http://0251.0376.0251.0376/", "http://169.16689662/", "http://172.16.0.1/", "http://172.31.255.255/",
        "http://192.0.0.1/",
        "http://192.0.0.192/", "http://192.0.2.1/", "http://192.88.99.1/", "http://192.168.1.1/", "http://192.168.257/",
        "http://198.18.0.1/",
        "http://198.19.255.255/", "http://198.51.100.1/", "http://203.0.113.1/", "http://224.0.0.1/", "http://239.255.255.250/",
        "http://240.0.0.1/", "http://255.255.255.255/", "http://4294967295/", "http://[::]/", "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::127.0.0.1]/", "http://[::8.8.8.8]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[0:0:0:0:0:FFFF:169.254.169.254]/", "http://[::ffff:0:7f00:1]/", "http://[64:ff9b::127.0.0.1]/",
        "http://[64:ff9b::8.8.8.8]/",
        "http://[64:ff9b:1::1]/", "http://[100::1]/", "http://[2001::1]/", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "http://[2001:2::1]/", "http://[2001:10::1]/", "http://[2001:20::1]/", "http://[2001:db8::1]/", "http://[2002:7f00:1::]/",
        "http://[2002:808:808::]/", "http://[3ffe::1]/", "http://[3fff::1]/", "http://[3fff:fff::1]/", "http://[5f00::1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/", "http://[fdff:ffff::1]/", "http://[fe80::1]/", "http://[febf::1]/", "http://[fec0::1]/",
        "http://[feff::1]/",
        "http://[ff02::1]/", "http://[ff0e::1]/", "http://[4000::1]/", "http://[1::1]/", "http://user:pw@127.0.0.1:80/",
        "http://8.8.8.8@127.0.0.1/", "http://127.0.0.1\\@8.8.8.8/", "http:\\127.0.0.1", "https:127.0.0.1", "ws://127.0.0.1/",
        "ftp://127.0.0.1/",
    ])
    func `a target that is not public is refused in every spelling`(url: String) {
        #expect(verdict(url) == false)
    }

    @Test(arguments: [
        "http://8.8.8.8/", "http://1.1.1.1:8080/", "http://9.255.255.255/", "http://11.0.0.0/", "http://100.63.255.255/",
        "http://100.128.0.0/",
        "http://126.255.255.255/", "http://128.0.0.1/", "http://168.63.129.17/", "http://169.253.255.255/", "http://169.255.0.0/",
        "http://172.15.255.255/", "http://172.32.0.0/", "http://192.0.1.0/", "http://192.0.3.0/", "http://192.167.255.255/",
        "http://192.169.0.0/",
        "http://198.17.255.255/", "http://198.20.0.0/", "http://223.255.255.255/", "http://0x08080808/", "http://[2000::1]/",
        "http://[2001:200::1]/", "http://[2001:4860:4860::8888]/", "http://[2001:db7:ffff::1]/", "http://[2001:db9::1]/",
        "http://[2003::1]/",
        "http://[2606:4700:4700::1111]/", "http://[3fff:1000::1]/",
    ])
    func `a public target is taken, up to the neighbours of every closed block`(url: String) {
        #expect(verdict(url) == true)
    }

    @Test func `one private member refuses the whole set, and an empty set is a failure`() throws {
        let rule = AddressGuard()
        let open = try #require(IPAddress("8.8.8.8"))
        let other = try #require(IPAddress("2606:4700:4700::1111"))
        let closed = try #require(IPAddress("10.0.0.1"))
        #expect(try rule.choose(from: [open, other], port: 443) == open)
        for set in [[closed], [open, closed], [closed, open], [open, other, closed]] {
            let fault = #expect(throws: Fault.self) { try rule.choose(from: set, port: 443) }
            #expect(fault?.code == .outboundRefused)
            #expect(fault?.message.contains("10.0.0.1") == false)
        }
        #expect(#expect(throws: Fault.self) { try rule.choose(from: [], port: 443) }?.code == .outboundFailed)
        let many = Array(repeating: open, count: AddressGuard.addresses)
        #expect(try rule.choose(from: many, port: 443) == open)
        #expect(throws: Fault.self) { try rule.choose(from: many + [open], port: 443) }
    }

    @Test func `the operator opens blocks, all ports of them or one`() throws {
        let rule = try AddressGuard(allowing: " 10.0.0.0/8 ,127.0.0.1/32:8080,[fd00::/8]:443,[fe80::/10],::1/128,192.168.1.7:80,")
        #expect(rule.openings.count == 6)
        for (url, expected) in [
            ("http://10.1.2.3/", true), ("http://10.1.2.3:9/", true), ("http://11.1.2.3/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://127.0.0.1/", false), ("http://127.0.0.2:8080/", false), ("https://[fd12::1]/", true),
            ("http://[fd12::1]/", false),
            ("http://[fe80::1]/", true), ("http://[::1]:7/", true), ("http://[::ffff:10.1.2.3]/", false),
            ("http://192.168.1.7/", true),
            ("http://192.168.1.8/", false), ("http://[::ffff:127.0.0.1]:8080/", false), ("http://172.16.0.1/", false),
        ] {
            #expect(verdict(url, rule) == expected, "\(url)")
        }
        #expect(try AddressGuard(allowing: "").openings.isEmpty)
        #expect(verdict("http://127.0.0.1/", try AddressGuard(allowing: "0.0.0.0/0")) == true)
        #expect(verdict("http://[::1]/", try AddressGuard(allowing: "0.0.0.0/0")) == false)
    }

    @Test(arguments: [
        "localhost", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:x",
        "10.0/8",
        "10.0.0.0/08", "10.0.0.0/-1", "fd00::/129", "fd00::1/8", "[fd00::/8", "[fd00::/8]:", "[fd00::/8]443", "[10.0.0.0/8]:80",
        "10.0.0.0 /8",
        "*", "http://10.0.0.0/8", "10.0.0.0/8;11.0.0.0/8",
    ])
    func `a malformed entry is named`(entry: String) {
        let fault = #expect(throws: Fault.self) { try AddressGuard(allowing: "10.0.0.0/8," + entry) }
        #expect(fault?.fields.first?.message.contains(entry) == true)
    }

    @Test func `the operator's list is bounded`() throws {
        let list = (0..<AddressGuard.openings).map { "10.0.\($0).0/24" }
        #expect(try AddressGuard(allowing: list.joined(separator: ",")).openings.count == AddressGuard.openings)
        #expect(throws: Fault.self) { try AddressGuard(allowing: (list + ["10.1.0.0/24"]).joined(separator: ",")) }
    }

    @Test(arguments: [
        ("0.0.0.0/0", "255.255.255.255", true), ("::/0", "ffff::", true), ("::/0", "1.2.3.4", false), ("0.0.0.0/0", "::", false),
        ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.128/25", "192.0.2.128", true),
        ("2001:db8::/63", "2001:db8:0:1::5", true),
        ("2001:db8::/64", "2001:db8:0:1::5", false), ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("::1", "::1", true),
        ("::1", "::2", false),
    ])
    func `a block holds what shares its prefix`(block: String, address: String, isMember: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(try #require(IPAddress(address))) == isMember)
    }
}
