// What links in mails do: confirm an address, change it, and get back into an account whose password is forgotten. Looking at a link changes
// nothing; using it and what it does are one transaction. Whoever asks for a link learns nothing: the answer is given before anybody looks
// whether there is an account.

import Base
import Loop
import Mail
import Postgres
import Synchronization
import Tenancy

extension Accounts {
    /// Confirms the address that the link went to: that of a registration, or a new one. A registration is confirmed with the password of
    /// the account from now on, so that nobody gets in with one that he registered for somebody else.
    /// - Throws: `.gone`, the same whatever is wrong with the link; `.invalid` naming `password`, which leaves the link as it was;
    ///   `.conflict` when another account has the new address by now.
    public func verifyEmail(_ link: UseLink, for request: any RequestContext) async throws(Fault) -> User {
        guard let token = LinkToken(link.token) else { throw LinkToken.refusal }
        let purposes: [AccountLinks.Purpose] = [.verifyEmail, .changeEmail]
        let scope = Scope.tenant(token.tenant)
        let runner = ground.database.once(scope)
        guard let meaning = try await runner.first(AccountLinks.read, token.id, token.hash, purposes.map(\.rawValue)),
            let stored = try await runner.first(StoredPassword.read, meaning.user)
        else { throw LinkToken.refusal }
        guard meaning.purpose == .verifyEmail else {
            guard link.password == nil else { throw .invalid("password", "unknown", "A change of address takes no password.") }
            return try await ground.database.session(scope) { session throws(Fault) in
                let meaning = try await use(token, for: [.changeEmail], in: session)
                return try await changeEmail(meaning, token.tenant, in: session, request)
            }
        }
        guard let password = link.password else {
            throw .invalid("password", "required", "Choose the password of the account.")
        }
        try PasswordPolicy.check(password, of: stored.person, hasSecondFactor: stored.asksSecondFactor)
        let hash = try await ground.passwords.hash(password)
        return try await ground.database.session(scope) { session throws(Fault) in
            // Before the link, which holds only while the tenant does.
            try await Tenants.confirm(token.tenant, in: session)
            let meaning = try await use(token, for: [.verifyEmail], in: session)
            let entry = AuditEntry(.emailVerified, actor: nil, request: request)
            guard let user = try await session.first(StoredPassword.confirm, meaning.user, entry, hash) else {
                throw LinkToken.refusal
            }
            return user
        }
    }

    private func changeEmail(
        _ meaning: AccountLinks.Meaning, _ tenant: TenantID, in session: Session, _ request: any RequestContext
    ) async throws(Fault) -> User {
        guard let email = meaning.email, let before = try await session.first(StoredPassword.read, meaning.user) else {
            throw LinkToken.refusal
        }
        let entry = AuditEntry(.emailChanged, actor: nil, request: request)
        let changed: User?
        do throws(Fault) {
            changed = try await session.first(UserStatements.setEmail, meaning.user, email, entry)
        } catch {
            throw People.named(error)
        }
        guard let changed else { throw LinkToken.refusal }
        // What went to the old address opens nothing any more.
        try await session.execute(AccountLinks.spend, meaning.user, [AccountLinks.Purpose.resetPassword.rawValue])
        let notice = try ground.mail.emailChanged(to: before.email, tenant: before.tenantName, username: before.username)
        try await ground.outbox.enqueue(notice, tenant: tenant, in: session)
        return changed
    }

    /// Uses a link up.
    /// - Throws: `.gone` when it is not good, its tenant included.
    private func use(
        _ token: LinkToken, for purposes: [AccountLinks.Purpose], in session: Session
    ) async throws(Fault) -> AccountLinks.Meaning {
        guard let standing = try await session.first(People.standing, token.tenant), standing.isActive,
            let meaning = try await session.first(AccountLinks.use, token.id, token.hash, purposes.map(\.rawValue))
        else { throw LinkToken.refusal }
        return meaning
    }

    // MARK: A forgotten password

    /// Sends a link for a new password, if there is such an account. The work begins when the answer is given.
    /// - Throws: `.invalid` naming `email`; `.rateLimited` when too much mail was asked for, whether or not there is an account;
    ///   `.overloaded` when too many mails are being written.
    public func forgotPassword(
        _ wanted: MailRequest, naming: TenantNaming, for request: any RequestContext
    ) async throws(Fault) -> MailRequested {
        let email = try EmailAddress(wanted.email).text
        var naming = naming
        naming.add(wanted.tenant)
        let tenant = naming
        try await ground.budgets.take([.mail(naming, email)])
        let entry = AuditEntry(.passwordResetRequested, actor: nil, request: request)
        try apart { [self] () async throws(Fault) in try await sendReset(to: email, tenant, entry) }
        return MailRequested(email: email)
    }

