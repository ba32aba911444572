// What each role can see and write in a database where two tenants have rows in every table.

import Base
import InsulaTesting
import Postgres
import Testing

@Suite struct RowTests {
    /// SQLSTATE of a right that is missing, and of a row that a policy refuses.
    private static let refused = "42501"
    private static let dangling = "23503"
    /// What the worker finds in all tenants.
    private static let queues = [
        "execution_queue", "mail_outbox", "event_outbox", "event_sequences", "schedules", "queue_shares",
    ]

    private struct Town {
        let database: TestDatabase
        let superuser: BlockingConnection
        let tables: [String]
        let here: Household
        let there: Household

        init() async throws {
            database = try await TestDatabase.make()
            superuser = try database.connectAsSuperuser()
            tables = try CatalogueTests.tables(superuser)
            here = try Household(superuser)
            there = try Household(superuser)
            for table in tables {
                #expect(try count(superuser, table) == 2, "\(table) has no row of each tenant: give it one in Household")
            }
        }

        func count(_ connection: BlockingConnection, _ table: String, _ condition: String = "true") throws -> Int {
            Int(try connection.rows("SELECT count(*) FROM \(table) WHERE \(condition)")[0][0] ?? "") ?? -1
        }

        /// A connection of requests, in the scope of `here` until it ends.
        func inside() throws -> BlockingConnection {
            let connection = try database.connect(role: "insula_app")
            try connection.run("SELECT set_config('insula.tenant', '\(here.uuid)', false)")
            return connection
        }
    }

    /// The SQLSTATE with which a statement fails; empty when it does not.
    private func state(_ connection: BlockingConnection, _ sql: String) -> String {
        do throws(Fault) {
            try connection.run("BEGIN")
            defer { try? connection.run("ROLLBACK") }
            try connection.run(sql)
            return ""
        } catch {
            return error.cause?.split(separator: " ").first { $0.count == 5 && $0.first?.isNumber == true }.map(String.init)
                ?? "?"
        }
    }

