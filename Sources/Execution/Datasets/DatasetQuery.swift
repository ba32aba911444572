// What is asked of a dataset: a filter, an order, how many records, and behind which one they begin.
// Bounds: `limits` records, `answerBytes` of their texts; a place whose value is longer than `placeBytes` is none.

import Base
import JSON
import Postgres

/// A question to a dataset.
public struct DatasetQuery: Sendable {
    /// The order of the answer.
    public struct Sort: Sendable, Hashable {
        public let field: FieldPath
        public let isDescending: Bool

        static let input = Input<Sort>(
            "RecordSort", "By which field: null and what lacks it first, then texts, numbers, truth values."
        ) { fields in
            Sort(
                field: fields.required("field", .fieldPath, "The path of the field."),
                isDescending: fields.defaulted("descending", .boolean, false, "Whether the greatest come first."))
        }
    }

    /// Where an earlier part of the answer ended.
    public struct Place: Sendable, Hashable {
        public let key: String
        /// What that record was sorted by; `nil` when it was by its key alone.
        public let value: JSONRaw?

        public init(key: String, value: JSONRaw?) {
            self.key = key
            self.value = value
        }
    }

    /// How many records one part may have.
    public static let limits = 1...1_000
    /// A part of an answer ends before its texts pass this.
    public static let answerBytes = 4 << 20
    static let placeBytes = 4 << 10

    public var filter: RecordFilter?
    /// By key when it is `nil`. What is equal comes by key.
    public var sort: Sort?
    public var limit: Int
    public var after: Place?
    public var bytes = DatasetQuery.answerBytes

    public init(filter: RecordFilter? = nil, sort: Sort? = nil, limit: Int = 20, after: Place? = nil) {
        self.filter = filter
        self.sort = sort
        self.limit = limit
        self.after = after
    }

    /// Records that are read from the store at once.
    static let readRecords = 100

    /// The same for all questions that differ in nothing but the part they want.
    public var name: String {
        let program = FilterProgram(filter)
        return [
            program.path ?? "", String(decoding: program.values.bytes, as: UTF8.self), sort?.field.description ?? "",
            sort?.isDescending == true ? "desc" : "asc",
        ].joined(separator: "\n")
    }
}
