// A question to a dataset as it is sent.

import Base
import JSON

/// A question, with the cursor that its caller got.
public struct AskDataset: Sendable {
    public let query: DatasetQuery
    /// The `next_cursor` of the page before, as whoever answers has spelled it.
    public let cursor: String?

    public static let input = Input<AskDataset>("AskDataset", "Which records are wanted, and in which order.") { fields in
        let query = DatasetQuery(
            filter: fields.optional("filter", RecordFilter.input, "Which records; all when it is left out."),
            sort: fields.optional("sort", DatasetQuery.Sort.input, "In which order; by key when it is left out."),
            limit: fields.defaulted("limit", .integer(1...100), 20, "How many at most."))
        return AskDataset(
            query: query,
            cursor: fields.optional("cursor", .string(1...12_000), "The `next_cursor` of the page before."))
    }
}
