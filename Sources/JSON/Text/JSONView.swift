// A cursor on one value of a document: a reference and two numbers, cheap to pass on. Nothing is decoded before it is asked for.
// A view that outlives its text (the document was parsed anew or reset) is a programmer's error, and is noticed.

/// One value of a `JSONDocument`.
public struct JSONView {
    @usableFromInline let document: JSONDocument
    @usableFromInline let index: UInt32
    @usableFromInline let generation: UInt32

    @inlinable init(document: JSONDocument, index: Int, generation: UInt32) {
        self.document = document
        self.index = UInt32(truncatingIfNeeded: index)
        self.generation = generation
    }

    /// What a value is.
    public enum Kind: UInt8, Sendable {
        case null, bool, number, string, array, object
    }

    @inlinable public var kind: Kind {
        switch token.kind {
        case .null: .null
        case .no, .yes: .bool
        case .integer, .decimal: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    @inlinable public var isNull: Bool { token.kind == .null }

    /// `nil` when it is no boolean.
    @inlinable public var bool: Bool? {
        switch token.kind {
        case .yes: true
        case .no: false
        default: nil
        }
    }

    /// The number as an exact integer, also when it is spelled `1.0` or `1e2`; `nil` when it is none or beyond 64 bits.
    @inlinable public var int: Int? {
        let token = token
        switch token.kind {
        case .integer: return unsafe JSONNumber.integer(bytes(token), Int(token.length))
        case .decimal: return decimalInt
        default: return nil
        }
    }

    @usableFromInline var decimalInt: Int? {
        unsafe JSONNumber.exactInteger(bytes(token), Int(token.length))
    }

    /// The number as the nearest double; `nil` when it is no number or beyond the finite ones.
    public var double: Double? {
        let token = token
        guard token.kind == .integer || token.kind == .decimal else { return nil }
        return unsafe JSONNumber.double(bytes(token), Int(token.length))
    }

    /// The text of a string; `nil` when it is none.
    public func string() -> String? {
        let token = token
        return token.kind == .string ? text(token) : nil
    }

    /// The text of a string's token.
    @usableFromInline func text(_ token: JSONToken) -> String {
        let (start, length) = unsafe (bytes(token), Int(token.length))
        if token.isEscaped {
            return unsafe String(unsafeUninitializedCapacity: length) { buffer in
                unsafe JSONText.unescape(start, length, into: buffer.baseAddress!)
            }
        }
        // The parse has checked the bytes, so they need not be checked again.
        let bytes = unsafe Span(_unsafeStart: start, count: length)
        return unsafe String(copying: UTF8Span(unchecked: bytes, isKnownASCII: !token.isWide))
    }

    /// The number of Unicode characters (scalars) of a string; 0 when it is none.
    public var characterCount: Int {
        let token = token
        guard token.kind == .string else { return 0 }
        return token.isPlain ? Int(token.length) : text(token).unicodeScalars.count
    }

    /// Whether it is a string of just that text.
    @inlinable public func isString(_ text: StaticString) -> Bool {
        let token = token
        guard token.kind == .string else { return false }
        if token.isEscaped { return string() == text.description }
        return unsafe token.length == text.utf8CodeUnitCount
            && equal(bytes(token), text.utf8Start, text.utf8CodeUnitCount)
    }

    // MARK: Source text

    /// The text of the value as it stood in the source, quotes included, so that it can be passed on untouched.
    public var rawBytes: [UInt8] { unsafe withRawBytes { unsafe Array($0) } }

    /// The number of bytes of `rawBytes`.
    public var rawCount: Int {
        let token = token
        return Int(token.length) + (token.kind == .string ? 2 : 0)
    }

    /// The same without a copy, for as long as `body` runs.
    @inlinable public func withRawBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        let token = token
        let quotes = token.kind == .string ? 1 : 0
        let bytes = unsafe UnsafeBufferPointer(start: bytes(token) - quotes, count: Int(token.length) + 2 * quotes)
        defer { withExtendedLifetime(document) {} }
        return unsafe try body(bytes)
    }

    /// The bytes of a string without escapes, for as long as `body` runs; `nil` when it is none, or has escapes.
    @inlinable func withPlainBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        let token = token
        guard token.kind == .string, !token.isEscaped else { return nil }
        defer { withExtendedLifetime(document) {} }
        return unsafe body(Span(_unsafeStart: bytes(token), count: Int(token.length)))
    }

    // MARK: Inside

    @inlinable var token: JSONToken {
        unsafe precondition(generation == document.state.pointee.generation, "the text of this view is gone")
        return unsafe document.state.pointee.tokens[Int(index)]
    }

    @inlinable func bytes(_ token: JSONToken) -> UnsafePointer<UInt8> {
        unsafe UnsafePointer(document.state.pointee.bytes) + Int(token.start)
    }

    @inlinable func at(_ index: Int) -> JSONView {
        JSONView(document: document, index: index, generation: generation)
    }

    /// The index of the token behind this value.
    @inlinable var end: Int {
        let token = token
        return token.kind.rawValue >= JSONToken.Kind.array.rawValue ? Int(token.link) : Int(index) + 1
    }
}

/// Whether that many bytes are the same. Names are short: a loop over words beats a call.
@inlinable @inline(__always) func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var index = 0
    while index &+ 8 <= count {
        let (one, other) = unsafe (
            UnsafeRawPointer(left + index).loadUnaligned(as: UInt64.self),
            UnsafeRawPointer(right + index).loadUnaligned(as: UInt64.self)
        )
        if one != other { return false }
        index &+= 8
    }
    while index < count {
        if unsafe left[index] != right[index] { return false }
        index &+= 1
    }
    return true
}
