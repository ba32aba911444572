// Carries an expression out. It has no state but the steps that are left; a value is shared, never copied, until it is changed.
// Bounds: the steps and the bytes of `JMESPath.Bounds`. Recursion is bounded by the depth of the expression and of the value.

/// One evaluation.
struct JMESPathEvaluator {
    /// A result nested deeper than this could not be read again.
    static let resultDepth = 100
    /// Text costs a step for so many bytes.
    static let bytesPerStep = 8

    private var steps: Int
    let outputBytes: Int

    init(_ bounds: JMESPath.Bounds) {
        steps = bounds.steps
        outputBytes = bounds.outputBytes
    }

    // MARK: Bounds

    mutating func spend(_ count: Int) throws(JMESPathError) {
        steps -= count
        guard steps >= 0 else { throw JMESPathError(.limit, "The expression takes too many steps on this value.") }
    }

    /// Pays for text that is to be made.
    mutating func spend(bytes: Int) throws(JMESPathError) {
        guard bytes <= outputBytes else {
            throw JMESPathError(.limit, "The expression makes text of more than \(outputBytes) bytes.")
        }
        try spend(bytes / JMESPathEvaluator.bytesPerStep + 1)
    }

    /// The least bytes that the text of a value has. Values that are shared are counted wherever they stand.
    mutating func measure(_ value: JSONValue, depth: Int = 1) throws(JMESPathError) -> Int {
        guard depth <= JMESPathEvaluator.resultDepth else {
            throw JMESPathError(.limit, "A result may be nested at most \(JMESPathEvaluator.resultDepth) deep.")
        }
        try spend(1)
        var bytes = 0
        switch value {
        case .null, .bool, .integer, .double: return 4
        case .string(let text): return text.utf8.count + 2
        case .array(let elements):
            for element in elements { bytes += try measure(element, depth: depth + 1) + 1 }
        case .object(let object):
            for member in object.members { bytes += member.name.utf8.count + 4 + (try measure(member.value, depth: depth + 1)) }
        }
        return bytes + 2
    }

    /// Refuses a result that is too large.
    mutating func checkResult(_ value: JSONValue) throws(JMESPathError) {
        guard try measure(value) <= outputBytes else {
            throw JMESPathError(.limit, "The result has more than \(outputBytes) bytes.")
        }
    }

    // MARK: Nodes

    mutating func evaluate(_ node: JMESPathNode, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        try spend(1)
        switch node {
        case .current: return value
        case .field(let name):
            guard case .object(let object) = value else { return .null }
            try spend(object.count / 8)
            return object[name] ?? .null
        case .index(let index):
            guard case .array(let elements) = value else { return .null }
            let place = index < 0 ? index &+ elements.count : index
            return elements.indices.contains(place) ? elements[place] : .null
        case .slice(let start, let stop, let step): return try slice(value, start, stop, step)
        case .chain(let first, let second): return try evaluate(second, try evaluate(first, value))
        case .or(let left, let right):
            let result = try evaluate(left, value)
            return result.isTruthy ? result : try evaluate(right, value)
        case .and(let left, let right):
            let result = try evaluate(left, value)
            return result.isTruthy ? try evaluate(right, value) : result
        case .not(let operand): return .bool(!(try evaluate(operand, value).isTruthy))
        case .comparison(let comparator, let left, let right):
            return try compare(comparator, try evaluate(left, value), try evaluate(right, value))
        case .literal(let literal): return literal
        case .list, .object: return value.isNull ? .null : try make(node, value)
        case .flatten(let source): return try flatten(try evaluate(source, value))
        case .elements, .values, .filter: return try project(node, value)
        case .call(let function, let arguments): return try call(function, arguments, value)
        case .reference: throw JMESPathError(.invalidType, "An expression is no value.")
        }
    }

    private mutating func make(_ node: JMESPathNode, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        switch node {
        case .list(let nodes):
            var elements: [JSONValue] = []
            elements.reserveCapacity(nodes.count)
            for node in nodes { elements.append(try evaluate(node, value)) }
            return .array(elements)
        case .object(let members):
            var object = JSONObject()
            for (name, node) in members { object[name] = try evaluate(node, value) }
            try spend(members.count)
            return .object(object)
        default: return .null
        }
    }

    private mutating func project(_ node: JMESPathNode, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        var results: [JSONValue] = []
        switch node {
        case .elements(let source, let rest):
            guard case .array(let elements) = try evaluate(source, value) else { return .null }
            for element in elements { try add(try evaluate(rest, element), to: &results) }
        case .values(let source, let rest):
            guard case .object(let object) = try evaluate(source, value) else { return .null }
            for member in object.members { try add(try evaluate(rest, member.value), to: &results) }
        case .filter(let source, let condition, let rest):
            guard case .array(let elements) = try evaluate(source, value) else { return .null }
            for element in elements where try evaluate(condition, element).isTruthy {
                try add(try evaluate(rest, element), to: &results)
            }
        default: return .null
        }
        return .array(results)
    }

    private mutating func add(_ value: JSONValue, to results: inout [JSONValue]) throws(JMESPathError) {
        if case .null = value { return }
        try spend(1)
        results.append(value)
    }

    private mutating func flatten(_ value: JSONValue) throws(JMESPathError) -> JSONValue {
        guard case .array(let elements) = value else { return .null }
        var flat: [JSONValue] = []
        for element in elements {
            if case .array(let inner) = element {
                try spend(inner.count + 1)
                flat += inner
            } else {
                try spend(1)
                flat.append(element)
            }
        }
        return .array(flat)
    }

    /// As Python slices: ends are brought into the array, and a negative step walks backwards.
    private mutating func slice(_ value: JSONValue, _ start: Int?, _ stop: Int?, _ step: Int) throws(JMESPathError) -> JSONValue {
        guard case .array(let elements) = value else { return .null }
        let count = elements.count
        let isForward = step > 0
        func place(_ index: Int?, _ missing: Int) -> Int {
            guard let index else { return missing }
            let (low, high) = isForward ? (0, count) : (-1, count - 1)
            return Swift.max(low, Swift.min(high, index < 0 ? index &+ count : index))
        }
        let (first, end) = isForward ? (place(start, 0), place(stop, count)) : (place(start, count - 1), place(stop, -1))
        // No step beyond the array differs from one just beyond it, and none may overflow.
        let stride = Swift.max(-count - 1, Swift.min(count + 1, step))
        var results: [JSONValue] = []
        for index in Swift.stride(from: first, to: end, by: stride) { results.append(elements[index]) }
        try spend(results.count)
        return .array(results)
    }
}

extension JSONValue {
    /// What counts as true: anything but false, null, and what is empty.
    public var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer, .double: true
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        }
    }
}
