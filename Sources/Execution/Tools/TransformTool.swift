// `transform`: changes a list of records step by step. The same records and steps always come to the same.
// Bounds: `RecordBounds`, `stepLimit` steps.

import Base
import JSON
import Loop

/// Changes records.
struct TransformTool: Tool {
    static let stepLimit = 1...50

    struct Arguments: Sendable {
        let given: GivenRecords
        let steps: [RecordStep]
    }

    private let pool: BlockingPool

    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "transform"
    let version = "1.0.0"
    let summary = "Changes records: rename, cast, compute, filter, remove repeats, sort, flatten."
    let category = "data"
    let effect = Effect.pure
    let configuration = TransformTool.declaration("TransformConfiguration")
    let arguments = TransformTool.declaration("TransformArguments")
    var output: SchemaNode { RecordList.output.schema }

    let examples = [
        ToolExample(
            "The dearest three, with their names in one form",
            configuration: [
                "steps": [
                    ["cast": ["price": "number"]], ["derive": ["field": "name", "op": "upper", "of": [["field": "name"]]]],
                    ["filter": ["field": "price", "op": "gt", "value": 0]], ["sort": [["field": "price", "descending": true]]],
                    ["limit": 3],
                ]
            ],
            input: [
                "records": [["name": "pear", "price": "1.20"], ["name": "fig", "price": "3"], ["name": "none", "price": 0]]
            ])
    ]

    private static func declaration(_ name: String) -> Input<Arguments> {
        Input<Arguments>(name, "Records and what is done to them.") { fields in
            Arguments(
                given: GivenRecords(&fields),
                steps: fields.defaulted("steps", .array(of: RecordStep.input, stepLimit), [], "What is done, in order."))
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var shown = input
        // It stands in the journal already, as the output of the step before.
        shown["previous"] = nil
        return shown
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        try await RecordList.made(on: pool) { () throws(Fault) in
            var records = try arguments.given.records(limit: RecordBounds.records)
            let read = records.count
            for (index, step) in arguments.steps.enumerated() {
                do throws(Fault) {
                    try step.apply(to: &records)
                } catch {
                    let own = [Fault.Field("steps[\(index)]", "limit", error.message)]
                    throw Fault(
                        error.code, "Step \(index) failed. \(error.message)", fields: error.fields.isEmpty ? own : error.fields)
                }
            }
            return RecordList(records: records, read: read)
        }
    }
}
