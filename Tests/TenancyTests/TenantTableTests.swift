// The list of tenants' tables against the database's own catalogue: no table can be forgotten by exports and removal, and no column can
// slip in that should not leave.

import Base
import InsulaTesting
import Postgres
import Testing

@testable import Tenancy

@Suite struct TenantTableTests {
    private struct Catalogue {
        /// The columns of every table that has a `tenant_id`.
        var columns: [String: Set<String>] = [:]
        var types: [String: String] = [:]
    }

    private static func catalogue() async throws -> Catalogue {
        let rows = try await TestDatabase.make().connectAsSuperuser().rows(
            """
            SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
                AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
            """)
        var catalogue = Catalogue()
        for row in rows {
            let (table, column) = (row[0] ?? "", row[1] ?? "")
            catalogue.columns[table, default: []].insert(column)
            catalogue.types["\(table).\(column)"] = row[2]
        }
        return catalogue
    }

    @Test func `every column of every table of tenants is exported or left out by name`() async throws {
        let catalogue = try await TenantTableTests.catalogue()
        #expect(Set(TenantTable.all.map(\.name)) == Set(catalogue.columns.keys))
        #expect(TenantTable.all.count == Set(TenantTable.all.map(\.name)).count)
        for table in TenantTable.all {
            let exported = table.columns.map(\.name)
            #expect(Set(exported).isDisjoint(with: table.omitted), "\(table.name)")
            let all = Set(exported).union(table.omitted).union(["tenant_id"])
            #expect(all == catalogue.columns[table.name], "\(table.name)")
        }
    }

    @Test func `nothing that opens something is exported`() async throws {
        let catalogue = try await TenantTableTests.catalogue()
        // These say when, whether or what for, and not with what.
        let harmless: Set<String> = [
            "users.password_changed_at", "users.must_change_password", "execution_steps.step_key", "executions.tokens",
            "execution_steps.tokens", "executions.concurrency_key",
            "dataset_records.key", "notifications.step_key",
        ]
        var left = 0
        for table in TenantTable.all where table.type != nil {
            for column in table.columns {
                let name = "\(table.name).\(column.name)"
                let type = catalogue.types[name] ?? ""
                let sounds = ["hash", "secret", "password", "token", "sealed", "key", "code", "salt"].contains { part in
                    column.name.contains(part)
                }
                #expect(type != "bytea", "\(name) holds bytes")
                #expect(!sounds || harmless.contains(name), "\(name) sounds like a secret")
            }
            left += table.omitted.count
        }
        #expect(left >= 10)
    }

    @Test func `each table lies behind those that it refers to`() async throws {
        let references = try await TestDatabase.make().connectAsSuperuser().rows(
            """
            SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid
            """)
        let places = Dictionary(uniqueKeysWithValues: TenantTable.all.enumerated().map { ($0.element.name, $0.offset) })
        for row in references {
            guard let child = places[row[0] ?? ""], let parent = places[row[1] ?? ""] else { continue }
            #expect(parent < child, "\(row[0] ?? "") refers to \(row[1] ?? "")")
        }
    }

    @Test func `the housekeeper can remove the rows of every table of tenants, and what is due or old alone`() async throws {
        let missing = try await TestDatabase.make().connectAsSuperuser().rows(
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
                AND c.relname <> 'tenants'
                AND NOT (has_table_privilege('insula_housekeeper', c.oid, 'SELECT, DELETE')
                    AND NOT has_table_privilege('insula_housekeeper', c.oid, 'INSERT, UPDATE, TRUNCATE')
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'housekeeper')
                    AND EXISTS (
                        SELECT FROM pg_policy p
                        WHERE p.polrelid = c.oid AND p.polname = 'housekeeper_bounds' AND NOT p.polpermissive))
            """)
        #expect(missing.isEmpty, "call insula_keep_house for \(missing)")
    }
}
