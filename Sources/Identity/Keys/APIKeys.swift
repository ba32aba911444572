// Making, listing and revoking API keys. A key can't hold more than its maker; what is revoked stops working on every node within a
// second, because the change tells all of them.

import Base
import Crypto
import Postgres
import Tenancy

/// The keys of tenants.
public struct APIKeys: Sendable {
    /// A tenant has at most so many keys that are not revoked.
    public static let perTenant = 1000

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// Makes a key.
    /// - Throws: `.forbidden` when it would hold more than its maker; `.invalid` for an expiry that has passed; `.limitReached`.
    public func create(_ input: CreateAPIKey, by permit: Permit<KeysWrite>) async throws(Fault) -> NewAPIKey {
        try permit.scope.mayGrant(input.role.rights)
        if let expiry = input.expiresAt, expiry <= .now {
            throw .invalid("expires_at", "range", "The expiry lies in the past.")
        }
        let new = APIKeys.make(input)
        let made = try await database.session(permit.scope.database) { session throws(Fault) in
            // Makers wait for each other, and only then count, so that the bound holds whatever comes at once.
            try await session.execute(APIKeys.lock, permit.scope.tenant)
            let count = try await session.first(APIKeys.count) ?? 0
            guard count < APIKeys.perTenant else {
                throw Fault(.limitReached, "The tenant has \(APIKeys.perTenant) keys. Revoke one first.")
            }
            return try await APIKeys.insert(new, tenant: permit.scope.tenant, in: session)
        }
        return NewAPIKey(key: made, text: new.text)
    }

    /// Keys of the tenant, newest first, revoked ones included.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        before: KeyID? = nil, limit: Int = 20, by permit: Permit<KeysRead>
    ) async throws(Fault) -> Listing<APIKey, KeyID> {
        precondition(Listing<APIKey, KeyID>.limits.contains(limit), "the limit of a list is checked at the door")
        let keys = try await database.slow(permit.scope.database).query(APIKeys.listPart, before, limit + 1)
        return Listing(keys, limit: limit) { $0.id }
    }

    /// Revokes a key; one that is revoked already stays as it is.
    /// - Throws: `.notFound`; `.forbidden` when the key holds more than the caller.
    public func revoke(_ id: KeyID, by permit: Permit<KeysWrite>) async throws(Fault) -> APIKey {
        let runner = database.once(permit.scope.database)
        guard let key = try await runner.first(APIKeys.read, id) else { throw Fault(.notFound, "There is no such key.") }
        try permit.scope.mayGrant(key.role.rights)
        var batch = database.once(permit.scope.database).batch()
        let slot = batch.add(APIKeys.revokeOne, id)
        batch.add(Revocation.tell, .key(id))
        guard let revoked = try await batch.run().first(slot) else { throw Fault(.notFound, "There is no such key.") }
        return revoked
    }

    // MARK: Making

    struct New {
        let id: KeyID
        let input: CreateAPIKey
        let text: Secret
    }

    static func make(_ input: CreateAPIKey) -> New {
        let id = KeyID.make()
        return New(id: id, input: input, text: APIKeyText.make(for: id))
    }

    static func insert(_ new: New, tenant: TenantID, in session: Session) async throws(Fault) -> APIKey {
        let made = try await session.first(
            insertOne, tenant, new.id, new.input.name, new.input.role.rawValue, SHA256.digest(new.text).array, new.input.expiresAt
        )
        guard let made else { throw Fault(.internalError, "The server could not do it.", cause: "a key was not returned") }
        return made
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [listPart, read, revokeOne]

    private static let columns = "id, name, role, created_at, expires_at, revoked_at"

    private static let lock = Statement<Void, TenantID>(
        "lock keys", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))")

    private static let count = Statement<Int>(
        "count keys", "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL"
    ) { row throws(Fault) in try row.value(0) }

    private static let insertOne = Statement<APIKey, TenantID, KeyID, String, String, [UInt8], Timestamp?>(
        "create key",
        """
        INSERT INTO api_keys (tenant_id, id, name, role, hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING \(columns)
        """, decode: APIKey.init(row:))

    private static let listPart = Statement<APIKey, KeyID?, Int>(
        "list keys",
        "SELECT \(columns) FROM api_keys WHERE ($1 IS NULL OR id < $1) ORDER BY id DESC LIMIT $2", repeatable: true,
        decode: APIKey.init(row:))

    private static let read = Statement<APIKey, KeyID>(
        "read key", "SELECT \(columns) FROM api_keys WHERE id = $1", repeatable: true, decode: APIKey.init(row:))

    private static let revokeOne = Statement<APIKey, KeyID>(
        "revoke key", "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING \(columns)",
        decode: APIKey.init(row:))
}

extension APIKey {
    fileprivate init(row: borrowing RowReader) throws(Fault) {
        guard let role = Role(rawValue: try row.value(2)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a key has an unknown role")
        }
        self.init(
            id: try row.value(0), name: try row.value(1), role: role, createdAt: try row.value(3), expiresAt: try row.value(4),
            revokedAt: try row.value(5))
    }
}
