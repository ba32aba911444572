// Identifiers: 128 bits, UUIDv7 (RFC 9562) inside, TypeID on the wire: a prefix, an underscore and 26 characters of base32.
// The kind is part of the type, so that an agent's id can't be passed where an execution's is wanted.

/// A kind of thing that has ids. One table of prefixes: `Identifier+Kinds.swift`.
public protocol IdentifiedKind: Sendable {
    /// What stands before the underscore on the wire.
    static var prefix: StaticString { get }
}

/// The id of one `Kind` of thing.
public struct ID<Kind: IdentifiedKind>: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The 128 bits.
    public let uuid: UUIDBits

    @inlinable public init(_ uuid: UUIDBits) {
        self.uuid = uuid
    }

    /// A new id: 48 bits of the wall clock in milliseconds, 74 random bits.
    public static func make() -> Self {
        Self(.version7(milliseconds: UInt64(Timestamp.now.microseconds / 1000)))
    }

    /// Reads a TypeID of this kind; `nil` when the prefix is another one or the rest is no canonical base32.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        let uuid = text.withUTF8 { bytes in
            unsafe UUIDBits(typeID: Span(_unsafeElements: bytes), prefix: Kind.prefix)
        }
        guard let uuid else { return nil }
        self.uuid = uuid
    }

    /// The same from UTF-8, without an allocation.
    @inlinable public init?(utf8 text: Span<UInt8>) {
        guard let uuid = UUIDBits(typeID: text, prefix: Kind.prefix) else { return nil }
        self.uuid = uuid
    }

    /// The TypeID, such as `agent_01j8z6c4vzf0hs2m7s2r6v9k3d`.
    public var description: String {
        let count = Kind.prefix.utf8CodeUnitCount
        return unsafe String(unsafeUninitializedCapacity: count + 27) { buffer in
            let prefix = unsafe Kind.prefix.utf8Start
            let digits = uuid.base32Bytes
            for at in 0..<count { unsafe buffer[at] = prefix[at] }
            unsafe buffer[count] = UInt8(ascii: "_")
            for at in 0..<26 { unsafe buffer[count + 1 + at] = digits[at] }
            return count + 27
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }
}

extension UUIDBits {
    /// Reads a TypeID with that prefix.
    @usableFromInline init?(typeID text: Span<UInt8>, prefix: StaticString) {
        let count = prefix.utf8CodeUnitCount
        guard text.count == count + 27, text[count] == UInt8(ascii: "_") else { return nil }
        let expected = unsafe prefix.utf8Start
        for at in 0..<count {
            guard unsafe text[at] == expected[at] else { return nil }
        }
        self.init(base32: text.extracting((count + 1)...))
    }
}

extension StaticString {
    /// The bytes of the text, which live as long as the program.
    public var utf8Bytes: [UInt8] {
        withUTF8Buffer { unsafe Array($0) }
    }
}
