// How values compare, the same way as in the store: numbers by their exact values, texts by their bytes (and so by code points), and
// nothing with what is of another kind.

import JSON

extension JSONValue {
    /// -1, 0 or 1 as this value is less than, equal to or greater than `other`; `nil` when the two can't be compared.
    func compared(to other: JSONValue) -> Int? {
        switch (self, other) {
        case (.null, .null): 0
        case (.bool(let one), .bool(let two)): one == two ? 0 : one ? 1 : -1
        case (.string(let one), .string(let two)): JSONValue.order(one, two)
        case (.integer(let one), .integer(let two)): one == two ? 0 : one < two ? -1 : 1
        case (.double(let one), .double(let two)): one == two ? 0 : one < two ? -1 : 1
        case (.integer(let one), .double(let two)): JSONValue.order(one, two)
        case (.double(let one), .integer(let two)): -JSONValue.order(two, one)
        default: nil
        }
    }

    private static func order(_ one: String, _ two: String) -> Int {
        if one.utf8.elementsEqual(two.utf8) { return 0 }
        return one.utf8.lexicographicallyPrecedes(two.utf8) ? -1 : 1
    }

    /// Exact though not every integer is a double: what is beyond the integers is told by its sign, the rest by its whole part.
    private static func order(_ integer: Int, _ double: Double) -> Int {
        if double >= 0x1p63 { return -1 }
        if double < -0x1p63 { return 1 }
        let whole = Int(double.rounded(.down))
        if integer != whole { return integer < whole ? -1 : 1 }
        return double > double.rounded(.down) ? -1 : 0
    }

    /// The place of a value's kind where values of several kinds are sorted: null, text, number, truth value, array, object.
    private var rank: Int {
        switch self {
        case .null: 0
        case .string: 1
        case .integer, .double: 2
        case .bool: 3
        case .array: 4
        case .object: 5
        }
    }

    /// Whether this value comes before `other` in a sorted list. Arrays among each other, and objects, come by their texts.
    func precedes(_ other: JSONValue) -> Bool {
        if let order = compared(to: other) { return order < 0 }
        if rank != other.rank { return rank < other.rank }
        return canonicalBytes.lexicographicallyPrecedes(other.canonicalBytes)
    }

    /// Neither an array nor an object.
    var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
