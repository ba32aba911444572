// Records on their way between tools: how they are given to one, and how one gives them.
// Bounds: `RecordBounds`.

import Base
import JSON
import Loop

/// Records as a tool is given them: in the call, or as the output of the tool before.
struct GivenRecords: Sendable {
    private let given: JSONValue?
    private let previous: JSONValue?
    private let path: FieldPath?

    /// Declares the members of a call that bring records.
    init(_ fields: inout Fields) {
        given = fields.optional(
            "records", .json(bytes: Journal.stepOutputBytes), "The records: an array of objects, or one object.")
        path = fields.optional(
            "from", .fieldPath,
            "Where they lie in the output of the tool before; `records`, `json` or the output itself otherwise.")
        previous = fields.optional(
            "previous", .json(bytes: Journal.stepOutputBytes), "The output of the tool before; the strategy gives it.")
    }

    /// The output of the tool before, whatever it is.
    var before: JSONValue? { previous }

    /// - Throws: `.invalid` naming `records` when there are none; `.malformed` when they are no objects; `.limitReached` beyond `limit`.
    func records(limit: Int) throws(Fault) -> [JSONObject] {
        guard let value = given ?? found else {
            throw .invalid("records", "required", "There are no records: give them, or use a tool before that does.")
        }
        // One object is one record.
        guard let elements = value.array ?? (value.object == nil ? nil : [value]) else {
            throw .invalid("records", "type", "The records must be an array of objects.")
        }
        return try RecordText.objects(elements, limit)
    }

    private var found: JSONValue? {
        guard let previous else { return nil }
        if let path { return previous.object.flatMap { path.value(in: $0) } }
        return previous["records"] ?? previous["json"] ?? previous
    }
}

/// Records as a tool gives them.
struct RecordList: Sendable {
    let records: [JSONObject]
    /// How many there were at first.
    let read: Int

    static let output = Output<RecordList>(
        "RecordList", "Records.",
        [
            .field("records", "The records.") { $0.records.map { JSONValue.object($0) } },
            .field("count", "How many there are.") { $0.records.count },
            .field("read", "How many there were at first.") { $0.read },
        ])

    /// Makes the list off the loops, and its output.
    static func made(
        on pool: BlockingPool, _ body: @escaping @Sendable () throws(Fault) -> RecordList
    ) async throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            return try await pool.run { () throws(Fault) in
                let list = try body()
                let bytes = output.bytes(list)
                guard bytes.count <= RecordBounds.outputBytes else {
                    throw Fault(
                        .limitReached, "The records have \(bytes.count) bytes; a step may give \(RecordBounds.outputBytes).")
                }
                return try JSONValue(parsing: bytes)
            }
        } catch {
            throw StepFailure(error)
        }
    }
}
