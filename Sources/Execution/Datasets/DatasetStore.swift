// Reading and writing records on whatever runs statements in the tenant's scope: a lane of requests, a session of its own, or the
// transaction in which a step of an execution ends. Writers hold the tenant's lock to the end of their transaction, so that quotas and
// figures hold whatever comes at once.

import Base
import JSON
import Postgres

/// The datasets of one tenant, as a transaction in its scope sees them.
struct DatasetStore {
    let tenant: TenantID

    /// Which dataset is meant: its id or its name.
    enum Reference: Sendable, Hashable {
        case id(DatasetID)
        case name(String)

        init(_ text: String) {
            self = DatasetID(text).map { .id($0) } ?? .name(text)
        }
    }

    static let notFound = Fault(.notFound, "There is no such dataset.")

    /// - Throws: `.notFound`.
    func find(_ reference: Reference, _ runner: some StatementRunner) async throws(Fault) -> Dataset {
        let found: Dataset? =
            switch reference {
            case .id(let id): try await runner.first(DatasetStatements.get, id)
            case .name(let name): try await runner.first(DatasetStatements.named, name)
            }
        guard let found else { throw DatasetStore.notFound }
        return found
    }

    /// The dataset of that name, made when there is none. Within a session; the tenant's lock is held from here on.
    /// - Throws: `.limitReached`; `.notFound` for an id that nothing has.
    func findOrCreate(_ reference: Reference, _ session: Session) async throws(Fault) -> Dataset {
        try await session.execute(DatasetStatements.lock, tenant)
        guard case .name(let name) = reference else { return try await find(reference, session) }
        if let found = try await session.first(DatasetStatements.named, name) { return found }
        guard let made = try await session.first(DatasetStatements.create, tenant, DatasetID.make(), name, "", nil) else {
            throw DatasetStore.notFound
        }
        try await checkQuotas(session)
        return made
    }

    /// Writes records, each under its key: new ones are added, those that are there are replaced. Within a session.
    /// - Throws: `.invalid` naming a key that is given twice; `.notFound`; `.limitReached` when the tenant would have more than its plan holds.
    func put(_ records: PutRecords, into dataset: DatasetID, _ session: Session) async throws(Fault) -> RecordsWritten {
        try records.check()
        var batch = session.batch()
        batch.add(DatasetStatements.lock, tenant)
        let written = batch.add(
            DatasetStatements.put, tenant, dataset, records.records.map(\.key), records.records.map { JSONBytes($0.value.bytes) })
        let totals = batch.add(DatasetStatements.totals, tenant)
        let results: BatchResults
        do throws(Fault) {
            results = try await batch.run()
        } catch {
            throw error.constraint == "dataset_records_dataset_fkey" ? DatasetStore.notFound : error
        }
        try results.first(totals)?.check()
        guard let written = try results.first(written) else { throw DatasetStore.notFound }
        return written
    }

    func checkQuotas(_ session: Session) async throws(Fault) {
        try await session.first(DatasetStatements.totals, tenant)?.check()
    }

    /// The records that `query` wants, and where the next part of them begins.
    /// - Throws: `.timedOut` when it takes the database too long; `.limitReached` when the answer would have to go on behind a value that is
    ///   too long for that. A dataset that does not exist has no records.
    func query(
        _ query: DatasetQuery, of dataset: DatasetID, _ runner: some StatementRunner
    ) async throws(Fault) -> Listing<DatasetRecord, DatasetQuery.Place> {
        precondition(DatasetQuery.limits.contains(query.limit), "the limit of a question is checked at the door")
        let program = FilterProgram(query.filter)
        var (records, bytes, isMore, after) = ([DatasetRecord](), 0, true, query.after)
        reading: while isMore && records.count < query.limit {
            let wanted = min(query.limit - records.count, DatasetQuery.readRecords)
            let found = try await read(wanted + 1, after, query.sort, program, dataset, runner)
            isMore = found.count > wanted
            for record in found.prefix(wanted) {
                bytes += record.value.bytes.count + record.key.utf8.count
                // One record is always given, so that whoever goes on comes to the end.
                if !records.isEmpty && bytes > query.bytes {
                    isMore = true
                    break reading
                }
                records.append(record)
            }
            after = records.last.map(DatasetStore.place)
        }
        let next = isMore ? records.last : nil
        if let value = next?.place, value.bytes.count > DatasetQuery.placeBytes {
            throw Fault(.limitReached, "The field that is sorted by holds values that are too long for an answer in parts.")
        }
        return Listing(records + (next.map { [$0] } ?? []), limit: max(records.count, 1), place: DatasetStore.place)
    }

    private static func place(_ record: DatasetRecord) -> DatasetQuery.Place {
        DatasetQuery.Place(key: record.key, value: record.place)
    }

    private func read(
        _ limit: Int, _ after: DatasetQuery.Place?, _ sort: DatasetQuery.Sort?, _ program: FilterProgram, _ dataset: DatasetID,
        _ runner: some StatementRunner
    ) async throws(Fault) -> [DatasetRecord] {
        guard let sort else {
            return try await runner.query(
                DatasetStatements.inOrderOfKeys, dataset, program.path, program.values, after?.key, limit)
        }
        return try await runner.query(
            DatasetStatements.sorted, dataset, program.path, program.values, after?.key, limit, sort.field.texts,
            after.map { JSONBytes($0.value?.bytes ?? JSONRaw.null.bytes) }, sort.isDescending)
    }
}
