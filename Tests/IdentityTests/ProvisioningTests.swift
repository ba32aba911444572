// What an operator makes: the first tenant and its owner, further ones, one-time passwords, and codes to sign up with.

import Base
import Crypto
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Identity

@Suite struct ProvisioningTests {
    /// Runs `body` as the operator, whose connections take no role.
    private func run(
        _ body: @escaping @Sendable (Provisioning, Database, TestDatabase) async throws -> Void
    ) async throws {
        let own = try await TestDatabase.make()
        try await own.run { _, group in
            let pool = BlockingPool(name: "provisioning", threads: 1)
            let database = Database(
                try ConnectionTarget(own.url), loops: group, pool: pool,
                roles: Database.Roles(application: "none", worker: "none"))
            try await database.start()
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(
                    try await body(Provisioning(database: database, pool: pool, environment: "live"), database, own))
            } catch {
                outcome = .failure(error)
            }
            await database.stop()
            pool.stop()
            try outcome.get()
        }
    }

    @Test func `the first tenant is bounded the least, and its owner has to choose a password`() async throws {
        try await run { provisioning, _, own in
            let made = try #require(try await provisioning.provisionFirst(ownerEmail: "Ada@Example.com"))
            #expect(made.slug == "default" && made.ownerEmail == "ada@example.com")
            #expect(try await provisioning.provisionFirst() == nil)
            let superuser = try own.connectAsSuperuser()
            let row = try superuser.rows(
                """
                SELECT t.plan, u.role, u.state, u.must_change_password, u.email
                FROM tenants t JOIN users u ON u.tenant_id = t.tenant_id
                """)
            #expect(row == [["enterprise", "owner", "active", "t", "ada@example.com"]])
            let second = try await provisioning.create(slug: "acme", name: "Acme")
            #expect(second.ownerEmail == "owner@acme.invalid")
            #expect(try superuser.rows("SELECT plan FROM tenants WHERE slug = 'acme'") == [["free"]])
            let actions = try superuser.rows("SELECT action, actor_kind FROM audit_log")
            #expect(
                actions.map { $0[0] ?? "" }.sorted() == ["key.created", "key.created", "tenant.created", "tenant.created"])
            #expect(actions.allSatisfy { $0[1] == "nobody" })
            do {
                _ = try await provisioning.create(slug: "other", name: "Other", ownerEmail: "nowhere")
                Issue.record("an owner without an address was made")
            } catch {
                #expect((error as? Fault)?.fields.first?.path == "email")
            }
            #expect(try superuser.rows("SELECT FROM tenants WHERE slug = 'other'").isEmpty)
        }
    }

    @Test func `a one-time password takes the place of all that was`() async throws {
        try await run { provisioning, _, own in
            let made = try await provisioning.create(slug: "acme", name: "Acme")
            let superuser = try own.connectAsSuperuser()
            _ = try superuser.rows(
                """
                INSERT INTO sessions (tenant_id, id, user_id, kind, amr, idle_seconds, expires_at)
                SELECT tenant_id, gen_random_uuid(), id, 'token', '{pwd}', 60, now() + interval '1 day' FROM users
                """)
            _ = try superuser.rows("UPDATE users SET must_change_password = false")
            for name in ["OWNER", "owner@acme.invalid"] {
                let password = try await provisioning.resetPassword(of: name, tenant: made.id)
                let row = try superuser.rows("SELECT password_hash, must_change_password FROM users")[0]
                #expect(try Password.verify(password, against: row[0] ?? "") && row[1] == "t")
            }
            #expect(try superuser.rows("SELECT end_reason FROM sessions") == [["password_changed"]])
            do {
                _ = try await provisioning.resetPassword(of: "nobody", tenant: made.id)
                Issue.record("nobody has got a password")
            } catch {
                #expect((error as? Fault)?.fields.first?.path == "user")
            }
        }
    }

    @Test func `a code to sign up with is good once, and is not what is stored`() async throws {
        try await run { _, database, own in
            let code = try await SignupCodes(database: database).make().spelled
            let superuser = try own.connectAsSuperuser()
            #expect(try superuser.rows("SELECT hash::text FROM signup_codes")[0][0]?.contains(code) == false)
            func redeem(_ code: String?) async -> Fault.Code? {
                do throws(Fault) {
                    try await database.session(.none) { session throws(Fault) in
                        try await SignupCodes.redeem(code, for: TenantID.make(), in: session)
                    }
                    return nil
                } catch {
                    return error.code
                }
            }
            #expect(await redeem(nil) == .forbidden)
            #expect(await redeem(String(code.dropLast())) == .forbidden)
            // However somebody writes it down.
            #expect(await redeem("\(code.prefix(8))-\(code.dropFirst(8).uppercased())") == nil)
            #expect(await redeem(code) == .forbidden)
        }
    }
}
