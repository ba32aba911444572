// What a field may be. A shape is a small value made anew wherever it is named; describing it is left until somebody asks, so that
// naming it costs nothing while requests are read.

/// A kind of value: how to read it, how to describe it, and what stands in while something else is wrong.
public protocol ValueShape<Value>: Sendable {
    associatedtype Value

    /// Reads the value. What is wrong with it is noted, and the placeholder returned.
    func decode(_ view: JSONView, _ problems: inout Problems) -> Value

    /// A value of the type, for when there is none to read.
    var placeholder: Value { get }

    /// The description.
    var schema: SchemaNode { get }

    /// The value as it is written, for the description of what stands for a missing one.
    func describe(_ value: Value) -> JSONValue?
}

extension ValueShape {
    public func describe(_ value: Value) -> JSONValue? { nil }
}

/// A kind of value that can also be given as plain text: in a query, a path or a command line.
public protocol TextShape<Value>: ValueShape {
    /// Reads the value from text.
    func decode(text: String, _ problems: inout Problems) -> Value
}
