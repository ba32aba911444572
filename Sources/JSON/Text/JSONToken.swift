// One entry of the tape that a parse leaves behind: 16 bytes a value or name, in the order of the text. A container knows the
// index behind its end, so that it can be stepped over; a name carries a hash, so that twins are found without comparing all.

/// A value or a name: where its text is, and how to go on from it.
@usableFromInline struct JSONToken {
    /// The first byte. Of a string and a name, the one after the opening quote.
    @usableFromInline var start: UInt32
    /// The number of bytes, without the quotes.
    @usableFromInline var length: UInt32
    /// Of a container, the index of the token behind it (while it is open: the index of the container around it). Of a name, its hash.
    @usableFromInline var link: UInt32
    /// The kind in the low 8 bits; above them the flags of a string, or the number of a container's elements or members.
    @usableFromInline var detail: UInt32

    @inlinable init(_ kind: Kind, start: Int, length: Int = 0, link: UInt32 = 0, flags: UInt32 = 0) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.length = UInt32(truncatingIfNeeded: length)
        self.link = link
        detail = UInt32(kind.rawValue) | flags
    }

    @usableFromInline enum Kind: UInt8 {
        case null, no, yes, integer, decimal, string, array, object
    }

    @inlinable var kind: Kind {
        unsafe unsafeBitCast(UInt8(truncatingIfNeeded: detail & 7), to: Kind.self)
    }

    /// The number of elements or members.
    @inlinable var count: Int { Int(detail >> 8) }
    /// One more element or member.
    @inlinable mutating func countOne() { detail &+= 256 }

    /// The string holds escapes.
    @inlinable static var escaped: UInt32 { 256 }
    /// The string holds bytes above 127, so that its characters are fewer than its bytes.
    @inlinable static var wide: UInt32 { 512 }

    @inlinable var isEscaped: Bool { detail & JSONToken.escaped != 0 }
    /// Neither escapes nor bytes above 127: as many characters as bytes.
    @inlinable var isPlain: Bool { detail & (JSONToken.escaped | JSONToken.wide) == 0 }
    @inlinable var isWide: Bool { detail & JSONToken.wide != 0 }
}
