// A set of keys (RFC 7517, section 5), as servers publish it. Read strictly: one key that is not usable, an id given twice, or shared
// secrets beside public keys, and the whole set is refused, for then nobody can say which key a token would meet. Bound: 32 keys.

import Base
import JSON

/// Keys that tokens choose from by their `kid`, and by nothing else.
public struct JSONWebKeySet: Sendable {
    public static let keyLimit = 32
    /// The most bytes of a set as text.
    public static let byteLimit = 64 << 10

    public let keys: [JSONWebKey]

    /// A set to publish or to verify with: at most 32 keys with different ids.
    public init(_ keys: [JSONWebKey]) {
        precondition(keys.count <= Self.keyLimit && Self.isUnambiguous(keys), "a set has at most 32 keys, each with its own id")
        self.keys = keys
    }

    /// Reads a set.
    /// - Parameter acceptsSharedSecrets: whether its keys may be of the kind `oct`.
    /// - Throws: `.invalid` with a sentence that repeats nothing of the keys.
    public init(parsing text: [UInt8], acceptsSharedSecrets: Bool = false) throws(Fault) {
        guard text.count <= Self.byteLimit else { throw JSONWebKey.refused("the set is longer than 64 KiB") }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(text)
        } catch {
            throw JSONWebKey.refused("the set is not JSON, or has a name twice")
        }
        guard let list = document.root["keys"], list.kind == .array, (1...Self.keyLimit).contains(list.count) else {
            throw JSONWebKey.refused("`keys` is not a list of 1 to 32 keys")
        }
        var keys: [JSONWebKey] = []
        for element in list.elements { keys.append(try JSONWebKey(element, acceptsSharedSecrets: acceptsSharedSecrets)) }
        guard Self.isUnambiguous(keys) else {
            throw JSONWebKey.refused("the set mixes shared secrets with public keys, or has an id twice")
        }
        self.keys = keys
    }

    /// The key that a token with this `kid` is verified with. A token without one is verified with the only key of a set of one.
    public func key(id: String?) -> JSONWebKey? {
        guard let id else { return keys.count == 1 ? keys[0] : nil }
        return keys.first { $0.keyID == id } ?? (keys.count == 1 && keys[0].keyID == nil ? keys[0] : nil)
    }

    /// The set as a document to publish. It has the keys of Ed25519, which are the only ones that are ours.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("keys")
        writer.beginArray()
        for key in keys {
            guard case .ed25519(let material) = key.material, let id = key.keyID else { continue }
            writer.beginObject()
            writer.key("kty")
            writer.plain("OKP")
            writer.key("crv")
            writer.plain("Ed25519")
            writer.key("x")
            writer.string(Base64.url.encode(material.bytes))
            writer.key("kid")
            writer.string(id)
            writer.key("alg")
            writer.string(key.algorithm.rawValue)
            writer.key("use")
            writer.plain("sig")
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    private static func isUnambiguous(_ keys: [JSONWebKey]) -> Bool {
        let shared = keys.filter { $0.algorithm.hmac != nil }.count
        let ids = keys.compactMap(\.keyID)
        return (shared == 0 || shared == keys.count) && Set(ids).count == ids.count
            && (keys.count == 1 || ids.count == keys.count)
    }
}
