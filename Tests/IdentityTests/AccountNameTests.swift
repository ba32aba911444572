// Names are one name however they are spelled, and what could be taken for another is refused.

import Base
import Identity
import JSON
import Testing

@Suite struct AccountNameTests {
    private func username(_ text: String) -> String? { (try? Username(text))?.text }
    private func email(_ text: String) -> String? { (try? EmailAddress(text))?.text }

    @Test func `a username is brought to one spelling before it is compared`() {
        for (given, wanted) in [
            ("Alice", "alice"), ("ＡＬＩＣＥ", "alice"), ("𝓐𝓵𝓲𝓬𝓮", "alice"), ("STRASSE", "strasse"), ("straße", "strasse"),
            ("Σίσυφος", "σίσυφοσ"), ("ﬁona", "fiona"), ("Zoe\u{308}", "zoë"), ("ℌans", "hans"), ("ALI\u{131}", "alii"),
            ("иван.2", "иван.2"), ("田中さくら", "田中さくら"), ("김철수", "김철수"), ("राम", "राम"), ("a-b_c.d", "a-b_c.d"), ("7", "7"),
        ] {
            #expect(username(given) == wanted, "\(given)")
        }
    }

    @Test func `a username in two scripts, or with what is not seen, is none`() {
        for bad in [
            "", " ", "a b", "alice ", "аlice", "alicе", "pаypal", "αlice", "a\u{200B}b", "a\u{200D}b", "a\u{AD}b", "a\u{2060}b",
            "a\u{FE0F}b", "a\u{34F}b", "\u{3164}", "a\u{3164}", "\u{115F}a", "a\u{202E}b", "a\u{301}\u{301}\u{301}\u{301}",
            "\u{301}a",
            "ǃa", "ɑlice",
            ".a", "a.", "-a", "a-", "_a", "a_", "a@b", "a@b.example", "a/b", "a:b", "a\u{0}b", "a\r\nb", "a%b", "a'b", "🦜",
            "٣", "a😀",
            "user_01j8z6c4vzf0hs2m7s2r6v9k3d", "x_01j8z6c4vzf0hs2m7s2r6v9k3d", "0190a0b0-1234-7abc-8def-0123456789ab",
            "0190a0b012347abc8def0123456789ab", String(repeating: "a", count: 65), String(repeating: "ﷺ", count: 60),
        ] {
            #expect(throws: Fault.self, "\(bad.debugDescription)") { try Username(bad) }
        }
        #expect(username(String(repeating: "a", count: 64)) != nil)
        let fault = #expect(throws: Fault.self) { try Username("a b", field: "login") }
        #expect(fault?.code == .invalid && fault?.fields.first?.path == "login" && fault?.fields.first?.code == "format")
    }

    @Test func `what is a username stays the same when it is read again`() throws {
        for text in ["Straße", "ΣΊΣΥΦΟΣ", "İstanbul", "ŉame", "ǰan", "ΐa".prefix(1).description, "Ω", "K", "ﬃ"] {
            guard let once = username(text) else { continue }
            #expect(username(once) == once, "\(text)")
        }
    }

    @Test func `an address is brought to one spelling before it is checked`() {
        for (given, wanted) in [
            ("Alice@Example.COM", "alice@example.com"), ("ａlice＠example.com", "alice@example.com"),
            ("a+b.c@mail.example.co.uk", "a+b.c@mail.example.co.uk"), ("o'brien@example.com", "o'brien@example.com"),
            ("m\u{131}ke@example.com", "miike@example.com".replacing("ii", with: "i")),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ] {
            #expect(email(given) == wanted, "\(given)")
        }
    }

    @Test func `what is no mailbox of a host name, or would break out of a header, is refused`() {
        for bad in [
            "", "a", "@", "a@", "@b.example", "a@b", "a@b.", "a@.b", "a@b..c", "a..b@c.example", ".a@b.example", "a.@b.example",
            "a b@c.example", "\"a b\"@c.example", "a@[127.0.0.1]", "a@127.0.0.1", "a@b.1", "a@-b.example", "a@b-.example",
            "a@b_c.example",
            "a@b.example\r\nBcc: x@y.example", "a\r\n@b.example", "a@b.example\n", " a@b.example", "a@b.example ",
            "<a@b.example>",
            "A <a@b.example>", "a@b.example,c@d.example", "a@b@c.example", "é@example.com", "a@bücher.example",
            "a\u{0}@b.example",
            "a@b.example\u{200B}", "a(comment)@b.example", String(repeating: "a", count: 65) + "@b.example",
            "a@" + String(repeating: "b", count: 64) + ".example", "a@" + String(repeating: "b.", count: 126) + "example",
        ] {
            #expect(throws: Fault.self, "\(bad.debugDescription)") { try EmailAddress(bad) }
        }
        #expect(email(String(repeating: "a", count: 64) + "@b.example") != nil)
        let fault = #expect(throws: Fault.self) { try EmailAddress("x", field: "to") }
        #expect(fault?.fields.first?.path == "to")
    }

    @Test func `a name of a person is one line that can't turn the text behind it`() {
        for good in ["Ana María O'Neil-Świętochłowska", "田中 さくら", "محمد علي", "", "🦜", "می\u{200C}خواهم"] {
            #expect(PersonName.format.accepts(good), "\(good)")
        }
        for bad in [
            "a\nb", "a\r\nBcc: x", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "\u{202E}nimda", "a\u{200B}", "a\u{FEFF}", "a\u{7F}",
            "\u{2066}a",
        ] {
            #expect(!PersonName.format.accepts(bad), "\(bad.debugDescription)")
        }
    }
}
