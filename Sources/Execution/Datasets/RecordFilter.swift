// Which records are wanted: comparisons of fields, put together by `and` and `or`. A filter decides the same in the store
// (`FilterProgram`) and here, where tools apply it to records that they hold.
// Bounds: `conditions` in all, `depth` of `and` and `or`, `listed` values of an `in`; a comparison's time is linear in the value that it
// looks at.

import Base
import JSON

/// A condition on records.
public indirect enum RecordFilter: Sendable, Hashable {
    /// How a field is compared.
    public enum Comparison: String, Sendable, CaseIterable {
        case eq, ne, lt, lte, gt, gte
        case `in`
        case contains, exists
    }

    case all([RecordFilter])
    case any([RecordFilter])
    case field(FieldPath, Comparison, JSONValue)

    public static let conditions = 32
    public static let depth = 4
    public static let listed = 100
    /// The longest text that is compared with.
    static let valueBytes = 8 << 10

    /// Whether a record is wanted. Recursion is bounded by `depth`.
    func accepts(_ record: JSONObject) -> Bool {
        switch self {
        case .all(let parts): return parts.allSatisfy { $0.accepts(record) }
        case .any(let parts): return parts.contains { $0.accepts(record) }
        case .field(let path, let comparison, let wanted):
            let found = path.value(in: record)
            if comparison == .exists { return (found != nil) == (wanted != .bool(false)) }
            guard let found else { return comparison == .ne }
            return comparison.holds(found, wanted)
        }
    }

    /// How many conditions there are, and how deep they lie.
    private var size: (conditions: Int, depth: Int) {
        switch self {
        case .field: return (1, 0)
        case .all(let parts), .any(let parts):
            let sizes = parts.map(\.size)
            return (sizes.reduce(0) { $0 + $1.conditions }, 1 + (sizes.map(\.depth).max() ?? 0))
        }
    }

    var isTooLarge: Bool { size.conditions > RecordFilter.conditions || size.depth > RecordFilter.depth }
}

extension RecordFilter.Comparison {
    fileprivate func holds(_ found: JSONValue, _ wanted: JSONValue) -> Bool {
        let order = found.compared(to: wanted)
        switch self {
        case .eq: return order == 0
        case .ne: return order != 0
        case .lt: return order.map { $0 < 0 } ?? false
        case .lte: return order.map { $0 <= 0 } ?? false
        case .gt: return order.map { $0 > 0 } ?? false
        case .gte: return order.map { $0 >= 0 } ?? false
        case .in: return wanted.array?.contains { found.compared(to: $0) == 0 } ?? false
        case .exists: return true
        case .contains:
            if let elements = found.array { return elements.contains { $0.compared(to: wanted) == 0 } }
            guard let text = found.string, let part = wanted.string else { return false }
            guard part.utf8.count <= text.utf8.count else { return false }
            return ByteSearch(Array(part.utf8)).first(in: Array(text.utf8)[...]) != nil
        }
    }

    /// What is wrong with a value for this comparison; `nil` when it will do.
    fileprivate func objection(to value: JSONValue) -> String? {
        switch self {
        case .eq, .ne: value.isScalar ? nil : "This must be a text, a number, true, false or null."
        case .lt, .lte, .gt, .gte:
            value.isScalar && !value.isNull ? nil : "This must be a text, a number, true or false."
        case .in:
            value.array.map { (1...RecordFilter.listed).contains($0.count) && $0.allSatisfy(\.isScalar) } == true
                ? nil : "This must be an array of 1 to \(RecordFilter.listed) texts, numbers or truth values."
        case .contains:
            value.isScalar && !value.isNull && value != ""
                ? nil : "This must be a text that is not empty, a number, true or false."
        case .exists: value.isNull || value.bool != nil ? nil : "This must be true or false."
        }
    }
}

// MARK: On the wire

extension RecordFilter {
    /// A filter as it is sent: `{"field":…,"op":…,"value":…}`, `{"and":[…]}` or `{"or":[…]}`.
    public static let input: Input<RecordFilter> = Input(
        "RecordFilter",
        """
        Which records are wanted: a comparison of a field, or several of them under `and` or `or`, at most \(conditions) in all and \
        \(depth) deep. What has no such field is wanted by `ne` and by `exists` with false alone; values of different kinds never compare.
        """
    ) { fields in
        let field = fields.optional("field", .fieldPath, "The path of the field, such as `address.lines[0]`.")
        let given = fields.optional("op", .enumeration(Comparison.self), "How it is compared; `eq` when it is left out.")
        let value = fields.patch(
            "value", .json(bytes: valueBytes),
            "What with; an array for `in`, a part of a text or an element of an array for `contains`.")
        let and = fields.optional("and", .array(of: RecordFilter.input, 1...conditions), "All of these hold.")
        let or = fields.optional("or", .array(of: RecordFilter.input, 1...conditions), "One of these holds.")
        let kinds = (field == nil ? 0 : 1) + (and == nil ? 0 : 1) + (or == nil ? 0 : 1)
        fields.refuse("field", .required, "One of field, and and or has to be given.", when: kinds != 1)
        if and != nil || or != nil {
            let message = "This belongs to a comparison: it has no meaning beside and or or."
            fields.refuse("op", .unknown, message, when: given != nil)
            fields.refuse("value", .unknown, message, when: !value.isAbsent)
        }
        if let and { return bounded(.all(and), &fields) }
        if let or { return bounded(.any(or), &fields) }
        let comparison = given ?? .eq
        let wanted: JSONValue = if case .value(let value) = value { value } else { .null }
        if let objection = comparison.objection(to: wanted) {
            fields.refuse("value", .type, objection, when: true)
        }
        return .field(field ?? FieldPath(name: "field"), comparison, wanted)
    }

    private static func bounded(_ filter: RecordFilter, _ fields: inout Fields) -> RecordFilter {
        fields.refuse(
            "and", .limit, "A filter has at most \(conditions) conditions and is at most \(depth) deep.", when: filter.isTooLarge)
        return filter
    }
}
