// From a credential to a scope. A key is found by its id, proved by the hash of its whole text, and the scope that it opens is kept
// for a short while under that hash, so that most requests ask nobody. One answer for every kind of failure.
// Bounds: `cachedScopes` a loop. A change of credentials on any node empties the caches of all; while that news can't arrive
// (the listening connection is down, or seems up and is not) nothing is kept longer than `keptMilliseconds`.

import Base
import Crypto
import Loop
import Postgres
import Synchronization
import Tenancy

/// Checks credentials and makes scopes of them.
public final class Authenticator: Sendable {
    static let cachedScopes = 10_000
    static let keptMilliseconds = 1_000
    static let blindMilliseconds = 500

    private let database: Database
    private let caches: [Cache]
    /// Raised by every change of credentials; what was cached under another number is forgotten.
    private let generation = Atomic<UInt64>(0)
    private let hearing = Atomic<Bool>(false)

    private struct Entry {
        let scope: TenantScope
        let until: Instant
    }

    // Each is used on the loop of its index alone.
    private final class Cache: @unchecked Sendable {
        var entries: [SHA256.Digest: Entry] = [:]
        var generation: UInt64 = 0
    }

    public init(database: Database, loopCount: Int) {
        self.database = database
        caches = (0..<loopCount).map { _ in Cache() }
    }

    /// Some credential changed, here or on another node.
    public func forgetAll() {
        generation.wrappingAdd(1, ordering: .releasing)
    }

    /// Whether news of changed credentials arrive.
    public func setHearing(_ hears: Bool) {
        hearing.store(hears, ordering: .releasing)
        forgetAll()
    }

    /// The scope of a key that was verified a moment ago, without asking anybody; `nil` when it has to be verified.
    public func cached(_ text: Span<UInt8>) -> TenantScope? {
        let cache = here()
        guard let entry = cache.entries[SHA256.digest(text)], Instant.now < entry.until else { return nil }
        return entry.scope
    }

    /// The scope that the API key of that text opens.
    /// - Throws: `.unauthenticated`, the same whatever is wrong with it; `.unavailable` when the database can't be asked.
    public func scope(key text: [UInt8]) async throws(Fault) -> TenantScope {
        let cache = here()
        let seen = cache.generation
        guard let id = APIKeyText.id(in: text) else { throw Authenticator.refusal }
        let hash = SHA256.digest(text)
        guard let found = try await find(id), found.hash == hash, found.isGood else { throw Authenticator.refusal }
        let scope = TenantScope(tenant: found.tenant, actor: .key(id), rights: found.role.rights, signingKey: found.signingKey)
        keep(scope, expiry: found.expiresAt, under: hash, in: cache, asOf: seen)
        return scope
    }

    /// The cache of this loop, emptied when credentials have changed since.
    private func here() -> Cache {
        guard let loop = EventLoop.current else { preconditionFailure("credentials are checked by tasks that live on a loop") }
        let cache = caches[loop.index]
        let current = generation.load(ordering: .acquiring)
        if cache.generation != current {
            cache.entries.removeAll(keepingCapacity: true)
            cache.generation = current
        }
        return cache
    }

    private func keep(
        _ scope: TenantScope, expiry: Timestamp?, under hash: SHA256.Digest, in cache: Cache, asOf seen: UInt64
    ) {
        // A change that came while the database was asked may not be in its answer.
        guard generation.load(ordering: .acquiring) == seen else { return }
        if cache.entries.count >= Authenticator.cachedScopes { cache.entries.removeAll(keepingCapacity: true) }
        var kept = hearing.load(ordering: .acquiring) ? Authenticator.keptMilliseconds : Authenticator.blindMilliseconds
        if let expiry { kept = min(kept, Int((expiry.microseconds - Timestamp.now.microseconds) / 1000)) }
        cache.entries[hash] = Entry(scope: scope, until: Instant.now.advanced(milliseconds: kept))
    }

    /// The same for every kind of failure: what exists is nobody's business.
    static let refusal = Fault(.unauthenticated, "The credential is not valid.")

    // MARK: Asking

    private struct Found {
        let tenant: TenantID
        let role: Role
        let hash: SHA256.Digest
        let expiresAt: Timestamp?
        let isGood: Bool
        let signingKey: Secret
    }

    private func find(_ id: KeyID) async throws(Fault) -> Found? {
        var batch = database.once(.credential(id)).batch()
        batch.add(Authenticator.enterTenant, id)
        let slot = batch.add(Authenticator.readKey, id)
        return try await batch.run().first(slot)
    }

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [enterTenant, readKey]

    /// The key's own row tells its tenant, and only from here on that tenant's rows are visible.
    private static let enterTenant = Statement<Void, KeyID>(
        "enter the key's tenant", "SELECT set_config('insula.tenant', tenant_id::text, true) FROM api_keys WHERE id = $1")

    private static let readKey = Statement<Found, KeyID>(
        "check key",
        """
        SELECT k.tenant_id, k.role, k.hash, k.expires_at, t.signing_key,
            k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND t.state = 'active'
        FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id WHERE k.id = $1
        """
    ) { row throws(Fault) in
        guard let role = Role(rawValue: try row.value(1)), let hash = SHA256.Digest(try row.value(2, as: [UInt8].self)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a key's row is not well formed")
        }
        return Found(
            tenant: try row.value(0), role: role, hash: hash, expiresAt: try row.value(3), isGood: try row.value(5),
            signingKey: Secret(try row.value(4, as: [UInt8].self)))
    }
}
