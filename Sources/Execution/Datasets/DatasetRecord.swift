// The records of datasets: objects under keys, as they come in and as they are read.
// Bounds: `valueBytes` a record, `DatasetRecord.written` records at once.

import Base
import JSON

/// A record as it is read.
public struct DatasetRecord: Sendable {
    /// The most bytes of a record's text.
    public static let valueBytes = 64 << 10
    /// How many records are written at once.
    public static let written = 1...1_000
    static let keyCharacters = 1...200

    public let key: String
    public let value: JSONRaw
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// What it is sorted by, where it is.
    let place: JSONRaw?

    /// A record as it is answered.
    public static let output = Output<DatasetRecord>(
        "DatasetRecord", "An object under a key.",
        [
            .field("key", "The key, which no other record of the dataset has.") { $0.key },
            .field("value", "The object.") { $0.value },
            .field("created_at", "When it was first written.") { $0.createdAt },
            .field("updated_at", "When it was last written.") { $0.updatedAt },
        ])
}

/// A record to be written.
public struct NewRecord: Sendable {
    public let key: String
    public let value: JSONRaw

    public init(key: String, value: JSONRaw) {
        self.key = key
        self.value = value
    }

    /// A key that a path of a URL can name: `.` and `..` are taken out of paths by whoever reads them, however they are spelled.
    static let keyFormat = TextFormat(
        pattern: TextFormat.line.pattern, message: "This may hold no control characters and be neither `.` nor `..`."
    ) { text in TextFormat.line.accepts(text) && text != "." && text != ".." }
    static let keyShape = StringShape(DatasetRecord.keyCharacters, format: keyFormat)

    static let input = Input<NewRecord>("NewRecord", "A record to be written.") { fields in
        NewRecord(
            key: fields.required("key", keyShape, "The key. A record that has it is replaced."),
            value: fields.required("value", .rawObject(bytes: DatasetRecord.valueBytes), "The object."))
    }
}

/// Records to be written together: all of them or none.
public struct PutRecords: Sendable {
    public let records: [NewRecord]

    public init(_ records: [NewRecord]) {
        self.records = records
    }

    public static let input = Input<PutRecords>("PutRecords", "Records to be written: all of them or none.") { fields in
        PutRecords(fields.required("records", .array(of: NewRecord.input, DatasetRecord.written), "The records, each key once."))
    }

    /// - Throws: `.invalid` naming the first record whose key another one has.
    func check() throws(Fault) {
        var keys: Set<[UInt8]> = []
        for (index, record) in records.enumerated() where !keys.insert(Array(record.key.utf8)).inserted {
            throw .invalid("records[\(index)].key", "duplicate", "Another one of these records has the same key.")
        }
    }
}

/// What came of writing records.
public struct RecordsWritten: Sendable {
    public let dataset: DatasetID
    public let inserted: Int
    public let updated: Int
    public let recordCount: Int
    public let bytes: Int

    public static let output = Output<RecordsWritten>(
        "RecordsWritten", "What came of writing records.",
        [
            .field("dataset_id", "The dataset.") { $0.dataset },
            .field("inserted", "How many keys were new.") { $0.inserted },
            .field("updated", "How many records were replaced.") { $0.updated },
            .field("record_count", "How many records the dataset has now.") { $0.recordCount },
            .field("bytes", "How many bytes it has now.") { $0.bytes },
        ])
}
