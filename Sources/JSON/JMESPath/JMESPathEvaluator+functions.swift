// The functions, by what they work on: values of any type first, then numbers, arrays and objects. Text is in a file of its own.

extension JMESPathEvaluator {
    mutating func call(
        _ function: JMESPathFunction, _ nodes: [JMESPathNode], _ value: JSONValue
    ) throws(JMESPathError) -> JSONValue {
        if let index = function.referenceIndex, case .reference(let expression) = nodes[index] {
            return try apply(function, expression, try evaluate(nodes[1 - index], value))
        }
        if function == .notNull {
            for node in nodes {
                let result = try evaluate(node, value)
                if !result.isNull { return result }
            }
            return .null
        }
        var arguments: [JSONValue] = []
        for node in nodes { arguments.append(try evaluate(node, value)) }
        let first = arguments[0]
        switch function {
        case .abs, .ceil, .floor: return try round(function, first)
        case .avg, .sum: return try total(function, first)
        case .max, .min, .sort: return try order(function, first)
        case .keys, .values: return try members(function, first)
        case .merge: return try merge(arguments)
        case .length: return .integer(try length(first))
        case .reverse: return try reverse(first)
        case .contains, .startsWith, .endsWith: return try search(function, first, arguments[1])
        case .join: return try join(first, arguments[1])
        case .type: return .string(first.typeName)
        case .toArray: return first.array == nil ? .array([first]) : first
        case .toNumber: return number(first)
        case .toString: return try text(first)
        case .map, .maxBy, .minBy, .sortBy, .notNull: return .null
        }
    }

    func refusal(_ function: JMESPathFunction, _ wanted: String) -> JMESPathError {
        JMESPathError(.invalidType, "`\(function.rawValue)` takes \(wanted).")
    }

    // MARK: Numbers

    private func round(_ function: JMESPathFunction, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        if case .integer(let integer) = value {
            guard function == .abs else { return value }
            return integer == .min ? .double(-Double(integer)) : .integer(Swift.abs(integer))
        }
        guard case .double(let double) = value else { throw refusal(function, "a number") }
        switch function {
        case .abs: return .number(Swift.abs(double))
        case .ceil: return .number(double.rounded(.up))
        default: return .number(double.rounded(.down))
        }
    }

    private mutating func total(_ function: JMESPathFunction, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        guard case .array(let elements) = value else { throw refusal(function, "an array of numbers") }
        try spend(elements.count)
        var exact: Int? = 0
        var sum = 0.0
        for element in elements {
            guard let double = element.double else { throw refusal(function, "an array of numbers") }
            sum += double
            if let part = exact, case .integer(let integer) = element {
                let (more, isTooMuch) = part.addingReportingOverflow(integer)
                exact = isTooMuch ? nil : more
            } else {
                exact = nil
            }
        }
        guard sum.isFinite else { throw JMESPathError(.invalidValue, "The sum is too large.") }
        if function == .avg { return elements.isEmpty ? .null : .number(sum / Double(elements.count)) }
        return exact.map { .integer($0) } ?? .number(sum)
    }

    private func number(_ value: JSONValue) -> JSONValue {
        switch value {
        case .integer, .double: return value
        case .string(let text):
            let bytes = Array(text.utf8)
            guard let last = bytes.last, JSONNumber.isDigit(last), bytes[0] == UInt8(ascii: "-") || JSONNumber.isDigit(bytes[0]),
                let number = try? JSONValue(parsing: bytes), number.double != nil
            else { return .null }
            return number
        default: return .null
        }
    }

    // MARK: Arrays

    /// Checks that keys are all numbers or all strings.
    private func checkKeys(_ keys: [JSONValue], _ function: JMESPathFunction) throws(JMESPathError) {
        guard keys.allSatisfy({ $0.double != nil }) || keys.allSatisfy({ $0.string != nil }) else {
            throw refusal(function, "numbers alone or strings alone")
        }
    }

    private mutating func order(_ function: JMESPathFunction, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        guard case .array(let elements) = value else { throw refusal(function, "an array") }
        return try pick(function, elements, by: elements)
    }

    private mutating func pick(
        _ function: JMESPathFunction, _ elements: [JSONValue], by keys: [JSONValue]
    ) throws(JMESPathError) -> JSONValue {
        try checkKeys(keys, function)
        try spend(elements.count)
        if function == .sort || function == .sortBy { return .array(try sort(elements, by: keys)) }
        guard var best = keys.indices.first else { return .null }
        let seeksMost = function == .max || function == .maxBy
        for index in keys.indices where seeksMost ? precedes(keys[best], keys[index]) : precedes(keys[index], keys[best]) {
            best = index
        }
        return elements[best]
    }

    /// The functions that apply an expression to every element.
    private mutating func apply(
        _ function: JMESPathFunction, _ expression: JMESPathNode, _ value: JSONValue
    ) throws(JMESPathError) -> JSONValue {
        guard case .array(let elements) = value else { throw refusal(function, "an array") }
        var keys: [JSONValue] = []
        keys.reserveCapacity(elements.count)
        for element in elements { keys.append(try evaluate(expression, element)) }
        return function == .map ? .array(keys) : try pick(function, elements, by: keys)
    }

    // MARK: Objects

    private mutating func members(_ function: JMESPathFunction, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        guard case .object(let object) = value else { throw refusal(function, "an object") }
        try spend(object.count)
        return .array(function == .keys ? object.members.map { .string($0.name) } : object.members.map(\.value))
    }

    private mutating func merge(_ values: [JSONValue]) throws(JMESPathError) -> JSONValue {
        var merged = JSONObject()
        var places: [JSONName: Int] = [:]
        for value in values {
            guard case .object(let object) = value else { throw refusal(.merge, "objects") }
            try spend(object.count)
            for member in object.members {
                if let place = places[JSONName(member.name)] {
                    merged.members[place].value = member.value
                } else {
                    places[JSONName(member.name)] = merged.count
                    merged.members.append(member)
                }
            }
        }
        return .object(merged)
    }
}

/// The name of a member as a key: equal when its bytes are, which a `String` doesn't promise.
struct JSONName: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: JSONName, right: JSONName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

extension JSONValue {
    /// A finite number, exact where it is an integer.
    static func number(_ double: Double) -> JSONValue {
        Int(exactly: double).map { .integer($0) } ?? .double(double)
    }

    /// The name of the type, as JMESPath and JSON Schema spell it.
    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
