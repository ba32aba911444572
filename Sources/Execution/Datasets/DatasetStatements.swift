// The statements of datasets. Every one runs in the scope of its tenant; policies add the tenant to each condition. The figures of a dataset
// are changed by the statement that changes its records, while the tenant's lock is held. One that is deleted is there for none of them; its
// records are removed by housekeeping, in parts.

import Base
import JSON
import Postgres
import Tenancy

enum DatasetStatements {
    static let all: [any AnyStatement] = [
        create, get, named, list, update, delete, lock, totals, put, record, byKeys, remove, inOrderOfKeys, sorted,
    ]

    private static let columns = "id, name, description, record_count, bytes, created_at, updated_at, revision"

    /// The condition that the dataset `$1` is not deleted: what is left of its records is nobody's any more.
    private static let isThere = "EXISTS (SELECT FROM datasets d WHERE d.id = $1 AND d.deleted_at IS NULL)"

    // MARK: Datasets

    static let create = Statement<Dataset, TenantID, DatasetID, String, String, AuditEntry?>(
        "create dataset",
        """
        INSERT INTO datasets (tenant_id, id, name, description) VALUES ($1, $2, $3, $4)
        RETURNING \(columns), CASE WHEN $5 IS NOT NULL THEN insula_audit($5, id) END
        """, decode: dataset)

    static let get = Statement<Dataset, DatasetID>(
        "dataset by id", "SELECT \(columns) FROM datasets WHERE id = $1 AND deleted_at IS NULL", repeatable: true, decode: dataset
    )

    static let named = Statement<Dataset, String>(
        "dataset by name", "SELECT \(columns) FROM datasets WHERE name = $1 AND deleted_at IS NULL", repeatable: true,
        decode: dataset)

    static let list = Statement<Dataset, DatasetID?, Int, Bool>(
        "list datasets",
        "SELECT \(columns) FROM datasets WHERE deleted_at IS NULL "
            + ListClause.after("id", place: "$1", ascending: "$3", limit: "$2"),
        repeatable: true, decode: dataset)

    static let update = Statement<Dataset, DatasetID, String?, String?, [Int]?, AuditEntry>(
        "update dataset",
        """
        UPDATE datasets
        SET name = coalesce($2, name), description = coalesce($3, description), revision = revision + 1,
            updated_at = clock_timestamp()
        WHERE id = $1 AND deleted_at IS NULL AND ($4::bigint[] IS NULL OR revision = ANY ($4))
        RETURNING \(columns), insula_audit($5, id)
        """, decode: dataset)

    /// Takes a dataset out of sight.
    static let delete = Statement<Void, DatasetID, [Int]?, AuditEntry>(
        "delete dataset",
        """
        UPDATE datasets SET deleted_at = clock_timestamp(), revision = revision + 1
        WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint[] IS NULL OR revision = ANY ($2))
        RETURNING insula_audit($3, id)
        """)

    // MARK: What a tenant has

    /// Whoever writes waits for the others of his tenant, and only then counts.
    static let lock = Statement<Void, TenantID>(
        "lock the datasets of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))")

    /// What the tenant has, and what it may.
    static let totals = Statement<DatasetTotals, TenantID>(
        "totals of datasets",
        """
        SELECT t.plan, t.quotas, d.count, d.records, d.bytes
        FROM tenants t, (
            SELECT count(*) AS count, coalesce(sum(record_count), 0)::bigint AS records, coalesce(sum(bytes), 0)::bigint AS bytes
            FROM datasets WHERE deleted_at IS NULL
        ) d
        WHERE t.tenant_id = $1
        """
    ) { row throws(Fault) in
        let plan = Plan(rawValue: try row.value(0)) ?? .free
        return DatasetTotals(
            quotas: plan.quotas.under(contract: try JSONValue(parsing: try row.value(1, as: JSONBytes.self).bytes)),
            datasets: try row.value(2), records: try row.value(3), bytes: try row.value(4))
    }

    // MARK: Records

