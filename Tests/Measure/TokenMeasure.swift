// Times one look at a credential that was verified before: the keyed name of its text, the clock, and the table of the loop. Texts are access
// tokens of an owner, the longest there are, and API keys; one that is hot, and many in turn. One JSON object.

import Base
import Crypto
import Identity
import JSON
import Tenancy

enum TokenMeasure {
    private static let looks = 500_000
    private static let many = 1_000

    /// Prints nanoseconds a look, the best of several rounds.
    static func run() {
        let tokens = (0..<many).map { _ in token() }
        let keys = (0..<many).map { _ in Array("ins_live_\(Base32.crockford.encode(Random.bytes(53)))".utf8) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("token_bytes")
        writer.int(tokens[0].count)
        for (name, texts) in [
            ("one_token_ns", Array(tokens.prefix(1))), ("many_tokens_ns", tokens), ("one_key_ns", Array(keys.prefix(1))),
            ("many_keys_ns", keys),
        ] {
            writer.key(name: name)
            writer.double((best(texts) * 10).rounded() / 10)
        }
        writer.endObject()
        print(String(decoding: writer.finish(), as: UTF8.self))
    }

    /// A text of the form and the length that access tokens have.
    private static func token() -> [UInt8] {
        var claims = JSONWriter()
        claims.beginObject()
        for (name, text) in [
            ("iss", "https://api.example.com"), ("aud", "https://api.example.com"), ("sub", UserID.make().description),
            ("tid", TenantID.make().description), ("sid", SessionID.make().description), ("client_id", "insula"),
            ("scope", Role.owner.rights.union(.own).names.joined(separator: " ")),
            ("jti", Base64.url.encode(Random.bytes(16))),
        ] {
            claims.key(name: name)
            claims.string(text)
        }
        claims.endObject()
        return JSONWebSignature.sign(claims.finish(), type: "at+jwt", keyID: "0123456789abcdef", key: .generate())
    }

    private static func best(_ texts: [[UInt8]]) -> Double {
        let names = SipHash()
        var cache = CredentialCache()
        let now = Instant.now
        for text in texts {
            let scope = TenantScope(
                tenant: .make(), actor: .user(.make(), .make()), rights: Role.owner.rights, signingKey: Secret([1]))
            cache.keep(
                VerifiedCredential(scope: scope, verifiedAt: now, until: now.advanced(milliseconds: 600_000), checkedTo: 0),
                names.code(text))
        }
        return (0..<7).map { _ in
            var found = 0
            var at = 0
            let start = Instant.now
            for _ in 0..<looks {
                // The clock is read once a request, and is part of what a look costs.
                if cache.find(names.code(texts[at]), now: .now, isHearing: true)?.scope != nil { found += 1 }
                at += 1
                if at == texts.count { at = 0 }
            }
            precondition(found == looks, "what was verified is found")
            return Double(Instant.now.nanoseconds - start.nanoseconds) / Double(looks)
        }.min() ?? 0
    }
}
