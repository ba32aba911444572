// Accounts that people make by themselves: in a tenant that takes everybody, or with a tenant of their own. Whether an address or a username
// is known there is told to the mailbox alone; the answer is the same, after the same work.

import Base
import Crypto
import JSON
import Mail
import Postgres
import Tenancy

/// Registering and signing up.
public final class Registrations: Sendable {
    private let ground: AccountGround
    private let policy: SignUpPolicy

    public init(_ ground: AccountGround, signUp policy: SignUpPolicy) {
        self.ground = ground
        self.policy = policy
    }

    // MARK: In a tenant that is there

    /// Makes an account that waits for its address to be confirmed.
    /// - Throws: `.invalid` naming the field; `.forbidden` when the tenant does not take everybody, or there is none; `.limitReached`;
    ///   `.rateLimited` when too much mail was asked for.
    public func register(
        _ wanted: Register, naming: TenantNaming, for request: any RequestContext
    ) async throws(Fault) -> MailRequested {
        var naming = naming
        naming.add(wanted.tenant)
        let username = try Username(wanted.username)
        let email = try EmailAddress(wanted.email).text
        guard let standing = try await naming.find(in: ground.database), standing.isActive,
            standing.settings.registration == .open
        else { throw Fault(.forbidden, "This organisation takes no registrations.") }
        let person = PasswordPolicy.Person(username: username.text, email: email, name: wanted.name, tenant: standing.slug)
        try PasswordPolicy.check(wanted.password, of: person, hasSecondFactor: standing.settings.mfaRequired)
        try await ground.budgets.take([.mail(standing.tenant, email)])
        let new = NewUser(
            username: username, email: email, name: wanted.name, role: .builtIn(.member),
            hash: try await ground.passwords.hash(wanted.password), state: .unverified)
        try await ground.database.session(.tenant(standing.tenant)) { session throws(Fault) in
            try await register(new, standing.tenant, in: session, request)
        }
        return MailRequested(email: email)
    }

    private func register(
        _ new: NewUser, _ tenant: TenantID, in session: Session, _ request: any RequestContext
    ) async throws(Fault) {
        try await People.lock(tenant, in: session)
        guard let standing = try await session.first(People.standing, tenant) else { throw People.notFound }
        try await session.execute(UserStatements.removePending, new.email)
        try await People.checkRoom(standing, in: session)
        let id = UserID.make()
        var batch = session.batch()
        let taken = batch.add(UserStatements.hasEmail, new.email)
        let slot = batch.add(
            UserStatements.createIfFree, tenant, id, new, AuditEntry(.userRegistered, actor: nil, request: request))
        let results = try await batch.run()
        if try results.first(slot) != nil {
            return try await sendVerification(to: new, id, standing, in: session)
        }
        let isKnown = try results.first(taken) ?? false
        let mail =
            isKnown
            ? try ground.mail.alreadyRegistered(to: new.email, tenant: standing.name)
            : try ground.mail.usernameTaken(to: new.email, tenant: standing.name, username: new.username.text)
        var details = JSONObject()
        details["reason"] = isKnown ? "email_taken" : "username_taken"
        let entry = AuditEntry(.userRegistered, .refused, actor: nil, request: request, details: details)
        var ending = session.batch()
        ending.add(AuditEntry.insert, entry, nil)
        ground.outbox.enqueue(mail, tenant: tenant, into: &ending)
        _ = try await ending.run()
    }

    private func sendVerification(
        to new: NewUser, _ id: UserID, _ standing: People.Standing, in session: Session
    ) async throws(Fault) {
        let purpose = AccountLinks.Purpose.verifyEmail
        let token = LinkToken(tenant: standing.tenant, id: Accounts.newLinkID())
        let mail = try ground.mail.verification(
            to: new.email, tenant: standing.name, username: new.username.text, token)
        var batch = session.batch()
        batch.add(
            AccountLinks.create, standing.tenant, token.id, id, purpose.rawValue, token.hash, nil, purpose.lifetimeSeconds)
        ground.outbox.enqueue(mail, tenant: standing.tenant, into: &batch)
        _ = try await batch.run()
    }

