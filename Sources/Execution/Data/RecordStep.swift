// One change of a list of records: what `transform` is given a row of. Each is a function of the list alone.
// Bounds: `fieldLimit` fields in one step, `flattenedMembers` of a flattened record, `RecordBounds.bytes` of all records after each step.

import Base
import JSON

/// A change of records.
enum RecordStep: Sendable {
    case rename([(from: FieldPath, to: FieldPath)])
    case keep([FieldPath])
    case drop([FieldPath])
    case cast([(field: FieldPath, type: ValueType)])
    case set([(field: FieldPath, value: JSONValue)])
    case derive(Derivation)
    case filter(RecordFilter)
    /// By these fields, or by the whole record when there are none.
    case dedupe([FieldPath])
    case sort([DatasetQuery.Sort])
    case flatten(separator: String)
    case limit(Int)

    static let fieldLimit = 50
    static let flattenedMembers = 500

    /// - Throws: `.invalid` naming the record and the field that it can't be done to; `.limitReached` when the records get too large, which is
    ///   seen at the record that is too much.
    func apply(to records: inout [JSONObject]) throws(Fault) {
        switch self {
        case .filter(let filter): records.removeAll { !filter.accepts($0) }
        case .dedupe(let fields): RecordStep.dedupe(&records, fields)
        case .sort(let keys): RecordStep.sort(&records, keys)
        case .limit(let count): records = Array(records.prefix(count))
        default:
            var sum = RecordSum()
            for index in records.indices {
                do throws(Fault) {
                    records[index] = try changed(records[index])
                    try sum.add(.object(records[index]))
                } catch {
                    let fields = error.fields.map { Fault.Field("records[\(index)].\($0.path)", $0.code, $0.message) }
                    throw Fault(error.code, "The record at place \(index) can't be changed so. \(error.message)", fields: fields)
                }
            }
        }
    }

    private func changed(_ record: JSONObject) throws(Fault) -> JSONObject {
        var result = record
        switch self {
        case .rename(let names):
            for (from, to) in names {
                guard let value = from.value(in: result) else { continue }
                from.put(nil, in: &result)
                try RecordStep.put(value, to, &result)
            }
        case .keep(let fields):
            result = JSONObject()
            for field in fields {
                if let value = field.value(in: record) { try RecordStep.put(value, field, &result) }
            }
        case .drop(let fields):
            for field in fields { field.put(nil, in: &result) }
        case .cast(let casts):
            for (field, type) in casts {
                guard let value = field.value(in: result) else { continue }
                guard let cast = type.cast(value) else {
                    throw .invalid(field.description, "type", "This is no \(type.rawValue).")
                }
                try RecordStep.put(cast, field, &result)
            }
        case .set(let values):
            for (field, value) in values { try RecordStep.put(value, field, &result) }
        case .derive(let derivation):
            try RecordStep.put(try derivation.value(in: result), derivation.field, &result)
        case .flatten(let separator): result = try RecordStep.flattened(record, separator)
        case .filter, .dedupe, .sort, .limit: break
        }
        return result
    }

    static func put(_ value: JSONValue, _ field: FieldPath, _ record: inout JSONObject) throws(Fault) {
        guard field.put(value, in: &record) else {
            throw .invalid(field.description, "reference", "There is no place for it: something on the way holds no members.")
        }
    }

    // MARK: Whole lists

    /// Keeps the first of those that are the same.
    /// - Returns: how many were taken out.
    @discardableResult static func dedupe(_ records: inout [JSONObject], _ fields: [FieldPath]) -> Int {
        let before = records.count
        var seen: Set<[UInt8]> = []
        records.removeAll { record in !seen.insert(identity(record, fields)).inserted }
        return before - records.count
    }

    /// The bytes that stand for the fields of a record.
    static func identity(_ record: JSONObject, _ fields: [FieldPath]) -> [UInt8] {
        let values = fields.map { field in field.value(in: record).map { JSONValue.array([$0]) } ?? .null }
        return (fields.isEmpty ? JSONValue.object(record) : .array(values)).canonicalBytes
    }

    /// What is equal keeps its order.
    private static func sort(_ records: inout [JSONObject], _ keys: [DatasetQuery.Sort]) {
        let decorated = records.enumerated().map { index, record in
            (index: index, record: record, values: keys.map { $0.field.value(in: record) ?? .null })
        }
        records = decorated.sorted { one, two in
            for (at, key) in keys.enumerated() {
                if one.values[at].precedes(two.values[at]) { return !key.isDescending }
                if two.values[at].precedes(one.values[at]) { return key.isDescending }
            }
            return one.index < two.index
        }.map(\.record)
    }

    /// Members of objects under the names on the way to them; arrays stay whole. Recursion is bounded by the depth of JSON.
    private static func flattened(_ record: JSONObject, _ separator: String) throws(Fault) -> JSONObject {
        var result = JSONObject()
        var nameBytes = 0
        func add(_ object: JSONObject, _ prefix: String) throws(Fault) {
            for member in object.members {
                let name = prefix + member.name
                if let inner = member.value.object, !inner.isEmpty {
                    try add(inner, name + separator)
                } else {
                    nameBytes += name.utf8.count
                    guard nameBytes <= RecordBounds.bytes else {
                        throw Fault(
                            .limitReached, "The names of a flattened record would have more than \(RecordBounds.bytes) bytes.")
                    }
                    result[name] = member.value
                    guard result.count <= flattenedMembers else {
                        throw .invalid(name, "limit", "A flattened record has at most \(flattenedMembers) fields.")
                    }
                }
            }
        }
        try add(record, "")
        return result
    }
}
