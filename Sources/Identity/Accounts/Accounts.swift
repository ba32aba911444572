// One's own account: read it, change it, leave. Links that come by mail are in `Accounts+links.swift`.

import Base
import JSON
import Mail
import Postgres
import Synchronization
import Tenancy

/// The accounts of people, by themselves.
public final class Accounts: Sendable {
    /// Mails that are being written apart from the request that asked for them.
    static let mailsUnderWay = 256

    let ground: AccountGround
    let underWay = Atomic<Int>(0)

    public init(_ ground: AccountGround) {
        self.ground = ground
    }

    /// The caller's account.
    public func get(_ permit: Permit<AccountRead>) async throws(Fault) -> Account {
        let id = try Accounts.user(permit.scope)
        let user = try await ground.database.once(permit.scope.database).first(UserStatements.get, id)
        return try Accounts.account(user, permit.scope)
    }

    /// Changes the caller's names.
    /// - Throws: `.invalid` naming the field; `.conflict` when the username is taken; `.preconditionFailed`.
    public func update(_ change: UpdateAccount, _ permit: Permit<AccountWrite>) async throws(Fault) -> Account {
        let id = try Accounts.user(permit.scope)
        var username: String?
        if let given = change.username { username = try Username(given).text }
        let changed: User?
        do throws(Fault) {
            changed = try await ground.database.once(permit.scope.database).first(
                UserStatements.rename, id, change.name, username, permit.request.acceptedRevisions, permit.audit(.userUpdated))
        } catch {
            throw People.named(error)
        }
        // Whoever has a session has an account.
        if changed == nil { throw Fault.changedMeanwhile }
        return try Accounts.account(changed, permit.scope)
    }

    /// Changes the caller's password, and ends his other sessions.
    /// - Throws: `.invalid` naming the field; `.forbidden` when the present password is another; `.rateLimited` when that was tried too often.
    public func changePassword(_ change: ChangePassword, _ permit: Permit<AccountWrite>) async throws(Fault) -> Account {
        let id = try Accounts.user(permit.scope)
        let runner = ground.database.once(permit.scope.database)
        guard let stored = try await runner.first(StoredPassword.read, id) else { throw People.notFound }
        try await ground.budgets.take([.stepUp(id)])
        guard try await isRight(change.current, stored, id) else { throw try await wrongPassword(id, permit) }
        try await ground.budgets.reset([.stepUp(id)])
        guard change.current != change.new else {
            throw .invalid("new_password", "format", "The new password is the present one.")
        }
        try PasswordPolicy.check(
            change.new, of: stored.person, hasSecondFactor: stored.asksSecondFactor, field: "new_password")
        let hash = try await ground.passwords.hash(change.new)
        let user = try await ground.database.session(permit.scope.database) { session throws(Fault) in
            let replaced = try await session.first(
                StoredPassword.replace, id, stored.hash, hash, permit.audit(.passwordChanged))
            guard let replaced else { throw Fault.changedMeanwhile }
            try await session.execute(AccountLinks.spend, id, AccountLinks.spentByNewPassword)
            try await ground.sessions.endAll(of: id, except: permit.scope.session, reason: .passwordChanged, in: session)
            let notice = try ground.mail.passwordChanged(
                to: replaced.email, tenant: stored.tenantName, username: replaced.username)
            try await ground.outbox.enqueue(notice, tenant: permit.scope.tenant, in: session)
            return replaced
        }
        ground.authenticator.forget(.user(id))
        return try Accounts.account(user, permit.scope)
    }

    /// An attempt that found no thread was none.
    private func isRight(_ password: String, _ stored: StoredPassword, _ id: UserID) async throws(Fault) -> Bool {
        do throws(Fault) {
            return try await ground.passwords.check(password, against: stored.hash).isRight
        } catch {
            try await ground.budgets.giveBack([.stepUp(id)])
            throw error
        }
    }

