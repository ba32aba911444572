// What a statement can be given. A value writes its binary form straight into the buffer that libpq reads from; the type is
// declared when the statement is prepared, so that a statement that wants another one is refused at start.

/// A value that can be a parameter of a statement.
public protocol PostgresParameter: Sendable {
    /// The type that the statement's placeholder has.
    static var postgresType: PostgresType { get }
    /// Whether the value is NULL; `write` is not called then.
    var isNull: Bool { get }
    /// Appends the binary form, without a length.
    func write(into buffer: ParameterBuffer)
}

extension PostgresParameter {
    @inlinable public var isNull: Bool { false }
}

/// A value that can be an element of an array parameter.
public protocol PostgresElement: Sendable {
    /// The type of the array.
    static var postgresArrayType: PostgresType { get }
    /// Appends the binary form of the whole array.
    static func writeArray(_ elements: [Self], into buffer: ParameterBuffer)
}

extension PostgresElement where Self: PostgresParameter {
    @inlinable public static func writeArray(_ elements: [Self], into buffer: ParameterBuffer) {
        buffer.appendArray(elements)
    }
}

extension Optional: PostgresParameter where Wrapped: PostgresParameter {
    @inlinable public static var postgresType: PostgresType { Wrapped.postgresType }
    @inlinable public var isNull: Bool { self == nil }
    @inlinable public func write(into buffer: ParameterBuffer) { self?.write(into: buffer) }
}

extension Optional: PostgresElement where Wrapped: PostgresElement & PostgresParameter {
    @inlinable public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

extension Array: PostgresParameter where Element: PostgresElement {
    @inlinable public static var postgresType: PostgresType { Element.postgresArrayType }
    @inlinable public func write(into buffer: ParameterBuffer) { Element.writeArray(self, into: buffer) }
}

/// Bytes on their own are a `bytea`, not an array.
extension UInt8: PostgresElement {
    @inlinable public static var postgresArrayType: PostgresType { .bytea }
    @inlinable public static func writeArray(_ elements: [UInt8], into buffer: ParameterBuffer) { buffer.append(elements) }
}

extension Array: PostgresElement where Element == UInt8 {
    @inlinable public static var postgresArrayType: PostgresType { .byteaArray }
}
