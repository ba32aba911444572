// Makes rules of a schema. First every subschema is found and the names it bears (`$id`, `$anchor`, `$dynamicAnchor`) are noted; then
// rules are made from a queue, the root first, and what they refer to after. Only what is reached is compiled.
// Bounds: `JSONSchema.ruleLimit`, `JSONSchema.patternInstructions`, and the depth of a document.

/// The compilation of one schema.
struct SchemaCompiler {
    /// A subschema and where it stands.
    struct Place {
        let value: JSONValue
        let document: Int
        /// From the root of the document.
        let pointer: String
        /// The address of the resource that it belongs to.
        let base: String
        let dialect: JSONSchema.Dialect

        var key: String { "\(document)#\(pointer)" }
    }

    private let dialect: JSONSchema.Dialect
    let assertsFormats: Bool
    private var documentCount = 0
    /// All subschemas that were found, with the address and the dialect that hold in them.
    private var known: [String: (base: String, dialect: JSONSchema.Dialect)] = [:]
    private var resources: [String: Place] = [:]
    private var anchors: [String: Place] = [:]
    private var dynamicPlaces: [(name: String, place: Place)] = []
    private var dynamicNames: Set<String> = []
    private var resourceNumbers: [String: Int] = [:]
    private var ruleNumbers: [String: Int] = [:]
    private var queue: [(number: Int, place: Place)] = []
    private var rules: [SchemaRule] = []
    private var patternInstructions = 0

    init(dialect: JSONSchema.Dialect, assertsFormats: Bool) {
        self.dialect = dialect
        self.assertsFormats = assertsFormats
    }

    /// The rules of a schema, the root's first, and the rules that dynamic anchors name, by resource.
    mutating func compile(_ schema: JSONValue) throws(JSONSchemaError) -> ([SchemaRule], [[String: Int]]) {
        let root = try add(schema, at: "")
        _ = try rule(at: root)
        var linked = 0
        // Making rules can bring in a meta-schema, and that brings further anchors.
        while !queue.isEmpty || linked < dynamicPlaces.count {
            while let (number, place) = queue.popLast() { rules[number].fill(try keywords(of: place)) }
            while linked < dynamicPlaces.count {
                _ = try rule(at: dynamicPlaces[linked].place)
                linked += 1
            }
        }
        var dynamic = [[String: Int]](repeating: [:], count: resourceNumbers.count)
        for (name, place) in dynamicPlaces { dynamic[number(ofResource: place.base)][name] = ruleNumbers[place.key] }
        return (rules, dynamic)
    }

    // MARK: Rules

    /// The number of the rule of a place, which is made later.
    mutating func rule(at place: Place) throws(JSONSchemaError) -> Int {
        if let number = ruleNumbers[place.key] { return number }
        guard rules.count < JSONSchema.ruleLimit else {
            throw JSONSchemaError(.limit, "A schema may have at most \(JSONSchema.ruleLimit) subschemas.", at: place.pointer)
        }
        let number = rules.count
        ruleNumbers[place.key] = number
        rules.append(SchemaRule(location: place.pointer, resource: self.number(ofResource: place.base)))
        queue.append((number, place))
        return number
    }

    private mutating func number(ofResource base: String) -> Int {
        if let number = resourceNumbers[base] { return number }
        resourceNumbers[base] = resourceNumbers.count
        return resourceNumbers.count - 1
    }

    mutating func pattern(_ source: String, at pointer: String) throws(JSONSchemaError) -> Pattern {
        let pattern: Pattern
        do throws(PatternError) {
            pattern = try Pattern(source)
        } catch {
            switch error.kind {
            case .syntax: throw JSONSchemaError(.invalid, error.message, at: pointer)
            case .unsupported: throw JSONSchemaError(.unsupported, error.message, at: pointer)
            case .limit: throw JSONSchemaError(.limit, error.message, at: pointer)
            }
        }
        patternInstructions += pattern.instructionCount
        guard patternInstructions <= JSONSchema.patternInstructions else {
            throw JSONSchemaError(.limit, "The patterns of the schema are too large together.", at: pointer)
        }
        return pattern
    }

    // MARK: Names

    /// Takes a document in: finds its subschemas and their names.
    private mutating func add(_ value: JSONValue, at address: String) throws(JSONSchemaError) -> Place {
        let root = Place(value: value, document: documentCount, pointer: "", base: address, dialect: dialect)
        documentCount += 1
        resources[address] = root
        return try identify(root)
    }

