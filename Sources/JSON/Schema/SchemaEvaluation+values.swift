// The keywords that look at a value alone: its type, its size, its text.

extension SchemaEvaluation {
    mutating func check(
        _ keyword: SchemaKeyword, _ rule: SchemaRule, _ value: JSONValue, _ seen: inout SchemaEvaluated
    ) throws(JSONSchemaError) -> Bool {
        switch keyword {
        case .type(let types):
            return !types.isDisjoint(with: SchemaTypes(of: value)) || report(rule, "type", "This must be of type \(types.text).")
        case .oneOfValues(let texts, let name):
            let text = value.canonicalBytes
            try spend(text.count / 8)
            return texts.contains(text) || report(rule, name, "This is not one of the values that are allowed.")
        case .multipleOf(let unit):
            guard let number = DecimalNumber(value) else { return true }
            return number.isMultiple(of: unit) || report(rule, "multipleOf", "This is not a multiple of what the schema says.")
        case .bound(let bound, let limit): return check(bound, limit, rule, value)
        case .count(let kind, let limit): return try check(kind, limit, rule, value)
        case .pattern(let pattern):
            guard case .string(let text) = value else { return true }
            return try matches(pattern, text) || report(rule, "pattern", "This does not match the pattern.")
        case .format(let format):
            guard case .string(let text) = value else { return true }
            try spend(text.utf8.count / 8)
            return format.accepts(text) || report(rule, "format", "This is not spelled as the format \(format.rawValue) asks.")
        case .uniqueItems:
            guard case .array(let elements) = value, elements.count > 1 else { return true }
            return try areUnique(elements) || report(rule, "uniqueItems", "Two elements are the same.")
        case .required, .dependentRequired, .dependentSchemas, .propertyNames, .properties, .unevaluatedProperties:
            guard case .object(let object) = value else { return true }
            return try check(keyword, rule, object, value, &seen)
        case .items, .contains, .unevaluatedItems:
            guard case .array(let elements) = value else { return true }
            return try check(keyword, rule, elements, &seen)
        case .allOf, .anyOf, .oneOf, .not, .condition, .reference, .dynamicReference:
            return try combine(keyword, rule, value, &seen)
        }
    }

    mutating func matches(_ pattern: Pattern, _ text: String) throws(JSONSchemaError) -> Bool {
        do throws(PatternError) {
            return try pattern.matches(text, steps: &steps)
        } catch {
            throw JSONSchemaError(.limit, error.message)
        }
    }

    private mutating func areUnique(_ elements: [JSONValue]) throws(JSONSchemaError) -> Bool {
        var texts: Set<[UInt8]> = []
        for element in elements {
            let text = element.canonicalBytes
            try spend(1 + text.count / 8)
            guard texts.insert(text).inserted else { return false }
        }
        return true
    }

    private mutating func check(_ bound: SchemaBound, _ limit: JSONValue, _ rule: SchemaRule, _ value: JSONValue) -> Bool {
        guard let order = value.order(to: limit) else { return true }
        switch bound {
        case .minimum: return order >= 0 || report(rule, bound.rawValue, "This is too small.")
        case .maximum: return order <= 0 || report(rule, bound.rawValue, "This is too large.")
        case .exclusiveMinimum: return order > 0 || report(rule, bound.rawValue, "This is too small.")
        case .exclusiveMaximum: return order < 0 || report(rule, bound.rawValue, "This is too large.")
        }
    }

    private mutating func check(
        _ kind: SchemaCount, _ limit: Int, _ rule: SchemaRule, _ value: JSONValue
    ) throws(JSONSchemaError) -> Bool {
        let count: Int
        switch (kind, value) {
        case (.minLength, .string(let text)), (.maxLength, .string(let text)):
            try spend(text.utf8.count / 8)
            count = text.unicodeScalars.count
        case (.minItems, .array(let elements)), (.maxItems, .array(let elements)): count = elements.count
        case (.minProperties, .object(let object)), (.maxProperties, .object(let object)): count = object.count
        default: return true
        }
        if kind.isLeast ? count >= limit : count <= limit { return true }
        let what = kind.rawValue.hasSuffix("Length") ? "characters" : kind.rawValue.hasSuffix("Items") ? "elements" : "members"
        return report(rule, kind.rawValue, "This must have at \(kind.isLeast ? "least" : "most") \(limit) \(what).")
    }
}

extension JSONValue {
    /// Below, at or above zero, as this number is below, at or above another; `nil` when one is no number.
    fileprivate func order(to other: JSONValue) -> Int? {
        if case .integer(let one) = self, case .integer(let two) = other { return one < two ? -1 : one > two ? 1 : 0 }
        guard let one = double, let two = other.double else { return nil }
        return one < two ? -1 : one > two ? 1 : 0
    }
}
