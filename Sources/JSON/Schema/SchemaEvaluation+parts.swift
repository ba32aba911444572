// The keywords that look into objects and arrays, and those that put schemas together.

extension SchemaEvaluation {
    // MARK: Objects

    mutating func check(
        _ keyword: SchemaKeyword, _ rule: SchemaRule, _ object: JSONObject, _ value: JSONValue, _ seen: inout SchemaEvaluated
    ) throws(JSONSchemaError) -> Bool {
        try spend(object.count)
        switch keyword {
        case .required(let names):
            return try require(names, rule, "required", object)
        case .dependentRequired(let dependencies, let name):
            var isValid = true
            for (trigger, names) in dependencies where object[trigger] != nil {
                if !(try require(names, rule, name, object)) { isValid = false }
            }
            return isValid
        case .dependentSchemas(let dependencies, _):
            var isValid = true
            for (trigger, number) in dependencies where object[trigger] != nil {
                if !(try checkBeside(number, value, &seen)) { isValid = false }
            }
            return isValid
        case .propertyNames(let number):
            var isValid = true
            for member in object.members where !(try check(number, .string(member.name), at: .name(member.name))) {
                isValid = false
            }
            return isValid
        case .properties(let properties): return try check(properties, object, &seen)
        case .unevaluatedProperties(let number):
            guard !seen.hasEveryProperty else { return true }
            var isValid = true
            for member in object.members where !seen.properties.contains(JSONName(member.name)) {
                if !(try check(number, member.value, at: .name(member.name))) { isValid = false }
            }
            seen.hasEveryProperty = true
            return isValid
        default: return true
        }
    }

    private mutating func require(
        _ names: [String], _ rule: SchemaRule, _ keyword: String, _ object: JSONObject
    ) throws(JSONSchemaError) -> Bool {
        // Names are looked for one by one, in an object that a tenant may have made long.
        try spend(names.count * (1 + object.count / 8))
        var isValid = true
        for name in names where object[name] == nil {
            isValid = report(rule, keyword, "The member `\(name.prefix(Problems.nameCharacters))` is missing.")
        }
        return isValid
    }

    private mutating func check(
        _ properties: SchemaProperties, _ object: JSONObject, _ seen: inout SchemaEvaluated
    ) throws(JSONSchemaError) -> Bool {
        var isValid = true
        for member in object.members {
            let name = JSONName(member.name)
            var isKnown = false
            if let number = properties.named[name] {
                isKnown = true
                if !(try check(number, member.value, at: .name(member.name))) { isValid = false }
            }
            for (pattern, number) in properties.patterns where try matches(pattern, member.name) {
                isKnown = true
                if !(try check(number, member.value, at: .name(member.name))) { isValid = false }
            }
            if !isKnown, let number = properties.additional {
                isKnown = true
                if !(try check(number, member.value, at: .name(member.name))) { isValid = false }
            }
            if isKnown, schema.tracksEvaluation { seen.properties.insert(name) }
            if !isValid, isHasty { return false }
        }
        return isValid
    }

    // MARK: Arrays

    mutating func check(
        _ keyword: SchemaKeyword, _ rule: SchemaRule, _ elements: [JSONValue], _ seen: inout SchemaEvaluated
    ) throws(JSONSchemaError) -> Bool {
        var isValid = true
        switch keyword {
        case .items(let items):
            for (index, element) in elements.enumerated() {
                guard let number = index < items.prefix.count ? items.prefix[index] : items.rest else { break }
                if !(try check(number, element, at: .index(index))) { isValid = false }
                if !isValid, isHasty { return false }
            }
            seen.prefix = max(seen.prefix, min(items.prefix.count, elements.count))
            if items.rest != nil { seen.hasEveryItem = true }
        case .contains(let number, let least, let most, let marksItems):
            var count = 0
            for (index, element) in elements.enumerated() {
                var inner = SchemaEvaluated()
                guard try checkQuietly(number, element, &inner) else { continue }
                count += 1
                if marksItems, schema.tracksEvaluation { seen.items.insert(index) }
            }
            if count < least { isValid = report(rule, "contains", "Too few elements are as the schema asks.") }
            if let most, count > most { isValid = report(rule, "maxContains", "Too many elements are as the schema says.") }
        case .unevaluatedItems(let number):
            guard !seen.hasEveryItem else { return true }
            for (index, element) in elements.enumerated() where index >= seen.prefix && !seen.items.contains(index) {
                if !(try check(number, element, at: .index(index))) { isValid = false }
            }
            seen.hasEveryItem = true
        default: break
        }
        return isValid
    }

    // MARK: Combinations

    mutating func combine(
        _ keyword: SchemaKeyword, _ rule: SchemaRule, _ value: JSONValue, _ seen: inout SchemaEvaluated
    ) throws(JSONSchemaError) -> Bool {
        switch keyword {
        case .reference(let number): return try checkBeside(number, value, &seen)
        case .dynamicReference(let number, let name): return try checkBeside(dynamicRule(name, else: number), value, &seen)
        case .allOf(let numbers):
            var isValid = true
            for number in numbers {
                if try checkBeside(number, value, &seen) { continue }
                isValid = false
                if isHasty { break }
            }
            return isValid
        case .anyOf(let numbers):
            let count = try countOfKept(numbers, value, &seen, enough: schema.tracksEvaluation ? .max : 1)
            return count > 0 || report(rule, "anyOf", "This is as none of the schemas asks.")
        case .oneOf(let numbers):
            let count = try countOfKept(numbers, value, &seen, enough: 2)
            if count > 1 { return report(rule, "oneOf", "This is as more than one of the schemas asks.") }
            return count == 1 || report(rule, "oneOf", "This is as none of the schemas asks.")
        case .not(let number):
            var inner = SchemaEvaluated()
            return try !checkQuietly(number, value, &inner) || report(rule, "not", "This is as the schema forbids.")
        case .condition(let number, let then, let otherwise):
            var inner = SchemaEvaluated()
            let holds = try checkQuietly(number, value, &inner)
            if holds { seen.merge(inner) }
            guard let next = holds ? then : otherwise else { return true }
            return try checkBeside(next, value, &seen)
        default: return true
        }
    }

    /// How many of the rules a value keeps; no more are counted than are enough.
    private mutating func countOfKept(
        _ numbers: [Int], _ value: JSONValue, _ seen: inout SchemaEvaluated, enough: Int
    ) throws(JSONSchemaError) -> Int {
        var count = 0
        for number in numbers {
            var inner = SchemaEvaluated()
            guard try checkQuietly(number, value, &inner) else { continue }
            count += 1
            seen.merge(inner)
            if count >= enough { break }
        }
        return count
    }
}
