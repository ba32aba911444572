// JSON that is passed on as bytes: `jsonb` from the database into an answer, a part of a request into the database.

/// The text of one valid JSON value. Whoever makes one vouches for that: it comes from a parsed document or from PostgreSQL.
public struct JSONRaw: Sendable, Hashable {
    public let bytes: [UInt8]

    @inlinable public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The text of that value as it stood in its source.
    public init(_ view: JSONView) {
        bytes = view.rawBytes
    }

    /// The text as a string.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public static let null = JSONRaw(Array("null".utf8))
    public static let emptyObject = JSONRaw(Array("{}".utf8))
}
