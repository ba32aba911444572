// What records have to be: kinds of values, presence, ranges, lengths, patterns, lists. What breaks a rule is told with its row and field.
// Bound: `told` problems are told; all are counted.

import Base
import JSON

/// The rules that records have to keep.
struct RecordRules: Sendable {
    /// What becomes of a record that breaks one.
    enum Consequence: String, Sendable, CaseIterable {
        case drop, keep, fail
    }

    /// The rules of one field.
    struct FieldRule: Sendable {
        let type: ValueType?
        let isRequired: Bool
        let least: Double?
        let most: Double?
        let leastLength: Int?
        let mostLength: Int?
        let pattern: TextPattern?
        let values: [JSONValue]?

        static let input = Input<FieldRule>("FieldRule", "What a field has to be. Null and missing break no rule but `required`.")
        { fields in
            let bound = NumberShape(-1e308...1e308)
            return FieldRule(
                type: fields.optional("type", .enumeration(ValueType.self), "The kind of its value."),
                isRequired: fields.defaulted("required", .boolean, false, "Whether it has to be there and not null."),
                least: fields.optional("min", bound, "The least number."),
                most: fields.optional("max", bound, "The greatest number."),
                leastLength: fields.optional(
                    "min_length", .integer(0...1_000_000), "The fewest characters of a text, or elements."),
                mostLength: fields.optional("max_length", .integer(0...1_000_000), "The most characters of a text, or elements."),
                pattern: fields.optional(
                    "pattern", .string(TextPattern.characters),
                    "What a text has to look like: * for any characters, ? for one, # for a digit, @ for a letter; \\ before one of these takes it as it is."
                ).map { TextPattern($0) },
                values: fields.optional(
                    "one_of", .array(of: FreeShape(bytes: 1_024, isObject: false), 1...200), "The only values it may have."))
        }

        /// What is wrong with a value; `nil` when nothing is.
        func problem(_ value: JSONValue?) -> (code: String, message: String)? {
            guard let value, !value.isNull else { return isRequired ? ("required", "This field is required.") : nil }
            if let type, !type.admits(value) { return ("type", "This is no \(type.rawValue).") }
            if let least, let problem = beyond(value, .double(least), "less than", { $0 < 0 }) { return problem }
            if let most, let problem = beyond(value, .double(most), "more than", { $0 > 0 }) { return problem }
            if leastLength != nil || mostLength != nil {
                guard let count = value.array?.count ?? value.string?.unicodeScalars.count else {
                    return ("type", "This has no length.")
                }
                if count < leastLength ?? 0 || count > mostLength ?? .max { return ("length", "This has a length of \(count).") }
            }
            if let pattern, !(value.string.map(pattern.fits) ?? false) { return ("format", "This does not fit the pattern.") }
            if let values, !values.contains(where: { $0 == value || $0.compared(to: value) == 0 }) {
                return ("enum", "This is none of the values that it may have.")
            }
            return nil
        }

        private func beyond(
            _ value: JSONValue, _ bound: JSONValue, _ word: String, _ isBeyond: (Int) -> Bool
        ) -> (code: String, message: String)? {
            guard value.double != nil, let order = value.compared(to: bound) else { return ("type", "This is no number.") }
            return isBeyond(order) ? ("range", "This is \(word) \(RecordRules.text(bound)).") : nil
        }
    }

    /// A rule that was broken.
    struct Problem: Sendable {
        /// The place of the record in the source, from 1.
        let row: Int
        let field: FieldPath
        let code: String
        let message: String
    }

    static let told = 100

    /// A number as it is written: a whole one without a fraction.
    private static func text(_ number: JSONValue) -> String {
        String(decoding: (number.double.flatMap { Int(exactly: $0) }.map { .integer($0) } ?? number).bytes, as: UTF8.self)
    }

    let fields: [(field: FieldPath, value: FieldRule)]
    let consequence: Consequence

    static let input = Input<RecordRules>("RecordRules", "What records have to be.") { fields in
        RecordRules(
            fields: fields.required("fields", FieldMap(of: FieldRule.input), "The rules by fields."),
            consequence: fields.defaulted(
                "invalid", .enumeration(Consequence.self), .drop,
                "What becomes of records that break a rule: they are left out, kept, or fail the whole."))
    }

    /// Checks the records.
    /// - Returns: the problems that are told, and the rows of all records that have one.
    func check(_ rows: [SourceRow]) -> (problems: [Problem], invalid: Set<Int>) {
        var problems: [Problem] = []
        var invalid: Set<Int> = []
        for row in rows {
            for (field, rule) in fields {
                guard let problem = rule.problem(field.value(in: row.record)) else { continue }
                invalid.insert(row.row)
                guard problems.count < RecordRules.told else { continue }
                problems.append(Problem(row: row.row, field: field, code: problem.code, message: problem.message))
            }
        }
        return (problems, invalid)
    }
}

extension RecordRules.Problem {
    static let output = Output<RecordRules.Problem>(
        "RowProblem", "A rule that a row breaks.",
        [
            .field("row", "The place of the record in the source, from 1.") { $0.row },
            .field("field", "The field.") { $0.field.description },
            .field("code", "Why.") { $0.code },
            .field("message", "One sentence.") { $0.message },
        ])
}
