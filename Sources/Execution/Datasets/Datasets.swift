// What can be done with datasets. Each operation takes the permit that it needs and runs in the tenant's scope, writing in one transaction
// with its line of the audit log.
// Bounds: one export of a tenant at a time, for as long as `ExportTurn` lets it.

import Base
import JSON
import Postgres
import Tenancy

/// The datasets of all tenants, each in its tenant's scope.
public final class Datasets: Sendable {
    /// Records that an export reads at once.
    static let exportedRecords = 200

    private let database: Database
    private let now: @Sendable () -> Instant

    /// - Parameter now: the clock that ends exports.
    public init(database: Database, now: @escaping @Sendable () -> Instant = { .now }) {
        self.database = database
        self.now = now
    }

    /// What these operations run, to be prepared at connect.
    public static var statements: [any AnyStatement] { DatasetStatements.all + ExportTurn.statements }

    // MARK: Datasets

    /// Makes a dataset, which is empty.
    /// - Throws: `.conflict` when the name is taken; `.limitReached` when the tenant has as many as its plan holds.
    public func create(_ dataset: CreateDataset, _ permit: Permit<DatasetsWrite>) async throws(Fault) -> Dataset {
        try await database.session(permit.scope.database) { session throws(Fault) in
            try await session.execute(DatasetStatements.lock, permit.scope.tenant)
            let made = try await Datasets.naming { () throws(Fault) in
                try await session.first(
                    DatasetStatements.create, permit.scope.tenant, DatasetID.make(), dataset.name, dataset.description,
                    permit.audit(.datasetCreated))
            }
            try await DatasetStore(tenant: permit.scope.tenant).checkQuotas(session)
            return try Datasets.found(made)
        }
    }

    /// - Throws: `.notFound`.
    public func get(_ id: DatasetID, _ permit: Permit<DatasetsRead>) async throws(Fault) -> Dataset {
        try Datasets.found(try await database.once(permit.scope.database).first(DatasetStatements.get, id))
    }

