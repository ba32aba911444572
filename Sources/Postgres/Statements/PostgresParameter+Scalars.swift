// The scalar types as parameters, in PostgreSQL's binary formats: integers big-endian, times in microseconds since 2000-01-01.

import Base

extension Bool: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .bool }
    @inlinable public static var postgresArrayType: PostgresType { .boolArray }
    @inlinable public func write(into buffer: ParameterBuffer) { buffer.append(bigEndian: UInt8(self ? 1 : 0)) }
}

extension Int: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .int8 }
    @inlinable public static var postgresArrayType: PostgresType { .int8Array }
    @inlinable public func write(into buffer: ParameterBuffer) { buffer.append(bigEndian: Int64(self)) }
}

extension Int64: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .int8 }
    @inlinable public static var postgresArrayType: PostgresType { .int8Array }
    @inlinable public func write(into buffer: ParameterBuffer) { buffer.append(bigEndian: self) }
}

extension Int32: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .int4 }
    @inlinable public static var postgresArrayType: PostgresType { .int4Array }
    @inlinable public func write(into buffer: ParameterBuffer) { buffer.append(bigEndian: self) }
}

extension Double: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .float8 }
    @inlinable public static var postgresArrayType: PostgresType { .float8Array }
    @inlinable public func write(into buffer: ParameterBuffer) { buffer.append(bigEndian: bitPattern) }
}

extension String: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .text }
    @inlinable public static var postgresArrayType: PostgresType { .textArray }
    @inlinable public func write(into buffer: ParameterBuffer) { buffer.append(self) }
}

extension UUIDBits: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .uuid }
    @inlinable public static var postgresArrayType: PostgresType { .uuidArray }
    @inlinable public func write(into buffer: ParameterBuffer) {
        buffer.append(bigEndian: high)
        buffer.append(bigEndian: low)
    }
}

extension ID: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .uuid }
    @inlinable public static var postgresArrayType: PostgresType { .uuidArray }
    @inlinable public func write(into buffer: ParameterBuffer) { uuid.write(into: buffer) }
}

extension Timestamp: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .timestamptz }
    @inlinable public static var postgresArrayType: PostgresType { .timestamptzArray }
    @inlinable public func write(into buffer: ParameterBuffer) {
        buffer.append(bigEndian: microseconds &- Timestamp.postgresEpochMicroseconds)
    }
}

extension JSONBytes: PostgresParameter, PostgresElement {
    @inlinable public static var postgresType: PostgresType { .jsonb }
    @inlinable public static var postgresArrayType: PostgresType { .jsonbArray }
    @inlinable public func write(into buffer: ParameterBuffer) {
        buffer.append(bigEndian: JSONBytes.version)
        buffer.append(bytes)
    }
}

extension Timestamp {
    /// Where PostgreSQL begins to count: 2000-01-01T00:00:00Z.
    @usableFromInline static let postgresEpochMicroseconds: Int64 = 946_684_800_000_000
}
