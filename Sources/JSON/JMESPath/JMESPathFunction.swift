// The functions of the specification, with what is known of a call before it is made.

/// A function of JMESPath.
enum JMESPathFunction: String, Sendable, CaseIterable {
    case abs, avg, ceil, contains, floor, join, keys, length, map, max, merge, min, reverse, sort, sum, type, values
    case endsWith = "ends_with"
    case maxBy = "max_by"
    case minBy = "min_by"
    case notNull = "not_null"
    case sortBy = "sort_by"
    case startsWith = "starts_with"
    case toArray = "to_array"
    case toNumber = "to_number"
    case toString = "to_string"

    /// How many arguments it takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .contains, .join, .map, .endsWith, .maxBy, .minBy, .sortBy, .startsWith: 2...2
        case .merge, .notNull: 1...Int.max
        default: 1...1
        }
    }

    /// Which argument is an expression.
    var referenceIndex: Int? {
        switch self {
        case .map: 0
        case .maxBy, .minBy, .sortBy: 1
        default: nil
        }
    }
}
