// What came of `data_processing`: how many records each stage had, what was wrong with which row, and the records.

import Base
import JSON

/// The report of one way of data.
struct DataReport: Sendable {
    var read = 0
    var repeats = 0
    var incomplete = 0
    var invalid = 0
    var dropped = 0
    var found = 0
    var missed = 0
    var groups = 0
    var inserted = 0
    var updated = 0
    var problems: [RecordRules.Problem] = []
    /// The datasets that were read, none of which may be written to.
    var sources: Set<DatasetID> = []
    var dataset: DatasetID?
    var count = 0
    /// The records that fit into an output.
    var records: [JSONObject]?
    var isTruncated = false

    static let output = Output<DataReport>(
        "DataReport", "What came of data, stage by stage.",
        [
            .field("read", "Records of the source.") { $0.read },
            .field("repeats", "Records left out since an equal one came before.") { $0.repeats },
            .field("incomplete", "Records left out since a field was missing.") { $0.incomplete },
            .field("invalid", "Records that broke a rule.") { $0.invalid },
            .field("dropped", "Records left out for that.") { $0.dropped },
            .field("found", "Look-ups that found a record.") { $0.found },
            .field("missed", "Look-ups that found none.") { $0.missed },
            .field("groups", "Groups that were made.") { $0.groups },
            .field("inserted", "Records that are new in the destination.") { $0.inserted },
            .field("updated", "Records that were replaced there.") { $0.updated },
            .field("dataset_id", "The destination.") { $0.dataset },
            .list("problems", "Rules that were broken, the first of them.", RecordRules.Problem.output) { $0.problems },
            .field("count", "Records at the end.") { $0.count },
            .sparse("records", "The records, as many as an output holds.") { $0.records?.map { JSONValue.object($0) } },
            .field("truncated", "Whether there are more than these.") { $0.isTruncated },
        ])
}
