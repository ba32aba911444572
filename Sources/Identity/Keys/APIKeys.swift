// Making, changing, rotating and revoking API keys. A key can't hold more than whoever touches it; what changes holds on every node within
// a second, because the change tells all of them.
// Bounds: as many keys of a tenant as its plan holds, counted under a lock.

import Base
import Crypto
import HTTP
import JSON
import Postgres
import Tenancy

/// The keys of tenants.
public struct APIKeys: Sendable {
    private let database: Database
    private let authenticator: Authenticator
    /// The word in the text of new keys.
    private let environment: String

    public init(database: Database, authenticator: Authenticator, environment: String) {
        self.database = database
        self.authenticator = authenticator
        self.environment = environment
    }

    /// Makes a key.
    /// - Throws: `.forbidden` when it would hold more than its maker; `.invalid` for an expiry that has passed, for a role that does not
    ///   exist, and for scopes that the role does not hold; `.limitReached`.
    public func create(_ input: CreateAPIKey, by permit: Permit<KeysWrite>) async throws(Fault) -> NewAPIKey {
        try APIKeys.checkExpiry(input.expiresAt)
        let text = NewText(environment)
        let made = try await database.session(permit.scope.database) { session throws(Fault) in
            try permit.scope.mayGrant(try await APIKeys.rights(of: input.role, scopes: input.scopes, in: session))
            try await APIKeys.checkRoom(permit.scope, in: session)
            return try await APIKeys.insert(
                input, text, tenant: permit.scope.tenant, by: permit.scope.user, permit.audit(.keyCreated), in: session)
        }
        return NewAPIKey(key: made, text: text.text)
    }

    /// Makers wait for each other, and only then count, so that the bound holds whatever comes at once.
    /// - Throws: `.limitReached`.
    private static func checkRoom(_ scope: TenantScope, in session: Session) async throws(Fault) {
        try await session.execute(APIKeyStatements.lock, scope.tenant)
        guard try await session.first(APIKeyStatements.count) ?? 0 < scope.quotas.keys else {
            throw Fault(.limitReached, "The plan holds \(scope.quotas.keys) keys. Revoke one first.")
        }
    }

    /// Keys of the tenant, revoked ones included.
    /// - Parameters:
    ///   - maker: only keys that this person made, whether or not he is still there.
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    ///   - order: which come first.
    public func list(
        madeBy maker: UserID? = nil, before: KeyID? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        by permit: Permit<KeysRead>
    ) async throws(Fault) -> Listing<APIKey, KeyID> {
        precondition(Listing<APIKey, KeyID>.limits.contains(limit), "the limit of a list is checked at the door")
        let keys = try await database.slow(permit.scope.database).query(
            APIKeyStatements.list, before, limit + 1, order.isAscending, maker)
        return Listing(keys, limit: limit) { $0.id }
    }

    /// - Throws: `.notFound`.
    public func get(_ id: KeyID, by permit: Permit<KeysRead>) async throws(Fault) -> APIKey {
        guard let key = try await database.once(permit.scope.database).first(APIKeyStatements.read, id) else {
            throw APIKeys.notFound
        }
        return key
    }

    /// Changes what `update` names.
    /// - Throws: `.notFound`; `.preconditionFailed`; `.invalidState` for a key that was revoked; as `create` for what it would hold.
    public func update(_ id: KeyID, _ update: UpdateAPIKey, by permit: Permit<KeysWrite>) async throws(Fault) -> APIKey {
        if case .value(let expiry) = update.expiresAt { try APIKeys.checkExpiry(expiry) }
        return try await change(id, permit) { key, session throws(Fault) in
            var scopes = key.scopes
            if !update.scopes.isAbsent {
                let wanted = update.scopes.applied(to: nil)
                try permit.scope.mayGrant(try await APIKeys.rights(of: key.role, scopes: wanted, in: session))
                scopes = wanted?.map(\.rawValue)
            }
            if let past = key.expiresAt, past <= .now, update.expiresAt.applied(to: past) != past {
                // A key that comes back to life is one more.
                try await APIKeys.checkRoom(permit.scope, in: session)
            }
            let addresses = update.allowedAddresses.applied(to: key.allowedAddresses?.map(\.description))
            return try await session.first(
                APIKeyStatements.update, id, update.name ?? key.name, scopes, addresses,
                update.requestsPerMinute.applied(to: key.requestsPerMinute), update.expiresAt.applied(to: key.expiresAt),
                permit.audit(.keyUpdated))
        }
    }

