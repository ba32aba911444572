// `json_transform`: makes other JSON of JSON, by a JMESPath expression or an object of them. Bounds: those of `JMESPath`, and for the
// input what a step may come to. Evaluating burns a core, and so leaves the loop.

import Base
import JSON
import Loop

/// Evaluates JMESPath.
struct JSONTransformTool: Tool {
    struct Arguments: Sendable {
        let transformation: Transformation?
        let data: JSONValue
    }

    private let pool: BlockingPool

    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "json_transform"
    let version = "1.0.0"
    let summary = "Makes other JSON of JSON, by a JMESPath expression or an object of them."
    let category = "data_processing"
    let effect = Effect.pure
    let configuration = JSONTransformTool.declaration("JSONTransformConfiguration", isCall: false)
    let arguments = JSONTransformTool.declaration("JSONTransformArguments", isCall: true)
    var output: SchemaNode {
        SchemaNode(.any, "What the expression comes to; for an object of expressions, an object of what each does.")
    }

    let examples = [
        ToolExample(
            "The names of those who are old enough, sorted", configuration: ["expression": "people[?age >= `18`].name | sort(@)"],
            input: ["data": ["people": [["name": "Bo", "age": 20], ["name": "Al", "age": 30], ["name": "Cy", "age": 9]]]]),
        ToolExample(
            "Several values at once", configuration: ["expression": ["count": "length(@)", "largest": "max(@)"]],
            input: ["data": [3, 1, 2]]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "An expression, and what it is applied to.") { fields in
            let summary: StaticString = "A JMESPath expression, or an object of names and expressions."
            let transformation =
                isCall
                ? fields.required("expression", TransformationShape(), summary)
                : fields.optional("expression", TransformationShape(), summary) ?? nil
            return Arguments(transformation: transformation, data: fields.data())
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject { input.withoutPrevious }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let transformation = arguments.transformation else { throw .missing("expression") }
        return try await pool.compute { () throws(Fault) in
            do throws(JMESPathError) {
                return try transformation.applied(to: arguments.data)
            } catch {
                throw error.fault(at: "expression")
            }
        }
    }
}

extension Fields {
    /// What a tool works on: what it is given, or else what came before.
    mutating func data() -> JSONValue {
        let data = optional(
            "data", .json(bytes: Journal.stepOutputBytes), "What to work on; the output of the tool before if left out.")
        let previous = optional(
            "previous", .json(bytes: Journal.stepOutputBytes), "The output of the tool before; the strategy gives it.")
        return data ?? previous ?? .null
    }
}

extension JSONObject {
    /// Without the output of the tool before, which is kept once, as the output of its step.
    var withoutPrevious: JSONObject {
        var shown = self
        shown["previous"] = nil
        return shown
    }
}

extension BlockingPool {
    /// Computes something on a thread of the pool. What it refuses, it refuses for good.
    func compute<Value: Sendable>(_ body: @escaping @Sendable () throws(Fault) -> Value) async throws(StepFailure) -> Value {
        do throws(Fault) {
            return try await run(body)
        } catch {
            throw StepFailure(error)
        }
    }
}

extension StepFailure {
    /// A field that the declaration requires is not there.
    static func missing(_ field: String) -> StepFailure {
        StepFailure(.invalid(field, Problems.Code.required.rawValue, "This field is required."), .permanent)
    }
}
