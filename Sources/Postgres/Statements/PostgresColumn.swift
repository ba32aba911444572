// What a column can be read as. The bytes are those of the binary format, read in place from the result that libpq holds.

import Base

/// A value that a column can be read as.
public protocol PostgresColumn {
    /// The value of a field, or `nil` when the bytes are not of this type.
    /// - Parameter bytes: the binary form, valid for the call; NULL is a buffer without an address.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Self?
}

extension UnsafeRawBufferPointer {
    /// The integer of network order that fills the buffer.
    @inlinable func integer<Value: FixedWidthInteger>(as type: Value.Type) -> Value? {
        guard count == MemoryLayout<Value>.size else { return nil }
        return unsafe Value(bigEndian: loadUnaligned(as: type))
    }
}

extension Bool: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        unsafe bytes.integer(as: UInt8.self).map { $0 != 0 }
    }
}

/// Any of PostgreSQL's integers.
extension Int64: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        switch bytes.count {
        case 8: unsafe bytes.integer(as: Int64.self)
        case 4: unsafe bytes.integer(as: Int32.self).map(Int64.init)
        case 2: unsafe bytes.integer(as: Int16.self).map(Int64.init)
        default: nil
        }
    }
}

extension Int: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Int? {
        unsafe Int64.read(bytes).map(Int.init)
    }
}

extension Int32: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Int32? {
        unsafe Int64.read(bytes).flatMap(Int32.init(exactly:))
    }
}

extension Double: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Double? {
        unsafe bytes.integer(as: UInt64.self).map(Double.init(bitPattern:))
    }
}

/// PostgreSQL has checked that the text is UTF-8.
extension String: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard unsafe bytes.baseAddress != nil else { return nil }
        return unsafe String(decoding: bytes, as: UTF8.self)
    }
}

extension UUIDBits: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> UUIDBits? {
        guard bytes.count == 16 else { return nil }
        return unsafe UUIDBits(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

extension ID: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> ID? {
        unsafe UUIDBits.read(bytes).map(ID.init)
    }
}

/// Microseconds since 2000. The infinities are not moments, and are refused.
extension Timestamp: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Timestamp? {
        guard let value = unsafe bytes.integer(as: Int64.self), value != .min, value != .max else { return nil }
        return Timestamp(microseconds: value &+ Timestamp.postgresEpochMicroseconds)
    }
}

/// A `jsonb` or a `json` column.
extension JSONBytes: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> JSONBytes? {
        guard let first = unsafe bytes.first else { return nil }
        return unsafe JSONBytes([UInt8](first == version ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : bytes))
    }
}

/// NULL is `nil`; a value of another type is still refused.
extension Optional: PostgresColumn where Wrapped: PostgresColumn {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> Wrapped?? {
        if unsafe bytes.baseAddress == nil { return .some(nil) }
        guard let value = unsafe Wrapped.read(bytes) else { return nil }
        return .some(value)
    }
}

/// A value that can be an element of an array column.
public protocol PostgresColumnElement {
    /// Reads the binary form of the whole array.
    static func readArray(_ bytes: UnsafeRawBufferPointer) -> [Self]?
}

extension Array: PostgresColumn where Element: PostgresColumnElement {
    @inlinable public static func read(_ bytes: UnsafeRawBufferPointer) -> [Element]? {
        guard unsafe bytes.baseAddress != nil else { return nil }
        return unsafe Element.readArray(bytes)
    }
}

extension UInt8: PostgresColumnElement {
    @inlinable public static func readArray(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        unsafe [UInt8](bytes)
    }
}

extension PostgresColumnElement where Self: PostgresColumn {
    /// An array of at most one dimension (`array_send` of PostgreSQL).
    public static func readArray(_ bytes: UnsafeRawBufferPointer) -> [Self]? {
        func word(_ at: Int) -> Int32? {
            guard at + 4 <= bytes.count else { return nil }
            return unsafe Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))
        }
        guard let dimensions = word(0) else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = word(12), count >= 0, Int(count) <= bytes.count / 4 else { return nil }
        var elements: [Self] = []
        elements.reserveCapacity(Int(count))
        var at = 20
        for _ in 0..<count {
            guard let length = word(at) else { return nil }
            at += 4
            let size = max(0, Int(length))
            guard at + size <= bytes.count else { return nil }
            let content =
                unsafe length < 0
                ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(rebasing: bytes[at..<at + size])
            guard let element = unsafe Self.read(content) else { return nil }
            elements.append(element)
            at += size
        }
        return elements
    }
}

extension Bool: PostgresColumnElement {}
extension Int: PostgresColumnElement {}
extension Int64: PostgresColumnElement {}
extension Int32: PostgresColumnElement {}
extension Double: PostgresColumnElement {}
extension String: PostgresColumnElement {}
extension UUIDBits: PostgresColumnElement {}
extension ID: PostgresColumnElement {}
extension Timestamp: PostgresColumnElement {}
extension JSONBytes: PostgresColumnElement {}
extension Optional: PostgresColumnElement where Wrapped: PostgresColumnElement & PostgresColumn {}
