// The devices that an account knows. A token is given out with a login that came without one, and is good for the account it was given for.
// Bounds: `perUser` devices an account; the one that was not used for longest makes room.

import Base
import Crypto
import Postgres
import Tenancy

enum Devices {
    static let perUser = 20

    /// Notes that a device logged in, and gives the token of a new one when the account did not know it.
    static func note(
        _ token: DeviceToken?, isKnown: Bool, of user: UserID, _ tenant: TenantID, in session: Session
    ) async throws(Fault) -> String? {
        if let token, isKnown {
            try await session.execute(use, token.id)
            return nil
        }
        let new = DeviceToken.make()
        var batch = session.batch()
        batch.add(makeRoom, user, perUser - 1)
        batch.add(add, tenant, new.id, user, new.hash)
        _ = try await batch.run()
        return new.text
    }

    private static let use = Statement<Void, UUIDBits>("use device", "UPDATE devices SET last_used_at = now() WHERE id = $1")

    private static let makeRoom = Statement<Void, UserID, Int>(
        "make room for a device",
        """
        DELETE FROM devices WHERE user_id = $1 AND id IN (
            SELECT id FROM devices WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC OFFSET $2)
        """)

    private static let add = Statement<Void, TenantID, UUIDBits, UserID, [UInt8]>(
        "add device", "INSERT INTO devices (tenant_id, id, user_id, hash) VALUES ($1, $2, $3, $4)")
}