    @Test func `with no tenant set nobody sees a row`() async throws {
        let town = try await Town()
        let application = try town.database.connect(role: "insula_app")
        let owner = try town.database.connect()
        for table in town.tables {
            #expect(try town.count(application, table) == 0, "\(table)")
            // The operator lists tenants and, as a member of the worker's role, the queues. What tenants hold it does not see.
            let isOperators = table == "tenants" || RowTests.queues.contains(table)
            #expect(try town.count(owner, table) == (isOperators ? 2 : 0), "\(table)")
        }
        // What a commit leaves behind is an empty text and not no setting: that must mean nobody too.
        try application.run("BEGIN; SELECT set_config('insula.tenant', '\(town.here.uuid)', true); COMMIT")
        for table in town.tables { #expect(try town.count(application, table) == 0, "\(table)") }
    }

    @Test func `in the scope of a tenant its own rows are there and no others`() async throws {
        let town = try await Town()
        let inside = try town.inside()
        for table in town.tables {
            #expect(try town.count(inside, table) == 1, "\(table)")
            #expect(try town.count(inside, table, "tenant_id <> '\(town.here.uuid)'") == 0, "\(table)")
        }
    }

    @Test func `the worker's role reads the queues and nothing else`() async throws {
        let town = try await Town()
        let worker = try town.database.connect(role: "insula_worker")
        for queue in RowTests.queues { #expect(try town.count(worker, queue) == 2) }
        for column in ["recipient", "subject", "body", "last_failure", "created_at"] {
            #expect(state(worker, "SELECT \(column) FROM mail_outbox") == RowTests.refused, "\(column)")
            #expect(state(worker, "UPDATE mail_outbox SET \(column) = DEFAULT") == RowTests.refused, "\(column)")
        }
        for table in town.tables + CatalogueTests.books.keys
        where !(RowTests.queues + CatalogueTests.workersTables).contains(table) {
            // Of tenants it sees what they have subscribed to, and whether they are halted.
            let column = table == "tenants" ? "slug" : "1"
            #expect(state(worker, "SELECT \(column) FROM \(table)") == RowTests.refused, "\(table)")
            let written = CatalogueTests.books[table] ?? "tenant_id"
            #expect(state(worker, "UPDATE \(table) SET \(written) = NULL") == RowTests.refused, "\(table)")
        }
        for verb in [
            "DELETE FROM execution_queue", "INSERT INTO execution_queue SELECT * FROM execution_queue",
            "TRUNCATE execution_queue", "INSERT INTO mail_outbox SELECT * FROM mail_outbox", "TRUNCATE mail_outbox",
            "UPDATE mail_outbox SET tenant_id = tenant_id", "UPDATE mail_outbox SET state = 'sent'",
            "UPDATE event_outbox SET payload = payload", "INSERT INTO event_outbox SELECT * FROM event_outbox",
            "SELECT name FROM schedules", "UPDATE schedules SET due_at = due_at", "DELETE FROM schedules",
            "TRUNCATE event_outbox", "DELETE FROM event_sequences", "DELETE FROM events",
        ] {
            #expect(state(worker, verb) == RowTests.refused, "\(verb)")
        }
        // Of mail it may remove what is long over, and nothing is.
        try worker.run("DELETE FROM mail_outbox")
        #expect(try town.count(town.superuser, "mail_outbox") == 2)
        // Nor does a tenant that it names help it.
        try worker.run("SELECT set_config('insula.tenant', '\(town.here.uuid)', false)")
        #expect(state(worker, "SELECT 1 FROM executions") == RowTests.refused)
    }

    @Test func `requests can't write, move or remove another tenant's rows`() async throws {
        let town = try await Town()
        let inside = try town.inside()
        for table in town.tables {
            let columns = try town.superuser.rows(
                """
                SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
                """, [table])
            let named = try #require(columns[0][0])
            let copy = """
                INSERT INTO \(table) (\(named)) SELECT \(named) FROM (SELECT (jsonb_populate_record(
                    NULL::\(table), to_jsonb(r) || jsonb_build_object('tenant_id', '\(town.there.uuid)'))).* FROM \(table) r) copy
                """
            #expect(state(inside, copy) == RowTests.refused, "\(table) takes a row of another tenant")
            #expect(
                state(inside, "UPDATE \(table) SET tenant_id = '\(town.there.uuid)'") == RowTests.refused,
                "\(table) lets a row be given away")
            for verb in ["UPDATE \(table) SET tenant_id = tenant_id", "DELETE FROM \(table)"] {
                let outcome = state(inside, "\(verb) WHERE tenant_id = '\(town.there.uuid)'")
                #expect(outcome == "" || outcome == RowTests.refused, "\(verb)")
            }
            #expect(state(inside, "TRUNCATE \(table) CASCADE") == RowTests.refused, "\(table)")
        }
        // What was let run found nothing: all that was there still is.
        try inside.run("UPDATE definitions SET name = 'taken'; DELETE FROM execution_queue")
        for table in town.tables {
            #expect(try town.count(town.superuser, table, "tenant_id = '\(town.there.uuid)'") == 1, "\(table)")
        }
        #expect(try town.count(town.superuser, "definitions", "name = 'taken'") == 1)
    }

    @Test func `a reference can't cross tenants, whoever writes it`() async throws {
        let town = try await Town()
        // Every reference between tables of tenants, its columns and what they refer to, side by side.
        let references = try town.superuser.rows(
            """
            SELECT c.conrelid::regclass::text, c.confrelid::regclass::text,
                string_agg(format('%L, p.%I', a.attname, b.attname), ', ')
            FROM pg_constraint c, unnest(c.conkey, c.confkey) AS k (child, parent)
            JOIN pg_attribute a ON true JOIN pg_attribute b ON true
            WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND c.confrelid <> 'tenants'::regclass
                AND a.attrelid = c.conrelid AND a.attnum = k.child AND b.attrelid = c.confrelid AND b.attnum = k.parent
                AND a.attname <> 'tenant_id'
                -- What belongs to the installation refers to its like.
                AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.conrelid AND t.attname = 'tenant_id')
            GROUP BY 1, 2, c.oid
            """)
        #expect(references.count >= 5)
        for row in references {
            let (child, parent, columns) = (row[0] ?? "", row[1] ?? "", row[2] ?? "")
            // A row of this tenant that refers to what the other one has. A superuser writes it, whom no policy holds.
            let crossing = """
                INSERT INTO \(child) SELECT (jsonb_populate_record(NULL::\(child),
                    to_jsonb(r) || CASE WHEN to_jsonb(r) ? 'id' THEN jsonb_build_object('id', gen_random_uuid()) ELSE '{}' END
                    || CASE WHEN to_jsonb(r) ? 'username'
                       THEN jsonb_build_object('username', gen_random_uuid(), 'email', gen_random_uuid()) ELSE '{}' END
                    || jsonb_build_object(\(columns)))).*
                FROM \(child) r, \(parent) p
                WHERE r.tenant_id = '\(town.here.uuid)' AND p.tenant_id = '\(town.there.uuid)'
                """
            #expect(state(town.superuser, crossing) == RowTests.dangling, "\(child) → \(parent)")
        }
    }

    @Test func `a key is found by its id alone, and by that nothing but the key`() async throws {
        let town = try await Town()
        let application = try town.database.connect(role: "insula_app")
        let id = try #require(
            try town.superuser.rows("SELECT id FROM api_keys WHERE tenant_id = $1", [town.there.uuid])[0][0])
        try application.run("SELECT set_config('insula.credential', '\(id)', false)")
        for table in town.tables { #expect(try town.count(application, table) == (table == "api_keys" ? 1 : 0), "\(table)") }
        #expect(state(application, "UPDATE api_keys SET role = 'owner'") == "")
        try application.run("UPDATE api_keys SET name = 'taken'")
        #expect(try town.count(town.superuser, "api_keys", "name = 'taken'") == 0)
    }
}
