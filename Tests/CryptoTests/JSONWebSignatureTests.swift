import Base
import Crypto
import Testing

@Suite struct JSONWebSignatureTests {
    private static let samples = SignatureSamples.self
    private let privateKey = Ed25519PrivateKey.generate()

    private func verify(_ token: String, _ key: JSONWebKey, type: String? = nil) throws -> JSONWebSignature {
        let bytes = Array(token.utf8)
        return try JSONWebSignature(verifying: bytes.span, with: key, type: type)
    }

    private func verify(_ token: String, _ key: String) throws -> String {
        let key = try JSONWebKey(parsing: Array(key.utf8), acceptsSharedSecrets: true)
        return String(decoding: try verify(token, key).payload, as: UTF8.self)
    }

    /// A token with any header, rightly signed.
    private func token(_ header: String, payload: String = "{}") -> String {
        let message = "\(Base64.url.encode(Array(header.utf8))).\(Base64.url.encode(Array(payload.utf8)))"
        return "\(message).\(Base64.url.encode(privateKey.sign(Array(message.utf8))))"
    }

    private var key: JSONWebKey { JSONWebKey(privateKey.publicKey, keyID: "k1") }

    @Test func `tokens of other implementations verify, for every kind of key`() throws {
        let claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
        #expect(try verify(Self.samples.ed25519Token, Self.samples.ed25519Key) == "Example of Ed25519 signing")
        #expect(try verify(Self.samples.p256Token, Self.samples.p256Key) == claims)
        #expect(try verify(Self.samples.p384Token, Self.samples.p384Key) == "sample")
        #expect(try verify(Self.samples.sharedToken, Self.samples.sharedKey) == claims)
        #expect(try verify(Self.samples.rs256Token, Self.samples.rsaKey()) == "sample")
        #expect(try verify(Self.samples.ps256Token, Self.samples.rsaKey(algorithm: "PS256")) == "sample")
    }

    @Test func `our signature is the one of RFC 8037`() throws {
        let seed = try #require(Base64.url.decode(Self.samples.ed25519Seed))
        let key = try #require(Ed25519PrivateKey(seed: Secret(seed)))
        let parts = Self.samples.ed25519Token.split(separator: ".")
        #expect(Base64.url.encode(key.sign(Array("\(parts[0]).\(parts[1])".utf8))) == parts[2])
    }

