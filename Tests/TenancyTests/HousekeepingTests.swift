// What housekeeping removes and what it leaves, in a database with rows on both sides of every bound; and what its role can do by itself.

import Base
import InsulaTesting
import Loop
import Postgres
import Testing

@testable import Tenancy

@Suite struct HousekeepingTests {
    /// A tenant with sessions, links, invitations, answers and lines of the log, some of them old.
    private struct Estate {
        let tenant = TenantID.make()
        let uuid: String

        init(_ superuser: BlockingConnection, state: String = "active", deletes: String = "NULL", rows: Int = 3) throws {
            uuid = tenant.uuid.description
            func run(_ sql: String) throws { _ = try superuser.rows(sql.replacing("TENANT", with: "'\(uuid)'")) }
            try run(
                """
                INSERT INTO tenants (tenant_id, slug, name, signing_key, state, deletes_at)
                VALUES (TENANT, 't\(tenant.description.suffix(26))', 'T', sha256('t'), '\(state)', \(deletes))
                """)
            try run(
                """
                INSERT INTO users (tenant_id, id, username, email, role, password_hash)
                VALUES (TENANT, TENANT, 'u', 'u@v.w', 'owner', 'x')
                """)
            for age in ["1 hour", "100 days"] {
                let (old, series) = ("now() - interval '\(age)'", "FROM generate_series(1, \(rows))")
                try run(
                    """
                    INSERT INTO sessions (tenant_id, id, user_id, kind, amr, idle_seconds, expires_at, ended_at, end_reason)
                    SELECT TENANT, gen_random_uuid(), TENANT, 'token', '{pwd}', 60, now() + interval '1 day', \(old), 'logout' \(series)
                    """)
                try run(
                    """
                    INSERT INTO account_links (tenant_id, id, user_id, purpose, hash, expires_at)
                    SELECT TENANT, gen_random_uuid(), TENANT, 'verify_email', sha256('l'), \(old) \(series)
                    """)
                try run(
                    """
                    INSERT INTO invitations (tenant_id, id, email, role, hash, expires_at)
                    SELECT TENANT, gen_random_uuid(), 'i@v.w', 'viewer', sha256('i'), \(old) \(series)
                    """)
                try run(
                    """
                    INSERT INTO audit_log (tenant_id, id, at, action, result, actor_kind, request_id, details)
                    SELECT TENANT, (lpad(to_hex((extract(epoch FROM \(old)) * 1000)::bigint), 12, '0') || '7'
                        || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid, \(old), 'a', 'succeeded', 'nobody', 'r', '{}'
                        \(series)
                    """)
            }
        }

        func count(_ superuser: BlockingConnection, _ table: String) throws -> Int {
            Int(try superuser.rows("SELECT count(*) FROM \(table) WHERE tenant_id = $1", [uuid])[0][0] ?? "") ?? -1
        }
    }

    /// SQLSTATE of a right that is missing.
    private static let refused = "42501"

    private func state(_ connection: BlockingConnection, _ sql: String) -> String {
        do throws(Fault) {
            try connection.run(sql)
            return ""
        } catch {
            return error.cause?.split(separator: " ").first { $0.count == 5 && $0.first?.isNumber == true }.map(String.init)
                ?? "?"
        }
    }

