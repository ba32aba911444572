// The keywords of one subschema. What a keyword can't be is refused here with its place, so that nothing is left to find out later.

extension SchemaCompiler {
    /// What a subschema says.
    struct Content {
        var verdict: Bool?
        var keywords: [SchemaKeyword] = []
    }

    /// A subschema while its keywords are read.
    struct Reading {
        let place: Place
        let object: JSONObject
        var keywords: [SchemaKeyword] = []

        func pointer(_ keyword: String) -> String { place.pointer + "/" + JSONPointer.escaped(keyword) }

        func error(_ keyword: String, _ wanted: String) -> JSONSchemaError {
            JSONSchemaError(.invalid, "`\(keyword)` has to be \(wanted).", at: pointer(keyword))
        }
    }

    mutating func keywords(of place: Place) throws(JSONSchemaError) -> Content {
        switch place.value {
        case .bool(let verdict): return Content(verdict: verdict)
        case .object(let object):
            var reading = Reading(place: place, object: object)
            if try addReferences(&reading) { return Content(keywords: reading.keywords) }
            try addValues(&reading)
            try addCounts(&reading)
            try addText(&reading)
            try addCombinations(&reading)
            try addObjects(&reading)
            try addArrays(&reading)
            // These come last: they ask what all others have looked at.
            if place.dialect == .draft2020 {
                if let rule = try single("unevaluatedItems", reading) { reading.keywords.append(.unevaluatedItems(rule)) }
                if let rule = try single("unevaluatedProperties", reading) {
                    reading.keywords.append(.unevaluatedProperties(rule))
                }
            }
            return Content(keywords: reading.keywords)
        default: throw JSONSchemaError(.invalid, "A schema is an object, `true` or `false`.", at: place.pointer)
        }
    }

    /// `true` when nothing else counts beside the reference, as in draft-07.
    private mutating func addReferences(_ reading: inout Reading) throws(JSONSchemaError) -> Bool {
        for keyword in ["$ref", "$dynamicRef"] {
            guard let value = reading.object[keyword], keyword == "$ref" || reading.place.dialect == .draft2020 else { continue }
            guard let text = value.string else { throw reading.error(keyword, "a string") }
            let (target, isDynamic) = try resolve(text, from: reading.place, at: reading.pointer(keyword))
            let number = try rule(at: target)
            if keyword == "$dynamicRef" && isDynamic {
                reading.keywords.append(.dynamicReference(number, name: URIReference(text).plainFragment))
            } else {
                reading.keywords.append(.reference(number))
            }
        }
        return reading.place.dialect == .draft7 && !reading.keywords.isEmpty
    }

    // MARK: Values

    private func addValues(_ reading: inout Reading) throws(JSONSchemaError) {
        let object = reading.object
        if let value = object["type"] {
            let names = value.array ?? [value]
            var types: SchemaTypes = []
            for name in names {
                guard let type = name.string.flatMap({ SchemaTypes(name: $0) }) else {
                    throw reading.error("type", "the name of a type, or some")
                }
                types.insert(type)
            }
            reading.keywords.append(.type(types))
        }
        if let value = object["const"] { reading.keywords.append(.oneOfValues([value.canonicalBytes], keyword: "const")) }
        if let value = object["enum"] {
            guard let values = value.array else { throw reading.error("enum", "an array") }
            reading.keywords.append(.oneOfValues(Set(values.map(\.canonicalBytes)), keyword: "enum"))
        }
        if let value = object["multipleOf"] {
            guard let number = DecimalNumber(value), !number.isZero, (value.double ?? 0) > 0 else {
                throw reading.error("multipleOf", "a number above 0")
            }
            reading.keywords.append(.multipleOf(number))
        }
        for bound in SchemaBound.allCases {
            guard let value = object[bound.rawValue] else { continue }
            guard value.double != nil else { throw reading.error(bound.rawValue, "a number") }
            reading.keywords.append(.bound(bound, value))
        }
    }

    private func count(_ keyword: String, _ reading: Reading) throws(JSONSchemaError) -> Int? {
        guard let value = reading.object[keyword] else { return nil }
        guard let number = value.double, number >= 0, number.rounded() == number else { throw reading.error(keyword, "a count") }
        return value.int ?? .max
    }

    private func addCounts(_ reading: inout Reading) throws(JSONSchemaError) {
        for kind in SchemaCount.allCases {
            if let count = try count(kind.rawValue, reading) { reading.keywords.append(.count(kind, count)) }
        }
        if let value = reading.object["uniqueItems"] {
            guard let isUnique = value.bool else { throw reading.error("uniqueItems", "true or false") }
            if isUnique { reading.keywords.append(.uniqueItems) }
        }
    }

    private mutating func addText(_ reading: inout Reading) throws(JSONSchemaError) {
        if let value = reading.object["pattern"] {
            guard let source = value.string else { throw reading.error("pattern", "a string") }
            reading.keywords.append(.pattern(try pattern(source, at: reading.pointer("pattern"))))
        }
        if let value = reading.object["format"] {
            guard let name = value.string else { throw reading.error("format", "a string") }
            if assertsFormats, let format = SchemaFormat(rawValue: name) { reading.keywords.append(.format(format)) }
        }
    }

