import Base
import HTTP
import Testing

@testable import Mail

@Suite struct SettingsTests {
    private func endpoint(_ text: String) throws -> SMTPEndpoint { try SMTPEndpoint(url: Secret(text)) }

    @Test func `each spelling of a server says how it is spoken to`() throws {
        let tls = try endpoint("smtps://user:p%40ss%3Aw%C3%BCrd@mail.example.com")
        #expect(tls.security == .tls && tls.port == 465 && tls.host == .domain("mail.example.com"))
        #expect(
            tls.credentials?.user == "user"
                && tls.credentials.map { unsafe $0.password.withBytes { unsafe Array($0) } } == Array("p@ss:würd".utf8))
        let start = try endpoint("smtp://mail.example.com/")
        #expect(start.security == .startTLS && start.port == 587 && start.credentials == nil)
        let plain = try endpoint("smtp://127.0.0.1:2525?tls=none")
        #expect(plain.security == .none && plain.port == 2525 && plain.host == .address(.v4(0x7F00_0001)))
        #expect(try endpoint("smtps://[::1]:80").port == 80)
        #expect(try endpoint("smtp://h:80").port == 80)
        #expect(try endpoint("smtps://h:443").port == 443)
    }

    @Test(arguments: [
        "", "mail.example.com", "http://mail.example.com", "smtp://", "smtp:mail", "smtps://:465", "smtp://u:hunter2@h?tls=none",
        "smtps://h?tls=none", "smtp://h?tls=maybe", "smtp://h?TLS=none", "smtp://h?", "smtp://h/path", "smtp://h#f", "smtp://u@h",
        "smtp://:hunter2@h", "smtp://u:hunter2%zz@h", "smtp://u:hunter2%00@h", "smtp://u:hunter2%0d%0a@h",
        "smtp://u:hunter2%ff@h",
        "smtp://h:0", "smtp://h:70000", "smtp://a b", "smtp://h%0d%0a",
    ])
    func `a malformed URL is refused by name, and nothing of it is repeated`(_ text: String) {
        let fault = #expect(throws: Fault.self) { _ = try endpoint(text) }
        #expect(fault?.fields.map(\.path) == ["INSULA_SMTP_URL"])
        #expect(fault.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func `a sender that is none is refused by name`() throws {
        let url = try #require(WebURL("https://insula.example.com"))
        let fault = #expect(throws: Fault.self) { _ = try MailSettings(publicURL: url, sender: "nobody", smtpURL: nil) }
        #expect(fault?.fields.map(\.path) == ["INSULA_MAIL_FROM"])
        let settings = try MailSettings(publicURL: url, sender: "a@b", smtpURL: Secret("smtps://h"))
        #expect(settings.host == .domain("insula.example.com") && settings.endpoint?.port == 465)
    }

    @Test func `mail is tried ten times over about a day`() {
        var total = 0
        for attempt in 1..<MailSchedule.attemptLimit {
            let least = MailSchedule.waitMilliseconds(afterAttempt: attempt, random: 0) ?? 0
            let most = MailSchedule.waitMilliseconds(afterAttempt: attempt, random: 0.999) ?? 0
            #expect(least >= 54_000 && most > least && most <= 23_760_000)
            total += (least + most) / 2
        }
        #expect((20...28).contains(total / 3_600_000))
        #expect(MailSchedule.waitMilliseconds(afterAttempt: MailSchedule.attemptLimit, random: 0) == nil)
        #expect(MailSchedule.waitMilliseconds(afterAttempt: .max, random: 0) == nil)
    }
}
