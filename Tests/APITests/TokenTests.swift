// Access tokens under attack: each token here differs from a good one in one thing, and each has the same answer. All are signed with the
// installation's own key where a signature is not the matter, so that nothing but the one thing can be why they are refused.

import Base
import Crypto
import Identity
import InsulaTesting
import JSON
import Tenancy
import Testing

@Suite struct TokenTests {
    /// A good token, and what is needed to make others like it.
    private struct Forge {
        let visit: Visit
        let person: TestPerson
        let session: TestSession
        let header: JSONObject
        let claims: JSONObject
        let kid: String
        let key: Ed25519PrivateKey

        init(_ given: Visit? = nil) async throws {
            if let given { visit = given } else { visit = try await Visit() }
            person = try visit.tenant.person()
            session = try await person.session()
            let parts = session.accessToken.split(separator: ".")
            header = try #require(try JSONValue(parsing: Base64.url.decode(String(parts[0])) ?? []).object)
            claims = try #require(try JSONValue(parsing: Base64.url.decode(String(parts[1])) ?? []).object)
            (kid, key) = try visit.server.signingKey()
        }

        /// A token with these members laid over those of the good one; `null` takes a member away.
        func token(header further: JSONObject = JSONObject(), claims changed: JSONObject = JSONObject()) -> String {
            sign(Forge.lay(further, over: header), Forge.lay(changed, over: claims))
        }

        func sign(_ header: [UInt8], _ claims: [UInt8]) -> String {
            let message = Base64.url.encode(header) + "." + Base64.url.encode(claims)
            return message + "." + Base64.url.encode(key.sign(Array(message.utf8)))
        }

        private static func lay(_ changes: JSONObject, over object: JSONObject) -> [UInt8] {
            var object = object
            for member in changes.members { object[member.name] = member.value.isNull ? nil : member.value }
            return JSONValue.object(object).bytes
        }

        func status(_ token: String) async throws -> Int {
            try await visit.server.client(key: token).call("GET", "/v1/tenant").status
        }

        func expectRefused(_ token: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let answer = try await visit.server.client(key: token).call("GET", "/v1/tenant")
            #expect(answer.status == 401, "\(what): \(answer.text)", sourceLocation: sourceLocation)
            #expect(answer.json["detail"] == "The credential is not valid.", "\(what)", sourceLocation: sourceLocation)
            #expect(
                answer["www-authenticate"] == #"Bearer realm="insula", error="invalid_token""#, sourceLocation: sourceLocation)
        }
    }

    private func object(_ value: JSONValue) -> JSONObject { value.object ?? JSONObject() }

    @Test func `a token says what it has to, and is taken`() async throws {
        let forge = try await Forge()
        #expect(forge.header.members.map(\.name).sorted() == ["alg", "kid", "typ"])
        #expect(forge.header["alg"] == "EdDSA" && forge.header["typ"] == "at+jwt" && forge.header["kid"]?.string == forge.kid)
        let claims = forge.claims
        #expect(claims["iss"] == claims["aud"] && claims["iss"]?.string?.hasPrefix("http://127.0.0.1") == true)
        #expect(claims["sub"]?.string == forge.person.id.description && claims["sid"]?.string == forge.session.id)
        #expect(claims["tid"]?.string == forge.visit.tenant.id.description && claims["amr"] == ["pwd"])
        #expect((claims["exp"]?.int ?? 0) - (claims["iat"]?.int ?? 0) == 1800 && claims["jti"]?.string?.isEmpty == false)
        #expect(claims["act"] == nil)
        #expect(try await forge.status(forge.session.accessToken) == 200)
        // The forge makes sound tokens: what it is refused for below is what was changed.
        #expect(try await forge.status(forge.token(claims: object(["jti": "another"]))) == 200)
    }

