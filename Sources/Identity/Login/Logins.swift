// From a name and a password to a session, in one or two steps. There is one way for all that can be wrong: the same statements, a hash of
// the same cost, the same write, the same refusal, whether it is the tenant, the user, his state or his password. Only the audit log of the
// tenant says which it was. Guesses are bounded by `GuessBudgets`, which is where the numbers are.
// Bounds: hashes by `Passwords`; devices by `Devices.perUser`; a challenge of the first step by `MFAChallenge.lifetimeSeconds`.

import Base
import Crypto
import JSON
import Postgres
import Tenancy

/// Logging in.
public final class Logins: Sendable {
    private let database: Database
    private let passwords: Passwords
    private let sessions: Sessions
    private let secondFactor: SecondFactor
    private let budgets: GuessBudgets
    private let challengeKey: Secret

    public init(
        database: Database, passwords: Passwords, sessions: Sessions, secondFactor: SecondFactor, rootKey: RootKey
    ) {
        self.database = database
        self.passwords = passwords
        self.sessions = sessions
        self.secondFactor = secondFactor
        budgets = GuessBudgets(database: database)
        challengeKey = rootKey.macKey("mfa challenge")
    }

    /// The same whatever was wrong.
    static let refusal = Fault(.unauthenticated, "The login is not valid.")

    // MARK: The first step

    /// Checks a password and begins a session, or asks for the second factor.
    /// - Throws: `.unauthenticated`, the same whatever is wrong; `.rateLimited` when there were too many wrong guesses at the name or from
    ///   the address; `.overloaded` when too many passwords wait to be checked.
    public func logIn(_ input: LogIn, from origin: LoginOrigin) async throws(Fault) -> LoginAnswer {
        var naming = origin.naming
        naming.add(input.tenant)
        let name = naming.take(from: input.login).caseFolded
        let device = (input.deviceToken ?? origin.deviceToken).flatMap(DeviceToken.init)
        let account = try await find(LoginAccount.byName, name, naming, device)
        let subjects = Logins.subjects(account, device) ?? [.account(naming, name), .address(origin.addressBlock)]
        try await budgets.take(subjects)
        let verdict = try await checkPassword(input.password, of: account, subjects)
        guard let account, let user = account.user, verdict.isRight, account.obstacle == nil else {
            let reason = account?.user != nil && !verdict.isRight ? .wrongPassword : account?.obstacle
            try await refuse(account, reason, origin.request)
        }
        var attempt = Attempt(
            account: account, user: user, device: device, wantsCookie: input.wantsCookie, request: origin.request)
        if user.hasSecondFactor {
            try await budgets.giveBack(subjects)
            return .mfaRequired(try await challenge(attempt, renewed: verdict.renewed))
        }
        attempt.mustChangePassword = PasswordPolicy.isTooShortAlone(input.password) && !account.mfaIsRequired
        let answer = try await begin(attempt, amr: [.password], renewed: verdict.renewed, after: nil)
        // The address may be that of many, and stays as it was before the attempt.
        try await budgets.giveBack(subjects)
        try await budgets.reset([subjects[0]])
        return answer
    }

    /// The budget of a device that the account knows; `nil` when it knows none.
    private static func subjects(_ account: LoginAccount?, _ device: DeviceToken?) -> [GuessBudgets.Subject]? {
        guard let device, account?.user?.deviceIsKnown == true else { return nil }
        return [.device(device)]
    }

    /// An attempt that found no thread was none.
    private func checkPassword(
        _ password: String, of account: LoginAccount?, _ subjects: [GuessBudgets.Subject]
    ) async throws(Fault) -> Passwords.Verdict {
        do throws(Fault) {
            return try await passwords.check(
                password, against: account?.user?.passwordHash, renews: account?.obstacle == nil)
        } catch {
            try await budgets.giveBack(subjects)
            throw error
        }
    }

    /// The challenge for the second step. A hash that costs more now is stored at once, since the challenge is bound to it.
    private func challenge(_ attempt: Attempt, renewed: String?) async throws(Fault) -> String {
        let (account, user) = (attempt.account, attempt.user)
        if let renewed {
            let runner = database.once(.tenant(account.tenant))
            guard try await runner.execute(Logins.renew, user.id, user.passwordHash, renewed) == 1 else {
                try await refuse(account, .changedMeanwhile, attempt.request)
            }
        }
        let challenge = MFAChallenge(
            tenant: account.tenant, user: user.id, passwordHash: renewed ?? user.passwordHash, issuedAt: account.now)
        return challenge.text(key: challengeKey)
    }

    // MARK: The second step

