import Base
import Crypto
import JSON
import Testing

@Suite struct JSONWebKeyTests {
    private static let samples = SignatureSamples.self

    private func key(_ text: String, secrets: Bool = false) throws -> JSONWebKey {
        try JSONWebKey(parsing: Array(text.utf8), acceptsSharedSecrets: secrets)
    }

    @Test func `a key has the algorithm of its kind, or the one that it states`() throws {
        #expect(try key(Self.samples.ed25519Key).algorithm == .edDSA)
        #expect(try key(Self.samples.p256Key).algorithm == .es256)
        #expect(try key(Self.samples.p384Key).algorithm == .es384)
        #expect(try key(Self.samples.rsaKey()).algorithm == .rs256)
        #expect(try key(Self.samples.rsaKey(exponent: "Aw")).algorithm == .rs256)
        #expect(try key(Self.samples.rsaKey(algorithm: "PS512")).algorithm == .ps512)
        #expect(try key(Self.samples.sharedKey, secrets: true).algorithm == .hs256)
    }

    @Test func `thirteen algorithms verify, and these are refused on purpose`() {
        let ours = [
            "EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "HS256", "HS384", "HS512",
        ]
        #expect(SignatureAlgorithm.allCases.map(\.rawValue) == ours)
        // No signature at all; SHA-1; a curve that nobody asked for; misspellings that public vectors use; algorithms of encryption.
        for refused in ["none", "RS1", "ES256K", "ES521", "ES224", "A256GCM", "A256KW", "RSA1_5", "RSA-OAEP", "ECDH-ES"] {
            #expect(SignatureAlgorithm(rawValue: refused) == nil)
            #expect(throws: Fault.self) { try key(Self.samples.rsaKey(algorithm: refused)) }
            #expect(throws: Fault.self) {
                try key(Self.samples.p256Key(x: Self.x, y: Self.y, more: #","alg":"\#(refused)""#))
            }
        }
    }

    private static let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    private static let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    private static let zeros43 = String(repeating: "A", count: 43)

    static let refused: [(String, String)] = [
        ("not JSON", "{"),
        ("not an object", "[]"),
        ("a name twice", #"{"kty":"OKP","kty":"OKP","crv":"Ed25519","x":"\#(zeros43)"}"#),
        ("no kind", #"{"crv":"Ed25519","x":"\#(zeros43)"}"#),
        ("another kind", #"{"kty":"AKP","crv":"Ed25519","x":"\#(zeros43)"}"#),
        ("a kind that is no string", #"{"kty":1,"crv":"Ed25519","x":"\#(zeros43)"}"#),
        ("a curve for exchange", #"{"kty":"OKP","crv":"X25519","x":"\#(zeros43)"}"#),
        ("31 bytes", #"{"kty":"OKP","crv":"Ed25519","x":"\#(String(repeating: "A", count: 42))"}"#),
        ("33 bytes", #"{"kty":"OKP","crv":"Ed25519","x":"\#(String(repeating: "A", count: 44))"}"#),
        ("leftover bits", #"{"kty":"OKP","crv":"Ed25519","x":"\#(String(repeating: "A", count: 42))B"}"#),
        ("padding", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)="}"#),
        ("no x", #"{"kty":"OKP","crv":"Ed25519"}"#),
        ("a private part", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","d":"\#(zeros43)"}"#),
        ("for encryption", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","use":"enc"}"#),
        ("operations for encryption", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","key_ops":["encrypt"]}"#),
        ("operations without verifying", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","key_ops":["sign"]}"#),
        ("operations that are no list", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","key_ops":"verify"}"#),
        ("another algorithm", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","alg":"ES256"}"#),
        ("no algorithm at all", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","alg":"none"}"#),
        ("an empty id", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","kid":""}"#),
        ("an id of 129", #"{"kty":"OKP","crv":"Ed25519","x":"\#(zeros43)","kid":"\#(String(repeating: "k", count: 129))"}"#),
        ("an unknown curve", #"{"kty":"EC","crv":"secp256k1","x":"\#(x)","y":"\#(y)"}"#),
        ("the algorithm of another curve", samples.p256Key(x: x, y: y, more: #","alg":"ES384""#)),
        ("an algorithm that does not exist", samples.p256Key(x: x, y: y, more: #","alg":"ES521""#)),
        ("the point of another curve", #"{"kty":"EC","crv":"P-384","x":"\#(x)","y":"\#(y)"}"#),
        ("a point off the curve", samples.p256Key(x: x, y: x)),
        ("the point zero", samples.p256Key(x: zeros43, y: zeros43)),
        ("a short coordinate", samples.p256Key(x: String(x.dropLast(3)) + "A", y: y)),
        ("RSA of 1024 bits", samples.rsaKey(samples.rsaModulusOf1024Bits)),
        ("RSA with exponent 1", samples.rsaKey(exponent: "AQ")),
        ("RSA with an even exponent", samples.rsaKey(exponent: "AQAC")),
        ("RSA with an exponent of 33 bits", samples.rsaKey(exponent: "AQAAAAE")),
        ("RSA with a zero before the exponent", samples.rsaKey(exponent: "AAEAAQ")),
        ("RSA without an algorithm", samples.rsaKey(algorithm: nil)),
        ("RSA with an algorithm of secrets", samples.rsaKey(algorithm: "HS256")),
        ("RSA for encryption", samples.rsaKey(algorithm: "RSA1_5")),
        ("a shared secret where a public key is asked for", samples.sharedKey),
    ]

    @Test(arguments: refused)
    func `a key that is not usable is refused, and the refusal repeats nothing of it`(_ name: String, _ text: String) {
        let fault = #expect(throws: Fault.self, "\(name)") { try key(text) }
        #expect(fault?.code == .invalid)
        #expect(fault?.message.contains("AAAA") == false)
    }

    @Test func `a shared secret is as long as the digest at least, and 512 bytes at most`() throws {
        func secret(_ count: Int, _ algorithm: String) -> String {
            #"{"kty":"oct","alg":"\#(algorithm)","k":"\#(Base64.url.encode(Random.bytes(count)))"}"#
        }
        for (algorithm, count) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
            #expect(try key(secret(count, algorithm), secrets: true).algorithm.rawValue == algorithm)
            #expect(throws: Fault.self) { try key(secret(count - 1, algorithm), secrets: true) }
            #expect(throws: Fault.self) { try key(secret(0, algorithm), secrets: true) }
            #expect(throws: Fault.self) { try key(secret(513, algorithm), secrets: true) }
            #expect(try key(secret(512, algorithm), secrets: true).algorithm.rawValue == algorithm)
        }
        for algorithm in ["A256GCM", "A256KW", "EdDSA", "RS256"] {
            #expect(throws: Fault.self) { try key(secret(64, algorithm), secrets: true) }
        }
    }

    @Test func `a key is read to 8 KiB and no further`() throws {
        let shell = #"{"kty":"OKP","crv":"Ed25519","x":"\#(Self.zeros43)","ext":""}"#
        let filler = String(repeating: "e", count: JSONWebKey.byteLimit - shell.utf8.count)
        let text = shell.replacing(#""ext":"""#, with: #""ext":"\#(filler)""#)
        #expect(text.utf8.count == JSONWebKey.byteLimit)
        #expect(try key(text).algorithm == .edDSA)
        #expect(throws: Fault.self) { try key(text + " ") }
    }

    @Test func `numbers of RSA are weak at 2047 bits, at 8193, and when the modulus is even`() {
        func modulus(bits: Int, last: UInt8 = 1) -> [UInt8] {
            var bytes = [UInt8](repeating: 0x5A, count: (bits + 7) / 8)
            bytes[0] = 1 << UInt8((bits - 1) % 8)
            bytes[bytes.count - 1] = last
            return bytes
        }
        #expect(RSAPublicKey(modulus: modulus(bits: 2048), exponent: [1, 0, 1]) != nil)
        #expect(RSAPublicKey(modulus: modulus(bits: 8192), exponent: [1, 0, 1]) != nil)
        #expect(RSAPublicKey(modulus: modulus(bits: 2047), exponent: [1, 0, 1]) == nil)
        #expect(RSAPublicKey(modulus: modulus(bits: 8193), exponent: [1, 0, 1]) == nil)
        #expect(RSAPublicKey(modulus: modulus(bits: 2048, last: 2), exponent: [1, 0, 1]) == nil)
        #expect(RSAPublicKey(modulus: [0] + modulus(bits: 2048), exponent: [1, 0, 1]) == nil)
        #expect(RSAPublicKey(modulus: [], exponent: []) == nil)
    }

    @Test func `a public key in DER is read whole or not at all`() throws {
        let der = try #require(Hexadecimal.decode(Self.samples.rsaDER))
        #expect(RSAPublicKey(der: der) != nil)
        #expect(RSAPublicKey(der: der + [0]) == nil)
        #expect(RSAPublicKey(der: Array(der.dropLast())) == nil)
        #expect(RSAPublicKey(der: []) == nil)
        #expect(RSAPublicKey(der: [UInt8](repeating: 0x30, count: 4096)) == nil)
        #expect(ECDSAPublicKey(der: der) == nil)
        #expect(ECDSAPublicKey(der: []) == nil)
    }

    // MARK: Sets

    @Test func `our keys are published and read again`() throws {
        let first = Ed25519PrivateKey.generate()
        let second = Ed25519PrivateKey.generate()
        let set = JSONWebKeySet([JSONWebKey(first.publicKey, keyID: "a"), JSONWebKey(second.publicKey, keyID: "b")])
        let text = String(decoding: set.bytes, as: UTF8.self)
        let x = [first, second].map { Base64.url.encode($0.publicKey.bytes) }
        #expect(
            text == #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(x[0])","kid":"a","alg":"EdDSA","use":"sig"},"#
                + #"{"kty":"OKP","crv":"Ed25519","x":"\#(x[1])","kid":"b","alg":"EdDSA","use":"sig"}]}"#)
        let copy = try JSONWebKeySet(parsing: set.bytes)
        let token = JSONWebSignature.sign(Array("{}".utf8), type: "at+jwt", keyID: "b", key: second)
        #expect(try JSONWebSignature(verifying: token.span, with: copy).keyID == "b")
        let foreign = JSONWebSignature.sign(Array("{}".utf8), type: "at+jwt", keyID: "a", key: second)
        #expect(throws: Fault.self) { try JSONWebSignature(verifying: foreign.span, with: copy) }
        let unknown = JSONWebSignature.sign(Array("{}".utf8), type: "at+jwt", keyID: "c", key: second)
        #expect(throws: Fault.self) { try JSONWebSignature(verifying: unknown.span, with: copy) }
        #expect(copy.key(id: nil) == nil && copy.key(id: "c") == nil && copy.key(id: "a") != nil)
    }

    @Test func `a set that is ambiguous, mixed, too long or holds one bad key is refused whole`() throws {
        func okp(_ id: String?) -> String {
            let id = id.map { #","kid":"\#($0)""# } ?? ""
            return #"{"kty":"OKP","crv":"Ed25519","x":"\#(Self.zeros43)"\#(id)}"#
        }
        func set(_ keys: [String]) throws -> JSONWebKeySet {
            try JSONWebKeySet(parsing: Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8), acceptsSharedSecrets: true)
        }
        #expect(try set([okp(nil)]).key(id: "any") != nil)
        #expect(try set((1...32).map { okp("\($0)") }).keys.count == 32)
        for keys in [
            [], (1...33).map { okp("\($0)") }, [okp("a"), okp("a")], [okp("a"), okp(nil)], [okp("a"), Self.samples.sharedKey],
            [okp("a"), "{}"],
        ] {
            #expect(throws: Fault.self) { try set(keys) }
        }
        for text in ["", "{}", "[]", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#] {
            #expect(throws: Fault.self) { try JSONWebKeySet(parsing: Array(text.utf8)) }
        }
        let long = Array(#"{"keys":[\#(okp("a"))]}"#.utf8) + [UInt8](repeating: 0x20, count: JSONWebKeySet.byteLimit)
        #expect(throws: Fault.self) { try JSONWebKeySet(parsing: long) }
    }
}