    @Test func `a token that we sign has the header that is asked for and verifies`() throws {
        let bytes = JSONWebSignature.sign(Array(#"{"sub":"1"}"#.utf8), type: "at+jwt", keyID: "k1", key: privateKey)
        let text = String(decoding: bytes, as: UTF8.self)
        let header = try #require(Base64.url.decode(text.split(separator: ".")[0]))
        #expect(String(decoding: header, as: UTF8.self) == #"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#)
        let verified = try verify(text, key, type: "at+jwt")
        #expect(verified.payload == Array(#"{"sub":"1"}"#.utf8))
        #expect(verified.type == "at+jwt" && verified.keyID == "k1")
    }

    @Test func `any bit of a token changed makes it invalid`() {
        let bytes = JSONWebSignature.sign(Array(#"{"sub":"1"}"#.utf8), type: "at+jwt", keyID: "k1", key: privateKey)
        for at in bytes.indices {
            for bit in 0..<7 {
                var changed = bytes
                changed[at] ^= 1 << UInt8(bit)
                #expect(throws: Fault.self) { try JSONWebSignature(verifying: changed.span, with: key) }
            }
        }
    }

    static let headers: [(String, String)] = [
        ("no algorithm", "{}"),
        ("none", #"{"alg":"none"}"#),
        ("None", #"{"alg":"None"}"#),
        ("an empty algorithm", #"{"alg":""}"#),
        ("an algorithm that is no string", #"{"alg":null}"#),
        ("another algorithm", #"{"alg":"ES256"}"#),
        ("another spelling", #"{"alg":"eddsa"}"#),
        ("an algorithm twice", #"{"alg":"EdDSA","alg":"EdDSA"}"#),
        ("an algorithm twice, once escaped", #"{"alg":"EdDSA","\u0061lg":"EdDSA"}"#),
        ("an id that is no string", #"{"alg":"EdDSA","kid":1}"#),
        ("another id", #"{"alg":"EdDSA","kid":"k2"}"#),
        ("a path as id", #"{"alg":"EdDSA","kid":"../../dev/null"}"#),
        ("SQL as id", #"{"alg":"EdDSA","kid":"k1' OR '1'='1"}"#),
        ("a type that is no string", #"{"alg":"EdDSA","typ":[]}"#),
        ("critical members", #"{"alg":"EdDSA","crit":["exp"],"exp":1}"#),
        ("an empty list of critical members", #"{"alg":"EdDSA","crit":[]}"#),
        ("an unencoded payload", #"{"alg":"EdDSA","b64":false}"#),
        ("a payload that is said to be encoded", #"{"alg":"EdDSA","b64":true}"#),
        ("an address of keys", #"{"alg":"EdDSA","jku":"https://example.com/jwks"}"#),
        ("an address of a certificate", #"{"alg":"EdDSA","x5u":"https://example.com/cert"}"#),
        ("a key", #"{"alg":"EdDSA","jwk":{"kty":"OKP"}}"#),
        ("a certificate", #"{"alg":"EdDSA","x5c":["MII"]}"#),
        ("a key, escaped", #"{"alg":"EdDSA","\u006awk":{}}"#),
        ("a list", #"["EdDSA"]"#),
        ("a string", #""EdDSA""#),
        ("no JSON", #"{"alg":"EdDSA""#),
        ("a byte behind", #"{"alg":"EdDSA"}x"#),
        ("nothing", ""),
    ]

    @Test(arguments: headers)
    func `a header with what is not allowed is refused though its signature is right`(_ name: String, _ header: String) {
        let fault = #expect(throws: Fault.self, "\(name)") { try verify(token(header), key) }
        #expect(fault?.code == .unauthenticated)
        #expect(fault?.message == "The token is not valid.")
    }

    @Test func `what is not forbidden in a header is let be`() throws {
        for header in [
            #"{"alg":"EdDSA"}"#, #"{"alg":"EdDSA","kid":"k1","typ":"JWT","cty":"x"}"#, " {\n\t\"alg\" : \"EdDSA\" }\r\n",
        ] {
            #expect(try verify(token(header), key).payload == Array("{}".utf8))
        }
        #expect(try verify(token(#"{"alg":"EdDSA"}"#, payload: ""), key).payload == [])
    }

    @Test func `a public key is never taken for a shared secret`() throws {
        // The attack: HMAC under the bytes of the public key, in the hope that the token chooses the algorithm.
        let message = "\(Base64.url.encode(Array(#"{"alg":"HS256","kid":"k1"}"#.utf8))).\(Base64.url.encode(Array("{}".utf8)))"
        let code = HMAC.sha256.code(Array(message.utf8), key: Secret(privateKey.publicKey.bytes))
        #expect(throws: Fault.self) { try verify("\(message).\(Base64.url.encode(code))", key) }
    }

    @Test func `a token of one type is not taken for another`() throws {
        let access = token(#"{"alg":"EdDSA","typ":"at+jwt"}"#)
        #expect(try verify(access, key, type: "at+jwt").type == "at+jwt")
        #expect(try verify(token(#"{"alg":"EdDSA","typ":"application/AT+JWT"}"#), key, type: "at+jwt").type == "at+jwt")
        for header in [#"{"alg":"EdDSA"}"#, #"{"alg":"EdDSA","typ":"JWT"}"#, #"{"alg":"EdDSA","typ":"at+jwt "}"#] {
            #expect(throws: Fault.self) { try verify(token(header), key, type: "at+jwt") }
        }
    }

    @Test func `parts that are missing, too many, empty or spelt in another way are refused`() {
        let good = token(#"{"alg":"EdDSA"}"#, payload: "ab")
        let parts = good.split(separator: ".").map(String.init)
        #expect(throws: Never.self) { try verify(good, key) }
        for bad in [
            "", ".", "..", "...", parts[0], "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).", good + ".",
            good + "." + parts[2],
            ".\(parts[1]).\(parts[2])", "\(parts[0])..\(parts[2])", good + "=", good + " ", " " + good, good + "\n",
            "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1])=.\(parts[2])", "\(parts[0]).YWJ.\(parts[2])",
            "\(parts[0]).YW\u{0}I.\(parts[2])", good.replacing("_", with: "/").replacing("-", with: "+") + "+",
        ] {
            #expect(throws: Fault.self, "\(bad)") { try verify(bad, key) }
        }
    }

    @Test func `a token is read to 8 KiB and no further`() throws {
        func sized(_ count: Int) -> String { token(#"{"alg":"EdDSA"}"#, payload: String(repeating: "p", count: count)) }
        let shell = sized(0).utf8.count
        let room = (JSONWebSignature.byteLimit - shell) / 4 * 3
        #expect(sized(room).utf8.count <= JSONWebSignature.byteLimit)
        #expect(try verify(sized(room), key).payload.count == room)
        #expect(sized(room + 3).utf8.count > JSONWebSignature.byteLimit)
        #expect(throws: Fault.self) { try verify(sized(room + 3), key) }
        #expect(throws: Fault.self) { try verify(String(repeating: ".", count: 1_000_000), key) }
    }

    @Test func `signatures of RSA and ECDSA are refused under another algorithm, another length or changed`() {
        #expect(throws: Fault.self) { try verify(Self.samples.rs256Token, Self.samples.rsaKey(algorithm: "PS256")) }
        #expect(throws: Fault.self) { try verify(Self.samples.ps256Token, Self.samples.rsaKey()) }
        for (token, key) in [
            (Self.samples.rs256Token, Self.samples.rsaKey()), (Self.samples.p256Token, Self.samples.p256Key),
            (Self.samples.p384Token, Self.samples.p384Key), (Self.samples.sharedToken, Self.samples.sharedKey),
        ] {
            #expect(throws: Fault.self) { try verify(String(token.dropLast(4)), key) }
            #expect(throws: Fault.self) { try verify(token + "AAAA", key) }
            var bytes = Array(token.utf8)
            bytes[bytes.count - 10] = bytes[bytes.count - 10] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: Fault.self) { try verify(String(decoding: bytes, as: UTF8.self), key) }
        }
    }
}