    /// Gives a key a new text. The present one works on for the overlap; one from before is over at once.
    /// - Throws: `.notFound`; `.preconditionFailed`; `.invalidState` for a key that was revoked or has expired; `.forbidden` when the
    ///   key holds more than the caller.
    public func rotate(_ id: KeyID, _ input: RotateAPIKey, by permit: Permit<KeysWrite>) async throws(Fault) -> NewAPIKey {
        let text = NewText(environment, id)
        let key = try await change(id, permit) { key, session throws(Fault) in
            guard key.expiresAt.map({ $0 > .now }) ?? true else {
                throw Fault(.invalidState, "The key has expired. Give it another expiry first, or make a new one.")
            }
            return try await session.first(
                APIKeyStatements.rotate, id, text.hash, input.overlapSeconds, permit.audit(.keyRotated))
        }
        return NewAPIKey(key: key, text: text.text)
    }

    /// Revokes a key; one that is revoked already stays as it is.
    /// - Throws: `.notFound`; `.preconditionFailed`; `.forbidden` when the key holds more than the caller.
    public func revoke(_ id: KeyID, by permit: Permit<KeysWrite>) async throws(Fault) -> APIKey {
        try await change(id, permit, isRevoking: true) { key, session throws(Fault) in
            if key.revokedAt != nil { return key }
            return try await session.first(APIKeyStatements.revoke, id, permit.audit(.keyRevoked))
        }
    }

    /// Revokes a key at the wish of whoever has its text.
    func revoke(_ id: KeyID, itself scope: TenantScope, for request: any RequestContext) async throws(Fault) {
        var batch = database.once(scope.database).batch()
        batch.add(APIKeyStatements.revoke, id, AuditEntry(.keyRevoked, actor: scope.actor, request: request))
        batch.add(Revocation.tell, .key(id))
        _ = try await batch.run()
        authenticator.forget(.key(id))
    }

    // MARK: Inside

    /// Changes a key, which is locked meanwhile, if the caller may touch it, and tells the nodes.
    private func change(
        _ id: KeyID, _ permit: Permit<KeysWrite>, isRevoking: Bool = false,
        _ body: (APIKey, Session) async throws(Fault) -> APIKey?
    ) async throws(Fault) -> APIKey {
        let changed = try await database.session(permit.scope.database) { session throws(Fault) in
            guard let key = try await session.first(APIKeyStatements.hold, id) else { throw APIKeys.notFound }
            if let accepted = permit.request.acceptedRevisions, !accepted.contains(key.revision) { throw Fault.changedMeanwhile }
            let scopes = key.scopes?.compactMap(Right.init(rawValue:))
            try permit.scope.mayGrant(try await APIKeys.rights(of: key.role, scopes: scopes, isStored: true, in: session))
            guard isRevoking || key.revokedAt == nil else { throw Fault(.invalidState, "The key was revoked.") }
            let changed = try await body(key, session)
            try await session.execute(Revocation.tell, .key(id))
            return changed
        }
        authenticator.forget(.key(id))
        guard let changed else { throw APIKeys.notFound }
        return changed
    }

    /// What a key of that role and those scopes holds.
    /// - Parameter isStored: it was checked when it was made, and the role may have lost some of them since.
    private static func rights(
        of role: RoleReference, scopes: [Right]?, isStored: Bool = false, in session: Session
    ) async throws(Fault) -> Rights {
        var names: [String]?
        if let id = role.custom {
            names = try await session.first(APIKeyStatements.roleScopes, id)
            guard names != nil else { throw .invalid("role", "reference", "There is no such role.") }
        }
        let whole = role.rights(scopes: names)
        guard let scopes else { return whole }
        if !isStored, let lacking = Rights(scopes).subtracting(whole).list.first {
            throw .invalid("scopes", "reference", "The role does not hold \(lacking.rawValue).")
        }
        return whole.intersection(Rights(scopes))
    }

    private static func checkExpiry(_ expiry: Timestamp?) throws(Fault) {
        if let expiry, expiry <= .now { throw .invalid("expires_at", "range", "The expiry lies in the past.") }
    }

    private static let notFound = Fault(.notFound, "There is no such key.")

    // MARK: Making

    /// A new text, for a new key or for one that there is.
    struct NewText {
        let id: KeyID
        let text: Secret
        var hash: [UInt8] { SHA256.digest(text).array }

        init(_ environment: String, _ id: KeyID = .make()) {
            self.id = id
            text = APIKeyText.make(for: id, environment: environment)
        }
    }

    static func insert(
        _ input: CreateAPIKey, _ text: NewText, tenant: TenantID, by maker: UserID?, _ entry: AuditEntry, in session: Session
    ) async throws(Fault) -> APIKey {
        let made = try await session.first(
            APIKeyStatements.insert, tenant, text.id, input.name, input.role.builtIn?.rawValue, input.role.custom, text.hash,
            input.expiresAt, input.scopes?.map(\.rawValue), input.allowedAddresses?.map(\.description), input.requestsPerMinute,
            maker,
            entry)
        guard let made else { throw Fault(.internalError, "The server could not do it.", cause: "a key was not returned") }
        return made
    }
}
