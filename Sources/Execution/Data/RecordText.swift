// Records out of texts: CSV with a line of names, an array of JSON (or an object with one at a path), or JSON line by line (NDJSON).
// Bounds: the records and bytes that the caller wants at most, `Limits.jsonBytes` of JSON, and those of `DelimitedText`.

import Base
import JSON

/// The forms in which records come.
enum RecordFormat: String, Sendable, CaseIterable {
    case csv, json, ndjson

    /// The form that a media type tells.
    init?(mediaType: String) {
        switch mediaType {
        case "text/csv": self = .csv
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines": self = .ndjson
        case "application/json", "text/json": self = .json
        default:
            guard mediaType.hasSuffix("+json") else { return nil }
            self = .json
        }
    }
}

/// How records are read from a text.
struct RecordText: Sendable {
    let format: RecordFormat
    /// Where the array lies in a JSON text; `nil` for the text itself.
    var path: FieldPath?
    var delimiter = UInt8(ascii: ",")
    /// Whether the first line of CSV holds the names; otherwise they are `column_1`, `column_2` ….
    var hasHeader = true

    /// - Throws: `.malformed` naming the line; `.limitReached` when there are more than `limit` records.
    func records(_ bytes: [UInt8], limit: Int) throws(Fault) -> [JSONObject] {
        switch format {
        case .csv: try delimited(bytes, limit)
        case .json: try array(bytes, limit)
        case .ndjson: try lines(bytes, limit)
        }
    }

    // MARK: CSV

    private func delimited(_ bytes: [UInt8], _ limit: Int) throws(Fault) -> [JSONObject] {
        var text = DelimitedText(bytes, delimiter: delimiter)
        var names: [String] = []
        if hasHeader {
            guard let header = try text.next() else { return [] }
            names = try RecordText.checked(header)
        }
        var records: [JSONObject] = []
        while true {
            let line = text.line
            guard let row = try text.next() else { return records }
            // Empty lines, such as one at the end, say nothing.
            if row.count == 1, row[0].isEmpty, names.count != 1 { continue }
            if names.isEmpty { names = row.indices.map { "column_\($0 + 1)" } }
            guard row.count == names.count else {
                throw Fault(.malformed, "Line \(line) has \(row.count) fields; the first has \(names.count).")
            }
            try RecordText.check(records.count, limit)
            var record = JSONObject()
            for (name, field) in zip(names, row) { record[name] = .string(field) }
            records.append(record)
        }
    }

    private static func checked(_ header: [String]) throws(Fault) -> [String] {
        let names = header.map { $0.trimmed }
        var seen: Set<String> = []
        for name in names where name.isEmpty || name.utf8.count > FieldPath.nameBytes || !seen.insert(name).inserted {
            throw Fault(.malformed, "The first line has an empty name, a very long one, or one twice.")
        }
        return names
    }

    // MARK: JSON

    private func array(_ bytes: [UInt8], _ limit: Int) throws(Fault) -> [JSONObject] {
        let whole = try JSONValue(parsing: bytes)
        var value: JSONValue? = whole
        if let path { value = whole.object.flatMap { path.value(in: $0) } }
        guard let value else { throw Fault(.malformed, "There is nothing at \(path?.description ?? "") in the JSON.") }
        // One object is one record.
        guard let elements = value.array ?? (value.object == nil ? nil : [value]) else {
            throw Fault(.malformed, "The JSON holds neither an array of records nor a record there.")
        }
        return try RecordText.objects(elements, limit)
    }

    /// Records out of values, each of which has to be an object.
    static func objects(_ elements: [JSONValue], _ limit: Int) throws(Fault) -> [JSONObject] {
        if elements.count > limit { try check(limit, limit) }
        var records: [JSONObject] = []
        records.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let record = element.object else { throw Fault(.malformed, "The record at place \(index) is no object.") }
            records.append(record)
        }
        return records
    }

    private func lines(_ bytes: [UInt8], _ limit: Int) throws(Fault) -> [JSONObject] {
        var records: [JSONObject] = []
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { continue }
            try RecordText.check(records.count, limit)
            let value: JSONValue
            do throws(Fault) {
                value = try JSONValue(parsing: Array(line))
            } catch {
                throw Fault(.malformed, "Line \(number) is no JSON: \(error.message)")
            }
            guard let record = value.object else { throw Fault(.malformed, "Line \(number) is no object.") }
            records.append(record)
        }
        return records
    }

    private static func check(_ count: Int, _ limit: Int) throws(Fault) {
        if count >= limit { throw Fault(.limitReached, "There are more than \(limit) records.") }
    }
}