    /// Datasets.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        before: DatasetID? = nil, limit: Int = 20, order: ListOrder = .newestFirst, _ permit: Permit<DatasetsRead>
    ) async throws(Fault) -> Listing<Dataset, DatasetID> {
        precondition(Listing<Dataset, DatasetID>.limits.contains(limit), "the limit of a list is checked at the door")
        let datasets = try await database.slow(permit.scope.database).query(
            DatasetStatements.list, before, limit + 1, order.isAscending)
        return Listing(datasets, limit: limit) { $0.id }
    }

    /// Changes what `update` names.
    /// - Throws: `.notFound`; `.conflict` when the name is taken; `.preconditionFailed` when it has changed meanwhile.
    public func update(_ id: DatasetID, _ update: UpdateDataset, _ permit: Permit<DatasetsWrite>) async throws(Fault) -> Dataset {
        let changed = try await Datasets.naming { () throws(Fault) in
            try await database.once(permit.scope.database).first(
                DatasetStatements.update, id, update.name, update.description, permit.request.acceptedRevisions,
                permit.audit(.datasetUpdated))
        }
        guard let changed else { throw try await missing(id, permit.scope) }
        return changed
    }

    /// Removes a dataset. Its records are gone with it for whoever looks, and from the database by and by.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func delete(_ id: DatasetID, _ permit: Permit<DatasetsWrite>) async throws(Fault) {
        let count = try await database.once(permit.scope.database).execute(
            DatasetStatements.delete, id, permit.request.acceptedRevisions, permit.audit(.datasetDeleted))
        if count == 0 { throw try await missing(id, permit.scope) }
    }

    // MARK: Records

    /// Writes records: all of them or none.
    /// - Throws: `.notFound`; `.invalid` naming a key that is given twice; `.limitReached`.
    public func put(
        _ records: PutRecords, into id: DatasetID, _ permit: Permit<DatasetsWrite>
    ) async throws(Fault) -> RecordsWritten {
        try await database.session(permit.scope.database) { session throws(Fault) in
            let written = try await DatasetStore(tenant: permit.scope.tenant).put(records, into: id, session)
            var details = JSONObject()
            details["inserted"] = .integer(written.inserted)
            details["updated"] = .integer(written.updated)
            try await session.execute(AuditEntry.insert, permit.audit(.datasetRecordsWritten, details: details), id.uuid)
            return written
        }
    }

    /// - Throws: `.notFound`.
    public func record(_ key: String, of id: DatasetID, _ permit: Permit<DatasetsRead>) async throws(Fault) -> DatasetRecord {
        guard let record = try await database.once(permit.scope.database).first(DatasetStatements.record, id, key) else {
            throw Datasets.noRecord
        }
        return record
    }

    /// - Throws: `.notFound`.
    public func remove(_ key: String, of id: DatasetID, _ permit: Permit<DatasetsWrite>) async throws(Fault) {
        let count = try await database.session(permit.scope.database) { session throws(Fault) in
            try await session.execute(DatasetStatements.lock, permit.scope.tenant)
            return try await session.execute(DatasetStatements.remove, id, key, permit.audit(.datasetRecordDeleted))
        }
        if count == 0 { throw Datasets.noRecord }
    }

    /// Records that a question wants.
    /// - Throws: `.notFound`, and as `DatasetStore.query`.
    public func query(
        _ query: DatasetQuery, of id: DatasetID, _ permit: Permit<DatasetsRead>
    ) async throws(Fault) -> Listing<DatasetRecord, DatasetQuery.Place> {
        let lane = database.slow(permit.scope.database)
        let part = try await DatasetStore(tenant: permit.scope.tenant).query(query, of: id, lane)
        if part.elements.isEmpty { _ = try Datasets.found(try await lane.first(DatasetStatements.get, id)) }
        return part
    }

    /// Gives all records to `write` in the order of their keys, piece by piece, whole lines each, as they stood at one moment.
    /// - Throws: `.notFound`; `.limitReached` while another export of the tenant is under way; `.timedOut` when it takes too long; and what
    ///   `write` throws, which ends the export.
    public func export(
        _ id: DatasetID, _ permit: Permit<DatasetsRead>, to write: ([UInt8]) async throws(Fault) -> Void
    ) async throws(Fault) {
        _ = try await get(id, permit)
        let turn = ExportTurn(of: permit.scope.tenant, database: database, now: now)
        try await turn.check()
        _ = try await database.once(permit.scope.database).execute(
            AuditEntry.insert, permit.audit(.datasetExported), id.uuid)
        try await turn.run { session, deadline throws(Fault) in
            let store = DatasetStore(tenant: permit.scope.tenant)
            var place: DatasetQuery.Place?
            repeat {
                let part = try await store.query(
                    DatasetQuery(limit: Datasets.exportedRecords, after: place), of: id, session)
                var piece: [UInt8] = []
                for record in part.elements {
                    piece += DatasetRecord.output.bytes(record)
                    piece.append(UInt8(ascii: "\n"))
                    guard piece.count >= ExportTurn.pieceBytes else { continue }
                    try deadline.check()
                    try await write(piece)
                    piece.removeAll(keepingCapacity: true)
                }
                if !piece.isEmpty {
                    try deadline.check()
                    try await write(piece)
                }
                place = part.next
            } while place != nil
        }
    }

    // MARK: Refusals

    private static let noRecord = Fault(.notFound, "There is no such record.")

    private static func naming<Value>(_ body: () async throws(Fault) -> Value) async throws(Fault) -> Value {
        do throws(Fault) {
            return try await body()
        } catch {
            throw error.constraint == "datasets_name_key" ? Fault(.conflict, "There is a dataset of that name.") : error
        }
    }

    /// Why a dataset was not changed.
    private func missing(_ id: DatasetID, _ scope: TenantScope) async throws(Fault) -> Fault {
        let isThere = try await database.once(scope.database).first(DatasetStatements.get, id) != nil
        return isThere ? .changedMeanwhile : DatasetStore.notFound
    }

    private static func found(_ dataset: Dataset?) throws(Fault) -> Dataset {
        guard let dataset else { throw DatasetStore.notFound }
        return dataset
    }
}
