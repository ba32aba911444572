// The shape of what we answer, declared once: `Output<Agent>("Agent", [.field("id", "Its id.") { $0.id }, …])`. From that one declaration
// come the bytes of every answer and the OpenAPI schema.

/// A declared output.
public struct Output<Value>: Sendable {
    /// One field: its name, its description, and how it is written from a value.
    public struct Field: Sendable {
        @usableFromInline let property: @Sendable () -> SchemaNode.Property
        @usableFromInline let write: @Sendable (borrowing Value, inout JSONWriter) -> Void

        @inlinable init(
            _ property: @escaping @Sendable () -> SchemaNode.Property,
            write: @escaping @Sendable (borrowing Value, inout JSONWriter) -> Void
        ) {
            self.property = property
            self.write = write
        }
    }

    /// The fields as they are written: a chain of constants, since calling a closure out of an array would cost a count of references
    /// each time.
    @usableFromInline final class Chain: Sendable {
        @usableFromInline let write: @Sendable (borrowing Value, inout JSONWriter) -> Void
        @usableFromInline let next: Chain?

        init(_ field: Field, _ next: Chain?) {
            write = field.write
            self.next = next
        }

        @inlinable func run(_ value: borrowing Value, _ writer: inout JSONWriter) {
            write(value, &writer)
            if let next { next.run(value, &writer) }
        }
    }

    /// The name of the schema; one name means one shape in the whole program.
    public let name: String
    let summary: String
    let fields: [Field]
    @usableFromInline let chain: Chain?
    /// How often a value has changed, for outputs of what people edit: answers carry it as `ETag`.
    public private(set) var revision: (@Sendable (borrowing Value) -> Int)?

    public init(_ name: String, _ fields: [Field]) {
        self.init(name, "", fields)
    }

    public init(_ name: String, _ summary: String, _ fields: [Field]) {
        self.name = name
        self.summary = summary
        self.fields = fields
        chain = fields.reversed().reduce(nil) { next, field in Chain(field, next) }
    }

    /// The same of values that have a revision.
    public func revised(_ revision: @escaping @Sendable (borrowing Value) -> Int) -> Self {
        var output = self
        output.revision = revision
        return output
    }

    /// Writes a value.
    @inlinable public func write(_ value: borrowing Value, to writer: inout JSONWriter) {
        writer.beginObject()
        chain?.run(value, &writer)
        writer.endObject()
    }

    /// Writes an array of values.
    @inlinable public func write(_ values: [Value], to writer: inout JSONWriter) {
        writer.beginArray()
        unsafe values.withUnsafeBufferPointer { values in
            for index in 0..<values.count { unsafe write((values.baseAddress.unsafelyUnwrapped + index).pointee, to: &writer) }
        }
        writer.endArray()
    }

    /// The bytes of a value.
    @inlinable public func bytes(_ value: borrowing Value) -> [UInt8] {
        var writer = JSONWriter()
        write(value, to: &writer)
        return writer.finish()
    }

    public var schema: SchemaNode {
        SchemaNode(.named(name) { SchemaNode(.object(fields.map { $0.property() }), summary) })
    }
}

extension Output.Field {
    /// A field that is always there; an optional that is `nil` is written as `null`.
    @inlinable public static func field<Part: JSONRepresentable>(
        _ name: StaticString, _ summary: StaticString, _ part: @escaping @Sendable (borrowing Value) -> Part
    ) -> Self {
        let key = JSONKey(name.description)
        return Self({ .init(name.description, Part.schema.described(summary.description)) }) { value, writer in
            writer.key(key)
            part(value).write(to: &writer)
        }
    }

    /// A field that is left out when it is `nil`.
    @inlinable public static func sparse<Part: JSONRepresentable>(
        _ name: StaticString, _ summary: StaticString, _ part: @escaping @Sendable (borrowing Value) -> Part?
    ) -> Self {
        let key = JSONKey(name.description)
        return Self({ .init(name.description, Part.schema.described(summary.description), isRequired: false) }) { value, writer in
            guard let part = part(value) else { return }
            writer.key(key)
            part.write(to: &writer)
        }
    }

    /// A field whose value has an output of its own.
    @inlinable public static func object<Part>(
        _ name: StaticString, _ summary: StaticString, _ output: @autoclosure @escaping @Sendable () -> Output<Part>,
        _ part: @escaping @Sendable (borrowing Value) -> Part
    ) -> Self {
        let key = JSONKey(name.description)
        return Self({ .init(name.description, output().schema.described(summary.description)) }) { value, writer in
            writer.key(key)
            output().write(part(value), to: &writer)
        }
    }

    /// The same for a value that may be missing, which is written as `null`.
    @inlinable public static func objectOrNull<Part>(
        _ name: StaticString, _ summary: StaticString, _ output: @autoclosure @escaping @Sendable () -> Output<Part>,
        _ part: @escaping @Sendable (borrowing Value) -> Part?
    ) -> Self {
        let key = JSONKey(name.description)
        return Self({ .init(name.description, output().schema.nullable.described(summary.description)) }) { value, writer in
            writer.key(key)
            if let part = part(value) { output().write(part, to: &writer) } else { writer.null() }
        }
    }

    /// The same for a value that may be missing, and then is left out.
    @inlinable public static func sparseObject<Part>(
        _ name: StaticString, _ summary: StaticString, _ output: @autoclosure @escaping @Sendable () -> Output<Part>,
        _ part: @escaping @Sendable (borrowing Value) -> Part?
    ) -> Self {
        let key = JSONKey(name.description)
        return Self({ .init(name.description, output().schema.described(summary.description), isRequired: false) }) {
            value, writer in
            guard let part = part(value) else { return }
            writer.key(key)
            output().write(part, to: &writer)
        }
    }

    /// A field with any number of values that have an output of their own.
    @inlinable public static func list<Part>(
        _ name: StaticString, _ summary: StaticString, _ output: @autoclosure @escaping @Sendable () -> Output<Part>,
        _ parts: @escaping @Sendable (borrowing Value) -> [Part]
    ) -> Self {
        let key = JSONKey(name.description)
        return Self({
            .init(name.description, SchemaNode(.array(of: output().schema, count: nil), summary.description))
        }) { value, writer in
            writer.key(key)
            output().write(parts(value), to: &writer)
        }
    }
}
