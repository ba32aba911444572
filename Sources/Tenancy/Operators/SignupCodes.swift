// What makes a tenant where signing up is by invitation: codes that operators give out, each good once and for a time. They are random and
// only ever stored as their SHA-256.

import Base
import Crypto
import JSON
import Postgres

/// A code as operators see it.
public struct SignupCode: Sendable {
    public let id: SignupCodeID
    public let note: String
    public let createdAt: Timestamp
    public let expiresAt: Timestamp
    public let usedAt: Timestamp?
    /// The tenant that was made with it.
    public let usedBy: TenantID?
    public let revokedAt: Timestamp?

    public static let output = Output<SignupCode>(
        "SignupCode", "What makes a tenant, once.",
        [
            .field("id", "Its id.") { $0.id },
            .field("note", "Whom it is for, in the operator's words.") { $0.note },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("expires_at", "When it ends.") { $0.expiresAt },
            .field("used_at", "When it was used.") { $0.usedAt },
            .field("used_by", "The tenant that was made with it.") { $0.usedBy },
            .field("revoked_at", "When it was taken back.") { $0.revokedAt },
        ])
}

/// A code to make.
public struct CreateSignupCode: Sendable {
    public let note: String
    public let days: Int

    static let usualDays = 14

    public static let input = Input<CreateSignupCode>("CreateSignupCode", "A code to make.") { fields in
        CreateSignupCode(
            note: fields.defaulted("note", .string(0...200, format: .line), "", "Whom it is for."),
            days: fields.defaulted("days", .integer(1...90), usualDays, "Days for which it is good."))
    }
}

/// A code that was just made.
public struct NewSignupCode: Sendable {
    public let code: SignupCode
    public let text: Secret

    public static let output = Output<NewSignupCode>(
        "NewSignupCode", "A code, shown this once.",
        [
            .object("signup_code", "What is known of it.", SignupCode.output) { $0.code },
            .field("secret", "The code itself.") { new in
                unsafe new.text.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
            },
        ])
}

/// The codes of an installation.
public struct SignupCodes: Sendable {
    public static let prefix = "ins_su_"

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// Makes a code.
    public func create(_ input: CreateSignupCode, by permit: OperatorPermit) async throws(Fault) -> NewSignupCode {
        try await database.operator { session throws(Fault) in
            let new = try await SignupCodes.make(note: input.note, days: input.days, by: permit.operator, in: session)
            try await permit.log(.signupCodeCreated, target: new.code.id.uuid, in: session)
            return new
        }
    }

    /// Makes a code for who works on the command line.
    public func make() async throws(Fault) -> Secret {
        try await database.operator { session throws(Fault) in
            let new = try await SignupCodes.make(note: "", days: CreateSignupCode.usualDays, by: nil, in: session)
            try await Operators.log(.signupCodeCreated, new.code.id.uuid, in: session)
            return new.text
        }
    }

    private static func make(
        note: String, days: Int, by maker: OperatorID?, in session: Session
    ) async throws(Fault) -> NewSignupCode {
        let text = Secret(prefix + Base32.crockford.encode(Random.bytes(20)))
        guard let code = try await session.first(insert, SignupCodeID.make(), hash(text), note, maker, days) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a code was not returned")
        }
        return NewSignupCode(code: code, text: text)
    }

    /// Codes, newest first.
    public func list(
        before: SignupCodeID? = nil, limit: Int = 20, order: ListOrder = .newestFirst, by permit: OperatorPermit
    ) async throws(Fault) -> Listing<SignupCode, SignupCodeID> {
        let found = try await database.operator { session throws(Fault) in
            try await session.query(SignupCodes.listPart, before, limit + 1, order.isAscending)
        }
        return Listing(found, limit: limit) { $0.id }
    }

    /// Takes a code back.
    /// - Throws: `.notFound`; `.invalidState` when it is used or taken back.
    public func revoke(_ id: SignupCodeID, by permit: OperatorPermit) async throws(Fault) {
        try await database.operator { session throws(Fault) in
            guard try await session.first(SignupCodes.read, id) != nil else {
                throw Fault(.notFound, "There is no such code.")
            }
            guard try await session.execute(SignupCodes.revokeOne, id) == 1 else {
                throw Fault(.invalidState, "The code is used or taken back already.")
            }
            try await permit.log(.signupCodeRevoked, target: id.uuid, in: session)
        }
    }

    /// Looks whether a code is good now, without using it.
    /// - Throws: `.forbidden` when it is none that is.
    public static func check(_ text: String?, in runner: some StatementRunner) async throws(Fault) {
        guard let text, try await runner.first(isGood, hash(Secret(text))) == true else { throw refusal }
    }

    /// Uses a code up for the tenant that `session` makes, in the application's role.
    /// - Throws: `.forbidden` when it is no code that is good now.
    public static func redeem(_ text: String?, for tenant: TenantID, in session: Session) async throws(Fault) {
        guard let text, try await session.execute(use, hash(Secret(text)), tenant) == 1 else { throw refusal }
    }

    private static let refusal = Fault(
        .forbidden, "A new organisation needs a code of the operator, and this is none that is good.")

    /// Of the code as it is read from paper: neither case nor hyphens nor spaces matter.
    private static func hash(_ text: Secret) -> [UInt8] {
        unsafe text.withBytes { bytes in
            let letters = unsafe String(decoding: bytes, as: UTF8.self).lowercased().filter { $0 != "-" && $0 != " " }
            return SHA256.digest(Array(letters.utf8)).array
        }
    }

    // MARK: Statements

    private static let columns = "id, note, created_at, expires_at, used_at, used_by, revoked_at"

    private static let insert = Statement<SignupCode, SignupCodeID, [UInt8], String, OperatorID?, Int>(
        "create signup code",
        """
        INSERT INTO signup_codes (id, hash, note, created_by, expires_at)
        VALUES ($1, $2, $3, $4, now() + $5 * interval '1 day') RETURNING \(columns)
        """, decode: code)

    private static let listPart = Statement<SignupCode, SignupCodeID?, Int, Bool>(
        "list signup codes",
        "SELECT \(columns) FROM signup_codes WHERE true "
            + ListClause.after("id", place: "$1", ascending: "$3", limit: "$2"), decode: code)

    private static let read = Statement<SignupCode, SignupCodeID>(
        "signup code by id", "SELECT \(columns) FROM signup_codes WHERE id = $1", decode: code)

    private static let revokeOne = Statement<Void, SignupCodeID>(
        "revoke signup code",
        "UPDATE signup_codes SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL AND used_at IS NULL")

    private static let isGood = Statement<Bool, [UInt8]>(
        "check signup code",
        """
        SELECT EXISTS (
            SELECT FROM signup_codes WHERE hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now())
        """
    ) { row throws(Fault) in try row.value(0) }

    private static let use = Statement<Void, [UInt8], TenantID>(
        "use signup code",
        """
        UPDATE signup_codes SET used_at = now(), used_by = $2
        WHERE hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
        """)

    private static func code(_ row: borrowing RowReader) throws(Fault) -> SignupCode {
        SignupCode(
            id: try row.value(0), note: try row.value(1), createdAt: try row.value(2), expiresAt: try row.value(3),
            usedAt: try row.value(4), usedBy: try row.value(5), revokedAt: try row.value(6))
    }
}
