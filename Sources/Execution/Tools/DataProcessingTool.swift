// `data_processing`: records from a source through cleaning, validation, enrichment and aggregation to a destination, with a report of
// each stage. What burns a core leaves the loop; files come through the guarded client. All records are written in the transaction that
// finishes the step: they are there, once, exactly when it has succeeded.
// Bounds: `RecordBounds`, the plan's quotas, `writtenAtOnce` records a statement, the deadline of the run.

import Base
import HTTP
import JSON
import Loop
import Postgres
import Tenancy

/// Carries data from one place to another.
struct DataProcessingTool: StagedTool {
    static let writtenAtOnce = 500
    static let timeoutMilliseconds = 60_000

    private let database: Database
    private let client: OutgoingClient
    private let pool: BlockingPool

    init(database: Database, client: OutgoingClient, pool: BlockingPool) {
        self.database = database
        self.client = client
        self.pool = pool
    }

    let name = "data_processing"
    let version = "1.0.0"
    let summary =
        "Reads records, cleans, validates, enriches and aggregates them, and writes them to a dataset: all of them exactly once, or none."
    let category = "data"
    let rights = Rights([.datasetsRead, .datasetsWrite])
    let configuration = DataPlan.input("DataProcessingConfiguration")
    let arguments = DataPlan.input("DataProcessingArguments")
    var output: SchemaNode { DataReport.output.schema }

    let examples = [
        ToolExample(
            "Sales by city, of rows that are sound",
            configuration: [
                "clean": ["null_words": ["", "n/a"], "types": ["amount": "integer"], "drop_incomplete": ["city"]],
                "validate": ["fields": ["amount": ["type": "integer", "required": true, "min": 0]]],
                "aggregate": [
                    "by": ["city"], "measures": ["total": ["op": "sum", "field": "amount"], "sales": ["op": "count"]],
                ],
            ],
            input: [
                "source": [
                    "records": [
                        ["city": " Bergen ", "amount": "3"], ["city": "Porto", "amount": "-1"], ["city": "n/a", "amount": "1"],
                        ["city": "Bergen", "amount": 4],
                    ]
                ]
            ])
    ]

    func redacted(_ input: JSONObject) -> JSONObject {
        var shown = input
        // It stands in the journal already, as the output of the step before.
        shown["previous"] = nil
        return shown
    }

    func stage(_ plan: DataPlan, in context: ToolContext) async throws(StepFailure) -> StagedWrite {
        do throws(Fault) {
            var report = DataReport()
            var rows: [SourceRow]
            do throws(Fault) {
                rows = try await read(plan, context, &report)
            } catch {
                throw error.of("source")
            }
            report.read = rows.count
            rows = try await checked(rows, plan, &report)
            if let enrichment = plan.enrichment { rows = try await enriched(rows, enrichment, context, &report) }
            let records = try await grouped(rows.map(\.record), plan, &report)
            let made = try await described(records, plan, report)
            let new = try await keyed(records, plan.destination, context)
            context.write(.info, "processed \(report.read) records", JSONObject())
            return { session throws(StepFailure) in
                var report = made
                if let destination = plan.destination {
                    do throws(Fault) {
                        try await write(new, to: destination, DatasetStore(tenant: context.tenant), session, &report)
                    } catch {
                        throw StepFailure(error)
                    }
                }
                return try DataReport.output.value(report)
            }
        } catch {
            throw StepFailure(error)
        }
    }

    // MARK: Reading

    private func read(
        _ plan: DataPlan, _ context: ToolContext, _ report: inout DataReport
    ) async throws(Fault) -> [SourceRow] {
        let source = plan.source
        let limit = source?.limit ?? RecordBounds.records
        let records: [JSONObject]
        if let dataset = source?.dataset {
            let lane = database.slow(.tenant(context.tenant))
            let found = try await DatasetStore(tenant: context.tenant).find(DatasetStore.Reference(dataset), lane).id
            report.sources.insert(found)
            records = try await stored(found, source?.filter, limit, context)
        } else if let source, let url = source.url {
            records = try await fetched(url, source, context)
        } else {
            let previous = plan.previous.map { $0["records"] ?? $0["json"] ?? $0 }
            guard let value = source?.records ?? previous else {
                throw .invalid("source", "required", "There is no source, and no tool before that gives records.")
            }
            records = try RecordText.objects(value.array ?? [value], limit)
        }
        return records.enumerated().map { SourceRow(row: $0.offset + 1, record: $0.element) }
    }

