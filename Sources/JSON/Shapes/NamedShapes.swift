// Text that stands for something: one of a few words, an id, a moment.

public import Base

/// One of the cases of an enumeration of strings.
public struct EnumerationShape<Value: RawRepresentable<String> & CaseIterable & Sendable>: TextShape {
    @inlinable public init() {}

    @inlinable public func decode(_ view: JSONView, _ problems: inout Problems) -> Value {
        guard let text = view.string() else {
            problems.add(.type, "This must be a string.")
            return placeholder
        }
        return decode(text: text, &problems)
    }

    @inlinable public func decode(text: String, _ problems: inout Problems) -> Value {
        if let value = Value(rawValue: text) { return value }
        return refused(&problems)
    }

    @usableFromInline func refused(_ problems: inout Problems) -> Value {
        problems.add(.enumeration, "This must be one of: \(Value.allCases.map(\.rawValue).joined(separator: ", ")).")
        return placeholder
    }

    public var placeholder: Value {
        guard let first = Value.allCases.first else { preconditionFailure("an enumeration without cases describes nothing") }
        return first
    }

    public var schema: SchemaNode { SchemaNode(.enumeration(Value.allCases.map(\.rawValue))) }
    public func describe(_ value: Value) -> JSONValue? { .string(value.rawValue) }
}

/// The id of one kind of thing.
public struct IDShape<Kind: IdentifiedKind>: TextShape {
    @inlinable public init() {}

    @inlinable public func decode(_ view: JSONView, _ problems: inout Problems) -> ID<Kind> {
        if let id = view.withPlainBytes({ ID<Kind>(utf8: $0) }) {
            return id ?? refused(&problems)
        }
        return decodeOther(view, &problems)
    }

    /// What is no plain string: one with escapes, or no string at all.
    @usableFromInline func decodeOther(_ view: JSONView, _ problems: inout Problems) -> ID<Kind> {
        guard let text = view.string() else {
            problems.add(.type, "This must be a string.")
            return placeholder
        }
        return decode(text: text, &problems)
    }

    public func decode(text: String, _ problems: inout Problems) -> ID<Kind> {
        ID<Kind>(text) ?? refused(&problems)
    }

    @usableFromInline func refused(_ problems: inout Problems) -> ID<Kind> {
        problems.add(.format, "This must be an id that begins with \"\(Kind.prefix)_\".")
        return placeholder
    }

    public var placeholder: ID<Kind> { ID(UUIDBits(high: 0, low: 0)) }

    public var schema: SchemaNode {
        SchemaNode(.string(length: nil, pattern: "^\(Kind.prefix)_[0-7][0-9a-hjkmnp-tv-z]{25}$"))
    }

    public func describe(_ value: ID<Kind>) -> JSONValue? { .string(value.description) }
}

/// A moment in RFC 3339 with any offset.
public struct TimestampShape: TextShape {
    @inlinable public init() {}

    public func decode(_ view: JSONView, _ problems: inout Problems) -> Timestamp {
        if let moment = view.withPlainBytes({ Timestamp(rfc3339: $0) }) {
            return moment ?? refused(&problems)
        }
        guard let text = view.string() else {
            problems.add(.type, "This must be a string.")
            return placeholder
        }
        return decode(text: text, &problems)
    }

    public func decode(text: String, _ problems: inout Problems) -> Timestamp {
        Timestamp(rfc3339: text) ?? refused(&problems)
    }

    private func refused(_ problems: inout Problems) -> Timestamp {
        problems.add(.format, "This must be a moment in RFC 3339, such as 2024-01-01T12:00:00.000Z.")
        return placeholder
    }

    public var placeholder: Timestamp { Timestamp(microseconds: 0) }
    public var schema: SchemaNode { SchemaNode(.string(length: nil, format: "date-time")) }
    public func describe(_ value: Timestamp) -> JSONValue? { .string(value.rfc3339) }
}

extension ValueShape where Self == TimestampShape {
    /// A moment in RFC 3339.
    @inlinable public static var timestamp: TimestampShape { TimestampShape() }
}

extension ValueShape {
    /// One of the cases of `type`, by its raw value.
    @inlinable public static func enumeration<Value>(_ type: Value.Type) -> Self where Self == EnumerationShape<Value> {
        EnumerationShape()
    }

    /// The id of one kind of thing, such as `AgentID.self`.
    @inlinable public static func id<Kind>(_ type: ID<Kind>.Type) -> Self where Self == IDShape<Kind> {
        IDShape()
    }
}
