// JMESPath (jmespath.org, the specification with its 26 functions): an expression that looks into JSON and makes other JSON of it.
// Compiled once, evaluated often; neither has state nor side effects. Expressions come from tenants, so everything is bounded:
// `expressionBytes`, `depth` of the tree, and for each evaluation its `Bounds`. Objects give their values in the order they have.

/// A compiled expression.
public struct JMESPath: Sendable, Equatable {
    /// The longest expression.
    public static let expressionBytes = 8 << 10
    /// The deepest tree that an expression may have.
    public static let depth = 160

    /// What one evaluation may take.
    public struct Bounds: Sendable {
        /// Nodes visited, elements compared and made, and a step for every eight bytes of text that is made.
        public var steps: Int
        /// Bytes of the result's text, and of any text on the way.
        public var outputBytes: Int

        public init(steps: Int = 2_000_000, outputBytes: Int = 4 << 20) {
            self.steps = steps
            self.outputBytes = outputBytes
        }
    }

    /// The expression as it was written.
    public let text: String
    let root: JMESPathNode

    /// Compiles an expression.
    /// - Throws: `.syntax`, `.unknownFunction`, `.invalidArity`, `.invalidType`, `.invalidValue` or `.limit`, with the byte where it is.
    public init(_ text: String) throws(JMESPathError) {
        guard text.utf8.count <= JMESPath.expressionBytes else {
            throw JMESPathError(.limit, "An expression may have at most \(JMESPath.expressionBytes) bytes.")
        }
        self.text = text
        var parser = JMESPathParser(try JMESPathLexer.tokens(of: text))
        root = try parser.parseAll()
    }

    /// What the expression makes of `value`.
    /// - Throws: `.invalidType` or `.invalidValue` when a function is given what it doesn't take, `.limit` when a bound is met.
    public func evaluate(_ value: JSONValue, bounds: Bounds = Bounds()) throws(JMESPathError) -> JSONValue {
        var evaluator = JMESPathEvaluator(bounds)
        let result = try evaluator.evaluate(root, value)
        try evaluator.checkResult(result)
        return result
    }

    public static func == (left: JMESPath, right: JMESPath) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
}