    private func stored(
        _ dataset: DatasetID, _ filter: RecordFilter?, _ limit: Int, _ context: ToolContext
    ) async throws(Fault) -> [JSONObject] {
        let store = DatasetStore(tenant: context.tenant)
        let lane = database.slow(.tenant(context.tenant))
        var records: [JSONObject] = []
        var (query, bytes) = (DatasetQuery(filter: filter, limit: 500), 0)
        repeat {
            let part = try await store.query(query, of: dataset, lane)
            for record in part.elements {
                bytes += record.value.bytes.count
                guard records.count < limit, bytes <= RecordBounds.bytes else {
                    throw Fault(.limitReached, "The dataset holds more than \(limit) records or \(RecordBounds.bytes) bytes.")
                }
                records.append(try JSONValue(parsing: record.value.bytes).object ?? JSONObject())
            }
            query.after = part.next
        } while query.after != nil
        return records
    }

    private func fetched(_ url: String, _ source: DataPlan.Source, _ context: ToolContext) async throws(Fault) -> [JSONObject] {
        var request = try ClientRequest(
            .get, url, headers: [ClientHeader("accept", "text/csv, application/json, application/x-ndjson")])
        request.timeoutMilliseconds = context.milliseconds(atMost: DataProcessingTool.timeoutMilliseconds)
        request.responseLimitBytes = RecordBounds.bytes
        let response = try await client.send(request)
        if let failure = response.failure {
            // What the server will not answer otherwise later is the fault of the address.
            throw failure.kind == .transient ? failure.fault : .invalid("source.url", "reference", failure.fault.message)
        }
        let type = (response.headers.text(of: .contentType) ?? "").prefix { $0 != ";" }.lowercased()
        guard let format = source.format ?? RecordFormat(mediaType: type.filter { $0 != " " }) else {
            throw Fault(
                .unsupportedMediaType, "The file is neither CSV nor JSON nor NDJSON by its type, and the format is not said.")
        }
        var text = RecordText(format: format)
        text.path = source.path
        text.delimiter = source.delimiter.utf8.first ?? UInt8(ascii: ",")
        let (body, reading, limit) = (response.body, text, source.limit)
        return try await pool.run { () throws(Fault) in try reading.records(body, limit: limit) }
    }

    // MARK: In between

    private func checked(_ rows: [SourceRow], _ plan: DataPlan, _ report: inout DataReport) async throws(Fault) -> [SourceRow] {
        guard plan.cleaning != nil || plan.rules != nil else { return rows }
        let before = report
        let (kept, counted) = try await pool.run { () throws(Fault) -> ([SourceRow], DataReport) in
            var (rows, report) = (rows, before)
            if let cleaning = plan.cleaning { (report.repeats, report.incomplete) = try cleaning.apply(to: &rows) }
            guard let rules = plan.rules else { return (rows, report) }
            let (problems, invalid) = rules.check(rows)
            (report.problems, report.invalid) = (problems, invalid.count)
            switch rules.consequence {
            case .keep: break
            case .drop:
                rows.removeAll { invalid.contains($0.row) }
                report.dropped = invalid.count
            case .fail where !invalid.isEmpty:
                let fields = problems.prefix(Problems.most).map {
                    Fault.Field("rows[\($0.row)].\($0.field)", $0.code, $0.message)
                }
                throw Fault(.invalid, "\(invalid.count) rows break the rules.", fields: Array(fields))
            case .fail: break
            }
            return (rows, report)
        }
        report = counted
        return kept
    }

    private func enriched(
        _ rows: [SourceRow], _ enrichment: DataPlan.Enrichment, _ context: ToolContext, _ report: inout DataReport
    ) async throws(Fault) -> [SourceRow] {
        var rows = rows
        for (index, lookup) in enrichment.lookups.enumerated() {
            do throws(Fault) {
                rows = try await joined(rows, lookup, context, &report)
            } catch {
                throw error.of("enrich.lookup[\(index)]")
            }
        }
        let looked = rows
        return try await pool.run { () throws(Fault) in
            var records = looked.map(\.record)
            for (index, derivation) in enrichment.derivations.enumerated() {
                do throws(Fault) {
                    try RecordStep.derive(derivation).apply(to: &records)
                } catch {
                    throw Fault(error.code, "enrich.derive[\(index)] failed. \(error.message)", fields: error.fields)
                        .of("enrich.derive[\(index)]")
                }
            }
            do throws(Fault) {
                try RecordStep.set(enrichment.constants).apply(to: &records)
            } catch {
                throw error.of("enrich.set")
            }
            return zip(looked, records).map { SourceRow(row: $0.row, record: $1) }
        }
    }

