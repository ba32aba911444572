// A value of a flow with places to fill: JSON in whose texts `{{ expression }}` is JMESPath over the run so far. A text that is nothing but
// one such place becomes the value itself; an object with the one member `$literal` stands for its value as it is written.
// Compiled when the flow is saved, filled when a node runs. Bounds: those of `Template` for each text, `placeLimit` for all of them,
// `Journal.inputBytes` of what they are filled with.

import Base
import JSON

/// A value that is filled in.
indirect enum FlowValue: Sendable {
    /// The most texts with places in one value.
    static let placeLimit = 200
    /// The member that keeps a value as it is.
    static let literalName = "$literal"

    case literal(JSONValue)
    /// What the expression comes to.
    case expression(JMESPath)
    case text(Template)
    case array([FlowValue])
    case object([(name: String, value: FlowValue)])

    /// Compiles a value.
    /// - Throws: `.invalid` naming the text.
    init(_ value: JSONValue) throws(Fault) {
        var left = FlowValue.placeLimit
        self = try FlowValue.compile(value, at: "", &left)
    }

    /// Recursion is bounded by the depth of what was parsed.
    private static func compile(_ value: JSONValue, at path: String, _ left: inout Int) throws(Fault) -> FlowValue {
        switch value {
        case .string(let text):
            guard text.contains("{{") else { return .literal(value) }
            left -= 1
            guard left >= 0 else { throw .invalid(path, "limit", "A value has at most \(placeLimit) texts with places to fill.") }
            do throws(Fault) {
                let template = try Template(text)
                return template.soleExpression.map { .expression($0) } ?? .text(template)
            } catch {
                throw .invalid(path, error.code == .limitReached ? "limit" : "format", error.message)
            }
        case .array(let elements):
            var compiled: [FlowValue] = []
            for (index, element) in elements.enumerated() {
                compiled.append(try compile(element, at: "\(path)[\(index)]", &left))
            }
            let values = compiled.compactMap(\.literal)
            return values.count == compiled.count ? .literal(.array(values)) : .array(compiled)
        case .object(let object):
            if object.count == 1, let kept = object[literalName] { return .literal(kept) }
            var compiled: [(name: String, value: FlowValue)] = []
            for member in object.members {
                let inner = path.isEmpty ? member.name : "\(path).\(member.name)"
                compiled.append((member.name, try compile(member.value, at: inner, &left)))
            }
            var plain = JSONObject()
            for case (let name, .literal(let inner)) in compiled { plain[name] = inner }
            return plain.count == compiled.count ? .literal(.object(plain)) : .object(compiled)
        case .null, .bool, .integer, .double: return .literal(value)
        }
    }

    /// The value where nothing is to be filled in.
    var literal: JSONValue? {
        if case .literal(let value) = self { value } else { nil }
    }

    /// All expressions in it.
    var expressions: [JMESPath] {
        switch self {
        case .literal: []
        case .expression(let expression): [expression]
        case .text(let template): template.expressions
        case .array(let elements): elements.flatMap(\.expressions)
        case .object(let members): members.flatMap(\.value.expressions)
        }
    }

    /// The members whose value is known beforehand, and the names of all.
    var known: (members: JSONObject, names: [String]) {
        switch self {
        case .literal(let value): return (value.object ?? JSONObject(), value.object?.members.map(\.name) ?? [])
        case .object(let members):
            var object = JSONObject()
            for case (let name, .literal(let value)) in members { object[name] = value }
            return (object, members.map(\.name))
        case .expression, .text, .array: return (JSONObject(), [])
        }
    }

    /// The value with its places filled from `context`. What comes to null is null.
    /// - Throws: `.invalid` naming the place, when there is nothing for a place inside a text; `.limitReached` when a bound is met.
    func filled(from context: JSONValue, atMost bytes: Int = Journal.inputBytes) throws(Fault) -> JSONValue {
        var left = bytes
        return try filled(from: context, &left)
    }

    private func filled(from context: JSONValue, _ left: inout Int) throws(Fault) -> JSONValue {
        switch self {
        case .literal(let value): return value
        case .expression(let expression):
            let value: JSONValue
            do throws(JMESPathError) {
                value = try expression.evaluate(context)
            } catch {
                throw error.fault(at: expression.text.cut(bytes: 100))
            }
            try FlowValue.count(value, &left)
            return value
        case .text(let template):
            let value = JSONValue.string(try template.filled(from: context, standard: .text))
            try FlowValue.count(value, &left)
            return value
        case .array(let elements):
            var filled: [JSONValue] = []
            for element in elements { filled.append(try element.filled(from: context, &left)) }
            return .array(filled)
        case .object(let members):
            var filled = JSONObject()
            for member in members { filled[member.name] = try member.value.filled(from: context, &left) }
            return .object(filled)
        }
    }

    private static func count(_ value: JSONValue, _ left: inout Int) throws(Fault) {
        guard let size = value.size(atMost: left) else {
            throw Fault(.limitReached, "The places are filled with more than a step may be given.")
        }
        left -= size
    }
}
