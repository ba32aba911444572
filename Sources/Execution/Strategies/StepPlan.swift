// A plan: calls of tools in order, each with a name by which later ones take up what it came to. Inputs are values with places to fill, as in flows:
// `{{ expression }}` is JMESPath over `input`, what the run was triggered with, and `steps`, what the steps before came to. Pure.
// Bounds: `stepLimit` steps, `inputBytes` an input, those of `FlowValue`.

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
                "What the tool is given, in which {{ expression }} stands for a part of input or steps, by their names."))
    }
}

extension PlannedStep {
    /// The step as it is stored and shown.
    var value: JSONValue { ["name": .string(name), "tool": .string(tool), "input": input] }
}

/// What the places of a plan are filled with.
struct PlanValues {
    let input: JSONObject
    /// What the steps came to, by their names.
    var outputs = JSONObject()

    init(input: JSONObject) {
        self.input = input
    }

    /// What expressions are applied to.
    var context: JSONValue { ["input": .object(input), "steps": .object(outputs)] }

    /// What expressions may look for when the steps of these names were done.
    static func scope(_ known: Set<String>) -> ExpressionScope {
        ExpressionScope(names: ["input", "steps"], member: "steps") { name in
            known.contains(name) ? nil : "There is no step \(name.cut(bytes: 100)) before this one."
        }
    }

    /// Reads an expression: JMESPath, or a path of names and indices with dots in between, such as `steps.get-page.links.0`, whose names need
    /// no quotes.
    static func read(_ text: String) throws(JMESPathError) -> JMESPath {
        do throws(JMESPathError) {
            return try JMESPath(text)
        } catch {
            guard error.kind != .limit, let path = quoted(text.trimmed) else { throw error }
            return try JMESPath(path)
        }
    }

    /// A path as JMESPath; `nil` for what is none.
    private static func quoted(_ text: String) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, first == "steps" || first == "input", !parts.contains(where: \.isEmpty) else { return nil }
        guard !text.utf8.contains(where: { "[](){}|&!<>=*@,:'\"`\\".utf8.contains($0) }) else { return nil }
        return parts.dropFirst().enumerated().reduce(String(first)) { path, part in
            // The name of a step may be a number.
            if Int(part.element) != nil, !(first == "steps" && part.offset == 0) { return "\(path)[\(part.element)]" }
            return "\(path).\"\(part.element)\""
        }
    }
}

/// The check of a plan when it is saved: names, and what the inputs look for.
struct PlanCheck {
    private(set) var problems = Problems()
    /// The calls of the steps whose tool is known by name.
    private(set) var calls: [PlannedCall] = []

    /// - Parameters:
    ///   - field: where the steps stand.
    ///   - tools: the tools by the names that steps have for them; `nil` for all by their own.
    init(_ steps: [PlannedStep], at field: String, tools: [String: String]? = nil) {
        var names: Set<String> = []
        for (index, step) in steps.enumerated() {
            let path = "\(field)[\(index)].input"
            let input = FlowValue(step.input, at: path, reading: PlanValues.read, &problems)
            let scope = PlanValues.scope(names)
            for place in input.places(at: path) {
                for problem in scope.problems(place.expression) { problems.note(.reference, problem, at: place.path) }
            }
            names.insert(step.name)
            guard let tool = tools.map({ $0[step.tool] }) ?? step.tool else { continue }
            calls.append(PlannedCall(tool: tool, place: "\(field)[\(index)].tool", input: input, path: path))
        }
    }
}