    private func joined(
        _ rows: [SourceRow], _ lookup: DataPlan.Enrichment.Lookup, _ context: ToolContext, _ report: inout DataReport
    ) async throws(Fault) -> [SourceRow] {
        let lane = database.slow(.tenant(context.tenant))
        let dataset = try await DatasetStore(tenant: context.tenant).find(DatasetStore.Reference(lookup.dataset), lane).id
        report.sources.insert(dataset)
        let keys = try await pool.run { () throws(Fault) in rows.map { row in row.record.key(of: [lookup.field]) } }
        let known = try await taken(lookup, Set(keys.compactMap { $0 }).sorted(), dataset, lane)
        let (joined, found) = try await pool.run { () throws(Fault) -> ([SourceRow], Int) in
            var (joined, found, sum) = (rows, 0, RecordSum())
            for (index, key) in keys.enumerated() {
                if let values = key.flatMap({ known[$0] }) {
                    found += 1
                    for (take, value) in zip(lookup.take, values) {
                        try RecordStep.put(value, take.value, &joined[index].record)
                    }
                }
                try sum.add(.object(joined[index].record))
            }
            return (joined, found)
        }
        report.found += found
        report.missed += rows.count - found
        return joined
    }

    /// What is taken out of the records with these keys, and nothing else of them.
    private func taken(
        _ lookup: DataPlan.Enrichment.Lookup, _ keys: [String], _ dataset: DatasetID, _ lane: some StatementRunner
    ) async throws(Fault) -> [String: [JSONValue]] {
        var (known, sum): ([String: [JSONValue]], RecordSum) = ([:], RecordSum())
        for start in stride(from: 0, to: keys.count, by: DatasetQuery.readRecords) {
            let part = Array(keys[start..<min(start + DatasetQuery.readRecords, keys.count)])
            let records = try await lane.query(DatasetStatements.byKeys, dataset, part)
            let values = try await pool.run { () throws(Fault) -> [[JSONValue]] in
                var values: [[JSONValue]] = []
                for record in records {
                    let object = try JSONValue(parsing: record.value.bytes).object ?? JSONObject()
                    values.append(lookup.take.map { $0.field.value(in: object) ?? .null })
                }
                return values
            }
            for (record, values) in zip(records, values) {
                try sum.add(.array(values))
                known[record.key] = values
            }
        }
        return known
    }

    private func grouped(
        _ records: [JSONObject], _ plan: DataPlan, _ report: inout DataReport
    ) async throws(Fault) -> [JSONObject] {
        guard let aggregation = plan.aggregation else { return records }
        let groups: [JSONObject]
        do throws(Fault) {
            groups = try await pool.run { () throws(Fault) in try aggregation.groups(of: records) }
        } catch {
            throw error.of("aggregate")
        }
        report.groups = groups.count
        return groups
    }

    // MARK: Giving

    /// The records as they are written; none without a destination.
    private func keyed(
        _ records: [JSONObject], _ destination: DataPlan.Destination?, _ context: ToolContext
    ) async throws(Fault) -> [NewRecord] {
        guard let destination else { return [] }
        let (fields, step) = (destination.key, context.idempotencyKey)
        do throws(Fault) {
            return try await pool.run { () throws(Fault) in try records.keyed(by: fields, otherwise: step) }
        } catch {
            let named = error.fields.map { Fault.Field("destination.\($0.path)", $0.code, $0.message) }
            throw Fault(error.code, error.message, fields: named).of("destination")
        }
    }

    /// Writes all records, holding the lock of the tenant's datasets from here to the end of the step.
    private func write(
        _ records: [NewRecord], to destination: DataPlan.Destination, _ store: DatasetStore, _ session: Session,
        _ report: inout DataReport
    ) async throws(Fault) {
        let dataset = try await store.findOrCreate(DatasetStore.Reference(destination.dataset), session)
        guard !report.sources.contains(dataset.id) else { throw .invalid("destination", "reference", DataPlan.overlap) }
        report.dataset = dataset.id
        for start in stride(from: 0, to: records.count, by: DataProcessingTool.writtenAtOnce) {
            let part = PutRecords(Array(records[start..<min(start + DataProcessingTool.writtenAtOnce, records.count)]))
            let written = try await store.put(part, into: dataset.id, session)
            report.inserted += written.inserted
            report.updated += written.updated
        }
    }

    /// The report with as many of the records as an output holds.
    private func described(_ records: [JSONObject], _ plan: DataPlan, _ report: DataReport) async throws(Fault) -> DataReport {
        try await pool.run { () throws(Fault) in
            var report = report
            report.count = records.count
            if plan.givesRecords {
                var bytes = 0
                let shown = records.prefix { record in
                    bytes += JSONValue.object(record).bytes.count + 1
                    return bytes <= RecordBounds.outputBytes
                }
                report.records = Array(shown)
                report.isTruncated = shown.count < records.count
            }
            return report
        }
    }
}

extension Fault {
    /// The same, where a bound was passed and nothing is named, with the field of the plan that it is about.
    fileprivate func of(_ field: String) -> Fault {
        guard fields.isEmpty, code == .limitReached else { return self }
        var named = self
        named.fields = [Field(field, "limit", message)]
        return named
    }
}
