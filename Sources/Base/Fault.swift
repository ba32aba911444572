// The one error that crosses layers. A fault says what a caller may know (code, message, fields) and, apart from that, a cause
// that goes to the log alone. The code decides the status and how loudly the log speaks; each face spells it in its own way.

/// An error with a stable code, a message for the caller and a cause for the operator.
public struct Fault: Error, Sendable {
    /// What went wrong, from one catalogue.
    public let code: Code
    /// One sentence for the caller. Never a secret, a statement, a stack or an address of ours.
    public let message: String
    /// The fields of the input that were refused, when the code is `.invalid`.
    public var fields: [Field]
    /// The step of a run that it happened in, such as `node[ask]`.
    public var step: String?
    /// Seconds after which the same request may succeed.
    public var retryAfterSeconds: Int?
    /// What the operator needs to know. Goes to the log alone.
    public var cause: String?
    /// The name of the database constraint that refused it, so that the capability that owns the table can name the field. Never shown.
    public var constraint: String?

    public init(
        _ code: Code, _ message: String, fields: [Field] = [], retryAfterSeconds: Int? = nil, cause: String? = nil
    ) {
        self.code = code
        self.message = message
        self.fields = fields
        self.retryAfterSeconds = retryAfterSeconds
        self.cause = cause
    }

    /// One refused field of an input.
    public struct Field: Sendable, Equatable {
        /// Where: a dotted path with indices, such as `blueprint.tools[2].name`. Empty for the body itself.
        public let path: String
        /// Why, from a small stable set: `required`, `type`, `length`, `range`, `format`, `enum`, `unknown`, `duplicate`, `limit`, `reference`.
        public let code: String
        /// One sentence.
        public let message: String

        public init(_ path: String, _ code: String, _ message: String) {
            self.path = path
            self.code = code
            self.message = message
        }
    }

    /// The resource is not in the state that the caller knows.
    public static let changedMeanwhile = Fault(
        .preconditionFailed, "The resource has changed meanwhile. Read it again, and send its ETag as If-Match.")

    /// A single refused field.
    public static func invalid(_ path: String, _ code: String, _ message: String) -> Fault {
        Fault(.invalid, "The request has a field that is not valid.", fields: [Field(path, code, message)])
    }
}
