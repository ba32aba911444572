// Values that know how they are written. Types of the wire conform; types of the core don't, their `Output` says how they are written.

public import Base

/// A type whose values write themselves as JSON.
public protocol JSONRepresentable: SendableMetatype {
    func write(to writer: inout JSONWriter)
    /// The description of all its values.
    static var schema: SchemaNode { get }
}

extension String: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.string(self) }
    public static var schema: SchemaNode { SchemaNode(.string(length: nil)) }
}

extension Bool: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.bool(self) }
    public static var schema: SchemaNode { SchemaNode(.boolean) }
}

extension Int: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.int(self) }
    public static var schema: SchemaNode { SchemaNode(.integer(nil)) }
}

extension Int64: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.int(Int(self)) }
    public static var schema: SchemaNode { SchemaNode(.integer(nil)) }
}

extension Double: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.double(self) }
    public static var schema: SchemaNode { SchemaNode(.number(nil)) }
}

extension Timestamp: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.timestamp(self) }
    public static var schema: SchemaNode { TimestampShape().schema }
}

extension ID: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.id(self) }
    public static var schema: SchemaNode { IDShape<Kind>().schema }
}

extension JSONRaw: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.raw(bytes) }
    public static var schema: SchemaNode { SchemaNode(.any) }
}

extension JSONValue: JSONRepresentable {
    public static var schema: SchemaNode { SchemaNode(.any) }
}

extension Optional: JSONRepresentable where Wrapped: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) {
        if let value = self { value.write(to: &writer) } else { writer.null() }
    }
    public static var schema: SchemaNode { Wrapped.schema.nullable }
}

extension Array: JSONRepresentable where Element: JSONRepresentable {
    @inlinable public func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self { element.write(to: &writer) }
        writer.endArray()
    }
    public static var schema: SchemaNode { SchemaNode(.array(of: Element.schema, count: nil)) }
}

extension Dictionary: JSONRepresentable where Key == String, Value: JSONRepresentable {
    /// Sorted by name, so that the same value is always the same text.
    @inlinable public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, value) in sorted(by: { $0.key < $1.key }) {
            writer.key(name: name)
            value.write(to: &writer)
        }
        writer.endObject()
    }
    public static var schema: SchemaNode { SchemaNode(.map(of: Value.schema, count: nil)) }
}

extension JSONRepresentable where Self: RawRepresentable, RawValue == String, Self: CaseIterable {
    @inlinable public func write(to writer: inout JSONWriter) { writer.string(rawValue) }
    public static var schema: SchemaNode { SchemaNode(.enumeration(allCases.map(\.rawValue))) }
}
