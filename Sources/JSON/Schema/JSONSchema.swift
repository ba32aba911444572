// JSON Schema, draft-07 and 2020-12: a schema compiled once says of any value whether it is valid, and if not where and why. Every
// reference stays inside the schema and the meta-schemas of the two drafts, which are built in; what lies elsewhere is never fetched
// but refused. `format` is an annotation unless it is asked to be a rule. Schemas come from tenants, so both sides are bounded:
// `ruleLimit`, `patternInstructions`, and for each validation its `Bounds`.

/// A compiled schema.
public struct JSONSchema: Sendable {
    /// The most subschemas of one schema, those it refers to in the meta-schemas included.
    public static let ruleLimit = 5_000
    /// The most instructions of all its patterns together.
    public static let patternInstructions = 50_000

    /// The drafts that are known.
    public enum Dialect: String, Sendable, CaseIterable {
        case draft7 = "http://json-schema.org/draft-07/schema"
        case draft2020 = "https://json-schema.org/draft/2020-12/schema"
    }

    /// What one validation may take.
    public struct Bounds: Sendable {
        /// Rules and values looked at, characters that patterns step over included.
        public var steps: Int
        /// Violations that are named; the validation ends with the last of them.
        public var violations: Int
        /// How deep rules may lead into rules.
        public var depth: Int

        public init(steps: Int = 4_000_000, violations: Int = 64, depth: Int = 400) {
            self.steps = steps
            self.violations = violations
            self.depth = depth
        }
    }

    let rules: [SchemaRule]
    /// The rules that dynamic anchors name, by resource.
    let dynamicAnchors: [[String: Int]]
    /// Whether any rule asks what others have looked at.
    let tracksEvaluation: Bool

    /// Compiles a schema.
    /// - Parameters:
    ///   - dialect: what holds when the schema names no `$schema`.
    ///   - assertsFormats: whether a `format` that is not met makes a value invalid; formats that are not known never do.
    /// - Throws: with the place in the schema.
    public init(_ schema: JSONValue, dialect: Dialect = .draft2020, assertsFormats: Bool = false) throws(JSONSchemaError) {
        var compiler = SchemaCompiler(dialect: dialect, assertsFormats: assertsFormats)
        (rules, dynamicAnchors) = try compiler.compile(schema)
        tracksEvaluation = rules.contains { rule in
            rule.keywords.contains {
                switch $0 {
                case .unevaluatedItems, .unevaluatedProperties: true
                default: false
                }
            }
        }
    }

    /// What is wrong with a value: nothing when it is valid.
    /// - Throws: `.limit` when a bound is met before that is known.
    public func violations(of value: JSONValue, bounds: Bounds = Bounds()) throws(JSONSchemaError) -> [SchemaViolation] {
        var evaluation = SchemaEvaluation(self, bounds)
        return try evaluation.violations(of: value)
    }

    /// Whether a value is valid.
    /// - Throws: `.limit` when a bound is met before that is known.
    public func isValid(_ value: JSONValue, bounds: Bounds = Bounds()) throws(JSONSchemaError) -> Bool {
        var evaluation = SchemaEvaluation(self, bounds)
        return try evaluation.isValid(value)
    }
}
