// What a value does against a schema: where, and which keyword.

/// One rule that a value breaks.
public struct SchemaViolation: Sendable, Equatable {
    /// Where in the value: a JSON pointer (RFC 6901), empty for the value itself.
    public let instancePath: String
    /// The same as a dotted path with indices, such as `list[2].name`.
    public let field: String
    /// Where in the schema: the JSON pointer of the keyword within the schema that holds it.
    public let schemaPath: String
    /// The keyword.
    public let keyword: String
    /// One sentence. It holds nothing of the value.
    public let message: String
}
