// What a first step gives out for the second, recovery codes and device tokens: each read strictly, and good for one thing only.

import Base
import Crypto
import Testing

@testable import Identity

@Suite struct ChallengeTests {
    private let key = Random.secret(byteCount: 32)
    private let issued = Timestamp(microseconds: 1_800_000_000_000_000)

    private func challenge(_ hash: String = "$argon2id$one") -> MFAChallenge {
        MFAChallenge(tenant: .make(), user: .make(), passwordHash: hash, issuedAt: issued)
    }

    private func later(seconds: Int) -> Timestamp { Timestamp(microseconds: issued.microseconds + Int64(seconds) * 1_000_000) }

    @Test func `a challenge is read as it was given, under its own key alone`() {
        let challenge = challenge()
        let text = challenge.text(key: key)
        #expect(MFAChallenge(text, key: key) == challenge)
        #expect(MFAChallenge(text, key: Random.secret(byteCount: 32)) == nil)
    }

    @Test func `an edited challenge is none, wherever it was edited`() {
        let text = Array(challenge().text(key: key).utf8)
        for at in text.indices {
            for byte in [UInt8(ascii: "A"), UInt8(ascii: "9")] where byte != text[at] {
                var edited = text
                edited[at] = byte
                #expect(MFAChallenge(String(decoding: edited, as: UTF8.self), key: key) == nil)
            }
        }
        let whole = String(decoding: text, as: UTF8.self)
        for other in ["", "A", String(whole.dropLast()), whole + "A", whole + "=", " " + whole, whole.uppercased()] {
            #expect(MFAChallenge(other, key: key) == nil)
        }
    }

    @Test func `a challenge holds for five minutes, for the password it was given for`() {
        let challenge = challenge()
        for seconds in [0, 1, 299, 300] { #expect(challenge.holds(for: "$argon2id$one", at: later(seconds: seconds))) }
        for seconds in [-1, 301, 86_400] { #expect(!challenge.holds(for: "$argon2id$one", at: later(seconds: seconds))) }
        #expect(!challenge.holds(for: "$argon2id$two", at: issued))
    }

    @Test func `a recovery code is read as people type it`() throws {
        let code = RecoveryCode.make()
        let user = UserID.make()
        let text = code.text
        #expect(text.count == 19 && text.filter { $0 == "-" }.count == 3)
        for typed in [text, text.uppercased(), text.filter { $0 != "-" }, " " + text.map { "\($0) " }.joined()] {
            #expect(RecoveryCode(typed)?.hash(of: user) == code.hash(of: user), "\(typed)")
        }
        for other in [
            "", "-", String(text.dropLast()), text + "0", text.replacing(text.first.map(String.init) ?? "", with: "u"), "١٢٣٤",
        ] {
            #expect(RecoveryCode(other) == nil, "\(other)")
        }
        #expect(code.hash(of: user) != code.hash(of: .make()))
        #expect(Set((0..<1000).map { _ in RecoveryCode.make().text }).count == 1000)
    }

    @Test func `the link for an app fits a code to scan, whatever tenant and person are called`() {
        for name in ["A: B/c?d=e&f%", String(repeating: "🦜", count: 100), String(repeating: "ä", count: 100), ""] {
            let uri = EnrolledFactor.uri("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", issuer: name, account: name + "@example.com")
            #expect(uri.utf8.count <= QRCode.byteLimit && uri.filter { $0 == ":" }.count == 2, "\(uri)")
            #expect(uri.hasSuffix("&algorithm=SHA1&digits=6&period=30"))
        }
        #expect(
            EnrolledFactor.uri("S", issuer: "A b", account: "ü").hasPrefix("otpauth://totp/A%20b:%C3%BC?secret=S&issuer=A%20b&"))
    }

    @Test func `a device token is read strictly, and stored as a hash`() throws {
        let device = DeviceToken.make()
        let read = try #require(DeviceToken(device.text))
        #expect(read.id == device.id && read.hash == device.hash && device.text.count == DeviceToken.characters)
        for other in [
            "", String(device.text.dropLast()), device.text + "0", device.text.uppercased(), String(repeating: "u", count: 78),
        ] {
            #expect(DeviceToken(other) == nil)
        }
    }
}
