// A field that is computed from others: arithmetic that stays exact where all numbers are integers, and the few things one does with texts.
// A value that is missing makes the result null, but for `coalesce` and `concat`.
// Bounds: `operands` go in; a text that is put together has at most `textBytes`.

import Base
import JSON

/// How a field is made from others.
struct Derivation: Sendable {
    enum Operation: String, Sendable, CaseIterable {
        case add, subtract, multiply, divide
        case concat, lower, upper, trim, length, coalesce
    }

    /// What goes in: a field, or a value that is the same for every record.
    struct Operand: Sendable {
        let field: FieldPath?
        let value: JSONValue

        static let input = Input<Operand>("DerivationOperand", "A field, or a value that is always the same.") { fields in
            let field = fields.optional("field", .fieldPath, "The path of a field.")
            let value = fields.patch("value", .json(bytes: 4_096), "A value.")
            var constant: JSONValue = .null
            var isGiven = false
            switch value {
            case .absent: break
            case .null: isGiven = true
            case .value(let given): (constant, isGiven) = (given, true)
            }
            fields.refuse("field", .required, "Either field or value has to be given.", when: (field != nil) == isGiven)
            return Operand(field: field, value: constant)
        }
    }

    static let operands = 1...16
    /// The most bytes of a text that is put together: more than a step may give is never needed.
    static let textBytes = RecordBounds.outputBytes

    let field: FieldPath
    let operation: Operation
    let operands: [Operand]

    static let input = Input<Derivation>("Derivation", "A field that is computed from others.") { fields in
        Derivation(
            field: fields.required("field", .fieldPath, "Where the result goes."),
            operation: fields.required("op", .enumeration(Operation.self), "How it is computed."),
            operands: fields.required("of", .array(of: Operand.input, operands), "What it is computed from, in order."))
    }

    /// The value for a record.
    /// - Throws: `.invalid` naming the field when the operands are of the wrong kind or the result is beyond a number; `.limitReached` naming
    ///   it when a text gets too long.
    func value(in record: JSONObject) throws(Fault) -> JSONValue {
        let values = operands.map { $0.field.map { $0.value(in: record) ?? .null } ?? $0.value }
        switch operation {
        case .coalesce: return values.first { !$0.isNull } ?? .null
        case .concat: return .string(try joined(values))
        case .lower, .upper, .trim, .length:
            guard !values[0].isNull else { return .null }
            return try changed(try text(values[0]))
        case .add, .subtract, .multiply, .divide:
            guard !values.contains(.null) else { return .null }
            var result = values[0]
            guard result.double != nil else { throw fault("number") }
            for value in values.dropFirst() {
                guard let next = try calculated(result, value) else { return .null }
                result = next
            }
            return result
        }
    }

    /// Looks at the length before it puts anything on.
    private func joined(_ values: [JSONValue]) throws(Fault) -> String {
        var result = ""
        for value in values {
            let part = try text(value)
            guard result.utf8.count + part.utf8.count <= Derivation.textBytes else {
                let message = "\(field) would have more than \(Derivation.textBytes) bytes."
                throw Fault(.limitReached, message, fields: [Fault.Field(field.description, "limit", message)])
            }
            result += part
        }
        return result
    }

    private func changed(_ text: String) throws(Fault) -> JSONValue {
        switch operation {
        case .lower: .string(text.lowercased())
        case .upper: .string(text.uppercased())
        case .length: .integer(text.unicodeScalars.count)
        default: .string(text.trimmed)
        }
    }

    private func text(_ value: JSONValue) throws(Fault) -> String {
        if value.isNull { return "" }
        guard case .string(let text)? = ValueType.string.cast(value) else { throw fault("text") }
        return text
    }

    /// `nil` for a division by zero.
    private func calculated(_ one: JSONValue, _ two: JSONValue) throws(Fault) -> JSONValue? {
        if case .integer(let one) = one, case .integer(let two) = two {
            if operation == .divide, two == 0 { return nil }
            let (result, overflow): (Int, Bool) =
                switch operation {
                case .add: one.addingReportingOverflow(two)
                case .subtract: one.subtractingReportingOverflow(two)
                case .multiply: one.multipliedReportingOverflow(by: two)
                default: one.dividedReportingOverflow(by: two)
                }
            if !overflow, operation != .divide || result * two == one { return .integer(result) }
        }
        guard let one = one.double, let two = two.double else { throw fault("number") }
        if operation == .divide, two == 0 { return nil }
        let result =
            switch operation {
            case .add: one + two
            case .subtract: one - two
            case .multiply: one * two
            default: one / two
            }
        guard result.isFinite else { throw fault("number that is not too large") }
        return Int(exactly: result).map { .integer($0) } ?? .double(result)
    }

    private func fault(_ wanted: String) -> Fault {
        .invalid(field.description, "type", "To compute \(field), every operand has to be a \(wanted).")
    }
}