    // MARK: Subschemas

    private mutating func single(_ keyword: String, _ reading: Reading) throws(JSONSchemaError) -> Int? {
        guard let place = child(reading.place, keyword) else { return nil }
        return try rule(at: place)
    }

    private mutating func list(_ keyword: String, _ reading: Reading) throws(JSONSchemaError) -> [Int]? {
        guard let value = reading.object[keyword] else { return nil }
        guard let elements = value.array else { throw reading.error(keyword, "an array of schemas") }
        var numbers: [Int] = []
        for index in elements.indices {
            if let place = child(reading.place, keyword, String(index)) { numbers.append(try rule(at: place)) }
        }
        return numbers
    }

    private mutating func map(_ keyword: String, _ reading: Reading) throws(JSONSchemaError) -> [(name: String, rule: Int)]? {
        guard let value = reading.object[keyword] else { return nil }
        guard let object = value.object else { throw reading.error(keyword, "an object of schemas") }
        var numbers: [(name: String, rule: Int)] = []
        for member in object.members {
            if let place = child(reading.place, keyword, member.name) { numbers.append((member.name, try rule(at: place))) }
        }
        return numbers
    }

    private mutating func addCombinations(_ reading: inout Reading) throws(JSONSchemaError) {
        if let rules = try list("allOf", reading) { reading.keywords.append(.allOf(rules)) }
        if let rules = try list("anyOf", reading) { reading.keywords.append(.anyOf(rules)) }
        if let rules = try list("oneOf", reading) { reading.keywords.append(.oneOf(rules)) }
        if let rule = try single("not", reading) { reading.keywords.append(.not(rule)) }
        let (then, otherwise) = (try single("then", reading), try single("else", reading))
        if let rule = try single("if", reading) { reading.keywords.append(.condition(rule, then: then, otherwise: otherwise)) }
    }

    // MARK: Objects and arrays

    private func names(_ value: JSONValue, _ keyword: String, _ reading: Reading) throws(JSONSchemaError) -> [String] {
        guard let elements = value.array else { throw reading.error(keyword, "an array of names") }
        var names: [String] = []
        for element in elements {
            guard let name = element.string else { throw reading.error(keyword, "an array of names") }
            names.append(name)
        }
        return names
    }

    private mutating func addObjects(_ reading: inout Reading) throws(JSONSchemaError) {
        if let value = reading.object["required"] { reading.keywords.append(.required(try names(value, "required", reading))) }
        if let rule = try single("propertyNames", reading) { reading.keywords.append(.propertyNames(rule)) }
        try addDependencies(&reading)
        var properties = SchemaProperties()
        var isThere = false
        if let map = try map("properties", reading) {
            isThere = true
            for (name, rule) in map { properties.named[JSONName(name)] = rule }
        }
        if let map = try map("patternProperties", reading) {
            isThere = true
            for (name, rule) in map {
                let pointer = reading.pointer("patternProperties") + "/" + JSONPointer.escaped(name)
                properties.patterns.append((try pattern(name, at: pointer), rule))
            }
        }
        properties.additional = try single("additionalProperties", reading)
        if isThere || properties.additional != nil { reading.keywords.append(.properties(properties)) }
    }

    private mutating func addDependencies(_ reading: inout Reading) throws(JSONSchemaError) {
        let is7 = reading.place.dialect == .draft7
        let keyword = is7 ? "dependencies" : "dependentRequired"
        var required: [String: [String]] = [:]
        var schemas: [(name: String, rule: Int)] = []
        if let value = reading.object[keyword] {
            guard let object = value.object else { throw reading.error(keyword, "an object") }
            for member in object.members {
                if is7, member.value.array == nil, let place = child(reading.place, keyword, member.name) {
                    schemas.append((member.name, try rule(at: place)))
                } else {
                    required[member.name] = try names(member.value, keyword, reading)
                }
            }
        }
        if !is7, let map = try map("dependentSchemas", reading) { schemas = map }
        if !required.isEmpty { reading.keywords.append(.dependentRequired(required, keyword: keyword)) }
        if !schemas.isEmpty { reading.keywords.append(.dependentSchemas(schemas, keyword: is7 ? keyword : "dependentSchemas")) }
    }

    private mutating func addArrays(_ reading: inout Reading) throws(JSONSchemaError) {
        let is7 = reading.place.dialect == .draft7
        var items = SchemaItems(prefixKeyword: is7 ? "items" : "prefixItems")
        if is7, reading.object["items"]?.array != nil {
            items.prefix = try list("items", reading) ?? []
            items.rest = try single("additionalItems", reading)
            items.restKeyword = "additionalItems"
        } else {
            if !is7 { items.prefix = try list("prefixItems", reading) ?? [] }
            items.rest = try single("items", reading)
        }
        if !items.prefix.isEmpty || items.rest != nil { reading.keywords.append(.items(items)) }
        guard let rule = try single("contains", reading) else { return }
        let least = is7 ? nil : try count("minContains", reading)
        let most = is7 ? nil : try count("maxContains", reading)
        reading.keywords.append(.contains(rule, least: least ?? 1, most: most, marksItems: !is7))
    }
}