    @Test func `neither another algorithm nor none is a way in`() async throws {
        let forge = try await Forge()
        let parts = forge.session.accessToken.split(separator: ".").map(String.init)
        for alg in ["none", "None", "NONE", "", "HS256", "ES256", "RS256", "PS256", "eddsa", "Ed25519", "HS512"] {
            try await forge.expectRefused(forge.token(header: object(["alg": .string(alg)])), "alg \(alg)")
        }
        try await forge.expectRefused(forge.token(header: object(["alg": nil])), "no alg")
        try await forge.expectRefused(forge.token(header: object(["alg": 1])), "alg that is a number")
        for alg in ["none", "EdDSA"] {
            let header = Base64.url.encode(Array(#"{"alg":"\#(alg)","typ":"at+jwt","kid":"\#(forge.kid)"}"#.utf8))
            try await forge.expectRefused("\(header).\(parts[1]).", "\(alg) without a signature")
            try await forge.expectRefused("\(header).\(parts[1])", "\(alg) in two parts")
        }
        // The public key, which everybody has, as the secret of an HMAC.
        let jwks = try await forge.visit.call(200, "GET", "/.well-known/jwks.json").json
        for secret in [forge.key.publicKey.bytes, Array((jwks["keys"]?[0]?["x"]?.string ?? "").utf8), jwks.bytes] {
            let message = Base64.url.encode(Array(#"{"alg":"HS256","typ":"at+jwt","kid":"\#(forge.kid)"}"#.utf8)) + "." + parts[1]
            let code = HMAC.sha256.code(Array(message.utf8), key: Secret(secret))
            try await forge.expectRefused(message + "." + Base64.url.encode(code), "HMAC under the public key")
        }
    }

    @Test func `a key is looked up by its name among ours, and comes from nowhere else`() async throws {
        let forge = try await Forge()
        let other = Ed25519PrivateKey.generate()
        let stranger = object([
            "kty": "OKP", "crv": "Ed25519", "x": .string(Base64.url.encode(other.publicKey.bytes)), "kid": .string(forge.kid),
        ])
        for kid: JSONValue in [
            nil, "", "unknown", "../../../../etc/passwd", "/dev/null", "' OR '1'='1", "x'; DROP TABLE signing_keys; --", 1, [],
            .string(forge.kid + "0"), .string(String(repeating: "k", count: 4_000)), "\u{0}", ["a": 1],
        ] {
            try await forge.expectRefused(forge.token(header: object(["kid": kid])), "kid \(kid)")
        }
        for (name, value) in [
            ("jku", "https://evil.example/jwks.json"), ("x5u", "https://evil.example/cert.pem"),
            ("jwk", JSONValue.object(stranger)),
            ("x5c", ["MII"]), ("crit", ["exp"]), ("crit", []), ("b64", false),
        ] as [(String, JSONValue)] {
            var header = JSONObject()
            header[name] = value
            try await forge.expectRefused(forge.token(header: header), name)
        }
        // Signed by somebody else, under the name of our key.
        let message = forge.session.accessToken.split(separator: ".").prefix(2).joined(separator: ".")
        try await forge.expectRefused(message + "." + Base64.url.encode(other.sign(Array(message.utf8))), "another's signature")
        // There still is a table of keys, and the good token is still good.
        #expect(try await forge.status(forge.session.accessToken) == 200)
    }

    @Test func `a token of another type, for others, by others or of another time is none`() async throws {
        let forge = try await Forge()
        let now = Int(Timestamp.now.microseconds / 1_000_000)
        for typ: JSONValue in [nil, "JWT", "jwt", "at", "refresh+jwt", "application/jwt", 1] {
            try await forge.expectRefused(forge.token(header: object(["typ": typ])), "typ \(typ)")
        }
        for (name, value) in [
            ("iss", "https://evil.example"), ("iss", ""), ("aud", "https://other.example"), ("aud", ["http://127.0.0.1:0"]),
            ("exp", .integer(now - 1)), ("exp", 0), ("exp", -1), ("exp", "9999999999"), ("exp", .integer(now + 900_000)),
            ("exp", .double(1e30)), ("iat", .integer(now + 600)), ("iat", .integer(now - 900_000)), ("nbf", .integer(now + 600)),
            ("sub", .string(UserID.make().description)), ("sub", "user_1"), ("sid", .string(SessionID.make().description)),
            ("tid", .string(TenantID.make().description)), ("tid", .string(forge.person.id.description)), ("amr", "pwd"),
        ] as [(String, JSONValue)] {
            var claims = JSONObject()
            claims[name] = value
            try await forge.expectRefused(forge.token(claims: claims), "\(name) \(value)")
        }
        for name in ["iss", "aud", "sub", "tid", "sid", "scope", "amr", "iat", "exp", "jti"] {
            var claims = JSONObject()
            claims[name] = JSONValue.null
            try await forge.expectRefused(forge.token(claims: claims), "no \(name)")
        }
        // A session of another tenant, and another's session of one's own.
        let foreign = try await Visit().tenant.person().session()
        let colleague = try await forge.visit.tenant.person().session()
        for id in [foreign.id, colleague.id] {
            try await forge.expectRefused(forge.token(claims: object(["sid": .string(id)])), "another's session")
        }
    }

    @Test func `what is said twice, edited or spelled otherwise is refused, though the good token is known`() async throws {
        let forge = try await Forge()
        #expect(try await forge.status(forge.session.accessToken) == 200)
        let parts = forge.session.accessToken.split(separator: ".").map(String.init)
        let header = JSONValue.object(forge.header).bytes
        let claims = JSONValue.object(forge.claims).bytes
        let twice = Array(#"{"sub":"\#(UserID.make())","#.utf8) + claims.dropFirst()
        try await forge.expectRefused(forge.sign(header, twice), "a claim twice")
        try await forge.expectRefused(forge.sign(Array(#"{"alg":"none","#.utf8) + header.dropFirst(), claims), "alg twice")
        for change in [
            ["scope": "tenant:read users:write keys:write"], ["sub": .string(UserID.make().description)], ["exp": 4_000_000_000],
            ["tid": .string(TenantID.make().description)],
        ] as [JSONValue] {
            let edited = JSONValue.object(forge.claims.merging(object(change))).bytes
            try await forge.expectRefused("\(parts[0]).\(Base64.url.encode(edited)).\(parts[2])", "edited \(change)")
        }
        let last = parts[2].last == "A" ? "Q" : "A"
        for (token, what) in [
            ("\(parts[0]).\(parts[1]).\(parts[2])=", "padding"),
            ("\(parts[0]).\(parts[1]).\(parts[2].dropLast())", "a shorter one"),
            ("\(parts[0]).\(parts[1]).\(parts[2].dropLast())\(last)", "another last character"),
            ("\(parts[0]).\(parts[1]).\(parts[2])AAAA", "a longer one"), (forge.session.accessToken + ".", "a fourth part"),
            (forge.session.accessToken + "." + parts[2], "five parts"), (parts[0] + "." + parts[1], "two parts"),
            (forge.session.accessToken.uppercased(), "capitals"), ("\(parts[0])..\(parts[2])", "no claims"),
            (forge.sign(header, Array("[]".utf8)), "a list"), (forge.sign(header, []), "nothing"),
            (forge.sign(header, Array("null".utf8)), "null"), (forge.sign(Array("{}".utf8), claims), "an empty header"),
            (forge.sign(Array("[]".utf8), claims), "a header that is a list"),
            ("ey" + String(repeating: "J", count: 9_000), "a long one"),
        ] {
            try await forge.expectRefused(token, what)
        }
        #expect(try await forge.status(forge.session.accessToken) == 200)
    }

    @Test func `what is good for one thing is good for nothing else`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let (session, browser) = (try await person.session(), try await person.session(.cookie))
        let server = visit.server
        #expect(try await browser.client().call("GET", "/v1/tenant").status == 200)
        for (text, what) in [(session.refreshToken, "refresh token"), (browser.cookie, "cookie")] {
            expectProblem(try await server.client(key: text).call("GET", "/v1/tenant"), 401, "unauthenticated")
            let asKey = try await server.client(headers: [("x-api-key", text)]).call("GET", "/v1/tenant")
            #expect(asKey.status == 401, "\(what)")
        }
        for text in [session.accessToken, session.refreshToken, visit.tenant.key] {
            let client = server.client(headers: [("cookie", "\(SessionCookie.name)=\(text)")])
            expectProblem(try await client.call("GET", "/v1/tenant"), 401, "unauthenticated")
        }
        for text in [session.accessToken, browser.cookie, visit.tenant.key, "", "insr_", session.refreshToken + "0"] {
            let answer = try await server.client().call("POST", "/v1/token/refresh", ["refresh_token": .string(text)])
            #expect(answer.status == (text.isEmpty || text.count > 200 ? 422 : 401), "\(answer.text)")
        }
        // The counter of a refresh token is part of what its code is of.
        var guess = Array(session.refreshToken.utf8)
        guess[38] = UInt8(ascii: "1")
        let answer = try await server.client().call(
            "POST", "/v1/token/refresh", ["refresh_token": .string(String(decoding: guess, as: UTF8.self))])
        expectProblem(answer, 401, "unauthenticated")
        #expect(try await session.client().call("GET", "/v1/tenant").status == 200)
    }
}