    @Test func `what is old goes, what is young stays, and every tenant keeps its log as its plan says`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let estate = try Estate(superuser)
        let rich = try Estate(superuser)
        _ = try superuser.rows("UPDATE tenants SET plan = 'professional' WHERE tenant_id = $1", [rich.uuid])
        let removed = try await database.run { database, group in
            try await Housekeeping(database: database, loop: group.loops[0]).round()
        }
        for table in ["sessions", "account_links", "invitations"] {
            #expect(try estate.count(superuser, table) == 3, "\(table)")
            #expect(try rich.count(superuser, table) == 3, "\(table)")
        }
        #expect(try estate.count(superuser, "audit_log") == 3)
        #expect(try rich.count(superuser, "audit_log") == 6)
        #expect(try estate.count(superuser, "users") == 1)
        #expect(removed == 21)
    }

    @Test func `notifications of more than thirty days ago are forgotten`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let estate = try Estate(superuser, rows: 0)
        _ = try superuser.rows(
            """
            INSERT INTO notifications (tenant_id, id, execution_id, step_key, subject, recipients, created_at)
            SELECT $1, gen_random_uuid(), gen_random_uuid(), 's', 's', '{u}', now() - n * interval '10 days'
            FROM generate_series(1, 6) n
            """, [estate.uuid])
        let removed = try await database.run { database, group in
            try await Housekeeping(database: database, loop: group.loops[0]).round()
        }
        #expect(removed == 4)
        #expect(try estate.count(superuser, "notifications") == 2)
    }

    @Test func `a tenant whose time has come goes with all it has, in batches, and no other does`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let due = try Estate(superuser, state: "deleting", deletes: "now() - interval '1 minute'", rows: 700)
        let later = try Estate(superuser, state: "deleting", deletes: "now() + interval '1 hour'")
        let active = try Estate(superuser)
        // Two of them at once, as on two nodes: what both removed is what there was.
        let removed = try await database.run(loops: 2) { database, group in
            async let one = Task(executorPreference: group.loops[0]) {
                try await Housekeeping(database: database, loop: group.loops[0]).round()
            }.value
            async let other = Task(executorPreference: group.loops[1]) {
                try await Housekeeping(database: database, loop: group.loops[1]).round()
            }.value
            let first = try await one + other
            // Whoever came second may have left the rest to the first, who had gone past.
            return try await first + Housekeeping(database: database, loop: group.loops[0]).round()
        }
        for table in TenantTable.all { #expect(try due.count(superuser, table.name) == 0, "\(table.name)") }
        #expect(try later.count(superuser, "tenants") == 1 && later.count(superuser, "users") == 1)
        #expect(try active.count(superuser, "tenants") == 1 && active.count(superuser, "users") == 1)
        #expect(removed == 2 + 8 * 700 + 2 * 12)
        let log = try superuser.rows("SELECT action, operator_id FROM operator_log WHERE about_tenant = $1", [due.uuid])
        #expect(log.count == 1 && log[0][0] == "tenant.removed" && log[0][1] == nil)
    }

    @Test func `the audit log is append-only for requests, and for operators`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let estate = try Estate(superuser)
        for role in ["insula_app", "insula_operator"] {
            let connection = try database.connect(role: role)
            try connection.run("SELECT set_config('insula.tenant', '\(estate.uuid)', false)")
            for verb in [
                "UPDATE audit_log SET action = 'b'", "UPDATE audit_log SET at = now()", "DELETE FROM audit_log",
                "TRUNCATE audit_log",
                "UPDATE audit_log SET details = '{}' WHERE false",
            ] { #expect(state(connection, verb) == HousekeepingTests.refused, "\(role): \(verb)") }
        }
        #expect(try estate.count(superuser, "audit_log") == 6)
    }

    @Test func `the housekeeper's own role removes nothing that is neither due nor old, whatever it asks for`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let estate = try Estate(superuser)
        let housekeeper = try database.connect(role: "insula_housekeeper")
        // Nor does a tenant that it names help it.
        try housekeeper.run("SELECT set_config('insula.tenant', '\(estate.uuid)', false)")
        for table in TenantTable.all { try housekeeper.run("DELETE FROM \(table.name)") }
        for table in ["sessions", "account_links", "invitations", "audit_log"] {
            #expect(try estate.count(superuser, table) == 3, "\(table)")
        }
        #expect(try estate.count(superuser, "users") == 1 && estate.count(superuser, "tenants") == 1)
        // It gives up what nobody confirmed in time, and nothing else.
        #expect(state(housekeeper, "UPDATE tenants SET state = 'deleting', deletes_at = now()") == "")
        #expect(try superuser.rows("SELECT count(*) FROM tenants WHERE state = 'deleting'")[0][0] == "0")
        #expect(state(housekeeper, "UPDATE tenants SET slug = 'x'") == HousekeepingTests.refused)
        #expect(state(housekeeper, "SELECT signing_key FROM tenants") == HousekeepingTests.refused)
        #expect(state(housekeeper, "SELECT * FROM operators") == HousekeepingTests.refused)
        #expect(try housekeeper.rows("SELECT body FROM operator_idempotency_keys WHERE expires_at >= now()", []).isEmpty)
    }

    @Test func `the operators' role reads no person, no key, no work and no log of a tenant`() async throws {
        let database = try await TestDatabase.make()
        let superuser = try database.connectAsSuperuser()
        let estate = try Estate(superuser)
        let connection = try database.connect(role: "insula_operator")
        try connection.run("SELECT set_config('insula.tenant', '\(estate.uuid)', false)")
        for sql in [
            "SELECT email FROM users", "SELECT password_hash FROM users", "SELECT hash FROM api_keys",
            "SELECT * FROM definitions",
            "SELECT 1 FROM executions", "SELECT 1 FROM audit_log", "SELECT 1 FROM sessions", "SELECT 1 FROM invitations",
            "SELECT signing_key FROM tenants", "DELETE FROM tenants", "UPDATE users SET role = 'owner'",
            "UPDATE tenants SET slug = 'x'",
            "DELETE FROM operator_log", "UPDATE operator_log SET action = 'x'", "DELETE FROM operators",
            "UPDATE operators SET hash = sha256('x')",
        ] { #expect(state(connection, sql) == HousekeepingTests.refused, "\(sql)") }
        #expect(state(connection, "SELECT count(*) FROM users") == "")
    }

    @Test func `requests reach neither operators nor their log, and of codes no more than it takes to use one`() async throws {
        let connection = try await TestDatabase.make().connect(role: "insula_app")
        for sql in [
            "SELECT 1 FROM operators", "SELECT 1 FROM operator_log", "INSERT INTO operators SELECT",
            "SELECT note FROM signup_codes",
            "DELETE FROM signup_codes", "UPDATE signup_codes SET expires_at = now()",
        ] { #expect(state(connection, sql) == HousekeepingTests.refused, "\(sql)") }
    }
}
