// `store`: puts records into a dataset of the tenant. It works in the transaction that finishes its step, so that what it writes is there
// exactly when the step has succeeded.
// Bounds: `recordLimit` records, the plan's quotas.

import Base
import JSON
import Postgres
import Tenancy

/// Writes records to a dataset.
struct StoreTool: TransactionalTool {
    static let recordLimit = 1_000

    struct Arguments: Sendable {
        let dataset: String
        let given: GivenRecords
        let key: [FieldPath]
        let mayCreate: Bool
    }

    let name = "store"
    let version = "1.0.0"
    let summary = "Puts records into a dataset, each under its key: new ones are added, others replaced."
    let category = "data"
    let rights = Rights([.datasetsWrite])
    let configuration = StoreTool.declaration("StoreConfiguration", isCall: false)
    let arguments = StoreTool.declaration("StoreArguments", isCall: true)
    var output: SchemaNode { RecordsWritten.output.schema }

    let examples = [
        ToolExample(
            "Keep what a trigger says", configuration: ["dataset": "visits", "key": ["id"]],
            input: ["records": [["id": "a1", "page": "/"]]])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "Records and the dataset they go to.") { fields in
            let shape = StringShape(1...100, format: .line)
            return Arguments(
                dataset: isCall
                    ? fields.required("dataset", shape, "The dataset, by id or name.")
                    : fields.optional("dataset", shape, "The dataset, by id or name.") ?? "",
                given: GivenRecords(&fields),
                key: fields.defaulted(
                    "key", .array(of: FieldPathShape(), 0...8), [],
                    "The fields whose values, joined by slashes, are a record's key, which no other of them may have; none for keys out of the execution and the place."
                ),
                mayCreate: fields.defaulted(
                    "create", .boolean, true, "Whether a dataset of that name is made when there is none."))
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var shown = input
        // It stands in the journal already, as the output of the step before.
        shown["previous"] = nil
        return shown
    }

    func call(
        _ arguments: Arguments, in context: ToolContext, within session: Session
    ) async throws(StepFailure) -> JSONValue {
        let written: RecordsWritten
        do throws(Fault) {
            let records = try arguments.given.records(limit: StoreTool.recordLimit)
            let new = try records.keyed(by: arguments.key, otherwise: context.idempotencyKey)
            let store = DatasetStore(tenant: context.tenant)
            let reference = DatasetStore.Reference(arguments.dataset)
            let dataset =
                arguments.mayCreate ? try await store.findOrCreate(reference, session) : try await store.find(reference, session)
            guard !new.isEmpty else { throw .invalid("records", "required", "There are no records to store.") }
            written = try await store.put(PutRecords(new), into: dataset.id, session)
        } catch {
            throw StepFailure(error)
        }
        return try RecordsWritten.output.value(written)
    }
}