    // MARK: With a tenant of one's own

    /// Makes a tenant with its owner, who can log in once he has confirmed his address.
    /// - Throws: `.forbidden` when the installation does not take everybody and no good code was given; `.invalid` naming the field;
    ///   `.conflict` when the slug is taken; `.rateLimited` when too much mail was asked for.
    public func signUp(_ wanted: SignUp, for request: any RequestContext) async throws(Fault) -> SignedUp {
        guard policy != .closed else { throw Fault(.forbidden, "New organisations are made by the operator of this server.") }
        guard !ReservedSlugs.contains(wanted.slug) else {
            throw Fault(.conflict, "The slug \(wanted.slug) is taken.", fields: [Registrations.slugTaken])
        }
        let username = try Username(wanted.owner.username, field: "owner.username")
        let email = try EmailAddress(wanted.owner.email, field: "owner.email").text
        let person = PasswordPolicy.Person(
            username: username.text, email: email, name: wanted.owner.name, tenant: wanted.slug)
        try PasswordPolicy.check(wanted.owner.password, of: person, hasSecondFactor: false, field: "owner.password")
        // Before anything that costs work, or mail to somebody who may know nothing of it.
        if policy == .invite { try await SignupCodes.check(wanted.code, in: ground.database.once(.none)) }
        // By the address alone: a slug is the caller's to choose, as often as he likes.
        try await ground.budgets.take([.signUpMail(email)])
        let new = NewUser(
            username: username, email: email, name: wanted.owner.name, role: .builtIn(.owner),
            hash: try await ground.passwords.hash(wanted.owner.password), state: .unverified)
        let tenant = TenantID.make()
        return try await ground.database.session(.tenant(tenant)) { session throws(Fault) in
            if policy == .invite { try await SignupCodes.redeem(wanted.code, for: tenant, in: session) }
            do throws(Fault) {
                try await Tenants.create(id: tenant, slug: wanted.slug, name: wanted.name, in: session)
            } catch {
                guard error.code == .conflict else { throw error }
                throw Fault(.conflict, error.message, fields: [Registrations.slugTaken])
            }
            try await Tenants.awaitConfirmation(of: tenant, days: People.unverifiedDays, in: session)
            return try await makeOwner(new, of: tenant, in: session, request)
        }
    }

    private func makeOwner(
        _ new: NewUser, of tenant: TenantID, in session: Session, _ request: any RequestContext
    ) async throws(Fault) -> SignedUp {
        let id = UserID.make()
        var batch = session.batch()
        batch.add(AuditEntry.insert, AuditEntry(.tenantCreated, actor: nil, request: request), tenant.uuid)
        let standing = batch.add(People.standing, tenant)
        let slot = batch.add(
            UserStatements.create, tenant, id, new, AuditEntry(.userRegistered, actor: nil, request: request))
        let results = try await batch.run()
        guard let standing = try results.first(standing), let owner = try results.first(slot) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a tenant that was made is not there")
        }
        try await sendVerification(to: new, id, standing, in: session)
        return SignedUp(tenant: tenant, slug: standing.slug, name: standing.name, owner: owner)
    }

    private static let slugTaken = Fault.Field("slug", "duplicate", "This slug is taken.")
}

/// A tenant that somebody made for himself.
public struct SignedUp: Sendable {
    public let tenant: TenantID
    public let slug: String
    public let name: String
    public let owner: User

    public static let output = Output<SignedUp>(
        "SignedUp", "A new tenant. Its owner can log in once the address is confirmed.",
        [
            .field("tenant_id", "Its id.") { $0.tenant },
            .field("slug", "Its name in addresses and commands.") { $0.slug },
            .field("name", "What people call it.") { $0.name },
            .object("owner", "Its first person.", User.output) { $0.owner },
        ])
}
