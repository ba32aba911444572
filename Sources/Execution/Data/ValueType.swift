// The kinds of values that data is made into and checked for. What a text says is taken as it is written in data: no locale, no guess.

import Base
import JSON

/// A kind of value.
enum ValueType: String, Sendable, CaseIterable {
    case string, integer, number, boolean, timestamp, array, object

    /// Whether a value is of this kind as it stands.
    func admits(_ value: JSONValue) -> Bool {
        switch self {
        case .string: value.string != nil
        case .integer: value.int != nil
        case .number: value.double != nil
        case .boolean: value.bool != nil
        case .timestamp: value.string.flatMap(ValueType.timestamp) != nil
        case .array: value.array != nil
        case .object: value.object != nil
        }
    }

    /// The value as this kind; `nil` when it says no such thing. `null` stays what it is.
    func cast(_ value: JSONValue) -> JSONValue? {
        if value.isNull { return value }
        switch self {
        case .string:
            return value.string != nil ? value : value.isScalar ? .string(String(decoding: value.bytes, as: UTF8.self)) : nil
        case .integer: return number(value).flatMap(\.int).map { .integer($0) }
        case .number: return number(value)
        case .boolean: return boolean(value)
        case .timestamp: return value.string.flatMap { ValueType.timestamp($0.trimmed) }.map { .string($0.rfc3339) }
        case .array, .object: return admits(value) ? value : nil
        }
    }

    /// A number as JSON spells it.
    private func number(_ value: JSONValue) -> JSONValue? {
        if value.double != nil { return value }
        guard let text = value.string?.trimmed, let parsed = try? JSONValue(parsing: Array(text.utf8)), parsed.double != nil
        else {
            return nil
        }
        return parsed
    }

    private func boolean(_ value: JSONValue) -> JSONValue? {
        if value.bool != nil { return value }
        switch value.string?.trimmed.lowercased() ?? value.int.map(String.init) {
        case "true", "yes", "1": return true
        case "false", "no", "0": return false
        default: return nil
        }
    }

    /// A moment of RFC 3339, or a date alone, which stands for its midnight in UTC.
    private static func timestamp(_ text: String) -> Timestamp? {
        Timestamp(rfc3339: text) ?? (text.utf8.count == 10 ? Timestamp(rfc3339: text + "T00:00:00Z") : nil)
    }
}
