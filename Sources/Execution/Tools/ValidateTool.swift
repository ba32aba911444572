// `validate`: says whether JSON is as a JSON Schema asks, and if not where and why; told to be strict, it fails. Formats are rules, and
// references stay inside the schema. Bounds: those of `JSONSchema`, `schemaBytes`, and for the input what a step may come to.

import Base
import JSON
import Loop

/// Validates against a JSON Schema.
struct ValidateTool: Tool {
    static let schemaBytes = 256 << 10

    struct Arguments: Sendable {
        let schema: JSONSchema?
        let isStrict: Bool
        let data: JSONValue
    }

    private let pool: BlockingPool

    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "validate"
    let version = "1.0.0"
    let summary = "Checks JSON against a JSON Schema (draft-07 or 2020-12), and says where it breaks which rule."
    let category = "data_processing"
    let effect = Effect.pure
    let configuration = ValidateTool.declaration("ValidateConfiguration", isCall: false)
    let arguments = ValidateTool.declaration("ValidateArguments", isCall: true)
    var output: SchemaNode { ValidateTool.answer.schema }

    let examples = [
        ToolExample(
            "Check an order",
            configuration: [
                "schema": [
                    "type": "object", "required": ["sku", "count"],
                    "properties": [
                        "sku": ["type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"], "count": ["type": "integer", "minimum": 1],
                    ],
                ]
            ], input: ["data": ["sku": "ABC-1", "count": 0]]),
        ToolExample(
            "Let only addresses of mail pass", configuration: ["schema": ["items": ["format": "email"]], "strict": true],
            input: ["data": ["ann@example.com"]]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A schema, and what is checked against it.") { fields in
            let summary: StaticString = "The JSON Schema: 2020-12, or what its `$schema` names."
            let shape = JSONSchemaShape(bytes: schemaBytes)
            let schema = isCall ? fields.required("schema", shape, summary) : fields.optional("schema", shape, summary) ?? nil
            return Arguments(
                schema: schema,
                isStrict: fields.defaulted("strict", .boolean, false, "Whether what is not valid makes the step fail."),
                data: fields.data())
        }
    }

    private static let violation = Output<SchemaViolation>(
        "SchemaViolation", "A rule that is broken.",
        [
            .field("path", "Where in the data: a JSON pointer.") { $0.instancePath },
            .field("keyword", "The keyword.") { $0.keyword },
            .field("schema_path", "Where in the schema: a JSON pointer.") { $0.schemaPath },
            .field("message", "One sentence.") { $0.message },
        ])

    private struct Answer {
        let violations: [SchemaViolation]
    }

    private static let answer = Output<Answer>(
        "ValidateOutput", "What is wrong with the data.",
        [
            .field("valid", "Whether nothing is.") { $0.violations.isEmpty },
            .list("errors", "The first 64 rules that are broken.", violation) { $0.violations },
        ])

    func redacted(_ input: JSONObject) -> JSONObject { input.withoutPrevious }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let schema = arguments.schema else { throw .missing("schema") }
        let violations = try await pool.compute { () throws(Fault) in
            do throws(JSONSchemaError) {
                return try schema.violations(of: arguments.data)
            } catch {
                throw error.fault(at: "schema")
            }
        }
        if arguments.isStrict, !violations.isEmpty {
            let fields = violations.map { Fault.Field("data\($0.instancePath)", "format", "\($0.keyword): \($0.message)") }
            throw StepFailure(Fault(.invalid, "The data is not as the schema asks.", fields: fields), .permanent)
        }
        return try ValidateTool.answer.value(Answer(violations: violations))
    }
}
