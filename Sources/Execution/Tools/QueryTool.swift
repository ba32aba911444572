// `query`: asks a dataset of the tenant for records. What comes out is what the dataset holds when the step runs; afterwards it stands in
// the journal.
// Bounds: `DatasetQuery.limits`, `RecordBounds.outputBytes`.

import Base
import JSON
import Postgres
import Tenancy

/// Reads records of a dataset.
struct QueryTool: Tool {
    struct Arguments: Sendable {
        let dataset: String
        let query: DatasetQuery
    }

    private let database: Database

    init(database: Database) {
        self.database = database
    }

    let name = "query"
    let version = "1.0.0"
    let summary = "Asks a dataset for records: filtered, sorted, in parts."
    let category = "data"
    let rights = Rights([.datasetsRead])
    let effect = Effect.pure
    let configuration = QueryTool.declaration("QueryConfiguration", isCall: false)
    let arguments = QueryTool.declaration("QueryArguments", isCall: true)
    var output: SchemaNode { FoundRecords.output.schema }

    let examples = [
        ToolExample(
            "The last ten visits of a page",
            configuration: [
                "dataset": "visits", "filter": ["field": "page", "value": "/"], "sort": ["field": "at", "descending": true],
                "limit": 10,
            ])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "Which records of which dataset.") { fields in
            let shape = StringShape(1...100, format: .line)
            let dataset =
                isCall
                ? fields.required("dataset", shape, "The dataset, by id or name.")
                : fields.optional("dataset", shape, "The dataset, by id or name.") ?? ""
            var query = DatasetQuery(
                filter: fields.optional("filter", RecordFilter.input, "Which records; all when it is left out."),
                sort: fields.optional("sort", DatasetQuery.Sort.input, "In which order; by key when it is left out."),
                limit: fields.defaulted("limit", .integer(DatasetQuery.limits), 100, "How many at most."))
            query.after = fields.optional("after", DatasetQuery.Place.input, "The `next` of the part before.")
            query.bytes = RecordBounds.outputBytes
            return Arguments(dataset: dataset, query: query)
        }
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            let store = DatasetStore(tenant: context.tenant)
            let lane = database.slow(.tenant(context.tenant))
            let dataset = try await store.find(DatasetStore.Reference(arguments.dataset), lane)
            let part = try await store.query(arguments.query, of: dataset.id, lane)
            return try JSONValue(parsing: FoundRecords.output.bytes(FoundRecords(part: part)))
        } catch {
            throw StepFailure(error)
        }
    }
}

/// Records that a question found.
struct FoundRecords: Sendable {
    let part: Listing<DatasetRecord, DatasetQuery.Place>

    static let output = Output<FoundRecords>(
        "FoundRecords", "Records that a question found.",
        [
            .field("records", "The objects.") { $0.part.elements.map(\.value) },
            .field("keys", "Their keys, in the same order.") { $0.part.elements.map(\.key) },
            .field("count", "How many there are.") { $0.part.elements.count },
            .objectOrNull("next", "What to go on behind, as `after`; null when there are no more.", DatasetQuery.Place.output) {
                $0.part.next
            },
        ])
}

extension DatasetQuery.Place {
    static let output = Output<DatasetQuery.Place>(
        "DatasetPlace", "Where a part of an answer ended.",
        [.field("key", "The key of its last record.") { $0.key }, .field("value", "What that was sorted by.") { $0.value }])

    static let input = Input<DatasetQuery.Place>("DatasetPlaceInput", "Where the part before ended.") { fields in
        DatasetQuery.Place(
            key: fields.required("key", .string(1...200), "The key of its last record."),
            value: fields.optional("value", .rawJSON(bytes: DatasetQuery.placeBytes), "What that was sorted by."))
    }
}
