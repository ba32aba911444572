// What the nodes of each type are told.

import Base
import JSON

/// The declarations of the configurations that are not a tool's own.
enum FlowConfig {
    struct Tool: Sendable {
        let name: String
        let input: JSONObject
    }

    struct Loop: Sendable {
        let condition: JMESPath?
        let iterations: Int
        let body: FlowDrawing
    }

    struct Map: Sendable {
        let items: JMESPath?
        let concurrency: Int
        let body: FlowDrawing
    }

    /// How many branches a join waits for.
    enum JoinWait: String, Sendable, CaseIterable {
        /// All that are taken.
        case all
        /// The first that comes.
        case first
    }

    static let input = Input<JSONSchema?>("FlowInputConfig", "What a flow is run with.") { fields in
        fields.optional(
            "schema", JSONSchemaShape(bytes: 64 << 10), "A JSON Schema that the run's input has to meet.") ?? nil
    }

    static let output = Input<JSONValue?>("FlowOutputConfig", "What a flow comes to.") { fields in
        fields.optional(
            "value", .json(bytes: Blueprint.configurationBytes),
            "The value, in which {{ expression }} stands for a part of the run; left out: the output of the node before.")
    }

    static let tool = Input<Tool>("FlowToolConfig", "A call of a tool.") { fields in
        Tool(
            name: fields.required("tool", .string(1...100), "The name of a tool, from the list of tools."),
            input: fields.defaulted(
                "input", .object(bytes: Blueprint.configurationBytes), .object(JSONObject()),
                "What it is given, in which {{ expression }} stands for a part of the run."
            ).object ?? JSONObject())
    }

    static let condition = Input<JMESPath?>("FlowConditionConfig", "A question about the run so far.") { fields in
        fields.required("expression", ExpressionShape(), "A JMESPath expression; what is not false, null or empty holds.")
    }

    static let join = Input<JoinWait>("FlowJoinConfig", "How branches come together.") { fields in
        fields.defaulted(
            "wait_for", .enumeration(JoinWait.self), .all, "Whether all branches that are taken are waited for, or the first.")
    }

    static let loop = Input<Loop>("FlowLoopConfig", "What is done again and again.") { fields in
        Loop(
            condition: fields.optional(
                "while", ExpressionShape(),
                "Asked before each round, of the run so far, the round's index and what the last one came to (last).") ?? nil,
            iterations: fields.required(
                "max_iterations", .integer(FlowGraph.Loop.iterations),
                "The most rounds; the same call three times in six rounds, with no wait between, ends the run."),
            body: fields.required("body", FlowDrawing.input, "What is done in a round."))
    }

    static let map = Input<Map>("FlowMapConfig", "What is done for each element.") { fields in
        Map(
            items: fields.required("items", ExpressionShape(), "A JMESPath expression that comes to an array."),
            concurrency: fields.defaulted(
                "concurrency", .integer(FlowGraph.Map.concurrency), 4, "How many elements at once, outside of another body."),
            body: fields.required("body", FlowDrawing.input, "What is done for an element: item, with its index."))
    }
}

/// Reads an expression.
struct ExpressionShape: ValueShape {
    func decode(_ view: JSONView, _ problems: inout Problems) -> JMESPath? {
        guard let text = view.string() else {
            problems.add(.type, "This must be an expression.")
            return nil
        }
        do throws(JMESPathError) {
            return try JMESPath(text)
        } catch {
            problems.add(error.kind == .limit ? .limit : .format, error.sentence)
            return nil
        }
    }

    var placeholder: JMESPath? { nil }
    var schema: SchemaNode { SchemaNode(.string(length: 1...JMESPath.expressionBytes)) }
}
