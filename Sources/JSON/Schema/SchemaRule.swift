// A compiled schema: rules that name each other by number, so that schemas may contain themselves.

/// One schema, or a part of one.
struct SchemaRule: Sendable {
    /// Its JSON pointer in the document.
    let location: String
    /// The resource it belongs to.
    let resource: Int
    /// What a schema that is `true` or `false` says.
    var verdict: Bool?
    var keywords: [SchemaKeyword] = []
}

/// One keyword with what it needs. Numbers are those of rules.
enum SchemaKeyword: Sendable {
    case type(SchemaTypes)
    /// The canonical texts of what is taken.
    case oneOfValues(Set<[UInt8]>, keyword: String)
    case multipleOf(DecimalNumber)
    case bound(SchemaBound, JSONValue)
    case count(SchemaCount, Int)
    case pattern(Pattern)
    case format(SchemaFormat)
    case uniqueItems
    case required([String])
    case dependentRequired([String: [String]], keyword: String)
    case dependentSchemas([(name: String, rule: Int)], keyword: String)
    case propertyNames(Int)
    case properties(SchemaProperties)
    case items(SchemaItems)
    case contains(Int, least: Int, most: Int?, marksItems: Bool)
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int])
    case not(Int)
    case condition(Int, then: Int?, otherwise: Int?)
    case reference(Int)
    case dynamicReference(Int, name: String)
    case unevaluatedProperties(Int)
    case unevaluatedItems(Int)
}

/// `properties`, `patternProperties` and `additionalProperties`, which work together.
struct SchemaProperties: Sendable {
    var named: [JSONName: Int] = [:]
    var patterns: [(pattern: Pattern, rule: Int)] = []
    var additional: Int?
}

/// The rules of the first elements, and of all that follow.
struct SchemaItems: Sendable {
    let prefixKeyword: String
    var prefix: [Int] = []
    var rest: Int?
    var restKeyword = "items"

    init(prefixKeyword: String) { self.prefixKeyword = prefixKeyword }
}

/// The types of JSON, an integer being any number without a fraction.
struct SchemaTypes: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = SchemaTypes(rawValue: 1)
    static let boolean = SchemaTypes(rawValue: 2)
    static let number = SchemaTypes(rawValue: 4)
    static let integer = SchemaTypes(rawValue: 8)
    static let string = SchemaTypes(rawValue: 16)
    static let array = SchemaTypes(rawValue: 32)
    static let object = SchemaTypes(rawValue: 64)

    static let names: [(name: String, type: SchemaTypes)] = [
        ("null", .null), ("boolean", .boolean), ("number", .number), ("integer", .integer), ("string", .string),
        ("array", .array),
        ("object", .object),
    ]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(name: String) {
        guard let known = SchemaTypes.names.first(where: { $0.name == name }) else { return nil }
        self = known.type
    }

    /// The types that a value has.
    init(of value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .integer: self = [.number, .integer]
        case .double(let double): self = double.rounded() == double ? [.number, .integer] : .number
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }

    var text: String { SchemaTypes.names.filter { contains($0.type) }.map(\.name).joined(separator: ", ") }
}

/// The keywords that bound a number.
enum SchemaBound: String, Sendable, CaseIterable {
    case minimum, maximum, exclusiveMinimum, exclusiveMaximum
}

/// The keywords that bound how many there are of something.
enum SchemaCount: String, Sendable, CaseIterable {
    case minLength, maxLength, minItems, maxItems, minProperties, maxProperties

    var isLeast: Bool { self == .minLength || self == .minItems || self == .minProperties }
}