    static let put = Statement<RecordsWritten, TenantID, DatasetID, [String], [JSONBytes]>(
        "put records",
        """
        WITH given AS (
            SELECT g.key, g.body, octet_length(g.key) + octet_length(g.body::text) AS bytes FROM unnest($3, $4) AS g (key, body)
        ), present AS (
            -- Key by key, by the index: a list of keys is looked for in all records while nobody knows how many there are.
            SELECT r.bytes FROM given g CROSS JOIN LATERAL (
                SELECT x.bytes FROM dataset_records x WHERE (x.tenant_id, x.dataset_id, x.key) = ($1, $2, g.key) LIMIT 1) r
        ), written AS (
            INSERT INTO dataset_records (tenant_id, dataset_id, key, body, bytes)
            SELECT $1, $2, key, body, bytes FROM given
            ON CONFLICT (tenant_id, dataset_id, key)
            DO UPDATE SET body = excluded.body, bytes = excluded.bytes, updated_at = clock_timestamp()
            RETURNING bytes
        ), counted AS (
            SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM present) AS present,
                (SELECT coalesce(sum(written.bytes), 0) FROM written) - (SELECT coalesce(sum(present.bytes), 0) FROM present)
                    AS growth
        )
        UPDATE datasets d
        SET record_count = d.record_count + c.written - c.present, bytes = d.bytes + c.growth, revision = d.revision + 1,
            updated_at = clock_timestamp()
        FROM counted c WHERE d.id = $2 AND d.deleted_at IS NULL
        RETURNING d.id, c.written - c.present, c.present, d.record_count, d.bytes
        """
    ) { row throws(Fault) in
        RecordsWritten(
            dataset: try row.value(0), inserted: try row.value(1), updated: try row.value(2), recordCount: try row.value(3),
            bytes: try row.value(4))
    }

    static let record = Statement<DatasetRecord, DatasetID, String>(
        "record by key",
        """
        SELECT key, body, created_at, updated_at, NULL::jsonb FROM dataset_records
        WHERE dataset_id = $1 AND key = $2 AND \(isThere)
        """,
        repeatable: true, decode: record)

    static let byKeys = Statement<DatasetRecord, DatasetID, [String]>(
        "records by keys",
        """
        SELECT key, body, created_at, updated_at, NULL::jsonb FROM dataset_records
        WHERE dataset_id = $1 AND key = ANY ($2) AND \(isThere)
        """,
        repeatable: true, decode: record)

    static let remove = Statement<Void, DatasetID, String, AuditEntry>(
        "remove record",
        """
        WITH removed AS (
            DELETE FROM dataset_records WHERE dataset_id = $1 AND key = $2 AND \(isThere) RETURNING bytes
        )
        UPDATE datasets d
        SET record_count = d.record_count - 1, bytes = d.bytes - removed.bytes, revision = d.revision + 1,
            updated_at = clock_timestamp()
        FROM removed WHERE d.id = $1 AND d.deleted_at IS NULL
        RETURNING insula_audit($3, d.id)
        """)

    /// The condition of `FilterProgram`.
    private static let wanted = "\(isThere) AND ($2 IS NULL OR jsonb_path_match(body, $2::jsonpath, $3, true))"

    static let inOrderOfKeys = Statement<DatasetRecord, DatasetID, String?, JSONBytes, String?, Int>(
        "records by key",
        """
        SELECT key, body, created_at, updated_at, NULL::jsonb FROM dataset_records
        WHERE dataset_id = $1 AND \(wanted) AND ($4 IS NULL OR key > $4)
        ORDER BY key LIMIT $5
        """, repeatable: true, decode: record)

    static let sorted = Statement<DatasetRecord, DatasetID, String?, JSONBytes, String?, Int, [String], JSONBytes?, Bool>(
        "records by a field",
        """
        SELECT key, body, created_at, updated_at, place FROM (
            SELECT r.*, coalesce(body #> $6, 'null'::jsonb) AS place FROM dataset_records r WHERE dataset_id = $1 AND \(wanted)
        ) r
        WHERE $4 IS NULL OR CASE WHEN $8 THEN (place, key) < ($7, $4) ELSE (place, key) > ($7, $4) END
        ORDER BY CASE WHEN NOT $8 THEN place END, CASE WHEN $8 THEN place END DESC,
            CASE WHEN NOT $8 THEN key END, CASE WHEN $8 THEN key END DESC
        LIMIT $5
        """, repeatable: true, decode: record)

    // MARK: Reading rows

    private static func dataset(_ row: borrowing RowReader) throws(Fault) -> Dataset {
        Dataset(
            id: try row.value(0), name: try row.value(1), description: try row.value(2), recordCount: try row.value(3),
            bytes: try row.value(4), createdAt: try row.value(5), updatedAt: try row.value(6), revision: try row.value(7))
    }

    private static func record(_ row: borrowing RowReader) throws(Fault) -> DatasetRecord {
        DatasetRecord(
            key: try row.value(0), value: JSONRaw(try row.value(1, as: JSONBytes.self).bytes), createdAt: try row.value(2),
            updatedAt: try row.value(3), place: try row.json(4))
    }
}

/// What a tenant has in datasets, and what its plan holds.
struct DatasetTotals: Sendable {
    let quotas: Quotas
    let datasets: Int
    let records: Int
    let bytes: Int

    /// - Throws: `.limitReached` naming what there is too much of.
    func check() throws(Fault) {
        for (has, most, what) in [
            (datasets, quotas.datasets, "datasets"), (records, quotas.datasetRecords, "records in datasets"),
            (bytes, quotas.datasetBytes, "bytes in datasets"),
        ] where has > most {
            throw Fault(.limitReached, "The plan holds \(most) \(what). Delete some first.")
        }
    }
}
