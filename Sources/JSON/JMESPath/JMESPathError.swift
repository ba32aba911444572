// Why an expression is refused, or can't be evaluated on what it was given.

public import Base

/// An expression that is not valid, or a value that it can't be applied to.
public struct JMESPathError: Error, Sendable, Equatable {
    /// What is wrong: the names of the specification, and `limit` for our bounds.
    public enum Kind: String, Sendable, CaseIterable {
        case syntax
        case unknownFunction = "unknown-function"
        case invalidArity = "invalid-arity"
        case invalidType = "invalid-type"
        case invalidValue = "invalid-value"
        case limit
    }

    public let kind: Kind
    /// One sentence.
    public let message: String
    /// The byte of the expression where it was found, when it was found while compiling.
    public let offset: Int?

    init(_ kind: Kind, _ message: String, at offset: Int? = nil) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }

    /// The sentence with its place.
    public var sentence: String { offset.map { "\(message) (at byte \($0) of the expression)" } ?? message }

    /// The fault that a caller sees, at that field of his input.
    public func fault(at path: String) -> Fault {
        .invalid(path, kind == .limit ? "limit" : "format", sentence)
    }
}
