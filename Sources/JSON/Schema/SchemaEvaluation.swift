// One validation: rules are followed over a value, and what they break is noted. What a branch of `anyOf` and its like breaks is not:
// there the combination as a whole fails. Bounds: `JSONSchema.Bounds`.

/// A validation under way.
struct SchemaEvaluation {
    /// One step into a value.
    enum Step {
        case name(String)
        case index(Int)
    }

    let schema: JSONSchema
    private let bounds: JSONSchema.Bounds
    var steps: Int
    private var depth = 0
    private var path: [Step] = []
    /// The resources that led here, outermost first: a dynamic reference asks them.
    private var scope: [Int] = []
    private var violations: [SchemaViolation] = []
    /// Above zero while nothing is noted.
    private var silence = 0

    init(_ schema: JSONSchema, _ bounds: JSONSchema.Bounds) {
        self.schema = schema
        self.bounds = bounds
        steps = bounds.steps
    }

    mutating func violations(of value: JSONValue) throws(JSONSchemaError) -> [SchemaViolation] {
        var seen = SchemaEvaluated()
        _ = try check(0, value, &seen)
        return violations
    }

    mutating func isValid(_ value: JSONValue) throws(JSONSchemaError) -> Bool {
        silence = 1
        var seen = SchemaEvaluated()
        return try check(0, value, &seen)
    }

    // MARK: Bounds

    mutating func spend(_ count: Int) throws(JSONSchemaError) {
        steps -= count
        guard steps >= 0 else { throw JSONSchemaError(.limit, "The schema takes too many steps on this value.") }
    }

    /// Whether the first failure ends it.
    var isHasty: Bool { silence > 0 || violations.count >= bounds.violations }

    // MARK: Rules

    /// Whether a value keeps a rule. `seen` gains what the rule looked at, if it does.
    mutating func check(_ number: Int, _ value: JSONValue, _ seen: inout SchemaEvaluated) throws(JSONSchemaError) -> Bool {
        let rule = schema.rules[number]
        try spend(1 + rule.keywords.count)
        if let verdict = rule.verdict {
            if !verdict { report(rule, nil, "Nothing is allowed here.") }
            return verdict
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= bounds.depth else {
            throw JSONSchemaError(.limit, "The rules lead into each other more than \(bounds.depth) deep.", at: rule.location)
        }
        let isElsewhere = scope.last != rule.resource
        if isElsewhere { scope.append(rule.resource) }
        defer { if isElsewhere { scope.removeLast() } }
        var isValid = true
        for keyword in rule.keywords {
            if try check(keyword, rule, value, &seen) { continue }
            isValid = false
            if isHasty { break }
        }
        return isValid
    }

    /// The same, noting nothing.
    mutating func checkQuietly(_ number: Int, _ value: JSONValue, _ seen: inout SchemaEvaluated) throws(JSONSchemaError) -> Bool {
        silence += 1
        defer { silence -= 1 }
        return try check(number, value, &seen)
    }

    /// Whether a part of the value keeps a rule.
    mutating func check(_ number: Int, _ part: JSONValue, at step: Step) throws(JSONSchemaError) -> Bool {
        path.append(step)
        defer { path.removeLast() }
        var seen = SchemaEvaluated()
        return try check(number, part, &seen)
    }

    /// Whether a value keeps a rule that stands beside others: what it looked at counts for them all.
    mutating func checkBeside(_ number: Int, _ value: JSONValue, _ seen: inout SchemaEvaluated) throws(JSONSchemaError) -> Bool {
        guard schema.tracksEvaluation else { return try check(number, value, &seen) }
        var inner = SchemaEvaluated()
        guard try check(number, value, &inner) else { return false }
        seen.merge(inner)
        return true
    }

    /// The rule that a dynamic reference leads to from here.
    func dynamicRule(_ name: String, else number: Int) -> Int {
        for resource in scope {
            if let found = schema.dynamicAnchors[resource][name] { return found }
        }
        return number
    }

    // MARK: Reports

    /// Notes what is broken, and says that it is.
    @discardableResult mutating func report(_ rule: SchemaRule, _ keyword: String?, _ message: String) -> Bool {
        guard !isHasty else { return false }
        var pointer = ""
        var field = ""
        for step in path {
            switch step {
            case .name(let name):
                pointer += "/" + JSONPointer.escaped(name)
                field += (field.isEmpty ? "" : ".") + name
            case .index(let index):
                pointer += "/\(index)"
                field += "[\(index)]"
            }
        }
        violations.append(
            SchemaViolation(
                instancePath: pointer, field: field, schemaPath: keyword.map { rule.location + "/" + $0 } ?? rule.location,
                keyword: keyword ?? "false", message: message))
        return false
    }
}

/// The parts of one value that rules have looked at and found good.
struct SchemaEvaluated {
    var hasEveryProperty = false
    var properties: Set<JSONName> = []
    var hasEveryItem = false
    /// So many of the first elements.
    var prefix = 0
    var items: Set<Int> = []

    mutating func merge(_ other: SchemaEvaluated) {
        hasEveryProperty = hasEveryProperty || other.hasEveryProperty
        properties.formUnion(other.properties)
        hasEveryItem = hasEveryItem || other.hasEveryItem
        prefix = max(prefix, other.prefix)
        items.formUnion(other.items)
    }
}