    private func wrongPassword(_ id: UserID, _ permit: Permit<AccountWrite>) async throws(Fault) -> Fault {
        let entry = permit.audit(.passwordChanged, .refused)
        // What surrounds the request is undone by the refusal, which must not be.
        _ = try await Database.apart { () throws(Fault) in
            try await ground.database.once(permit.scope.database).execute(AuditEntry.insert, entry, id.uuid)
        }
        return Fault(.forbidden, "The present password is another one.")
    }

    /// Asks for another address: the new one gets a link, the old one is told. The answer is the same when another account has it.
    /// - Throws: `.invalid` naming `email`; `.rateLimited` when too much mail was asked for.
    public func changeEmail(_ change: ChangeEmail, _ permit: Permit<AccountWrite>) async throws(Fault) -> MailRequested {
        let id = try Accounts.user(permit.scope)
        let email = try EmailAddress(change.email).text
        let tenant = permit.scope.tenant
        guard let stored = try await ground.database.once(permit.scope.database).first(StoredPassword.read, id) else {
            throw People.notFound
        }
        guard stored.email != email else { throw .invalid("email", "duplicate", "This is the present address.") }
        try await ground.budgets.take([.mail(tenant, email), .mail(tenant, stored.email)])
        let token = LinkToken(tenant: tenant, id: Accounts.newLinkID())
        let purpose = AccountLinks.Purpose.changeEmail
        try await ground.database.session(permit.scope.database) { session throws(Fault) in
            var batch = session.batch()
            batch.add(AccountLinks.spend, id, [purpose.rawValue])
            batch.add(AccountLinks.create, tenant, token.id, id, purpose.rawValue, token.hash, email, purpose.lifetimeSeconds)
            batch.add(AuditEntry.insert, permit.audit(.emailChangeRequested), id.uuid)
            let taken = batch.add(UserStatements.hasEmail, email)
            let isTaken = try await batch.run().first(taken) ?? true
            let first =
                isTaken
                ? try ground.mail.alreadyRegistered(to: email, tenant: stored.tenantName)
                : try ground.mail.emailChange(to: email, tenant: stored.tenantName, username: stored.username, token)
            try await ground.outbox.enqueue(first, tenant: tenant, in: session)
            let notice = try ground.mail.emailChangeAsked(
                to: stored.email, tenant: stored.tenantName, username: stored.username)
            try await ground.outbox.enqueue(notice, tenant: tenant, in: session)
        }
        return MailRequested(email: email)
    }

    /// Deletes the caller's account, with its sessions.
    /// - Throws: `.conflict` when he is the last owner.
    public func delete(_ permit: Permit<AccountWrite>) async throws(Fault) {
        let id = try Accounts.user(permit.scope)
        try await ground.database.session(permit.scope.database) { session throws(Fault) in
            try await People.lock(permit.scope.tenant, in: session)
            let user = try await People.user(id, in: session)
            try await People.checkOwnerRemains(without: user, in: session)
            var batch = session.batch()
            let slot = batch.add(UserStatements.delete, id, permit.request.acceptedRevisions, permit.audit(.userDeleted))
            batch.add(Revocation.tell, .user(id))
            if try await batch.run().affected(slot) == 0 { throw Fault.changedMeanwhile }
        }
        ground.authenticator.forget(.user(id))
    }

    // MARK: Shared

    /// Only people have an account, and only they hold the rights that lead here.
    static func user(_ scope: TenantScope) throws(Fault) -> UserID {
        guard let user = scope.user else { throw Fault(.forbidden, "Only people have an account.") }
        return user
    }

    static func account(_ user: User?, _ scope: TenantScope) throws(Fault) -> Account {
        guard let user else { throw People.notFound }
        return Account(user: user, tenant: scope.tenant, rights: scope.rights)
    }

    static func newLinkID() -> UUIDBits { .version7(milliseconds: UInt64(Timestamp.now.microseconds / 1_000)) }
}
