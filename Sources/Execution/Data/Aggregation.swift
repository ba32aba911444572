// Groups of records and their figures. Sums of integers are exact: they are gathered in 128 bits, and come out as an integer whenever the
// result is one that JSON's readers keep; averages and medians of integers are integers where they come out even.
// Bounds: `groupLimit` groups, `measureLimit` figures a group, `RecordBounds.bytes` of all that comes out.

import Base
import JSON

/// Figures of groups of records.
struct Aggregation: Sendable {
    enum Operation: String, Sendable, CaseIterable {
        case count, sum, avg, min, max, median, distinct
    }

    struct Measure: Sendable {
        let operation: Operation
        /// `nil` counts records.
        let field: FieldPath?

        static let input = Input<Measure>("Measure", "A figure of a group.") { fields in
            let operation = fields.required("op", .enumeration(Operation.self), "Which.")
            let field = fields.optional(
                "field", .fieldPath, "Of which field; `count` alone may go without one. Null and missing are left out.")
            fields.refuse("field", .required, "Of which field is not said.", when: field == nil && operation != .count)
            return Measure(operation: operation, field: field)
        }
    }

    static let groupLimit = 10_000
    static let measureLimit = 20

    let fields: [FieldPath]
    let measures: [(name: FieldPath, measure: Measure)]

    static let input = Input<Aggregation>("Aggregation", "Groups of records and their figures.") { fields in
        Aggregation(
            fields: fields.defaulted(
                "by", .array(of: FieldPathShape(), 0...8), [],
                "The fields that records of one group have the same; none for one group."),
            measures: fields.required("measures", FieldMap(of: Measure.input), "The figures by the fields they go to.")
                .map { (name: $0.field, measure: $0.value) })
    }

    /// A record a group, in the order in which the groups first came.
    /// - Throws: `.limitReached` for too many groups or too large ones; `.invalid` naming a field that holds what can't be added.
    func groups(of records: [JSONObject]) throws(Fault) -> [JSONObject] {
        var places: [[UInt8]: Int] = [:]
        var groups: [(first: JSONObject, members: [JSONObject])] = []
        for record in records {
            let identity = fields.isEmpty ? [] : RecordStep.identity(record, fields)
            if let place = places[identity] {
                groups[place].members.append(record)
                continue
            }
            guard groups.count < Aggregation.groupLimit else {
                throw Fault(.limitReached, "There are more than \(Aggregation.groupLimit) groups.")
            }
            places[identity] = groups.count
            groups.append((record, [record]))
        }
        if groups.isEmpty && fields.isEmpty { groups = [(JSONObject(), [])] }
        var (results, sum): ([JSONObject], RecordSum) = ([], RecordSum())
        for group in groups {
            var result = JSONObject()
            for field in fields { try RecordStep.put(field.value(in: group.first) ?? .null, field, &result) }
            for (name, measure) in measures { try RecordStep.put(try measure.value(of: group.members), name, &result) }
            try sum.add(.object(result))
            results.append(result)
        }
        return results
    }
}

extension Aggregation.Measure {
    fileprivate func value(of members: [JSONObject]) throws(Fault) -> JSONValue {
        guard let field else { return .integer(members.count) }
        let values = members.compactMap { field.value(in: $0) }.filter { !$0.isNull }
        switch operation {
        case .count: return .integer(values.count)
        case .distinct: return .integer(Set(values.map(\.canonicalBytes)).count)
        case .min: return values.dropFirst().reduce(values.first) { $1.precedes($0 ?? .null) ? $1 : $0 } ?? .null
        case .max: return values.dropFirst().reduce(values.first) { ($0 ?? .null).precedes($1) ? $1 : $0 } ?? .null
        case .sum: return values.isEmpty ? .integer(0) : try sum(values, field).value
        case .avg: return values.isEmpty ? .null : try sum(values, field).divided(by: values.count)
        case .median:
            guard !values.isEmpty else { return .null }
            let sorted = values.sorted { $0.precedes($1) }
            let middle =
                sorted.count % 2 == 1 ? [sorted[sorted.count / 2]] : Array(sorted[(sorted.count / 2 - 1)...(sorted.count / 2)])
            return try sum(middle, field).divided(by: middle.count)
        }
    }

    private func sum(_ values: [JSONValue], _ field: FieldPath) throws(Fault) -> ExactSum {
        var sum = ExactSum()
        for value in values where !sum.add(value) {
            throw .invalid(field.description, "type", "\(operation.rawValue) wants numbers, and \(field) holds something else.")
        }
        return sum
    }
}

/// A sum that is exact as long as all that is added is an integer, and compensated (Neumaier) where it is not.
struct ExactSum {
    private var integers: Int128 = 0
    private var doubles = 0.0
    private var lost = 0.0
    private var isInteger = true

    /// Whether the value was a number.
    mutating func add(_ value: JSONValue) -> Bool {
        switch value {
        case .integer(let integer): integers += Int128(integer)
        case .double(let double):
            isInteger = false
            let next = doubles + double
            lost += abs(doubles) >= abs(double) ? (doubles - next) + double : (double - next) + doubles
            doubles = next
        default: return false
        }
        return true
    }

    var value: JSONValue {
        if isInteger, let integer = Int(exactly: integers) { return .integer(integer) }
        return ExactSum.number(total)
    }

    func divided(by count: Int) -> JSONValue {
        if isInteger, integers % Int128(count) == 0, let integer = Int(exactly: integers / Int128(count)) {
            return .integer(integer)
        }
        return ExactSum.number(total / Double(count))
    }

    private var total: Double { Double(integers) + (doubles + lost) }

    private static func number(_ double: Double) -> JSONValue {
        guard double.isFinite else { return .null }
        return Int(exactly: double).map { .integer($0) } ?? .double(double)
    }
}
