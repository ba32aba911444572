// Records that are to be stored get their keys: out of their own fields, or out of the step that stores them, so that a repetition of the
// step replaces what it wrote. Two records with one key are refused: the values `"1"` and `1` make the same.
// Bounds: `DatasetRecord.valueBytes` a record, `RecordBounds.bytes` all of them.

import Base
import JSON

extension JSONObject {
    /// The values of these fields as a key, joined by slashes; `nil` when one is missing, null, an array or an object, or the whole is no key.
    func key(of fields: [FieldPath]) -> String? {
        var parts: [String] = []
        for field in fields {
            guard let value = field.value(in: self), !value.isNull, value.isScalar else { return nil }
            parts.append(value.string ?? String(decoding: value.bytes, as: UTF8.self))
        }
        let key = parts.joined(separator: "/")
        let isKey = DatasetRecord.keyCharacters.contains(key.unicodeScalars.count) && NewRecord.keyFormat.accepts(key)
        return isKey ? key : nil
    }
}

extension Array where Element == JSONObject {
    /// The records with their keys, each key once.
    /// - Parameter step: what keys are made of, with the record's place, when no fields are named.
    /// - Throws: `.invalid` naming the record whose fields make no key or that of a record before, or that is too long; `.limitReached` when all together have more than
    ///   `RecordBounds.bytes`.
    func keyed(by fields: [FieldPath], otherwise step: String) throws(Fault) -> [NewRecord] {
        // By bytes, as the store compares them.
        var places: [[UInt8]: Int] = [:]
        var records: [NewRecord] = []
        var sum = 0
        for (index, record) in enumerated() {
            guard let key = fields.isEmpty ? "\(step)/\(index)" : record.key(of: fields) else {
                throw .invalid(
                    "records[\(index)].\(fields[0])", "required",
                    "The fields of the key must be there, and make 1 to 200 characters without control characters, not `.` or `..` alone."
                )
            }
            if let place = places.updateValue(index, forKey: Array<UInt8>(key.utf8)) {
                let path = fields.isEmpty ? "records[\(index)]" : "records[\(index)].\(fields[0])"
                throw .invalid(path, "duplicate", "The record at place \(place) has the same key, \(key).")
            }
            let value = JSONValue.object(record)
            // What is far too long is not even spelled.
            let bytes = value.size(atMost: DatasetRecord.valueBytes) == nil ? nil : value.storable.bytes
            guard let bytes, bytes.count <= DatasetRecord.valueBytes else {
                throw .invalid("records[\(index)]", "length", "A record may have at most \(DatasetRecord.valueBytes) bytes.")
            }
            records.append(NewRecord(key: key, value: JSONRaw(bytes)))
            sum += bytes.count
            guard sum <= RecordBounds.bytes else {
                let message = "The records to be written have more than \(RecordBounds.bytes) bytes together \(RecordSum.words)."
                throw Fault(.limitReached, message, fields: [Fault.Field("records[\(index)]", "limit", message)])
            }
        }
        return records
    }
}
