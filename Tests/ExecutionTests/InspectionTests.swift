// What is decided about servers and their names by what was seen, without a socket.

import HTTP
import Testing

@testable import Execution

@Suite struct InspectionTests {
    @Test func `the policy for mail is looked for at the name, and above it, but never at the top`() {
        #expect(MailPolicy.domains(for: "example.org") == ["example.org"])
        #expect(MailPolicy.domains(for: "localhost") == ["localhost"])
        #expect(MailPolicy.domains(for: "a.b.example.org") == ["a.b.example.org", "b.example.org", "example.org"])
        let long = MailPolicy.domains(for: "a.b.c.d.e.f.g.h.example.org")
        #expect(long.count == 1 + MailPolicy.askedLabels - 1)
        #expect(long[1] == "d.e.f.g.h.example.org" && long.last == "example.org")
    }

    @Test func `of the policies on the way up one holds`() throws {
        func policy(_ domain: String, _ text: String, above: Bool = true) throws -> MailPolicy {
            try #require(MailPolicy(of: domain, texts: ["other", text], isInherited: above))
        }
        let own = try policy("a.b.example.org", "v=DMARC1; p=none; sp=reject", above: false)
        let middle = try policy("b.example.org", "v=DMARC1; p=none")
        let high = try policy("example.org", "v=DMARC1; p=none; sp=reject")
        #expect(MailPolicy.holding([]) == nil)
        #expect(MailPolicy.holding([own]) == own && own.endsWalk && !own.isStrict)
        #expect(MailPolicy.holding([middle, high]) == high && high.isStrict && !middle.isStrict)
        let organisation = try policy("b.example.org", "v=DMARC1; p = reject; psd=n")
        #expect(organisation.endsWalk && organisation.isStrict && MailPolicy.holding([organisation, high]) == organisation)
        let registry = try policy("example.org", "v=DMARC1; p=none; psd=y")
        #expect(MailPolicy.holding([middle, registry]) == middle)
        #expect(MailPolicy.holding([try policy("x.b.example.org", "v=DMARC1; p=reject"), registry]) == registry)
        // Several are as none.
        #expect(MailPolicy(of: "example.org", texts: ["v=DMARC1; p=reject", "v=DMARC1; p=none"], isInherited: false) == nil)
    }

    @Test func `names of networks of their own are told from those of the world`() {
        for name in ["host", "a.internal", "A.LOCAL", "a.b.localhost.", "x.home.arpa", "x.lan", "x.corp", "x.home", "x.private"] {
            #expect(LocalName.holds(name), "\(name)")
        }
        for name in ["example.org", "internal.example.org", "corp.com", "1.in-addr.arpa", "x.home.org"] {
            #expect(!LocalName.holds(name), "\(name)")
        }
    }

    @Test func `the way to a page is judged by its end`() throws {
        let (plain, secure) = (try #require(WebURL("http://example.org/")), try #require(WebURL("https://example.org/")))
        #expect(SecurityChecks.way(from: secure, to: secure).isEmpty)
        #expect(SecurityChecks.way(from: plain, to: secure).map(\.id) == ["first_step_plain"])
        #expect(SecurityChecks.way(from: plain, to: plain).map(\.id) == ["tls_missing"])
        #expect(SecurityChecks.way(from: secure, to: plain).map(\.severity) == [.high])
    }
}
