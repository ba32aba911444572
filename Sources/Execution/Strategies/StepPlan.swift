// A plan: calls of tools in order, each with a name by which later ones take up what it came to. Pure. Inside the texts of an input,
// `{{steps.NAME.path}}` stands for an output and `{{input.path}}` for what the run was triggered with; a text that is nothing but one
// such reference becomes the value itself. Bounds: `stepLimit` steps, `inputBytes` an input, `referenceLimit` references a text,
// `Journal.inputBytes` of what comes of an input.

import Base
import JSON

/// One call of a plan.
struct PlannedStep: Sendable {
    static let stepLimit = 50
    static let inputBytes = 64 << 10

    let name: String
    /// The name of the tool in the toolbox.
    let tool: String
    let input: JSONValue

    static let declaration = Input<PlannedStep>("PlannedStep", "One call of a tool.") { fields in
        let tool = fields.required(
            "tool", .string(1...128),
            "The name of one of the blueprint's tools; one that is listed again has its number behind it.")
        return PlannedStep(
            name: fields.optional("name", .string(1...100, format: .line), "What later steps call it; else the tool's name.")
                ?? tool,
            tool: tool,
            input: fields.defaulted(
                "input", .object(bytes: inputBytes), [:],
                "What the tool is given; {{steps.NAME.path}} and {{input.path}} stand for what came before."))
    }
}

/// What references in a plan stand for.
struct PlanValues {
    static let referenceLimit = 100

    let input: JSONObject
    var outputs = JSONObject()

    init(input: JSONObject) {
        self.input = input
    }

    /// The steps that references in a value name.
    static func names(in value: JSONValue) -> [String] {
        switch value {
        case .string(let text):
            references(in: text).compactMap {
                $0.hasPrefix("steps.") ? String($0.split(separator: ".", omittingEmptySubsequences: false)[1]) : nil
            }
        case .array(let elements): elements.flatMap { names(in: $0) }
        case .object(let object): object.members.flatMap { names(in: $0.value) }
        case .null, .bool, .integer, .double: []
        }
    }

    /// Whether something in a value is still to be resolved.
    static func holdsReference(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): !references(in: text).isEmpty
        case .array(let elements): elements.contains { holdsReference($0) }
        case .object(let object): object.members.contains { holdsReference($0.value) }
        case .null, .bool, .integer, .double: false
        }
    }

    /// The paths of a text's references.
    private static func references(in text: String) -> [String] {
        var paths: [String] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            let path = String(rest[start.upperBound..<end.lowerBound]).trimmed
            if isReference(path) { paths.append(path) }
            rest = rest[end.upperBound...]
        }
        return paths
    }

    private static func isReference(_ path: String) -> Bool {
        path.hasPrefix("steps.") || path.hasPrefix("input.") || path == "input"
    }

    /// The value with its references resolved. Recursion is bounded by the depth of what was parsed.
    /// - Throws: `.invalid` naming a reference that leads nowhere; `.limitReached` when more than `bytes` come of it.
    func resolve(_ value: JSONValue, atMost bytes: Int = Journal.inputBytes) throws(Fault) -> JSONValue {
        var left = bytes
        return try resolve(value, &left)
    }

    private func resolve(_ value: JSONValue, _ left: inout Int) throws(Fault) -> JSONValue {
        switch value {
        case .string(let text): return try resolve(text, &left)
        case .array(let elements):
            var resolved: [JSONValue] = []
            for element in elements { resolved.append(try resolve(element, &left)) }
            return .array(resolved)
        case .object(let object):
            var resolved = JSONObject()
            for member in object.members { resolved[member.name] = try resolve(member.value, &left) }
            return .object(resolved)
        case .null, .bool, .integer, .double: return value
        }
    }

    private func resolve(_ text: String, _ left: inout Int) throws(Fault) -> JSONValue {
        guard text.contains("{{") else { return .string(text) }
        var result = ""
        var rest = text[...]
        var count = 0
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            let path = String(rest[start.upperBound..<end.lowerBound]).trimmed
            guard PlanValues.isReference(path) else {
                result += rest[..<end.upperBound]
                rest = rest[end.upperBound...]
                continue
            }
            count += 1
            guard count <= PlanValues.referenceLimit else {
                throw Fault(.limitReached, "A text of a plan has at most \(PlanValues.referenceLimit) references.")
            }
            let value = try look(up: path)
            guard let size = value.size(atMost: left) else {
                throw Fault(.limitReached, "With {{\(path.cut(bytes: 200))}} more comes of an input than a step may be given.")
            }
            left -= size
            if start.lowerBound == text.startIndex, end.upperBound == text.endIndex { return value }
            result += rest[..<start.lowerBound] + (value.string ?? String(decoding: value.bytes, as: UTF8.self))
            rest = rest[end.upperBound...]
        }
        return .string(result + rest)
    }

    private func look(up path: String) throws(Fault) -> JSONValue {
        var parts = path.split(separator: ".").map(String.init)[...]
        var value: JSONValue = .object(parts.popFirst() == "steps" ? outputs : input)
        for part in parts {
            guard let next = Int(part).flatMap({ value[$0] }) ?? value[part] else {
                throw .invalid("{{\(path)}}", "reference", "There is nothing at \(path.cut(bytes: 200)).")
            }
            value = next
        }
        return value
    }
}
