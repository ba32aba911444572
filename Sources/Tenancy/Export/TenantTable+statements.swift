// The statements over a table of tenants' rows: a part of it for an export, and the removal of a part. Columns are read as what they are
// and written as the wire writes them.

import Base
import JSON
import Postgres

/// A row as a line of an export, and its place.
struct ExportedRow: Sendable {
    let line: [UInt8]
    /// The primary key behind the tenant, as text.
    let place: [String]
}

extension TenantTable {
    /// Reads rows in the scope of a tenant, in the order of the key, behind a place.
    func makeRead() -> Statement<ExportedRow, [String]?, Int> {
        let named = key.map(\.column).joined(separator: ", ")
        let place = key.enumerated().map { "(($1)[\($0.offset + 1)])::\($0.element.type)" }.joined(separator: ", ")
        let texts = key.map { "\($0.column)::text" }.joined(separator: ", ")
        let list = columns.map { column in
            switch column.kind {
            case .text: "\(column.name)::text"
            case .number: "\(column.name)::bigint"
            case .texts: "\(column.name)::text[]"
            case .definition: "(SELECT d.kind || ' ' || d.id FROM definitions d WHERE d.id = \(name).\(column.name))"
            case .id, .flag, .time, .json: column.name
            }
        }
        // An audit line's ids are typed by other columns; they are read beside them.
        let sql = """
            SELECT \(list.joined(separator: ", ")), ARRAY[\(texts)] FROM \(name)
            WHERE NOT (\(remains)) AND ($1 IS NULL OR (\(named)) > (\(place))) ORDER BY \(named) LIMIT $2
            """
        let columns = columns
        let type = type ?? name
        return Statement("export \(name)", sql) { row throws(Fault) in
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("type")
            writer.string(type)
            writer.key("data")
            writer.beginObject()
            for (at, column) in columns.enumerated() {
                writer.key(name: column.name)
                try column.write(row, at, to: &writer)
            }
            writer.endObject()
            writer.endObject()
            var line = writer.finish()
            line.append(UInt8(ascii: "\n"))
            return ExportedRow(line: line, place: try row.value(columns.count))
        }
    }

    /// Removes rows of a tenant, at most so many.
    func makeRemove() -> Statement<Void, TenantID, Int> {
        Statement(
            "remove from \(name)",
            "DELETE FROM \(name) WHERE ctid = ANY (ARRAY(SELECT ctid FROM \(name) WHERE tenant_id = $1 LIMIT $2))")
    }
}

extension TenantTable.Column {
    /// Writes the value of this column, which stands at `position`.
    fileprivate func write(_ row: borrowing RowReader, _ position: Int, to writer: inout JSONWriter) throws(Fault) {
        if row.isNull(position) { return writer.null() }
        switch kind {
        case .id(let prefix):
            let uuid = try row.value(position, as: UUIDBits.self)
            // What has no one kind keeps the spelling of the database.
            writer.string(prefix.isEmpty ? uuid.description : uuid.typeID(prefix))
        case .definition:
            let parts = try row.value(position, as: String.self).split(separator: " ")
            let uuid = parts.last.flatMap { UUIDBits(hyphenated: $0.utf8) }
            let prefix = parts.first == "automation" ? "auto" : parts.first.map(String.init) ?? ""
            writer.string(uuid?.typeID(prefix) ?? "")
        case .text: writer.string(try row.value(position))
        case .number: writer.int(try row.value(position))
        case .flag: writer.bool(try row.value(position))
        case .time: writer.timestamp(try row.value(position))
        case .json: writer.raw(try row.value(position, as: JSONBytes.self).bytes)
        case .texts: try row.value(position, as: [String].self).write(to: &writer)
        }
    }
}

extension UUIDBits {
    /// The TypeID of that prefix.
    func typeID(_ prefix: String) -> String {
        var text = Array(prefix.utf8)
        text.append(UInt8(ascii: "_"))
        text.appendBase32(self)
        return String(decoding: text, as: UTF8.self)
    }
}
