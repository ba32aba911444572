// Links in mails that do one thing once: verify an address, change it, reset a password. Using one and what it does are one transaction, so
// that of many who use it at once one gets through.
// Bounds: the lifetimes below, by the database's clock.

import Base
import Postgres

/// The links of accounts.
enum AccountLinks {
    /// What a link is good for.
    enum Purpose: String, Sendable {
        case verifyEmail = "verify_email"
        case changeEmail = "change_email"
        case resetPassword = "reset_password"

        /// Seconds for which it is good.
        var lifetimeSeconds: Int {
            switch self {
            case .verifyEmail: 24 * 3_600
            case .changeEmail, .resetPassword: 3_600
            }
        }
    }

    /// What is over when there is a new password: whoever asked for it before may have been somebody else.
    static let spentByNewPassword = [Purpose.resetPassword.rawValue, Purpose.changeEmail.rawValue]

    /// What a link that is good stands for.
    struct Meaning: Sendable {
        let user: UserID
        let purpose: Purpose
        /// The new address, of a change.
        let email: String?
    }

    static let statements: [any AnyStatement] = [create, read, use, spend]

    /// Makes a link: row, hash, and for which of its purposes it may be used so long.
    static let create = Statement<Void, TenantID, UUIDBits, UserID, String, [UInt8], String?, Int>(
        "create account link",
        """
        INSERT INTO account_links (tenant_id, id, user_id, purpose, hash, email, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 second')
        """)

    private static let isGood =
        "id = $1 AND hash = $2 AND purpose = ANY ($3) AND used_at IS NULL AND expires_at > clock_timestamp()"

    /// What a link stands for, without using it.
    static let read = Statement<Meaning, UUIDBits, [UInt8], [String]>(
        "read account link", "SELECT user_id, purpose, email FROM account_links WHERE \(isGood)", decode: meaning)

    /// Uses a link: gives a row exactly once.
    static let use = Statement<Meaning, UUIDBits, [UInt8], [String]>(
        "use account link",
        "UPDATE account_links SET used_at = clock_timestamp() WHERE \(isGood) RETURNING user_id, purpose, email", decode: meaning)

    /// Makes the user's other links useless, of these purposes.
    static let spend = Statement<Void, UserID, [String]>(
        "spend account links",
        "UPDATE account_links SET used_at = clock_timestamp() WHERE user_id = $1 AND purpose = ANY ($2) AND used_at IS NULL")

    private static func meaning(_ row: borrowing RowReader) throws(Fault) -> Meaning {
        guard let purpose = Purpose(rawValue: try row.value(1)) else { throw LinkToken.refusal }
        return Meaning(user: try row.value(0), purpose: purpose, email: try row.value(2))
    }
}
