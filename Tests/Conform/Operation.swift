// The operations that public vectors ask for, each on the code that the product runs. One that is not here is answered `skip`.
// Bytes are in hexadecimal unless the name of the field says otherwise.

import Base
import Crypto
import HTML
import HTTP
import JSON

/// What a line asks for.
enum Operation {
    /// The answer to a request. A request that lacks what its operation needs is answered `crash`.
    static func answer(to request: JSONView) -> JSONValue {
        let fields = Fields(request)
        let answer: JSONValue?
        switch fields.text("op") {
        case "json.parse": answer = parseJSON(fields)
        case "hmac": answer = hmac(fields)
        case "hkdf": answer = hkdf(fields)
        case "url.host": answer = fields.text("url").map(hostOfURL)
        case "html.text": answer = fields.text("html").map { ["text": .string(HTMLTokenizer.text(of: $0))] }
        case "ed25519.verify": answer = verifyEd25519(fields)
        case "ecdsa.verify": answer = verifyECDSA(fields)
        case "rsa.verify": answer = verifyRSA(fields)
        case "jws.verify": answer = verifyJWS(fields)
        case "aesgcm.open": answer = openAESGCM(fields)
        case "aesgcm.seal": answer = sealAESGCM(fields)
        case "totp": answer = totp(fields)
        case "sf.parse": answer = parseStructured(fields)
        case "cron.next": answer = nextOfCron(fields)
        case "argon2.verify": answer = verifyPassword(fields)
        case "jmespath": answer = evaluateJMESPath(fields)
        case "jsonschema": answer = validate(fields)
        case nil: answer = nil
        case .some: answer = skip
        }
        return answer ?? ["crash": "a field is missing or of the wrong type"]
    }

    static let skip: JSONValue = ["skip": true]

    private static func parseJSON(_ fields: Fields) -> JSONValue? {
        guard let text = fields.text("b64").flatMap({ Base64.standard.decode($0) }) else { return nil }
        // The grammar alone is asked about; that callers may not repeat a name is a rule of ours on top.
        return ["ok": .bool((try? JSONDocument(text, names: .repeated)) != nil)]
    }

    private static func hostOfURL(_ text: String) -> JSONValue {
        guard let url = WebURL(text) else { return ["error": "not a URL"] }
        return ["host": .string(url.hostname)]
    }

    private static func hmac(_ fields: Fields) -> JSONValue? {
        guard let hash = fields.text("hash"), let key = fields.bytes("key"), let message = fields.bytes("msg") else { return nil }
        guard let algorithm = HashAlgorithm(rawValue: hash) else { return skip }
        return ["mac": .string(Hexadecimal.encode(HMAC(algorithm).code(message, key: Secret(key))))]
    }

    private static func hkdf(_ fields: Fields) -> JSONValue? {
        guard let hash = fields.text("hash"), let key = fields.bytes("ikm"), let salt = fields.bytes("salt"),
            let info = fields.bytes("info"), let size = fields.integer("size")
        else { return nil }
        guard let algorithm = HashAlgorithm(rawValue: hash) else { return skip }
        guard let derived = try? HKDF(algorithm).derive(Secret(key), salt: salt, info: info, byteCount: size) else {
            return ["ok": false]
        }
        let bytes = unsafe derived.withBytes { unsafe Array($0) }
        return ["ok": true, "okm": .string(Hexadecimal.encode(bytes))]
    }

    private static func verifyPassword(_ fields: Fields) -> JSONValue? {
        guard let stored = fields.text("phc"), let password = fields.bytes("password") else { return nil }
        return ["ok": .bool((try? Password.verify(Secret(password), against: stored)) ?? false)]
    }
}

/// The members of a request; anything but an object has none.
struct Fields {
    let request: JSONView

    init(_ request: JSONView) {
        self.request = request
    }

    func value(_ name: String) -> JSONView? { request[name] }
    func text(_ name: String) -> String? { request[name]?.string() }
    func integer(_ name: String) -> Int? { request[name]?.int }
    func bytes(_ name: String) -> [UInt8]? { text(name).flatMap { Hexadecimal.decode($0) } }
}
