// Everything that a tenant has, as lines of JSON: one moment of the database from the first line to the last, read in parts, so that it costs
// no more memory than a part however much there is. What opens something never leaves.
// Bounds: one export a loop and a tenant at once, which comes to an end whoever reads (`ExportTurn`); `pageRows` a table.

import Base
import JSON
import Postgres

/// Exports of tenants.
public struct Exports: Sendable {
    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    private static let tables = TenantTable.all.filter { $0.type != nil }.map { (table: $0, read: $0.makeRead()) }

    /// Writes down that the caller exports his tenant.
    /// - Throws: `.limitReached` while another export of the tenant is under way.
    public func begin(by permit: Permit<TenantExport>) async throws(Fault) {
        try await ExportTurn(of: permit.scope.tenant, database: database).check()
        _ = try await database.once(permit.scope.database).execute(
            AuditEntry.insert, permit.audit(.tenantExported), permit.scope.tenant.uuid)
    }

    /// Gives the tenant's rows to `write`, piece by piece, whole lines each. The first line says what it is, the last how many there were.
    /// - Parameter write: takes a piece; what it throws ends the export.
    /// - Throws: `.limitReached` while another export of the tenant is under way; `.timedOut` when it takes too long.
    public func run(_ tenant: TenantID, to write: ([UInt8]) async throws(Fault) -> Void) async throws(Fault) {
        try await ExportTurn(of: tenant, database: database).run { session, deadline throws(Fault) in
            var piece = Exports.line("export") { writer in
                writer.key("tenant_id")
                writer.id(tenant)
                writer.key("exported_at")
                writer.timestamp(.now)
            }
            var count = 0
            for (table, read) in Exports.tables {
                var place: [String]?
                repeat {
                    let rows = try await session.query(read, place, table.pageRows)
                    for row in rows {
                        piece += row.line
                        guard piece.count >= ExportTurn.pieceBytes else { continue }
                        try deadline.check()
                        try await write(piece)
                        piece.removeAll(keepingCapacity: true)
                    }
                    count += rows.count
                    place = rows.count == table.pageRows ? rows.last?.place : nil
                } while place != nil
            }
            piece += Exports.line("end") { writer in
                writer.key("rows")
                writer.int(count)
            }
            try await write(piece)
        }
    }

    private static func line(_ type: String, _ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("type")
        writer.string(type)
        writer.key("data")
        writer.beginObject()
        members(&writer)
        writer.endObject()
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }
}
