// The texts that credentials have: each reads itself, and nothing else.

import Base
import Crypto
import Tenancy
import Testing

@testable import Identity

@Suite struct TokenTextTests {
    private func bytes(_ secret: Secret) -> [UInt8] { Array(secret.spelled.utf8) }

    @Test func `a refresh token says its session and its counter, under its own key alone`() {
        let key = Random.secret(byteCount: 32)
        for counter in [0, 1, 31, 32, 1_000_000, Int(Int32.max)] {
            let token = RefreshToken(session: .make(), counter: counter)
            let text = bytes(token.text(key: key))
            #expect(text.count == RefreshToken.characters && RefreshToken(text, key: key) == token)
            #expect(RefreshToken(text, key: Random.secret(byteCount: 32)) == nil)
            for at in text.indices {
                var other = text
                other[at] = other[at] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
                #expect(RefreshToken(other, key: key) == nil, "changed at \(at)")
            }
            #expect(RefreshToken(Array(text.dropLast()), key: key) == nil && RefreshToken(text + [48], key: key) == nil)
        }
        #expect(RefreshToken([], key: key) == nil)
    }

    @Test func `a cookie says its session and its secret`() throws {
        let cookie = SessionCookie(for: .make())
        let text = bytes(cookie.text)
        let read = try #require(SessionCookie(text))
        #expect(text.count == SessionCookie.characters && read.session == cookie.session && read.hash == cookie.hash)
        for wrong in [[], Array(text.dropLast()), text + [48], Array(text.reversed())] { #expect(SessionCookie(wrong) == nil) }
        #expect(SessionCookie(Array(String(decoding: text, as: UTF8.self).replacing(".", with: "_").utf8)) == nil)
    }

    @Test func `a key says its id, whatever the installation's word, and shows most mistakes by itself`() throws {
        for environment in ["live", "t", "12345678"] {
            let id = KeyID.make()
            let text = bytes(APIKeyText.make(for: id, environment: environment))
            #expect(APIKeyText.id(in: text) == id && text.starts(with: "ins_\(environment)_".utf8))
            for at in text.indices {
                var other = text
                other[at] = other[at] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
                #expect(APIKeyText.id(in: other) == nil, "changed at \(at)")
            }
        }
        #expect(APIKeyText.id(in: bytes(APIKeyText.make(for: .make(), environment: "ninechars"))) == nil)
        #expect(APIKeyText.id(in: []) == nil && APIKeyText.id(in: Array("ins_".utf8)) == nil)
    }
}
