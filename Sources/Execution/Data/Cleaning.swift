// What is done to data before anybody looks at it: white space, words that mean nothing, letters' case, kinds of values, repeats, gaps.

import Base
import JSON

/// A record with its place in the source, from 1.
struct SourceRow: Sendable {
    let row: Int
    var record: JSONObject
}

/// How records are cleaned.
struct Cleaning: Sendable {
    enum LetterCase: String, Sendable, CaseIterable {
        case lower, upper
    }

    let trims: Bool
    let collapsesSpace: Bool
    /// Texts, in lower case, that stand for null.
    let nullWords: Set<String>
    let cases: [(field: FieldPath, value: LetterCase)]
    let types: [(field: FieldPath, value: ValueType)]
    /// `nil` when repeats stay.
    let dedupe: [FieldPath]?
    /// Fields without which a record is left out.
    let complete: [FieldPath]

    static let nullWordLimit = 0...50

    static let input = Input<Cleaning>("Cleaning", "How records are cleaned, in the order of these members.") { fields in
        Cleaning(
            trims: fields.defaulted("trim", .boolean, true, "Whether texts lose white space at their ends."),
            collapsesSpace: fields.defaulted("collapse_space", .boolean, false, "Whether runs of white space become one space."),
            nullWords: Set(
                fields.defaulted(
                    "null_words", .array(of: StringShape(0...50), nullWordLimit), [""],
                    "Texts that stand for null, whatever their letters' case."
                ).map { $0.lowercased() }),
            cases: fields.defaulted("case", FieldMap(of: EnumerationShape<LetterCase>()), [], "Letters' case by fields."),
            types: fields.defaulted(
                "types", FieldMap(of: EnumerationShape<ValueType>()), [],
                "Kinds of values by fields. What says no such thing stays as it is, for the validation to find."),
            dedupe: fields.optional(
                "dedupe", .array(of: FieldPathShape(), 0...RecordStep.fieldLimit),
                "Of records with equal such fields the first stays; none for all fields."),
            complete: fields.defaulted(
                "drop_incomplete", .array(of: FieldPathShape(), 0...RecordStep.fieldLimit), [],
                "Records in which one of these is null or missing are left out."))
    }

    /// Cleans the records.
    /// - Returns: how many were repeats, and how many incomplete.
    func apply(to rows: inout [SourceRow]) throws(Fault) -> (repeats: Int, incomplete: Int) {
        for index in rows.indices {
            var record = texts(in: .object(rows[index].record)).object ?? JSONObject()
            for (field, letterCase) in cases {
                guard let text = field.value(in: record)?.string else { continue }
                try RecordStep.put(.string(letterCase == .lower ? text.lowercased() : text.uppercased()), field, &record)
            }
            for (field, type) in types {
                guard let value = field.value(in: record), let cast = type.cast(value) else { continue }
                try RecordStep.put(cast, field, &record)
            }
            rows[index].record = record
        }
        let all = rows.count
        if let dedupe {
            var seen: Set<[UInt8]> = []
            rows.removeAll { !seen.insert(RecordStep.identity($0.record, dedupe)).inserted }
        }
        let different = rows.count
        rows.removeAll { row in complete.contains { ($0.value(in: row.record) ?? .null).isNull } }
        return (all - different, different - rows.count)
    }

    /// Recursion is bounded by the depth of JSON.
    private func texts(in value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text):
            var text = text
            if collapsesSpace { text = text.collapsed } else if trims { text = text.trimmed }
            return nullWords.contains(text.lowercased()) ? .null : .string(text)
        case .array(let elements): return .array(elements.map(texts))
        case .object(let object):
            var result = JSONObject()
            for member in object.members { result[member.name] = texts(in: member.value) }
            return .object(result)
        default: return value
        }
    }
}
