// Which passwords are refused, and that nothing else is.

import Base
import Identity
import Testing

@Suite struct PasswordPolicyTests {
    private let person = PasswordPolicy.Person(
        username: "erika.mustermann", email: "e.mustermann@firma.example", name: "Erika Mustermann", tenant: "solarwerke")

    private func reason(_ password: String, secondFactor: Bool = true) -> String? {
        do throws(Fault) {
            try PasswordPolicy.check(password, of: person, hasSecondFactor: secondFactor, field: "new_password")
            return nil
        } catch {
            guard error.code == .invalid, error.fields.count == 1, error.fields[0].path == "new_password" else {
                return "malformed"
            }
            return error.fields[0].code
        }
    }

    @Test func `a password has 15 to 128 characters, and 8 are enough beside a second factor`() {
        #expect(reason("vT9#kq2") == "length" && reason("vT9#kq2x") == nil)
        #expect(
            reason("vT9#kq2xLw7+mR", secondFactor: false) == "length" && reason("vT9#kq2xLw7+mRe", secondFactor: false) == nil)
        let long = String((0..<128).map { Character(Unicode.Scalar(UInt8(33 + ($0 * 37) % 89))) })
        #expect(reason(long) == nil && reason(long + "x") == "length")
        // Characters are counted, not bytes, and after composition.
        #expect(reason("ĸłøßđŋħþ") == nil && reason("e\u{301}a\u{300}o\u{302}u\u{308}") == "length")
        #expect(reason("") == "length")
    }

    @Test func `any character may stand in a password`() {
        for good in [
            "日本語のパスワードです", "🦜🐢🐙🦑🪼🦞🐡🦀🐳", "tab\tand space  9", "пять жёлтых кур", "quite \"quoted\" \\ text", "<script>&amp;';--",
        ] {
            #expect(reason(good) == nil, "\(good)")
        }
        #expect(reason("nul\u{0}nul nil nol") == "format")
    }

    @Test func `well-known passwords are refused however they are dressed up`() {
        for bad in [
            "password", "Password", "PASSWORD1", "P@ssw0rd", "P@$$w0rd!", "passw0rd123", "12345678", "123456789012345",
            "letmein!", "L3tM31n2024",
            "iloveyou", "1L0v3Y0u!", "welcome2024!", "Welcome123", "Summer2024!", "qwertyuiop", "qwerty123456", "1qaz2wsx3edc",
            "1qaz2wsx3edc4rfv",
            "admin123456", "administrator", "Adm1n1str@t0r", "football", "F00tb@ll99", "starwars", "monkey12", "dragon!!",
            "sunshine1", "princess",
            "correcthorsebatterystaple", "CorrectHorseBatteryStaple1", "correct horse battery staple", "michael1985", "J3nn1fer!",
            "changeme",
            "Ch4ng3M3!!", "trustno1!", "hunter22", "superman", "batman2000", "masterkey", "passwordpassword", "adminpassword123",
            "Michael&Jennifer",
            "liverpool1", "chelsea2020", "iPhone2023", "facebook1", "azertyuiop", "йцукенгшщз", "contraseña1", "motdepasse",
            "Passwort2024!",
            "ｐａｓｓｗｏｒｄ", "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝", "pass word 99", "p.a.s.s.w.o.r.d", "insulaadmin1", "zxcvbnm,./", "asdfghjkl;'",
            "987654321098765",
        ] {
            #expect(reason(bad) == "format", "\(bad)")
        }
    }

    @Test func `repetitions and walks are refused`() {
        for bad in [
            "aaaaaaaaaaaaaaa", "abababababababab", "abcabcabcabcabc", "xK7qxK7qxK7qxK7q", "abcdefghijklmnop", "zyxwvutsrqponml",
            "qwertyuiopasdfghjkl",
            "poiuytrewqlkjhgfdsa", "111122223333", "aabbccddaabbccdd", "0987654321", "abcdefg12345678", "!@#$%^&*()",
        ] {
            #expect(reason(bad) == "format", "\(bad)")
        }
    }

    @Test func `what everybody knows about the person makes no password`() {
        for bad in [
            "erika.mustermann", "Mustermann1", "3r1k4mu5t3rm4nn", "MUSTERMANN!!", "erikaerika2", "Solarwerke24", "e.mustermann",
            "ErikaMustermann",
            "mustermann_erika", "s0l4rw3rk3!",
        ] {
            #expect(reason(bad) == "format", "\(bad)")
        }
        #expect(reason("erika hat sieben kleine Hunde") == nil)
    }

    @Test func `an ordinary passphrase or a random text is taken`() {
        for good in [
            "purple lantern seventeen geese", "vT9#kq2xLw7+mRe", "gehen wir morgen rudern", "mango-teapot-vertigo",
            "8Fj2-kLq9-Zx3m", "tangled kelp forests hum",
        ] {
            #expect(reason(good, secondFactor: good.count < 15) == nil, "\(good)")
        }
    }
}
