// Why a schema is refused, or a validation given up.

public import Base

/// A schema that is not taken, or a validation that met a bound.
public struct JSONSchemaError: Error, Sendable, Equatable {
    /// What is wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// A keyword has a value that it can't have.
        case invalid
        /// A reference leads out of the schema, and nothing is ever fetched.
        case remoteReference
        /// A reference leads to nothing in the schema.
        case unresolvedReference
        /// The schema asks for what is not had here.
        case unsupported
        case limit
    }

    public let kind: Kind
    /// Where in the schema: a JSON pointer.
    public let schemaPath: String
    /// One sentence.
    public let message: String

    init(_ kind: Kind, _ message: String, at schemaPath: String = "") {
        self.kind = kind
        self.schemaPath = schemaPath
        self.message = message
    }

    /// The sentence with its place.
    public var sentence: String { schemaPath.isEmpty ? message : "\(message) (at \(schemaPath) of the schema)" }

    /// The fault that a caller sees, at that field of his input.
    public func fault(at path: String) -> Fault {
        let code =
            switch kind {
            case .limit: "limit"
            case .remoteReference, .unresolvedReference: "reference"
            case .invalid, .unsupported: "format"
            }
        return .invalid(path, code, sentence)
    }
}
