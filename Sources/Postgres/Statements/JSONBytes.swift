// A JSON document as its bytes, on the way to and from a `jsonb` column: spliced into an answer as it is, never parsed here.

/// The UTF-8 text of one JSON document.
public struct JSONBytes: Sendable, Hashable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// What stands before the text in the binary form of `jsonb`.
    @usableFromInline static let version: UInt8 = 1
}
