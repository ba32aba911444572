// The shape of what a caller sends, declared once: `Input<CreateAgent>("CreateAgent") { fields in CreateAgent(name: fields.required(…)) }`.
// From that one declaration come the checks, the typed value, the problems with their paths, and the OpenAPI schema.

public import Base

/// A declared input.
public struct Input<Value>: ValueShape {
    /// The name of the schema; one name means one shape in the whole program.
    public let name: String
    @usableFromInline let summary: String
    @usableFromInline let build: @Sendable (inout Fields) -> Value

    /// Declares an input. `build` names every field each time it runs, whatever the fields hold.
    @inlinable public init(_ name: String, _ summary: String = "", _ build: @escaping @Sendable (inout Fields) -> Value) {
        self.name = name
        self.summary = summary
        self.build = build
    }

    // MARK: Decoding

    /// Reads a text into the type. Throws `.malformed` for what is no JSON, and `.invalid` with all problems at once.
    public func decode(_ text: Span<UInt8>, in document: JSONDocument) throws(Fault) -> Value {
        do throws(JSONError) { try document.parse(text) } catch { throw error.fault }
        return try decode(document.root)
    }

    /// Reads a text into the type. Throws `.malformed` for what is no JSON, and `.invalid` with all problems at once.
    public func decode(_ text: [UInt8]) throws(Fault) -> Value {
        try decode(text.span, in: JSONDocument())
    }

    /// Reads a parsed value into the type. Throws `.invalid` with all problems at once.
    @inlinable public func decode(_ view: JSONView) throws(Fault) -> Value {
        var problems = Problems()
        let value = decode(view, &problems)
        guard problems.isEmpty else { throw problems.fault }
        return value
    }

    @inlinable public func decode(_ view: JSONView, _ problems: inout Problems) -> Value {
        guard view.kind == .object else {
            problems.add(.type, "This must be an object.")
            return placeholder
        }
        var fields = Fields(.decode, view, problems.take())
        let value = build(&fields)
        if fields.found != view.count { refuseUnknown(&fields) }
        problems = fields.finish()
        return value
    }

    /// The names come from the description, since a sound object never needs them.
    @usableFromInline func refuseUnknown(_ fields: inout Fields) {
        fields.refuseUnknown(properties.map(\.name))
    }

    // MARK: Describing

    /// Runs the declaration over nothing.
    private func described() -> (value: Value, properties: [SchemaNode.Property]) {
        var fields = Fields(.describe, JSONView.nothing, Problems())
        let value = build(&fields)
        return (value, fields.properties)
    }

    /// The fields in the order of the declaration.
    public var properties: [SchemaNode.Property] { described().properties }

    public var placeholder: Value { described().value }

    public var schema: SchemaNode {
        SchemaNode(.named(name) { SchemaNode(.object(properties), summary) })
    }
}

extension Problems {
    /// What was noted; nothing stays.
    @inlinable mutating func take() -> Problems {
        var taken = Problems()
        swap(&taken, &self)
        return taken
    }
}

extension Fields {
    /// The problems, handed back to where they came from.
    @inlinable consuming func finish() -> Problems { problems }
}

extension JSONView {
    /// A view for those who never look.
    static var nothing: JSONView { JSONView(document: JSONDocument(), index: 0, generation: 0) }
}
