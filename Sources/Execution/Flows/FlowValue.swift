// A value with places to fill: JSON in whose texts `{{ expression }}` is JMESPath over the run so far. A text that is nothing but
// one such place becomes the value itself; an object with the one member `$literal` stands for its value as it is written.
// Compiled when a flow or a sequence is saved, filled when its step runs. Bounds: those of `Template` for each text, `placeLimit` for all of
// them, `Journal.inputBytes` of what they are filled with.

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
    /// A text that could not be read, in a value that is refused.
    case refused

    /// Compiles a value.
    /// - Throws: `.invalid` naming each text that is refused.
    init(_ value: JSONValue, reading: Template.Reading = Template.plain) throws(Fault) {
        var problems = Problems()
        self.init(value, at: "", reading: reading, &problems)
        guard problems.isEmpty else { throw problems.fault }
    }

    /// Compiles a value as far as it goes.
    /// - Parameters:
    ///   - path: where it stands.
    ///   - problems: are told of each text that is refused.
    init(_ value: JSONValue, at path: String, reading: Template.Reading = Template.plain, _ problems: inout Problems) {
        var left = FlowValue.placeLimit
        self = FlowValue.compile(value, at: path, reading, &left, &problems)
    }

    /// Recursion is bounded by the depth of what was parsed.
    private static func compile(
        _ value: JSONValue, at path: String, _ reading: Template.Reading, _ left: inout Int, _ problems: inout Problems
    ) -> FlowValue {
        switch value {
        case .string(let text):
            guard text.contains("{{") else { return .literal(value) }
            left -= 1
            if left == -1 { problems.add(.limit, "A value has at most \(placeLimit) texts with places to fill.", at: path) }
            guard left >= 0 else { return .refused }
            do throws(Fault) {
                let template = try Template(text, reading: reading)
                return template.soleExpression.map { .expression($0) } ?? .text(template)
            } catch {
                problems.add(error.code == .limitReached ? .limit : .format, error.message, at: path)
                return .refused
            }
        case .array(let elements):
            var compiled: [FlowValue] = []
            for (index, element) in elements.enumerated() {
                compiled.append(compile(element, at: "\(path)[\(index)]", reading, &left, &problems))
            }
            let values = compiled.compactMap(\.literal)
            return values.count == compiled.count ? .literal(.array(values)) : .array(compiled)
        case .object(let object):
            if object.count == 1, let kept = object[literalName] { return .literal(kept) }
            var compiled: [(name: String, value: FlowValue)] = []
            for member in object.members {
                let inner = FlowValue.path(path, member.name)
                compiled.append((member.name, compile(member.value, at: inner, reading, &left, &problems)))
            }
            var plain = JSONObject()
            for case (let name, .literal(let inner)) in compiled { plain[name] = inner }
            return plain.count == compiled.count ? .literal(.object(plain)) : .object(compiled)
        case .null, .bool, .integer, .double: return .literal(value)
        }
    }

    private static func path(_ path: String, _ name: String) -> String {
        path.isEmpty ? name.cut(bytes: 100) : "\(path).\(name.cut(bytes: 100))"
    }

    /// The value where nothing is to be filled in.
    var literal: JSONValue? {
        if case .literal(let value) = self { value } else { nil }
    }

    /// All expressions in it, each with where it stands.
    /// - Parameter path: where the value stands.
    func places(at path: String = "") -> [(path: String, expression: JMESPath)] {
        switch self {
        case .literal, .refused: []
        case .expression(let expression): [(path, expression)]
        case .text(let template): template.expressions.map { (path, $0) }
        case .array(let elements): elements.enumerated().flatMap { $0.element.places(at: "\(path)[\($0.offset)]") }
        case .object(let members): members.flatMap { $0.value.places(at: FlowValue.path(path, $0.name)) }
        }
    }

    /// The names of its members.
    var names: [String] {
        switch self {
        case .literal(let value): value.object?.members.map(\.name) ?? []
        case .object(let members): members.map(\.name)
        case .expression, .text, .array, .refused: []
        }
    }

    /// The members whose value is known beforehand.
    /// - Parameter maps: members of which each part stands for itself, so that the parts that are known are given without the others.
    func known(maps: Set<String> = []) -> JSONObject {
        guard case .object(let members) = self else { return literal?.object ?? JSONObject() }
        var object = JSONObject()
        for member in members {
            if let value = member.value.literal {
                object[member.name] = value
            } else if maps.contains(member.name) {
                let parts = member.value.known()
                if parts.count > 0 { object[member.name] = .object(parts) }
            }
        }
        return object
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
        case .refused: throw Fault(.internalError, "The server could not do it.", cause: "a value that was refused is filled")
        case .expression(let expression):
            let value: JSONValue
            do throws(JMESPathError) {
                value = try expression.evaluate(context)
            } catch {
                throw .invalid(
                    "", error.kind == .limit ? "limit" : "format", "\(expression.text.cut(bytes: 100)): \(error.sentence)")
            }
            try FlowValue.count(value, &left)
            return value
        case .text(let template):
            let text: String
            do throws(Fault) {
                text = try template.filled(from: context, standard: .text)
            } catch {
                // The template is the text itself.
                var fault = error
                fault.fields = error.fields.map { Fault.Field("", $0.code, $0.message) }
                throw fault
            }
            try FlowValue.count(.string(text), &left)
            return .string(text)
        case .array(let elements):
            var filled: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                filled.append(try element.filled(from: context, below: "[\(index)]", &left))
            }
            return .array(filled)
        case .object(let members):
            var filled = JSONObject()
            for member in members { filled[member.name] = try member.value.filled(from: context, below: member.name, &left) }
            return .object(filled)
        }
    }

    private func filled(from context: JSONValue, below step: String, _ left: inout Int) throws(Fault) -> JSONValue {
        do throws(Fault) {
            return try filled(from: context, &left)
        } catch {
            throw error.below(step.cut(bytes: 100))
        }
    }

    private static func count(_ value: JSONValue, _ left: inout Int) throws(Fault) {
        guard let size = value.size(atMost: left) else {
            throw Fault(.limitReached, "The places are filled with more than a step may be given.")
        }
        left -= size
    }
}
