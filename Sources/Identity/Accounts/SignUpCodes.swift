// Codes with which somebody may make a tenant, where the operator decides who does. A code is shown to the operator once, is good for one
// tenant, and is stored as a hash.

import Base
import Crypto
import Postgres

/// The operator's invitations to make a tenant.
public enum SignUpCodes {
    /// Days for which a code is good.
    public static let lifetimeDays = 14
    private static let secretBytes = 20

    /// Makes a code. For a database whose connections took no role.
    public static func make(in database: Database) async throws(Fault) -> Secret {
        let code = Base32.crockford.encode(Random.bytes(secretBytes))
        try await database.once(.none).execute(insert, hash(code))
        return Secret(code)
    }

    /// Uses a code up.
    /// - Throws: `.forbidden` when it is not good.
    static func redeem(_ code: String?, for tenant: TenantID, in session: Session) async throws(Fault) {
        guard let code, try await session.execute(use, hash(code), tenant.uuid) == 1 else {
            throw Fault(.forbidden, "A new organisation needs a code of the operator, and this is none that is good.")
        }
    }

    private static func hash(_ code: String) -> [UInt8] {
        SHA256.digest(Array(code.lowercased().filter { $0 != "-" && $0 != " " }.utf8)).array
    }

    private static let insert = Statement<Void, [UInt8]>(
        "create sign-up code",
        "INSERT INTO signup_codes (hash, expires_at) VALUES ($1, clock_timestamp() + interval '\(lifetimeDays) days')")

    private static let use = Statement<Void, [UInt8], UUIDBits>(
        "use sign-up code",
        """
        UPDATE signup_codes SET used_at = clock_timestamp(), made = $2
        WHERE hash = $1 AND used_at IS NULL AND expires_at > clock_timestamp()
        """)
}
