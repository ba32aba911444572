// Links of mails in a database: good once, in time, for their own purpose and their own tenant, however many use them at once.

import Base
import InsulaTesting
import JSON
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Identity

@Suite struct AccountLinkTests {
    private static let password = "gehen wir morgen rudern"

    /// A link as its mail would carry it.
    private func link(
        _ house: AccountHouse, _ purpose: AccountLinks.Purpose, of user: UserID, email: String? = nil
    ) async throws -> String {
        let token = LinkToken(tenant: house.tenant, id: Accounts.newLinkID())
        try await house.database.once(.tenant(house.tenant)).execute(
            AccountLinks.create, house.tenant, token.id, user, purpose.rawValue, token.hash, email, purpose.lifetimeSeconds)
        return token.text
    }

    private func reset(_ token: String, _ password: String = AccountLinkTests.password) throws -> ResetPassword {
        try ResetPassword.input.decode(Array(#"{"token":"\#(token)","password":"\#(password)"}"#.utf8))
    }

    private func use(_ token: String) throws -> UseLink {
        try UseLink.input.decode(Array(#"{"token":"\#(token)"}"#.utf8))
    }

    /// For a registration.
    private func confirm(_ token: String) throws -> UseLink {
        try UseLink.input.decode(Array(#"{"token":"\#(token)","password":"\#(AccountLinkTests.password)"}"#.utf8))
    }

    @Test func `of many who use a link at once one gets through`() async throws {
        try await AccountHouse.run { house in
            let user = try house.person(.owner)
            let reset = try reset(try await link(house, .resetPassword, of: user))
            let accounts = house.accounts
            let codes = await house.codes(
                (0..<50).map { _ in { _ = try await accounts.resetPassword(reset, for: InternalRequest.shared) } })
            #expect(codes.count { $0 == nil } == 1 && codes.count { $0 == .gone } == 49)
            #expect(try house.count("audit_log WHERE action = 'user.password_reset'") == 1)
            let newcomer = try house.person(.member, state: .unverified)
            let wanted = try confirm(try await link(house, .verifyEmail, of: newcomer))
            let others = await house.codes(
                (0..<20).map { _ in { _ = try await accounts.verifyEmail(wanted, for: InternalRequest.shared) } })
            #expect(others.count { $0 == nil } == 1 && others.count { $0 == .gone } == 19)
            #expect(try house.count("users WHERE state = 'active' AND email_verified_at IS NOT NULL AND role = 'member'") == 1)
        }
    }

    @Test func `a link is good for its own purpose, tenant and time alone`() async throws {
        try await AccountHouse.run { house in
            let user = try house.person(.owner)
            let accounts = house.accounts
            func refused(_ token: String, asReset: Bool) async throws {
                let code: Fault.Code?
                if asReset {
                    let wanted = try reset(token)
                    code = await house.code { _ = try await accounts.resetPassword(wanted, for: InternalRequest.shared) }
                } else {
                    let wanted = try use(token)
                    code = await house.code { _ = try await accounts.verifyEmail(wanted, for: InternalRequest.shared) }
                }
                #expect(code == .gone, "\(token)")
            }
            let good = try await link(house, .resetPassword, of: user)
            // For something else.
            try await refused(good, asReset: false)
            try await refused(try await link(house, .verifyEmail, of: user), asReset: true)
            try await refused(try await link(house, .changeEmail, of: user, email: "new@example.com"), asReset: true)
            // Of another tenant, another row, another secret, another form.
            let stranger = TenantID.make()
            try house.sql(
                "INSERT INTO tenants (tenant_id, slug, name, signing_key) VALUES ($1, 'stranger', 'S', sha256('s'))",
                [stranger.uuid.description])
            let elsewhere = LinkToken(tenant: stranger, id: Accounts.newLinkID()).text
            try await refused("\(elsewhere.prefix(26))\(good.dropFirst(26))", asReset: true)
            let other = try await link(house, .resetPassword, of: user)
            try await refused("\(good.prefix(52))\(other.dropFirst(52))", asReset: true)
            try await refused("\(other.prefix(52))\(good.dropFirst(52))", asReset: true)
            for bad in ["x", String(good.dropLast()), good + "0", good.uppercased(), String(repeating: "0", count: 104)] {
                try await refused(bad, asReset: true)
            }
            // Too late, by a second.
            try house.sql(
                "UPDATE account_links SET expires_at = now() - interval '1 second' WHERE id <> $1",
                ["00000000-0000-0000-0000-000000000000"])
            try await refused(good, asReset: true)
            #expect(try house.count("users WHERE password_hash = 'x'") == 1)
            // A tenant that may not act.
            let late = try await link(house, .resetPassword, of: user)
            try house.sql("UPDATE tenants SET state = 'suspended'")
            try await refused(late, asReset: true)
            try house.sql("UPDATE tenants SET state = 'active'")
            let wanted = try reset(late)
            #expect(await house.code { _ = try await accounts.resetPassword(wanted, for: InternalRequest.shared) } == nil)
        }
    }

    @Test func `a password that is refused uses no link up, and a reset spends the others`() async throws {
        try await AccountHouse.run { house in
            let user = try house.person(.owner)
            let accounts = house.accounts
            let (first, second) = (
                try await link(house, .resetPassword, of: user), try await link(house, .resetPassword, of: user)
            )
            let weak = try reset(first, "password")
            #expect(await house.code { _ = try await accounts.resetPassword(weak, for: InternalRequest.shared) } == .invalid)
            let sound = try reset(first)
            #expect(await house.code { _ = try await accounts.resetPassword(sound, for: InternalRequest.shared) } == nil)
            let again = try reset(second)
            #expect(await house.code { _ = try await accounts.resetPassword(again, for: InternalRequest.shared) } == .gone)
            // Nobody who is disabled gets back by a link.
            let third = try reset(try await link(house, .resetPassword, of: user))
            try house.sql("UPDATE users SET state = 'disabled'")
            #expect(await house.code { _ = try await accounts.resetPassword(third, for: InternalRequest.shared) } == .gone)
        }
    }

    @Test func `a reset leaves the second factor as it is, and ends sessions and devices`() async throws {
        try await AccountHouse.run { house in
            let user = try house.person(.owner)
            try house.sql("UPDATE users SET totp_secret = 's', totp_confirmed_at = now(), totp_last_step = 7")
            try house.sql(
                """
                INSERT INTO devices (tenant_id, id, user_id, hash) SELECT tenant_id, gen_random_uuid(), id, sha256('d') FROM users
                """)
            try house.sql(
                """
                INSERT INTO sessions (tenant_id, id, user_id, kind, amr, idle_seconds, expires_at)
                SELECT tenant_id, gen_random_uuid(), id, 'token', '{pwd,otp}', 60, now() + interval '1 day' FROM users
                """)
            // Eight characters are enough beside a second factor.
            let wanted = try reset(try await link(house, .resetPassword, of: user), "vT9#kq2x")
            let after = try await house.accounts.resetPassword(wanted, for: InternalRequest.shared)
            #expect(after.hasSecondFactor)
            #expect(try house.count("users WHERE totp_last_step = 7 AND totp_confirmed_at IS NOT NULL") == 1)
            #expect(try house.count("devices") == 0 && house.count("sessions WHERE ended_at IS NULL") == 0)
            #expect(try house.count("sessions") == 1)
        }
    }

    @Test func `mails that are being written are bounded, and the one more is refused whoever it is for`() async throws {
        try await AccountHouse.run { house in
            let accounts = house.accounts
            let wanted = try MailRequest.input.decode(Array(#"{"email":"nobody@example.com"}"#.utf8))
            let ask: @Sendable () async throws -> Void = {
                _ = try await accounts.forgotPassword(wanted, naming: TenantNaming(), for: InternalRequest.shared)
            }
            accounts.underWay.store(Accounts.mailsUnderWay, ordering: .relaxed)
            #expect(await house.code(ask) == .overloaded)
            accounts.underWay.store(Accounts.mailsUnderWay - 1, ordering: .relaxed)
            #expect(await house.code(ask) == nil)
        }
    }

    @Test func `who confirms too late confirms nothing, and who confirms in time keeps the tenant`() async throws {
        try await AccountHouse.run { house in
            let owner = try house.person(.owner, state: .unverified)
            let accounts = house.accounts
            let wanted = try confirm(try await link(house, .verifyEmail, of: owner))
            try house.sql("UPDATE tenants SET confirm_by = now(), state = 'deleting', deletes_at = now()")
            #expect(await house.code { _ = try await accounts.verifyEmail(wanted, for: InternalRequest.shared) } == .gone)
            try house.sql("UPDATE tenants SET state = 'active', deletes_at = NULL")
            #expect(await house.code { _ = try await accounts.verifyEmail(wanted, for: InternalRequest.shared) } == nil)
            #expect(try house.count("tenants WHERE confirm_by IS NOT NULL") == 0)
        }
    }

    @Test func `a change of address takes no password`() async throws {
        try await AccountHouse.run { house in
            let user = try house.person(.owner)
            let token = try await link(house, .changeEmail, of: user, email: "new@example.com")
            let (with, without) = (try confirm(token), try use(token))
            let accounts = house.accounts
            #expect(await house.code { _ = try await accounts.verifyEmail(with, for: InternalRequest.shared) } == .invalid)
            #expect(await house.code { _ = try await accounts.verifyEmail(without, for: InternalRequest.shared) } == nil)
            #expect(try house.count("users WHERE password_hash = 'x'") == 1)
        }
    }

    @Test func `two who want one address can't both have it`() async throws {
        try await AccountHouse.run { house in
            let (first, second) = (try house.person(.owner), try house.person(.member))
            let links = [
                try use(try await link(house, .changeEmail, of: first, email: "same@example.com")),
                try use(try await link(house, .changeEmail, of: second, email: "same@example.com")),
            ]
            let accounts = house.accounts
            let codes = await house.codes(
                links.map { wanted in { _ = try await accounts.verifyEmail(wanted, for: InternalRequest.shared) } })
            #expect(codes.count { $0 == nil } == 1 && codes.count { $0 == .conflict } == 1)
            #expect(try house.count("users WHERE email = 'same@example.com'") == 1)
        }
    }
}
