// Somebody who is logged in shows once more who he is, before something that a stolen session must not do. Whoever has a second factor
// shows that; the password alone would prove less than the login did. Guesses are counted per account, apart from the transaction that an
// Idempotency-Key may have put around the request.

import Base
import JSON
import Postgres
import Tenancy

/// What somebody shows to prove who he is.
public struct StepUp: Sendable {
    public let password: String?
    public let proof: SecondFactor.Proof?

    public static let input = Input<StepUp>("StepUp", "The password, or a code of the second factor if there is one.") { fields in
        let password = fields.optional("password", .passwordText, "The password, of those without a second factor.")
        let code = fields.optional("code", .string(1...32), "Six digits that the app shows.")
        let recoveryCode = fields.optional("recovery_code", .string(1...64), "A recovery code, which is good once.")
        fields.refuse(
            "password", .required, "Give one of password, code and recovery_code.",
            when: [password, code, recoveryCode].count { $0 != nil } != 1)
        return StepUp(
            password: password, proof: code.map(SecondFactor.Proof.code) ?? recoveryCode.map(SecondFactor.Proof.recoveryCode))
    }
}

/// That somebody proved again who he is.
public struct SteppedUp: Sendable {
    let provenAt: Timestamp

    public static let output = Output<SteppedUp>(
        "SteppedUp", "A proof of who somebody is, for what asks for a fresh one.",
        [.field("authenticated_at", "When it was given.") { $0.provenAt }])
}

/// Proving again who one is.
public final class StepUps: Sendable {
    private let database: Database
    private let passwords: Passwords
    private let sessions: Sessions
    private let authenticator: Authenticator
    private let secondFactor: SecondFactor
    private let budgets: GuessBudgets

    public init(
        database: Database, passwords: Passwords, sessions: Sessions, authenticator: Authenticator, secondFactor: SecondFactor
    ) {
        self.database = database
        self.passwords = passwords
        self.sessions = sessions
        self.authenticator = authenticator
        self.secondFactor = secondFactor
        budgets = GuessBudgets(database: database)
    }

    /// Makes the caller's session as fresh as after a login.
    /// - Throws: `.forbidden` when the proof is wrong; `.mfaRequired` for the password of somebody who has a second factor;
    ///   `.invalidState` for a code of somebody who has none; `.rateLimited` when there were too many wrong ones.
    public func stepUp(_ input: StepUp, _ permit: Permit<AccountWrite>) async throws(Fault) -> SteppedUp {
        guard let user = permit.scope.user, let session = permit.scope.session else {
            throw Fault(.forbidden, "Only people have a session.")
        }
        let runner = database.once(permit.scope.database)
        guard let stored = try await runner.first(StepUps.read, user) else { throw Fault(.notFound, "There is no such account.") }
        let method: AuthenticationMethod
        if let proof = input.proof {
            guard stored.hasSecondFactor else { throw Fault(.invalidState, "There is no second factor.") }
            let isRight = try await secondFactor.verify(
                proof, of: user, by: runner, noting: permit.audit(.recoveryCodeUsed))
            guard isRight else { try await refuse(user, permit) }
            method = .oneTimePassword
        } else {
            guard !stored.hasSecondFactor else { throw Fault(.mfaRequired, "Show a code of the second factor.") }
            try await budgets.take([.stepUp(user)])
            guard try await isRight(input.password ?? "", stored.hash, user) else { try await refuse(user, permit) }
            try await budgets.reset([.stepUp(user)])
            method = .password
        }
        let provenAt = try await database.session(permit.scope.database) { transaction throws(Fault) in
            try await sessions.prove(session, amr: [method], in: transaction)
            try await transaction.execute(AuditEntry.insert, permit.audit(.stepUpSucceeded), user.uuid)
            return try await transaction.first(StepUps.now)
        }
        Database.afterCommit { [authenticator] in authenticator.forget(.session(session)) }
        return SteppedUp(provenAt: provenAt ?? .now)
    }

    /// An attempt that found no thread was none.
    private func isRight(_ password: String, _ hash: String, _ user: UserID) async throws(Fault) -> Bool {
        do throws(Fault) {
            return try await passwords.check(password, against: hash).isRight
        } catch {
            try await budgets.giveBack([.stepUp(user)])
            throw error
        }
    }

    private func refuse(_ user: UserID, _ permit: Permit<AccountWrite>) async throws(Fault) -> Never {
        let entry = permit.audit(.stepUpFailed, .refused)
        // What surrounds the request is undone by the refusal, which must not be.
        try await Database.apart { () throws(Fault) in
            try await database.once(permit.scope.database).execute(AuditEntry.insert, entry, user.uuid)
        }
        throw Fault(.forbidden, "This is not the right proof.")
    }

    // MARK: Statements

    /// When the present transaction began, which is what a proof in it is dated by.
    private static let now = Statement<Timestamp>("moment of the transaction", "SELECT now()") { row throws(Fault) in
        try row.value(0)
    }

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [read]

    private static let read = Statement<(hash: String, hasSecondFactor: Bool), UserID>(
        "proofs of a user", "SELECT password_hash, totp_confirmed_at IS NOT NULL FROM users WHERE id = $1", repeatable: true
    ) { row throws(Fault) in (try row.value(0), try row.value(1)) }
}
