// Expressions and schemas as fields of a tool: compiled while they are read, so that a blueprint with a wrong one is refused when it
// is saved, and the error names the field and the byte.

import Base
import JSON

/// A JMESPath expression, or an object of them.
enum Transformation: Sendable {
    case value(JMESPath)
    case members([(name: String, expression: JMESPath)])

    /// What it makes of a value.
    func applied(to value: JSONValue) throws(JMESPathError) -> JSONValue {
        switch self {
        case .value(let expression): return try expression.evaluate(value)
        case .members(let members):
            var bounds = JMESPath.Bounds()
            bounds.steps /= max(1, members.count)
            bounds.outputBytes /= max(1, members.count)
            var object = JSONObject()
            for (name, expression) in members { object[name] = try expression.evaluate(value, bounds: bounds) }
            return .object(object)
        }
    }
}

/// Reads a `Transformation`.
struct TransformationShape: ValueShape {
    /// The most members of an object of expressions.
    static let memberLimit = 64

    func decode(_ view: JSONView, _ problems: inout Problems) -> Transformation? {
        switch view.kind {
        case .string: return compile(view.string() ?? "", &problems).map { .value($0) }
        case .object where view.count <= TransformationShape.memberLimit: return decodeMembers(view, &problems)
        case .object:
            problems.add(.length, "This may have at most \(TransformationShape.memberLimit) members.")
        default: problems.add(.type, "This must be an expression, or an object of expressions.")
        }
        return nil
    }

    private func decodeMembers(_ view: JSONView, _ problems: inout Problems) -> Transformation? {
        var members: [(name: String, expression: JMESPath)] = []
        for (key, value) in view.members {
            let name = key.string() ?? ""
            guard let text = value.string() else {
                problems.add(.type, "This must be an expression.", at: name.cut(bytes: 100))
                continue
            }
            if let expression = compile(text, &problems, at: name.cut(bytes: 100)) { members.append((name, expression)) }
        }
        return .members(members)
    }

    private func compile(_ text: String, _ problems: inout Problems, at path: String = "") -> JMESPath? {
        do throws(JMESPathError) {
            return try JMESPath(text)
        } catch {
            problems.add(error.kind == .limit ? .limit : .format, error.sentence, at: path)
            return nil
        }
    }

    var placeholder: Transformation? { nil }
    var schema: SchemaNode { SchemaNode(.any) }
}

/// Reads a JSON Schema. Formats are rules in it.
struct JSONSchemaShape: ValueShape {
    let bytes: Int

    func decode(_ view: JSONView, _ problems: inout Problems) -> JSONSchema? {
        let before = problems
        let value = FreeShape(bytes: bytes, isObject: false).decode(view, &problems)
        guard problems.fields.count == before.fields.count else { return nil }
        do throws(JSONSchemaError) {
            return try JSONSchema(value, assertsFormats: true)
        } catch {
            let code: Problems.Code =
                switch error.kind {
                case .limit: .limit
                case .remoteReference, .unresolvedReference: .reference
                case .invalid, .unsupported: .format
                }
            problems.add(code, error.sentence)
            return nil
        }
    }

    var placeholder: JSONSchema? { nil }
    var schema: SchemaNode { SchemaNode(.any) }
}

/// Reads a template.
struct TemplateShape: ValueShape {
    func decode(_ view: JSONView, _ problems: inout Problems) -> Template? {
        guard let text = view.string() else {
            problems.add(.type, "This must be a string.")
            return nil
        }
        do throws(Fault) {
            return try Template(text)
        } catch {
            problems.add(error.code == .limitReached ? .limit : .format, error.message)
            return nil
        }
    }

    var placeholder: Template? { nil }
    var schema: SchemaNode { SchemaNode(.string(length: 0...Template.sourceBytes)) }
}
