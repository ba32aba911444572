// Which tenant is meant by those who say it in several places.

import Base
import Testing

@testable import Identity

@Suite struct TenantNamingTests {
    private func naming(_ names: String?..., host: String = "example.com") -> TenantNaming {
        var naming = TenantNaming()
        for name in names { naming.add(name) }
        naming.add(host: host, under: "example.com")
        return naming
    }

    @Test func `what is said nowhere means the default tenant`() {
        #expect(naming().wanted == ("default", nil))
        #expect(naming(nil, nil).wanted == ("default", nil))
    }

    @Test func `a slug counts in any case, and from whichever place`() {
        for naming in [
            naming("acme"), naming("ACME"), naming(nil, "acme", "Acme"), naming(host: "acme.example.com"),
            naming("acme", host: "Acme.Example.Com:8443"),
        ] { #expect(naming.wanted == ("acme", nil)) }
    }

    @Test func `an id is an id, and a slug beside it is looked at as well`() {
        let id = TenantID.make()
        #expect(naming(id.description).wanted == (nil, id))
        #expect(naming("acme", id.description).wanted == ("acme", id))
    }

    @Test func `names that contradict each other mean nobody`() {
        for naming in [
            naming("acme", "other"), naming("acme", host: "other.example.com"),
            naming(TenantID.make().description, TenantID.make().description),
        ] { #expect(naming.wanted == (nil, nil)) }
        // The default tenant is named by leaving its name out, and is no exception when it is not left out.
        #expect(naming("default", "acme").wanted == (nil, nil))
    }

    @Test func `only hosts under the public one say something`() {
        for host in ["example.com", "acme.example.org", "acmeexample.com", "127.0.0.1:8000", "", "evil.com.acme"] {
            #expect(naming(host: host).wanted == ("default", nil), "\(host)")
        }
        var naming = TenantNaming()
        naming.add(host: "acme.example.com", under: "")
        #expect(naming.wanted == ("default", nil))
        // More than one label is no slug, and so the name of no tenant.
        #expect(self.naming(host: "a.b.example.com").wanted == ("a.b", nil))
    }

    @Test func `a slug before the name is taken from it, and has to agree with the rest`() {
        var naming = naming("acme")
        #expect(naming.take(from: "Acme/mia") == "mia" && naming.wanted == ("acme", nil))
        #expect(naming.take(from: "other/mia") == "mia" && naming.wanted == (nil, nil))
        var none = TenantNaming()
        #expect(none.take(from: "mia@example.com") == "mia@example.com" && none.wanted == ("default", nil))
        #expect(none.take(from: "not a slug/mia") == "not a slug/mia" && none.wanted == ("default", nil))
    }

    @Test func `attempts are counted by what is said, and not by what exists`() {
        let id = TenantID.make()
        let subjects = [naming(), naming("acme"), naming("other"), naming(id.description), naming("acme", "other")].map(\.subject)
        #expect(Set(subjects).count == subjects.count)
        #expect(naming("ACME").subject == naming(host: "acme.example.com").subject)
    }
}