    /// Notes the names of a subschema and of all below it.
    @discardableResult private mutating func identify(_ place: Place) throws(JSONSchemaError) -> Place {
        guard case .object(let object) = place.value else { return place }
        var place = place
        if let name = object["$schema"]?.string, place.pointer.isEmpty || object["$id"] != nil {
            let dialect = try SchemaCompiler.dialect(named: name, at: place.pointer)
            place = place.with(base: place.base, dialect: dialect)
        }
        let isReference = place.dialect == .draft7 && object["$ref"]?.string != nil
        if !isReference, let id = object["$id"]?.string { place = name(place, id) }
        if place.dialect == .draft2020 {
            if let anchor = object["$anchor"]?.string { note(place, anchor) }
            if let anchor = object["$dynamicAnchor"]?.string {
                note(place, anchor)
                dynamicNames.insert(place.base + "#" + anchor)
                dynamicPlaces.append((anchor, place))
            }
        }
        known[place.key] = (place.base, place.dialect)
        for child in SchemaKeywordNames.children(of: place, object) { try identify(child) }
        return place
    }

    /// Gives a place its `$id`: an address of its own, or in draft-07 an anchor.
    private mutating func name(_ place: Place, _ id: String) -> Place {
        let reference = URIReference(id).resolved(on: URIReference(place.base))
        let fragment = reference.plainFragment
        var named = place
        if !id.hasPrefix("#") {
            named = place.with(base: reference.resource, dialect: place.dialect)
            if resources[named.base] == nil || place.pointer.isEmpty { resources[named.base] = named }
        }
        if !fragment.isEmpty, place.dialect == .draft7 { note(named, fragment) }
        return named
    }

    private mutating func note(_ place: Place, _ anchor: String) {
        let name = place.base + "#" + anchor
        if anchors[name] == nil { anchors[name] = place }
    }

    private static func dialect(named name: String, at pointer: String) throws(JSONSchemaError) -> JSONSchema.Dialect {
        let address = URIReference(name).resource
        if let dialect = JSONSchema.Dialect(rawValue: address) { return dialect }
        if address == "https://json-schema.org/draft-07/schema" { return .draft7 }
        guard address.contains("//json-schema.org/") else {
            throw JSONSchemaError(.remoteReference, "`$schema` names a meta-schema that would have to be fetched.", at: pointer)
        }
        throw JSONSchemaError(.unsupported, "`$schema` may be draft-07 or 2020-12.", at: pointer)
    }

    // MARK: References

    /// The place that a part of a place leads to.
    func child(_ place: Place, _ names: String...) -> Place? {
        var at = place
        for name in names {
            guard let next = step(from: at, name) else { return nil }
            at = next
        }
        return at
    }

    private func step(from place: Place, _ name: String) -> Place? {
        let value: JSONValue?
        switch place.value {
        case .object(let object): value = object[name]
        case .array(let elements):
            guard name.utf8.allSatisfy(JSONNumber.isDigit), name == "0" || !name.hasPrefix("0"), let index = Int(name) else {
                return nil
            }
            value = elements.indices.contains(index) ? elements[index] : nil
        default: value = nil
        }
        guard let value else { return nil }
        let pointer = place.pointer + "/" + JSONPointer.escaped(name)
        let names = known["\(place.document)#\(pointer)"] ?? (place.base, place.dialect)
        return Place(value: value, document: place.document, pointer: pointer, base: names.base, dialect: names.dialect)
    }

    /// The place that a reference leads to, and whether it goes by a dynamic anchor.
    mutating func resolve(
        _ text: String, from place: Place, at pointer: String
    ) throws(JSONSchemaError) -> (place: Place, isDynamic: Bool) {
        let reference = URIReference(text).resolved(on: URIReference(place.base))
        let address = reference.resource
        if resources[address] == nil, let document = SchemaLibrary.document(at: address) { _ = try add(document, at: address) }
        guard let root = resources[address] else {
            throw JSONSchemaError(.remoteReference, "The reference leads out of the schema; nothing is fetched.", at: pointer)
        }
        let fragment = reference.plainFragment
        if fragment.isEmpty { return (root, false) }
        guard fragment.hasPrefix("/") else {
            let name = address + "#" + fragment
            guard let found = anchors[name] else { throw unresolved(pointer) }
            return (found, dynamicNames.contains(name))
        }
        var at = root
        for part in JSONPointer.parts(of: fragment) {
            guard let next = step(from: at, part) else { throw unresolved(pointer) }
            at = next
        }
        return (at, false)
    }

    private func unresolved(_ pointer: String) -> JSONSchemaError {
        JSONSchemaError(.unresolvedReference, "The reference leads to nothing in the schema.", at: pointer)
    }
}

extension SchemaCompiler.Place {
    func with(base: String, dialect: JSONSchema.Dialect) -> SchemaCompiler.Place {
        SchemaCompiler.Place(value: value, document: document, pointer: pointer, base: base, dialect: dialect)
    }
}

extension SchemaRule {
    fileprivate mutating func fill(_ content: SchemaCompiler.Content) {
        (verdict, keywords) = (content.verdict, content.keywords)
    }
}
