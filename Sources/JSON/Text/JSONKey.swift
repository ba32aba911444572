// The name of a member with its quotes and colon, made once, so that writing it is a copy of a few words.

/// `"name":`, ready to be copied.
public struct JSONKey: Sendable {
    /// The bytes in words as they lie in memory, the last one filled with zeros.
    @usableFromInline let words: [UInt64]
    /// The number of bytes.
    @usableFromInline let count: Int
    /// The name itself.
    public let name: String

    /// The key of a name, with escapes where it needs them.
    public init(_ name: String) {
        var writer = JSONWriter(capacity: 64)
        writer.key(name: name)
        var bytes = writer.finish()
        count = bytes.count
        while bytes.count % 8 != 0 { bytes.append(0) }
        words = stride(from: 0, to: bytes.count, by: 8).map { at in
            UInt64(littleEndian: (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) })
        }
        self.name = name
    }
}
