// Somebody's own second factor: enrol an app, confirm it, take it off again, make new recovery codes. A secret counts only once a code of
// it was shown, so that nobody locks himself out with an app that never scanned it. Recovery codes are shown once, when they are made.

import Base
import Crypto
import JSON
import Postgres
import Tenancy

/// The second factors of people, by themselves.
public final class SecondFactors: Sendable {
    private let database: Database
    private let check: SecondFactor
    private let authenticator: Authenticator

    public init(database: Database, check: SecondFactor, authenticator: Authenticator) {
        self.database = database
        self.check = check
        self.authenticator = authenticator
    }

    /// How the caller's second factor stands.
    public func status(_ permit: Permit<AccountRead>) async throws(Fault) -> MFAStatus {
        let user = try SecondFactors.user(permit.scope)
        guard let status = try await database.once(permit.scope.database).first(SecondFactors.status, user) else {
            throw SecondFactors.gone
        }
        return status
    }

    /// Makes a new secret for the caller's app. It counts once `confirm` has seen a code of it; until then a further call replaces it.
    /// - Throws: `.invalidState` when there is a confirmed one.
    public func enrol(_ permit: Permit<AccountWrite>) async throws(Fault) -> EnrolledFactor {
        let user = try SecondFactors.user(permit.scope)
        let secret = TOTP.generateSecret()
        let sealed = check.seal(secret, of: user, in: permit.scope.tenant)
        let names = try await database.once(permit.scope.database).first(SecondFactors.keepSecret, user, sealed)
        guard let names else { throw Fault(.invalidState, "There is a second factor already. Disable it first.") }
        return EnrolledFactor(secret: secret, issuer: names.tenant, account: names.user)
    }

    /// Makes the enrolled secret count, and gives the recovery codes.
    /// - Throws: `.invalidState` when nothing is enrolled, or it is confirmed already; `.invalid` when the code is not one of it.
    public func confirm(_ code: String, _ permit: Permit<AccountWrite>) async throws(Fault) -> RecoveryCodes {
        let user = try SecondFactors.user(permit.scope)
        let codes = try await database.session(permit.scope.database) { session throws(Fault) in
            guard let stored = try await session.first(SecondFactor.read, user), !stored.isConfirmed else {
                throw Fault(.invalidState, "There is no second factor that waits to be confirmed.")
            }
            let secret = try check.open(stored, of: user)
            let step = TOTP.standard.matchingStep(
                code: code, secret: secret, now: stored.now, window: SecondFactor.window, after: nil)
            guard let step else { throw .invalid("code", "format", "This is not the code that the app shows now.") }
            let entry = permit.audit(.mfaEnrolled)
            guard try await session.first(SecondFactors.confirm, user, Int(step), stored.sealed, entry) != nil else {
                throw Fault.changedMeanwhile
            }
            // Where the tenant requires a second factor, this opens what the role holds.
            try await session.execute(Revocation.tell, .user(user))
            return try await SecondFactors.replaceCodes(of: user, in: session, permit)
        }
        Database.afterCommit { [authenticator] in authenticator.forget(.user(user)) }
        return codes
    }

    /// Takes the second factor off, with its recovery codes.
    /// - Throws: `.invalidState` when there is none, or the tenant wants everybody to have one; `.forbidden` when the proof is wrong;
    ///   `.rateLimited` as `SecondFactor.verify`.
    public func disable(_ proof: SecondFactor.Proof, _ permit: Permit<AccountWrite>) async throws(Fault) -> MFAStatus {
        let user = try SecondFactors.user(permit.scope)
        guard try await !settings(permit.scope).mfaRequired else {
            throw Fault(.invalidState, "The tenant requires a second factor.")
        }
        return try await database.session(permit.scope.database) { session throws(Fault) in
            try await prove(proof, user, in: session, permit)
            guard try await session.first(SecondFactors.disable, user, permit.audit(.mfaDisabled)) != nil,
                let status = try await session.first(SecondFactors.status, user)
            else { throw SecondFactors.gone }
            return status
        }
    }

    /// Makes new recovery codes in place of all before.
    /// - Throws: as `disable`.
    public func makeRecoveryCodes(
        _ proof: SecondFactor.Proof, _ permit: Permit<AccountWrite>
    ) async throws(Fault) -> RecoveryCodes {
        let user = try SecondFactors.user(permit.scope)
        return try await database.session(permit.scope.database) { session throws(Fault) in
            try await prove(proof, user, in: session, permit)
            return try await SecondFactors.replaceCodes(of: user, in: session, permit)
        }
    }