    /// Runs `work` once the request is answered.
    private func apart(_ work: @escaping @Sendable () async throws(Fault) -> Void) throws(Fault) {
        guard let loop = EventLoop.current else { preconditionFailure("requests are answered by tasks that live on a loop") }
        guard underWay.add(1, ordering: .relaxed).newValue <= Accounts.mailsUnderWay else {
            underWay.subtract(1, ordering: .relaxed)
            throw Fault(.overloaded, "Too many mails are being written. Try again shortly.", retryAfterSeconds: 1)
        }
        _ = loop.spawn { [self] in
            do throws(Fault) {
                try await work()
            } catch {
                Log.write(.warning, "a mail was not written", ["reason": .text(error.cause ?? error.message)])
            }
            underWay.subtract(1, ordering: .relaxed)
        }
    }

    private func sendReset(to email: String, _ naming: TenantNaming, _ entry: AuditEntry) async throws(Fault) {
        guard let standing = try await naming.find(in: ground.database), standing.isActive else { return }
        let scope = Scope.tenant(standing.tenant)
        guard let user = try await ground.database.once(scope).first(Accounts.findByEmail, email) else { return }
        let purpose: AccountLinks.Purpose
        switch user.state {
        case .active: purpose = .resetPassword
        // Whoever waits for the mail about his registration gets it once more.
        case .unverified: purpose = .verifyEmail
        case .disabled: return
        }
        let token = LinkToken(tenant: standing.tenant, id: Accounts.newLinkID())
        let mail =
            purpose == .resetPassword
            ? try ground.mail.passwordReset(to: email, tenant: standing.name, username: user.username, token)
            : try ground.mail.verification(to: email, tenant: standing.name, username: user.username, token)
        var batch = ground.database.once(scope).batch()
        batch.add(
            AccountLinks.create, standing.tenant, token.id, user.id, purpose.rawValue, token.hash, nil, purpose.lifetimeSeconds)
        batch.add(AuditEntry.insert, entry, user.id.uuid)
        ground.outbox.enqueue(mail, tenant: standing.tenant, into: &batch)
        _ = try await batch.run()
    }

    /// Sets a new password by a link, and ends all sessions. It logs nobody in, so that a second factor is asked for as ever.
    /// - Throws: `.gone`, the same whatever is wrong with the link; `.invalid` naming `password`, which leaves the link as it was.
    public func resetPassword(_ reset: ResetPassword, for request: any RequestContext) async throws(Fault) -> User {
        guard let token = LinkToken(reset.token) else { throw LinkToken.refusal }
        let purpose = AccountLinks.Purpose.resetPassword
        let scope = Scope.tenant(token.tenant)
        let runner = ground.database.once(scope)
        guard let meaning = try await runner.first(AccountLinks.read, token.id, token.hash, [purpose.rawValue]),
            let stored = try await runner.first(StoredPassword.read, meaning.user)
        else { throw LinkToken.refusal }
        try PasswordPolicy.check(reset.password, of: stored.person, hasSecondFactor: stored.asksSecondFactor)
        let hash = try await ground.passwords.hash(reset.password)
        let entry = AuditEntry(.passwordReset, actor: nil, request: request)
        let user = try await ground.database.session(scope) { session throws(Fault) in
            let meaning = try await use(token, for: [purpose], in: session)
            guard let user = try await session.first(StoredPassword.reset, meaning.user, entry, hash) else {
                throw LinkToken.refusal
            }
            try await session.execute(AccountLinks.spend, user.id, AccountLinks.spentByNewPassword)
            try await ground.sessions.endAll(of: user.id, reason: .passwordChanged, in: session)
            let notice = try ground.mail.passwordChanged(
                to: user.email, tenant: stored.tenantName, username: user.username)
            try await ground.outbox.enqueue(notice, tenant: token.tenant, in: session)
            return user
        }
        ground.authenticator.forget(.user(user.id))
        try await ground.budgets.reset(GuessBudgets.Subject.logins(of: user, tenant: token.tenant, slug: stored.tenantSlug))
        return user
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] =
        People.statements + UserStatements.all + StoredPassword.statements + AccountLinks.statements + [findByEmail]

    private static let findByEmail = Statement<(id: UserID, username: String, state: User.State), String>(
        "user by email", "SELECT id, username, state FROM users WHERE email = $1", repeatable: true
    ) { row throws(Fault) in
        guard let state = User.State(rawValue: try row.value(2)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a user has an unknown state")
        }
        return (try row.value(0), try row.value(1), state)
    }
}

extension GuessBudgets.Subject {
    /// Guesses at somebody's password, in whichever way he is named.
    static func logins(of user: User, tenant: TenantID, slug: String) -> [GuessBudgets.Subject] {
        var namings = [[slug], [tenant.description], [slug, tenant.description]]
        if slug == TenantNaming.standardSlug { namings.append([]) }
        return namings.flatMap { names in
            var naming = TenantNaming()
            for name in names { naming.add(name) }
            return [user.username, user.email].map { GuessBudgets.Subject.account(naming, $0) }
        }
    }
}
