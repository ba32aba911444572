// Records that are to be stored get their keys: out of their own fields, or out of the step that stores them, so that a repetition of the
// step replaces what it wrote.
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
        let isKey =
            DatasetRecord.keyCharacters.contains(key.unicodeScalars.count) && key.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        return isKey ? key : nil
    }
}

extension Array where Element == JSONObject {
    /// The records with their keys. Of records with the same key the last one stands.
    /// - Parameter step: what keys are made of, with the record's place, when no fields are named.
    /// - Throws: `.invalid` naming the record whose fields make no key, or that is too long; `.limitReached` when all together have more than
    ///   `RecordBounds.bytes`.
    func keyed(by fields: [FieldPath], otherwise step: String) throws(Fault) -> [NewRecord] {
        var places: [String: Int] = [:]
        var records: [NewRecord] = []
        var sum = 0
        for (index, record) in enumerated() {
            guard let key = fields.isEmpty ? "\(step)/\(index)" : record.key(of: fields) else {
                throw .invalid(
                    "records[\(index)].\(fields[0])", "required",
                    "The fields of the key must be there, and make 1 to 200 characters.")
            }
            let value = JSONValue.object(record)
            // What is far too long is not even spelled.
            let bytes = value.size(atMost: DatasetRecord.valueBytes) == nil ? nil : value.storable.bytes
            guard let bytes, bytes.count <= DatasetRecord.valueBytes else {
                throw .invalid("records[\(index)]", "length", "A record may have at most \(DatasetRecord.valueBytes) bytes.")
            }
            let new = NewRecord(key: key, value: JSONRaw(bytes))
            sum += bytes.count
            if let place = places[key] {
                sum -= records[place].value.bytes.count
                records[place] = new
            } else {
                places[key] = records.count
                records.append(new)
            }
            guard sum <= RecordBounds.bytes else {
                let message = "The records to be written have more than \(RecordBounds.bytes) bytes together."
                throw Fault(.limitReached, message, fields: [Fault.Field("records[\(index)]", "limit", message)])
            }
        }
        return records
    }
}
