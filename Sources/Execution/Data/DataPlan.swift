// What `data_processing` is told to do: a source, what happens to the records in between, and a destination.

import Base
import HTTP
import JSON

/// A whole way of data, from where it comes to where it goes.
struct DataPlan: Sendable {
    /// Where records come from.
    struct Source: Sendable {
        let records: JSONValue?
        let dataset: String?
        let filter: RecordFilter?
        let url: String?
        let format: RecordFormat?
        let path: FieldPath?
        let delimiter: String
        let limit: Int

        static let input = Input<Source>("DataSource", "Where records come from: exactly one of records, dataset and url.") {
            fields in
            let source = Source(
                records: fields.optional("records", .json(bytes: Journal.stepOutputBytes), "The records themselves."),
                dataset: fields.optional("dataset", .string(1...100, format: .line), "A dataset, by id or name."),
                filter: fields.optional("filter", RecordFilter.input, "Which records of the dataset."),
                url: fields.optional("url", .httpURL, "A file of CSV, JSON or NDJSON."),
                format: fields.optional(
                    "format", .enumeration(RecordFormat.self), "What the file is, where its type does not say so."),
                path: fields.optional("path", .fieldPath, "Where the array lies in JSON."),
                delimiter: fields.defaulted("delimiter", .string(1...1), ",", "What stands between the fields of CSV."),
                limit: fields.defaulted(
                    "limit", .integer(1...RecordBounds.records), RecordBounds.records, "More records than these are a failure."))
            let kinds = (source.records == nil ? 0 : 1) + (source.dataset == nil ? 0 : 1) + (source.url == nil ? 0 : 1)
            fields.refuse("records", .required, "Exactly one of records, dataset and url has to be given.", when: kinds != 1)
            fields.refuse("delimiter", .format, "This must be one character of ASCII.", when: source.delimiter.utf8.count != 1)
            return source
        }
    }

    /// What is added to records.
    struct Enrichment: Sendable {
        /// Fields out of the record of another dataset whose key a field names.
        struct Lookup: Sendable {
            let dataset: String
            let field: FieldPath
            let take: [(field: FieldPath, value: FieldPath)]

            static let input = Input<Lookup>("Lookup", "Fields out of another dataset.") { fields in
                Lookup(
                    dataset: fields.required("dataset", .string(1...100, format: .line), "The dataset, by id or name."),
                    field: fields.required("field", .fieldPath, "The field that holds the key of the record there."),
                    take: fields.required("take", FieldMap(of: FieldPathShape()), "The new fields by those there.")
                        .map { (field: $0.field, value: $0.value) })
            }
        }

        let lookups: [Lookup]
        let derivations: [Derivation]
        let constants: [(field: FieldPath, value: JSONValue)]

        static let input = Input<Enrichment>("Enrichment", "What is added to records, in the order of these members.") { fields in
            Enrichment(
                lookups: fields.defaulted("lookup", .array(of: Lookup.input, 0...5), [], "Out of other datasets."),
                derivations: fields.defaulted("derive", .array(of: Derivation.input, 0...20), [], "Computed from other fields."),
                constants: fields.defaulted(
                    "set", FieldMap(of: FreeShape(bytes: 16_384, isObject: false)), [], "The same for all."))
        }
    }

    /// Where records go.
    struct Destination: Sendable {
        let dataset: String
        let key: [FieldPath]

        static let input = Input<Destination>("DataDestination", "A dataset that the records are written to.") { fields in
            Destination(
                dataset: fields.required(
                    "dataset", .string(1...100, format: .line),
                    "By id or name; one of a new name is made. None that is read as well. All records are written, or none when the step fails."
                ),
                key: fields.defaulted(
                    "key", .array(of: FieldPathShape(), 0...8), [],
                    "The fields whose values, joined by slashes, are a record's key, which no other of them may have; none for keys out of the execution and the place."
                ))
        }
    }

    let source: Source?
    let cleaning: Cleaning?
    let rules: RecordRules?
    let enrichment: Enrichment?
    let aggregation: Aggregation?
    let destination: Destination?
    let givesRecords: Bool
    let previous: JSONValue?

    static func input(_ name: String) -> Input<DataPlan> {
        Input<DataPlan>(name, "Records from a source, what happens to them, and where they go.") { fields in
            let plan = DataPlan(
                source: fields.optional(
                    "source", Source.input, "Where records come from; otherwise the output of the tool before."),
                cleaning: fields.optional("clean", Cleaning.input, "How they are cleaned."),
                rules: fields.optional("validate", RecordRules.input, "What they have to be."),
                enrichment: fields.optional("enrich", Enrichment.input, "What is added."),
                aggregation: fields.optional("aggregate", Aggregation.input, "Groups instead of records."),
                destination: fields.optional("destination", Destination.input, "Where they go; nowhere when it is left out."),
                givesRecords: fields.defaulted("output", .boolean, true, "Whether the output holds the records."),
                previous: fields.optional(
                    "previous", .json(bytes: Journal.stepOutputBytes), "The output of the tool before; the strategy gives it."))
            fields.refuse("destination", .reference, overlap, when: plan.overlaps)
            return plan
        }
    }

    /// Why a dataset is refused as a destination.
    static let overlap = "This dataset is read as well: of two runs at once each would undo what the other has written."

    /// Whether the destination is named as a source or a look-up, too. The same dataset by its id and by its name is found at the run.
    private var overlaps: Bool {
        guard let target = destination.map({ DatasetStore.Reference($0.dataset) }) else { return false }
        let read = (enrichment?.lookups.map(\.dataset) ?? []) + (source?.dataset.map { [$0] } ?? [])
        return read.contains { DatasetStore.Reference($0) == target }
    }
}