    /// Checks the second factor of somebody whose password was right a moment ago, and begins a session.
    /// - Throws: `.unauthenticated`, the same for a challenge that does not hold and for a wrong code; `.rateLimited` when there were too
    ///   many wrong codes.
    public func finish(_ input: FinishLogIn, from origin: LoginOrigin) async throws(Fault) -> LoginAnswer {
        let device = (input.deviceToken ?? origin.deviceToken).flatMap(DeviceToken.init)
        guard let challenge = MFAChallenge(input.challenge, key: challengeKey) else { throw Logins.refusal }
        var naming = origin.naming
        naming.add(challenge.tenant.description)
        let account = try await find(LoginAccount.byID, challenge.user, naming, device)
        guard let account, let user = account.user, account.obstacle == nil, user.hasSecondFactor,
            challenge.holds(for: user.passwordHash, at: account.now), user.lastLoginAt.map({ $0 < challenge.issuedAt }) ?? true
        else { throw Logins.refusal }
        let runner = database.once(.tenant(account.tenant))
        let entry = AuditEntry(.recoveryCodeUsed, actor: nil, request: origin.request)
        guard try await secondFactor.verify(input.proof, of: user.id, by: runner, noting: entry) else {
            try await refuse(account, .wrongCode, origin.request)
        }
        let attempt = Attempt(
            account: account, user: user, device: device, wantsCookie: input.wantsCookie, request: origin.request)
        return try await begin(
            attempt, amr: [.password, .oneTimePassword, .multiFactor], renewed: nil, after: challenge.issuedAt)
    }

    // MARK: What both share

    /// A login whose proofs were right.
    private struct Attempt {
        let account: LoginAccount
        let user: LoginAccount.User
        let device: DeviceToken?
        let wantsCookie: Bool
        let request: any RequestContext
        /// Whether the password is not enough any more.
        var mustChangePassword = false
    }

    private func find<Name: PostgresParameter>(
        _ statement: Statement<LoginAccount, Name, UUIDBits?, [UInt8]?>, _ name: Name, _ naming: TenantNaming,
        _ device: DeviceToken?
    ) async throws(Fault) -> LoginAccount? {
        let wanted = naming.wanted
        var batch = database.once(.none).batch()
        batch.add(LoginAccount.enter, wanted.slug, wanted.id)
        let slot = batch.add(statement, name, device?.id, device?.hash)
        return try await batch.run().first(slot)
    }

    /// Writes down that a login failed, where there is a tenant to know it, and refuses it.
    private func refuse(
        _ account: LoginAccount?, _ reason: LoginFailure?, _ request: any RequestContext
    ) async throws(Fault) -> Never {
        if let account {
            var details = JSONObject()
            details["reason"] = (reason?.rawValue).map(JSONValue.string)
            let entry = AuditEntry(.loginFailed, .refused, actor: nil, request: request, details: details)
            try await database.once(.tenant(account.tenant)).execute(AuditEntry.insert, entry, account.user?.id.uuid)
        } else {
            try await database.once(.none).execute(Logins.writeNothing)
        }
        throw Logins.refusal
    }

    /// Begins the session, if the account is still what was checked.
    /// - Parameter moment: when the challenge was given; a login that was completed since has spent it.
    private func begin(
        _ attempt: Attempt, amr: [AuthenticationMethod], renewed: String?, after moment: Timestamp?
    ) async throws(Fault) -> LoginAnswer {
        let (account, user, request) = (attempt.account, attempt.user, attempt.request)
        let begun = try await database.session(.tenant(account.tenant)) { session throws(Fault) -> LoginAnswer? in
            guard
                try await session.first(Logins.conclude, user.id, user.passwordHash, renewed, moment, attempt.mustChangePassword)
                    != nil
            else { return nil }
            let device = try await Devices.note(
                attempt.device, isKnown: user.deviceIsKnown, of: user.id, account.tenant, in: session)
            let login = ProvenLogin(tenant: account.tenant, user: user.id, amr: amr)
            let new = try await sessions.begin(login, kind: attempt.wantsCookie ? .cookie : .token, in: session, for: request)
            let entry = AuditEntry(.loginSucceeded, actor: .user(user.id, new.id), request: request)
            try await session.execute(AuditEntry.insert, entry, user.id.uuid)
            return .complete(
                CompletedLogin(
                    session: new, device: device, user: user, mustEnrol: account.mfaIsRequired && !user.hasSecondFactor,
                    mustChangePassword: user.mustChangePassword || attempt.mustChangePassword))
        }
        guard let begun else { try await refuse(account, .changedMeanwhile, request) }
        return begun
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] =
        [LoginAccount.enter, LoginAccount.byName, LoginAccount.byID, writeNothing] + GuessBudgets.statements

    /// Gives a row when the account may log in and still has the password that was checked.
    private static let conclude = Statement<Void, UserID, String, String?, Timestamp?, Bool>(
        "conclude login",
        """
        UPDATE users u
        SET last_login_at = clock_timestamp(), password_hash = coalesce($3, u.password_hash),
            must_change_password = u.must_change_password OR $5
        FROM tenants t
        WHERE t.tenant_id = u.tenant_id AND t.state = 'active' AND u.id = $1 AND u.state = 'active' AND u.password_hash = $2
            AND ($4 IS NULL OR u.last_login_at IS NULL OR u.last_login_at < $4)
            AND ($4 IS NULL) = (u.totp_confirmed_at IS NULL)
        RETURNING true
        """)

    private static let renew = Statement<Void, UserID, String, String>(
        "renew password hash", "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")

    /// Costs what a line of the audit log costs, for names of tenants that don't exist: a commit that waits for the disk.
    private static let writeNothing = Statement<Void>(
        "write nothing", "SELECT pg_logical_emit_message(true, 'insula', 'a login without a tenant')")
}
