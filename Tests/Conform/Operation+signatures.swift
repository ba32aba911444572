// The operations of the signature suites. Six vectors of the JWS suite ask for what we refuse on purpose, and these alone are answered
// `skip` when they are refused: a key of PS256 that is to take PS384 (twice: the token would choose its algorithm), a key whose `alg`
// is `ES521`, which RFC 7518 does not know (twice), and a question mark inside base64url, called valid against RFC 7515 (twice).
// One token stands there three times, with the same key, and is called valid once and invalid twice; it is answered `skip` as well.

import Base
import Crypto
import JSON

extension Operation {
    static func verifyEd25519(_ fields: Fields) -> JSONValue? {
        guard let key = fields.bytes("public"), let message = fields.bytes("msg"), let signature = fields.bytes("sig") else {
            return nil
        }
        return ["ok": .bool(Ed25519PublicKey(key)?.isValid(signature, of: message) ?? false)]
    }

    static func verifyECDSA(_ fields: Fields) -> JSONValue? {
        guard let der = fields.bytes("der"), let encoding = fields.text("enc"), let message = fields.bytes("msg"),
            let signature = fields.bytes("sig")
        else { return nil }
        guard let key = ECDSAPublicKey(der: der) else { return ["ok": false] }
        switch encoding {
        case "der": return ["ok": .bool(key.isValid(der: signature.span, of: message.span))]
        case "p1363": return ["ok": .bool(key.isValid(signature.span, of: message.span))]
        default: return nil
        }
    }

    static func verifyRSA(_ fields: Fields) -> JSONValue? {
        guard let der = fields.bytes("der"), let padding = fields.text("pad"), let hash = fields.text("hash"),
            let message = fields.bytes("msg"), let signature = fields.bytes("sig"), ["pkcs1", "pss"].contains(padding)
        else { return nil }
        guard let digest = HashAlgorithm(rawValue: hash), digest != .sha1 else { return skip }
        guard let key = RSAPublicKey(der: der) else { return ["ok": false] }
        let isValid = key.isValid(
            signature.span, of: message.span, padding: padding == "pss" ? .pss : .pkcs1, digest: digest)
        return ["ok": .bool(isValid)]
    }

    /// `jwk` is a key or a set of keys.
    static func verifyJWS(_ fields: Fields) -> JSONValue? {
        guard let key = fields.value("jwk"), let token = fields.text("jws") else { return nil }
        guard token != contradictoryToken else { return skip }
        do throws(Fault) {
            let bytes = Array(token.utf8)
            if key["keys"] == nil {
                let key = try JSONWebKey(parsing: key.rawBytes, acceptsSharedSecrets: true)
                _ = try JSONWebSignature(verifying: bytes.span, with: key)
            } else {
                let keys = try JSONWebKeySet(parsing: key.rawBytes, acceptsSharedSecrets: true)
                _ = try JSONWebSignature(verifying: bytes.span, with: keys)
            }
            return ["ok": true]
        } catch {
            return isRefusedOnPurpose(token, algorithm: key["alg"]?.string()) ? skip : ["ok": false]
        }
    }

    /// Vectors 357 (valid), 367 and 370 (invalid) of `json_web_signature_test`.
    private static let contradictoryToken =
        "eyJraWQiOiJoczI1Ni1rZXkiLCJhbGciOiJIUzI1NiJ9.VGVzdA.c1LROH7eNQwUT8KMVEO52VC3WZ9e_AnDWbZ7aMmowV8"

    private static func isRefusedOnPurpose(_ token: String, algorithm: String?) -> Bool {
        // The headers are those of RFC 7520, sections 4.2 and 4.3.
        switch algorithm {
        case "PS256": token.hasPrefix("eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.")
        case "ES521": token.hasPrefix("eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.")
        case "HS256": token.contains("IUzI1NiJ?9.VGVzdA.") || token.contains("IUzI1NiJ9.VGVzdA?.")
        default: false
        }
    }

    // MARK: Sealing

    static func openAESGCM(_ fields: Fields) -> JSONValue? {
        guard let key = fields.bytes("key"), let nonce = fields.bytes("iv"), let additional = fields.bytes("aad"),
            let ciphertext = fields.bytes("ct"), let tag = fields.bytes("tag")
        else { return nil }
        guard isOurs(key: key, nonce: nonce) else { return skip }
        let sealed = ciphertext + tag
        guard
            let message = AESGCM(key: Secret(key)).open(sealed.span, nonce: nonce.span, additionalData: additional.span)
        else { return ["ok": false] }
        let bytes = message.withSpan { message in message.indices.map { message[$0] } }
        return ["ok": true, "msg": .string(Hexadecimal.encode(bytes))]
    }

    static func sealAESGCM(_ fields: Fields) -> JSONValue? {
        guard let key = fields.bytes("key"), let nonce = fields.bytes("iv"), let additional = fields.bytes("aad"),
            let message = fields.bytes("msg")
        else { return nil }
        guard isOurs(key: key, nonce: nonce) else { return skip }
        let sealed = AESGCM(key: Secret(key)).seal(message.span, nonce: nonce.span, additionalData: additional.span)
        return [
            "ok": true, "ct": .string(Hexadecimal.encode(Array(sealed.dropLast(AESGCM.tagByteCount)))),
            "tag": .string(Hexadecimal.encode(Array(sealed.suffix(AESGCM.tagByteCount)))),
        ]
    }

    /// Keys of 128 and 192 bits and nonces of other lengths are not to be had here.
    private static func isOurs(key: [UInt8], nonce: [UInt8]) -> Bool {
        key.count == AESGCM.keyByteCount && nonce.count == AESGCM.nonceByteCount
    }

    // MARK: One-time codes

    /// `t` and `step` in seconds.
    static func totp(_ fields: Fields) -> JSONValue? {
        guard let name = fields.text("alg"), let secret = fields.bytes("secret"), let time = fields.integer("t"),
            let digits = fields.integer("digits"), let stepSeconds = fields.integer("step"), stepSeconds > 0
        else { return nil }
        let spelling = String(name.lowercased().filter { $0 != "-" })
        guard let algorithm = HashAlgorithm(rawValue: spelling), algorithm != .sha384, (6...8).contains(digits), time >= 0 else {
            return skip
        }
        let code = TOTP(algorithm: algorithm, digits: digits).code(secret: Secret(secret), step: Int64(time / stepSeconds))
        return ["code": .string(code)]
    }
}
