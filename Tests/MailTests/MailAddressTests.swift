import Base
import Testing

@testable import Mail

@Suite struct MailAddressTests {
    @Test(arguments: [
        "a@b", "user@example.com", "first.last+tag@sub.example.co.uk", "o'brien@example.com", "x!#$%&'*+-/=?^_`{|}~@e.org",
        "user@xn--bcher-kva.example", "1@2.3x", "UPPER@EXAMPLE.COM",
    ])
    func `an ordinary address is read`(_ text: String) throws {
        let address = try #require(MailAddress(text))
        let parts = text.split(separator: "@")
        #expect(address.localPart == parts[0] && address.domain == parts[1].lowercased())
        #expect(address.description == "\(parts[0])@\(parts[1].lowercased())")
    }

    @Test(arguments: [
        "", "@", "a", "a@", "@b", "a@b@c", "a b@c", " a@b", "a@b ", "a@b\r\nBcc: c@d", "a@b\n", "a\r@b", "a@b>", "<a@b>", "a,b@c",
        "a@b,c@d", "\"a b\"@c", "a..b@c", ".a@c", "a.@c", "a@.c", "a@c.", "a@c..d", "a@-c", "a@c-", "a@c_d", "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@1", "ü@example.com", "a@bücher.example", "a@exam\u{0}ple.com", "a\u{0}@b", "a(comment)@b", "a;b@c", "a:b@c", "a\\b@c",
        "a@b\u{2028}", "a\u{7F}@b", "a@b%0d%0a",
    ])
    func `nothing else is`(_ text: String) {
        #expect(MailAddress(text) == nil)
    }

    @Test func `the longest parts are read, and one byte more is not`() {
        func text(local: Int, labels: [Int]) -> String {
            String(repeating: "l", count: local) + "@" + labels.map { String(repeating: "d", count: $0) }.joined(separator: ".")
        }
        #expect(MailAddress(text(local: 64, labels: [1])) != nil)
        #expect(MailAddress(text(local: 65, labels: [1])) == nil)
        #expect(MailAddress(text(local: 1, labels: [63])) != nil)
        #expect(MailAddress(text(local: 1, labels: [64])) == nil)
        let longest = text(local: 64, labels: [63, 63, 61])
        #expect(longest.utf8.count == 254 && MailAddress(longest) != nil)
        #expect(MailAddress(text(local: 64, labels: [63, 63, 62])) == nil)
    }

    @Test func `a sender is an address, or a name with one`() throws {
        #expect(MailSender("a@b.c") == MailSender(address: try #require(MailAddress("a@b.c"))))
        #expect(MailSender("Ä Firma <a@b.c>") == MailSender(name: "Ä Firma", address: try #require(MailAddress("a@b.c"))))
        for text in ["", "Name", "<a@b.c>", "Name a@b.c", "Name <a@b.c", "Name <a b>", "Na\r\nme <a@b.c>", "Name <a@b.c> x"] {
            #expect(MailSender(text) == nil, "\(text)")
        }
    }
}