    private func prove(
        _ proof: SecondFactor.Proof, _ user: UserID, in session: Session, _ permit: Permit<AccountWrite>
    ) async throws(Fault) {
        guard try await session.first(SecondFactor.read, user)?.isConfirmed == true else {
            throw Fault(.invalidState, "There is no second factor.")
        }
        guard try await check.verify(proof, of: user, by: session, noting: permit.audit(.recoveryCodeUsed)) else {
            throw SecondFactors.wrongCode
        }
    }

    private func settings(_ scope: TenantScope) async throws(Fault) -> TenantSettings {
        try await database.once(scope.database).first(SecondFactors.readSettings) ?? .standard
    }

    private static func replaceCodes(
        of user: UserID, in session: Session, _ permit: Permit<AccountWrite>
    ) async throws(Fault) -> RecoveryCodes {
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.make() }
        var batch = session.batch()
        batch.add(removeCodes, user)
        batch.add(
            addCodes, permit.scope.tenant, user,
            codes.map { _ in UUIDBits.version7(milliseconds: UInt64(Timestamp.now.microseconds / 1000)) },
            codes.map { $0.hash(of: user) })
        batch.add(AuditEntry.insert, permit.audit(.recoveryCodesMade), user.uuid)
        _ = try await batch.run()
        return RecoveryCodes(codes: codes.map(\.text))
    }

    /// Only people have a second factor, and only they hold the rights that lead here.
    private static func user(_ scope: TenantScope) throws(Fault) -> UserID {
        guard let user = scope.user else { throw Fault(.forbidden, "Only people have an account.") }
        return user
    }

    private static let wrongCode = Fault(.forbidden, "The code is not valid.")
    private static let gone = Fault(.notFound, "There is no such account.")

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [status, keepSecret, readSettings] + SecondFactor.statements

    private static let status = Statement<MFAStatus, UserID>(
        "second factor's status",
        """
        SELECT u.totp_confirmed_at, t.settings,
            (SELECT count(*) FROM recovery_codes c WHERE c.user_id = u.id AND c.used_at IS NULL)
        FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id WHERE u.id = $1
        """, repeatable: true
    ) { row throws(Fault) in
        MFAStatus(
            confirmedAt: try row.value(0), isRequired: try TenantSettings(stored: row.value(1, as: JSONBytes.self)).mfaRequired,
            recoveryCodesLeft: try row.value(2))
    }

    private static let keepSecret = Statement<(tenant: String, user: String), UserID, [UInt8]>(
        "enrol second factor",
        """
        UPDATE users u SET totp_secret = $2 FROM tenants t
        WHERE t.tenant_id = u.tenant_id AND u.id = $1 AND u.totp_confirmed_at IS NULL
        RETURNING t.name, u.email
        """
    ) { row throws(Fault) in (try row.value(0), try row.value(1)) }

    private static let confirm = Statement<Void, UserID, Int, [UInt8], AuditEntry>(
        "confirm second factor",
        """
        UPDATE users SET totp_confirmed_at = clock_timestamp(), totp_last_step = $2, revision = revision + 1
        WHERE id = $1 AND totp_secret = $3 AND totp_confirmed_at IS NULL
        RETURNING insula_audit($4, id)
        """)

    private static let disable = Statement<Void, UserID, AuditEntry>(
        "disable second factor",
        """
        WITH codes AS (DELETE FROM recovery_codes WHERE user_id = $1)
        UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0, revision = revision + 1
        WHERE id = $1 AND totp_confirmed_at IS NOT NULL
        RETURNING insula_audit($2, id)
        """)

    private static let removeCodes = Statement<Void, UserID>(
        "remove recovery codes", "DELETE FROM recovery_codes WHERE user_id = $1")

    private static let addCodes = Statement<Void, TenantID, UserID, [UUIDBits], [[UInt8]]>(
        "add recovery codes",
        "INSERT INTO recovery_codes (tenant_id, id, user_id, hash) SELECT $1, c.id, $2, c.hash FROM unnest($3, $4) AS c (id, hash)"
    )

    private static let readSettings = Statement<TenantSettings>(
        "settings of the tenant", "SELECT settings FROM tenants", repeatable: true
    ) { row throws(Fault) in try TenantSettings(stored: row.value(0, as: JSONBytes.self)) }
}
