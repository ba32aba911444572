// The rules about a tenant's people, in a database, and with many who come at once.

import Base
import InsulaTesting
import JSON
import Postgres
import Tenancy
import Testing

@testable import Identity

@Suite struct PeopleTests {
    private func change(role: String) throws -> UpdateUser {
        try UpdateUser.input.decode(Array(#"{"role":"\#(role)"}"#.utf8))
    }

    private func registration(_ name: String, email: String? = nil) throws -> Register {
        let email = email ?? "\(name)@example.com"
        return try Register.input.decode(
            Array(
                """
                {"tenant":"house","username":"\(name)","email":"\(email)","password":"purple lantern seventeen geese"}
                """.utf8))
    }

    @Test func `of a hundred who register at once, as many get in as the plan holds`() async throws {
        try await AccountHouse.run(users: 10) { house in
            _ = try house.person(.owner)
            let registrations = Registrations(house.ground, signUp: .closed)
            let codes = await house.codes(
                try (0..<100).map { number in
                    let wanted = try registration("guest\(number)")
                    return {
                        // They wait for each other; one who waited too long asks again.
                        while true {
                            do throws(Fault) {
                                _ = try await registrations.register(wanted, naming: TenantNaming(), for: InternalRequest.shared)
                                return
                            } catch {
                                guard [.conflict, .unavailable, .overloaded].contains(error.code) else { throw error }
                            }
                        }
                    }
                })
            #expect(codes.count { $0 == nil } == 9)
            #expect(codes.count { $0 == .limitReached } == 91)
            #expect(try house.count("users") == 10)
            #expect(try house.count("mail_outbox") == 9 && house.count("account_links") == 9)
            #expect(try house.count("audit_log WHERE action = 'user.registered'") == 9)
        }
    }

    @Test func `two owners who demote each other at once leave one`() async throws {
        try await AccountHouse.run { house in
            for _ in 0..<10 {
                try house.sql("DELETE FROM users")
                let (first, second) = (try house.person(.owner), try house.person(.owner))
                let wanted = try change(role: "viewer")
                let permits = (try house.permit(first, .owner), try house.permit(second, .owner))
                let codes = await house.codes([
                    { _ = try await house.users.update(second, wanted, permits.0) },
                    { _ = try await house.users.update(first, wanted, permits.1) },
                ])
                #expect(codes.count { $0 == nil } == 1 && codes.count { $0 == .conflict } == 1)
                #expect(try house.count("users WHERE role = 'owner' AND state = 'active'") == 1)
            }
        }
    }

    @Test func `owners who are disabled, deleted, demoted and leave all at once leave one`() async throws {
        try await AccountHouse.run { house in
            for _ in 0..<5 {
                try house.sql("DELETE FROM users")
                let owners = try (0..<5).map { _ in try house.person(.owner) }
                let demotion = try change(role: "admin")
                var acts: [@Sendable () async throws -> Void] = []
                for (at, owner) in owners.enumerated() {
                    let permit = try house.permit(owners[(at + 1) % owners.count], .owner)
                    let own = try house.own(owner, .owner)
                    acts.append { _ = try await house.users.update(owner, demotion, permit) }
                    acts.append { _ = try await house.users.disable(owner, permit) }
                    acts.append { try await house.users.delete(owner, permit) }
                    acts.append { try await house.accounts.delete(own) }
                }
                _ = await house.codes(acts.shuffled())
                #expect(try house.count("users WHERE role = 'owner' AND state = 'active'") >= 1)
            }
        }
    }

    @Test func `the last owner who can act stays, whatever is asked`() async throws {
        try await AccountHouse.run { house in
            let owner = try house.person(.owner)
            // Neither of these could act for him.
            _ = (
                try house.person(.owner, state: .disabled), try house.person(.owner, state: .unverified), try house.person(.admin)
            )
            // Somebody else's hands with all rights: a key of the owner's, say.
            let permit = try house.permit(.make(), .owner)
            let wanted = try change(role: "admin")
            #expect(await house.code { _ = try await house.users.update(owner, wanted, permit) } == .conflict)
            #expect(await house.code { _ = try await house.users.disable(owner, permit) } == .conflict)
            #expect(await house.code { try await house.users.delete(owner, permit) } == .conflict)
            let own = try house.own(owner, .owner)
            #expect(await house.code { try await house.accounts.delete(own) } == .conflict)
            // The same role again is no change.
            let same = try change(role: "owner")
            #expect(await house.code { _ = try await house.users.update(owner, same, permit) } == nil)
            let second = try house.person(.owner)
            #expect(await house.code { try await house.accounts.delete(own) } == nil)
            #expect(
                try house.sql("SELECT id FROM users WHERE role = 'owner' AND state = 'active'").map { $0[0] } == [
                    second.uuid.description
                ])
        }
    }

    @Test func `nobody touches who holds more, grants what he lacks, or changes his own role`() async throws {
        try await AccountHouse.run { house in
            let (owner, admin, other) = (try house.person(.owner), try house.person(.admin), try house.person(.admin))
            let member = try house.person(.member)
            let permit = try house.permit(admin, .admin)
            let users = house.users
            for role in ["viewer", "owner"] {
                let wanted = try change(role: role)
                #expect(await house.code { _ = try await users.update(owner, wanted, permit) } == .forbidden)
                #expect(await house.code { _ = try await users.update(admin, wanted, permit) } == .forbidden)
            }
            #expect(await house.code { _ = try await users.disable(owner, permit) } == .forbidden)
            #expect(await house.code { _ = try await users.enable(owner, permit) } == .forbidden)
            #expect(await house.code { _ = try await users.unlock(owner, permit) } == .forbidden)
            #expect(await house.code { try await users.delete(owner, permit) } == .forbidden)
            #expect(await house.code { try await users.resetSecondFactor(owner, permit) } == .forbidden)
            #expect(await house.code { _ = try await users.disable(admin, permit) } == .forbidden)
            #expect(await house.code { try await users.delete(admin, permit) } == .forbidden)
            #expect(await house.code { try await users.resetSecondFactor(admin, permit) } == .forbidden)
            let promotion = try change(role: "owner")
            #expect(await house.code { _ = try await users.update(member, promotion, permit) } == .forbidden)
            // Those beside him and below him he may.
            let demotion = try change(role: "viewer")
            for person in [other, member] {
                #expect(await house.code { _ = try await users.update(person, demotion, permit) } == nil)
            }
            // A custom role that holds more than the caller is not his to give, and one of another tenant is none.
            let role = RoleID.make()
            try house.sql(
                "INSERT INTO roles (tenant_id, id, name, scopes) VALUES ($1, $2, 'r', '{tenant:delete}')",
                [house.tenant.uuid.description, role.uuid.description])
            let custom = try change(role: role.description)
            #expect(await house.code { _ = try await users.update(member, custom, permit) } == .forbidden)
            let missing = try change(role: RoleID.make().description)
            #expect(await house.code { _ = try await users.update(member, missing, permit) } == .invalid)
            #expect(try house.count("audit_log WHERE action = 'user.role_changed'") == 2)
        }
    }

    @Test func `a key is no way to raise whoever made it`() async throws {
        try await AccountHouse.run { house in
            _ = try house.person(.owner)
            let maker = try house.person(.admin)
            let key = KeyID.make()
            try house.sql(
                """
                INSERT INTO api_keys (tenant_id, id, name, role, hash, created_by) VALUES ($1, $2, 'k', 'owner', sha256('k'), $3)
                """, [house.tenant.uuid.description, key.uuid.description, maker.uuid.description])
            let scope = TenantScope(
                tenant: house.tenant, actor: .key(key), rights: Role.owner.rights, signingKey: Secret("s"))
            let permit = try scope.permit(UsersWrite.self)
            let wanted = try change(role: "owner")
            #expect(await house.code { _ = try await house.users.update(maker, wanted, permit) } == .forbidden)
            #expect(try house.count("users WHERE role = 'owner'") == 1)
        }
    }

    @Test func `invitations that wait are bounded, and a newer one takes the place of an older`() async throws {
        try await AccountHouse.run { house in
            let owner = try house.person(.owner)
            try house.sql(
                """
                INSERT INTO invitations (tenant_id, id, email, role, hash, expires_at)
                SELECT $1, gen_random_uuid(), 'i' || n || '@example.com', 'viewer', sha256('i'), now() + interval '1 day'
                FROM generate_series(2, $2::int) n
                """, [house.tenant.uuid.description, "\(Invitations.pendingPerTenant)"])
            let permit = try house.permit(owner, .owner)
            func invite(_ email: String) async throws -> Fault.Code? {
                let wanted = try CreateInvitation.input.decode(Array(#"{"email":"\#(email)"}"#.utf8))
                return await house.code { _ = try await house.invitations.create(wanted, permit) }
            }
            #expect(try await invite("last@example.com") == nil)
            #expect(try await invite("more@example.com") == .limitReached)
            #expect(try await invite("last@example.com") == nil)
            #expect(try house.count("invitations WHERE revoked_at IS NULL") == Invitations.pendingPerTenant)
        }
    }

    @Test func `names that look the same in two scripts are one name`() async throws {
        try await AccountHouse.run { house in
            _ = try house.person(.owner)
            let registrations = Registrations(house.ground, signUp: .closed)
            // Latin, Cyrillic throughout, full width, capitals: one of each pair of looks gets in.
            for (at, name) in ["cap", "\u{441}\u{430}\u{440}", "ｃａｐ", "CAP", "\u{441}\u{430}\u{440}"].enumerated() {
                let wanted = try registration(name, email: "p\(at)@example.com")
                _ = try await registrations.register(wanted, naming: TenantNaming(), for: InternalRequest.shared)
            }
            #expect(try house.sql("SELECT username FROM users WHERE role = 'member'").map { $0[0] } == ["cap"])
            // Each of them got one mail, whatever came of it.
            #expect(try house.count("mail_outbox") == 5)
            for (at, email) in ["x@example.com", "X@EXAMPLE.COM", "ｘ@example.com"].enumerated() {
                let wanted = try registration("person\(at)", email: email)
                _ = try await registrations.register(wanted, naming: TenantNaming(), for: InternalRequest.shared)
            }
            #expect(try house.count("users WHERE email = 'x@example.com'") == 1)
        }
    }

    @Test func `a registration that nobody confirmed gives way in time`() async throws {
        try await AccountHouse.run(users: 2) { house in
            _ = try house.person(.owner)
            let registrations = Registrations(house.ground, signUp: .closed)
            let (first, second) = (try registration("first"), try registration("second"))
            _ = try await registrations.register(first, naming: TenantNaming(), for: InternalRequest.shared)
            let register: @Sendable () async throws -> Void = {
                _ = try await registrations.register(second, naming: TenantNaming(), for: InternalRequest.shared)
            }
            #expect(await house.code(register) == .limitReached)
            try house.sql("UPDATE users SET created_at = created_at - interval '73 hours' WHERE state = 'unverified'")
            #expect(await house.code(register) == nil)
            #expect(try house.sql("SELECT username FROM users WHERE role = 'member'").map { $0[0] } == ["second"])
        }
    }

    @Test func `who ends somebody's rights ends his sessions and his devices`() async throws {
        try await AccountHouse.run { house in
            let owner = try house.person(.owner)
            let permit = try house.permit(owner, .owner)
            func session(_ user: UserID) throws {
                try house.sql(
                    """
                    INSERT INTO sessions (tenant_id, id, user_id, kind, amr, idle_seconds, expires_at)
                    VALUES ($1, gen_random_uuid(), $2, 'token', '{pwd}', 60, now() + interval '1 day')
                    """, [house.tenant.uuid.description, user.uuid.description])
            }
            let (demoted, disabled, deleted) = (try house.person(.admin), try house.person(.admin), try house.person(.admin))
            for person in [demoted, disabled, deleted, owner] { try session(person) }
            _ = try await house.users.update(demoted, try change(role: "viewer"), permit)
            _ = try await house.users.disable(disabled, permit)
            try await house.users.delete(deleted, permit)
            let reasons = try house.sql(
                "SELECT end_reason FROM sessions WHERE user_id <> $1 ORDER BY 1", [owner.uuid.description])
            #expect(reasons.map { $0[0] } == ["disabled", "role_changed"])
            #expect(try house.count("sessions WHERE ended_at IS NULL") == 1)
            let enabled = try await house.users.enable(disabled, permit)
            #expect(enabled.state == .active)
            // Nothing comes back with that.
            #expect(try house.count("sessions WHERE ended_at IS NULL") == 1)
            #expect(await house.code { _ = try await house.users.enable(disabled, permit) } == .invalidState)
        }
    }
}
