// Equality and order. Numbers are compared by their value, text by its code points, objects without regard to order.

extension JMESPathEvaluator {
    mutating func compare(
        _ comparator: JMESPathNode.Comparator, _ left: JSONValue, _ right: JSONValue
    ) throws(JMESPathError) -> JSONValue {
        switch comparator {
        case .equal: return .bool(try isEqual(left, right))
        case .notEqual: return .bool(!(try isEqual(left, right)))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: break
        }
        // Only numbers have an order here.
        guard left.double != nil, right.double != nil else { return .null }
        let (isLess, isGreater) = (precedes(left, right), precedes(right, left))
        switch comparator {
        case .less: return .bool(isLess)
        case .lessOrEqual: return .bool(!isGreater)
        case .greater: return .bool(isGreater)
        default: return .bool(!isLess)
        }
    }

    /// The order of two numbers or of two strings.
    func precedes(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.string(let one), .string(let other)): one.utf8.lexicographicallyPrecedes(other.utf8)
        case (.integer(let one), .integer(let other)): one < other
        default: (left.double ?? 0) < (right.double ?? 0)
        }
    }

    mutating func isEqual(_ left: JSONValue, _ right: JSONValue) throws(JMESPathError) -> Bool {
        try spend(1)
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let one), .bool(let other)): return one == other
        case (.string(let one), .string(let other)):
            guard one.utf8.count == other.utf8.count else { return false }
            try spend(one.utf8.count / 64)
            return one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)):
            guard one.count == other.count else { return false }
            for (first, second) in zip(one, other) where !(try isEqual(first, second)) { return false }
            return true
        case (.object(let one), .object(let other)):
            guard one.count == other.count else { return false }
            try spend(one.count * (1 + one.count.bitWidth - one.count.leadingZeroBitCount))
            for (first, second) in zip(one.sorted, other.sorted) {
                guard first.name.utf8.elementsEqual(second.name.utf8), try isEqual(first.value, second.value) else {
                    return false
                }
            }
            return true
        case (.integer(let one), .integer(let other)): return one == other
        case (.integer, .double), (.double, .integer), (.double, .double):
            return left.double == right.double && left.int == right.int
        default: return false
        }
    }

    /// Sorts by keys that are all numbers or all strings; equal ones keep their order.
    mutating func sort(_ elements: [JSONValue], by keys: [JSONValue]) throws(JMESPathError) -> [JSONValue] {
        try spend(elements.count * (1 + elements.count.bitWidth - elements.count.leadingZeroBitCount))
        let order = keys.indices.sorted { one, other in
            precedes(keys[one], keys[other]) || one < other && !precedes(keys[other], keys[one])
        }
        return order.map { elements[$0] }
    }
}
