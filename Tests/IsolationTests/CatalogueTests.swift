// The catalogue of a migrated database, read: every table that comes along has to keep the rules, without being named here.

import Base
import InsulaTesting
import Postgres
import Testing

@Suite struct CatalogueTests {
    /// What belongs to the installation and to no tenant: the migrations' own book, the counts of guesses, the keys
    /// that sign tokens, whose database it is, what operators have, and what nodes share. By name, each with one of its columns.
    static let books = [
        "insula_migrations": "name", "guess_budgets": "key", "signing_keys": "key_id", "installation": "fingerprint",
        "operators": "name", "operator_log": "action", "signup_codes": "note", "node_roster": "id", "rate_budgets": "key",
        "operator_idempotency_keys": "request_hash", "nodes": "id",
    ]
    /// What the worker's role may use whole.
    static let workersTables = ["node_roster", "rate_budgets", "nodes"]

    /// The tables of the product.
    static func tables(_ connection: BlockingConnection) throws -> [String] {
        let all = try connection.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1"
        ).compactMap { $0[0] }
        return all.filter { books[$0] == nil }
    }

    private func rows(_ sql: String) async throws -> [[String?]] {
        try await TestDatabase.make().connectAsSuperuser().rows(sql)
    }

    @Test func `every table has row-level security, forced, and a policy`() async throws {
        let connection = try await TestDatabase.make().connectAsSuperuser()
        #expect(try CatalogueTests.tables(connection).count >= 9)
        let found = try connection.rows(
            """
            SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            """)
        for row in found where CatalogueTests.books[row[0] ?? ""] == nil {
            #expect(row[1] == "t" && row[2] == "t", "\(row[0] ?? "") does not force row-level security")
            #expect(row[3] != "0", "\(row[0] ?? "") has no policy")
        }
    }

    @Test func `nothing else shows rows past the policies`() async throws {
        // Views run with their owner's rights, and functions may be defined to.
        let others = try await rows(
            """
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')
            UNION ALL
            SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
            """)
        // One answers the id of a tenant to whoever knows its name, one whether an operator's key is good; and nothing else. The third is a
        // trigger, which nobody can call and which answers nothing: it acts as the tenant whose row was changed. The fourth removes versions of
        // definitions that nobody needs, for the housekeeper alone, and answers how many.
        #expect(
            Set(others.compactMap { $0[0] })
                == ["insula_tenant", "insula_operator_acts", "insula_pause_freed", "insula_trim_versions"])
        let callers = try await rows(
            """
            SELECT grantee FROM information_schema.routine_privileges
            WHERE routine_name = 'insula_trim_versions' AND grantee <> grantor
            """)
        #expect(callers.map { $0[0] } == ["insula_housekeeper"])
    }

    @Test func `keys and references begin with the tenant`() async throws {
        let constraints = try await rows(
            """
            SELECT c.conrelid::regclass::text, c.conname, c.contype,
                (SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(c.conkey) WITH ORDINALITY k (number, at)
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number),
                (SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(c.confkey) WITH ORDINALITY k (number, at)
                 JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number)
            FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f')
            """)
        var withKey: Set<String> = []
        for row in constraints {
            let (table, name, kind) = (row[0] ?? "", row[1] ?? "", row[2] ?? "")
            guard CatalogueTests.books[table] == nil else { continue }
            if kind == "p" { withKey.insert(table) }
            let columns = (row[3] ?? "").split(separator: ",")
            // A tenant's slug is the one name that all tenants share.
            if table == "tenants" && kind == "u" { continue }
            #expect(columns.first == "tenant_id", "\(name) of \(table) begins with \(columns.first ?? "nothing")")
            if kind == "f" {
                #expect((row[4] ?? "").split(separator: ",").first == "tenant_id", "\(name) of \(table) refers past the tenant")
            }
        }
        let connection = try await TestDatabase.make().connectAsSuperuser()
        #expect(withKey == Set(try CatalogueTests.tables(connection)))
    }

    @Test func `unique indexes that are no constraints begin with the tenant too`() async throws {
        let indexes = try await rows(
            """
            SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, a.attname
            FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indisunique
            """)
        #expect(!indexes.isEmpty)
        for row in indexes where row[1] != "tenants" && CatalogueTests.books[row[1] ?? ""] == nil {
            #expect(row[2] == "tenant_id", "\(row[0] ?? "")")
        }
    }

    @Test func `every table but the tenants' own says whose its rows are`() async throws {
        let missing = try await rows(
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT EXISTS (
                    SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull AND a.atttypid = 'uuid'::regtype)
            """)
        #expect(missing.allSatisfy { CatalogueTests.books[$0[0] ?? ""] != nil }, "\(missing)")
    }

    @Test func `the roles of requests and of the worker own nothing, bypass nothing and inherit nobody's rights`() async throws {
        let roles = try await rows(
            """
            SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,
                (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid),
                (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid)
            FROM pg_roles r
            WHERE rolname IN ('insula_app', 'insula_housekeeper', 'insula_operator', 'insula_worker') ORDER BY 1
            """)
        #expect(roles.map { $0[0] } == ["insula_app", "insula_housekeeper", "insula_operator", "insula_worker"])
        for role in roles {
            #expect(role[1...5].allSatisfy { $0 == "f" }, "\(role)")
            #expect(role[6] == "0" && role[7] == "0", "\(role)")
        }
        let creating = try await rows(
            """
            SELECT r FROM unnest(ARRAY['insula_app', 'insula_worker', 'insula_operator', 'insula_housekeeper']) r
            WHERE has_schema_privilege(r, 'public', 'CREATE') OR has_table_privilege(r, 'insula_migrations', 'SELECT')
            """)
        #expect(creating.isEmpty)
    }
}
