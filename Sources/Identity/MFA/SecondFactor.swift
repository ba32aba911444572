// The check of somebody's second factor, for whoever wants it shown: login, step-up, and other capabilities.
// A code works once, whoever asks and on whichever node: the step it belongs to is moved forward by one UPDATE that wants it to be later
// than the last one. A recovery code works once by one UPDATE as well. Attempts are counted per account, whatever they are made for, and
// apart from the caller's transaction, so that a refusal which undoes that transaction does not undo the count.
// The secret is sealed under the root key, bound to its user: moved to another row it does not open.

import Base
import Crypto
import Postgres
import Tenancy

/// Checks second factors.
public struct SecondFactor: Sendable {
    /// Steps of 30 seconds that a phone's clock may be off, either way.
    static let window = 1

    private let database: Database
    private let sealing: SealingKey
    private let budgets: GuessBudgets

    public init(database: Database, rootKey: RootKey) {
        self.database = database
        sealing = rootKey.sealingKey("totp secret")
        budgets = GuessBudgets(database: database)
    }

    /// Whether `proof` is one of the user's that was never used. If so it is used up, in the transaction of `runner`.
    /// - Parameters:
    ///   - user: has confirmed a second factor; whoever has not is always refused.
    ///   - runner: runs in the scope of the user's tenant.
    ///   - entry: what the audit log says about a recovery code that is used up.
    /// - Throws: `.rateLimited` when the account's attempts are used up. Recovery codes, which nobody can guess, go on working then.
    public func verify(
        _ proof: Proof, of user: UserID, by runner: some StatementRunner, noting entry: AuditEntry
    ) async throws(Fault) -> Bool {
        switch proof {
        case .code(let code):
            try await budgets.take([.secondFactor(user)])
            guard try await use(code, of: user, by: runner) else { return false }
            try await budgets.reset([.secondFactor(user)])
            return true
        case .recoveryCode(let text):
            guard let code = RecoveryCode(text) else { return false }
            return try await runner.first(SecondFactor.useRecoveryCode, user, code.hash(of: user), entry) != nil
        }
    }

    private func use(_ code: String, of user: UserID, by runner: some StatementRunner) async throws(Fault) -> Bool {
        guard let stored = try await runner.first(SecondFactor.read, user), stored.isConfirmed,
            let step = TOTP.standard.matchingStep(
                code: code, secret: try open(stored, of: user), now: stored.now, window: SecondFactor.window, after: nil)
        else { return false }
        return try await runner.first(SecondFactor.moveStep, user, Int(step), stored.sealed) != nil
    }

    // MARK: The secret

    func seal(_ secret: Secret, of user: UserID, in tenant: TenantID) -> [UInt8] {
        sealing.seal(secret, binding: SecondFactor.binding(user, tenant))
    }

    func open(_ stored: Stored, of user: UserID) throws(Fault) -> Secret {
        try sealing.open(stored.sealed, binding: SecondFactor.binding(user, stored.tenant))
    }

    private static func binding(_ user: UserID, _ tenant: TenantID) -> [UInt8] {
        Array("totp".utf8) + tenant.uuid.bytes + user.uuid.bytes
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    static let statements: [any AnyStatement] = [read, moveStep, useRecoveryCode]

    struct Stored: Sendable {
        let tenant: TenantID
        let sealed: [UInt8]
        let isConfirmed: Bool
        let now: Timestamp
    }

    /// With the database's clock, so that all nodes mean the same step.
    static let read = Statement<Stored, UserID>(
        "read second factor",
        """
        SELECT tenant_id, totp_secret, totp_confirmed_at IS NOT NULL, clock_timestamp() FROM users
        WHERE id = $1 AND totp_secret IS NOT NULL
        """
    ) { row throws(Fault) in
        Stored(tenant: try row.value(0), sealed: try row.value(1), isConfirmed: try row.value(2), now: try row.value(3))
    }

    /// Gives a row exactly when the step is a new one.
    private static let moveStep = Statement<Void, UserID, Int, [UInt8]>(
        "use code",
        """
        UPDATE users SET totp_last_step = $2
        WHERE id = $1 AND totp_last_step < $2 AND totp_secret = $3 AND totp_confirmed_at IS NOT NULL
        RETURNING true
        """)

    private static let useRecoveryCode = Statement<Void, UserID, [UInt8], AuditEntry>(
        "use recovery code",
        """
        UPDATE recovery_codes c SET used_at = clock_timestamp() FROM users u
        WHERE c.user_id = $1 AND c.hash = $2 AND c.used_at IS NULL AND u.id = c.user_id AND u.totp_confirmed_at IS NOT NULL
        RETURNING insula_audit($3, u.id)
        """)
}
