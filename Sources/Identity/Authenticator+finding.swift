// What the database says of a credential: whether it is good at this moment, whose it is, and what it opens. Rights are those of now, by
// the present role, whatever a token says. The row of the credential tells its tenant, and only from there on are that tenant's rows seen.

import Base
import Crypto
import HTTP
import JSON
import Postgres
import Tenancy

extension Authenticator {
    /// A credential that is good.
    struct Finding {
        let scope: TenantScope
        /// How long it stays good if nothing happens; `nil` for as long as nobody revokes it.
        var remainingMilliseconds: Int?
        var allowedAddresses: [AddressBlock] = []
        /// When it ends by itself, for introspection.
        var expiresAt: Timestamp?
        var issuedAt: Timestamp?
        /// What the token itself says, when it is one.
        var claims: AccessClaims?
    }

    // MARK: Keys

    /// A key that is good.
    func find(_ id: KeyID, hash: SHA256.Digest) async throws(Fault) -> Finding? {
        var batch = database.once(.credential(id.uuid)).batch()
        batch.add(Authenticator.enterKey, id)
        let slot = batch.add(Authenticator.readKey, id)
        guard let row = try await batch.run().first(slot), row.isGood else { return nil }
        let isPresent = row.hash == hash
        guard isPresent || row.previousHash == hash else { return nil }
        let scope = TenantScope(
            tenant: row.tenant.id, actor: .key(id), rights: row.rights, signingKey: row.tenant.signingKey,
            quotas: row.tenant.quotas, requestsPerMinute: row.requestsPerMinute)
        let remaining = [row.remaining, isPresent ? nil : row.previousRemaining].compactMap { $0 }.min()
        return Finding(
            scope: scope, remainingMilliseconds: remaining, allowedAddresses: row.allowedAddresses, expiresAt: row.expiresAt,
            issuedAt: row.createdAt)
    }

    private struct KeyRow {
        let tenant: TenantRow
        let rights: Rights
        let hash: SHA256.Digest
        /// The hash of the text before the last rotation, while it still counts.
        let previousHash: SHA256.Digest?
        let previousRemaining: Int?
        let remaining: Int?
        let allowedAddresses: [AddressBlock]
        let requestsPerMinute: Int?
        let createdAt: Timestamp
        let expiresAt: Timestamp?
        let isGood: Bool
    }

    /// What every finding needs of the tenant.
    struct TenantRow {
        let id: TenantID
        let signingKey: Secret
        let quotas: Quotas

        static let columns = "t.tenant_id, t.signing_key, t.plan, t.quotas"

        /// Reads `columns` from `start` on.
        init(_ row: borrowing RowReader, from start: Int) throws(Fault) {
            id = try row.value(start)
            signingKey = Secret(try row.value(start + 1, as: [UInt8].self))
            guard let plan = Plan(rawValue: try row.value(start + 2)) else { throw Authenticator.malformed("a tenant's plan") }
            quotas = plan.quotas.under(contract: try JSONValue(parsing: try row.value(start + 3, as: JSONBytes.self).bytes))
        }
    }

    static func malformed(_ what: String) -> Fault {
        Fault(.internalError, "The server could not do it.", cause: "\(what) is not well formed")
    }

    // MARK: Sessions

    /// The session of a cookie that is good.
    func find(_ cookie: SessionCookie) async throws(Fault) -> Finding? {
        var batch = database.once(.credential(cookie.session.uuid)).batch()
        batch.add(SessionRow.enter, cookie.session)
        let slot = batch.add(SessionRow.read, cookie.session)
        guard let row = try await batch.run().first(slot), row.isAlive, row.kind == .cookie, row.hash == cookie.hash else {
            return nil
        }
        return row.finding
    }

    /// The session of an access token that is good.
    func find(_ claims: AccessClaims) async throws(Fault) -> Finding? {
        guard let row = try await database.once(.tenant(claims.tenant)).first(SessionRow.read, claims.session), row.isAlive,
            row.kind != .cookie, row.user == claims.user
        else { return nil }
        var finding = row.finding
        let remaining = Int((claims.expiresAt.microseconds - Timestamp.now.microseconds) / 1000)
        finding.remainingMilliseconds = min(finding.remainingMilliseconds ?? .max, max(0, remaining))
        finding.claims = claims
        return finding
    }

    // MARK: Statements

    /// What requests run, to be prepared at connect.
    public static let statements: [any AnyStatement] = [enterKey, readKey, SessionRow.enter, SessionRow.read]

    private static let enterKey = Statement<Void, KeyID>(
        "enter the key's tenant", "SELECT set_config('insula.tenant', tenant_id::text, true) FROM api_keys WHERE id = $1")

    private static let readKey = Statement<KeyRow, KeyID>(
        "check key",
        """
        SELECT \(TenantRow.columns), k.role, k.role_id, r.scopes, k.scopes, k.hash,
            CASE WHEN k.previous_until > now() THEN k.previous_hash END,
            (extract(epoch FROM k.previous_until - now()) * 1000)::bigint, (extract(epoch FROM k.expires_at - now()) * 1000)::bigint,
            k.allowed_addresses::text[], k.requests_per_minute, k.created_at, k.expires_at,
            k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND t.state = 'active'
        FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id
        LEFT JOIN roles r ON (r.tenant_id, r.id) = (k.tenant_id, k.role_id)
        WHERE k.id = $1
        """
    ) { row throws(Fault) in
        let whole = try RoleReference(role: row.value(4), id: row.value(5)).rights(scopes: row.value(6))
        let subset = try row.value(7, as: [String]?.self).map { Rights(names: $0) }
        guard let hash = SHA256.Digest(try row.value(8, as: [UInt8].self)) else { throw malformed("a key's hash") }
        return KeyRow(
            tenant: try TenantRow(row, from: 0), rights: subset.map(whole.intersection) ?? whole, hash: hash,
            previousHash: try row.value(9, as: [UInt8]?.self).flatMap { SHA256.Digest($0) },
            previousRemaining: try row.value(10), remaining: try row.value(11),
            allowedAddresses: try row.addressBlocks(12) ?? [], requestsPerMinute: try row.value(13), createdAt: try row.value(14),
            expiresAt: try row.value(15), isGood: try row.value(16))
    }
}

extension RowReader {
    /// A `cidr[]` column, as text.
    func addressBlocks(_ position: Int) throws(Fault) -> [AddressBlock]? {
        guard let texts = try value(position, as: [String]?.self) else { return nil }
        let blocks = texts.compactMap { AddressBlock($0) }
        // An entry that can't be read must not widen the list.
        guard blocks.count == texts.count else { throw Authenticator.malformed("a list of addresses") }
        return blocks
    }
}

extension Rights {
    /// The rights of these names; a name that this version does not know is no right.
    init(names: [String]) { self.init(names.compactMap(Right.init(rawValue:))) }
}

extension RoleReference {
    /// What the role holds.
    /// - Parameter scopes: those of a custom role.
    func rights(scopes: [String]?) -> Rights {
        builtIn?.rights ?? Rights(names: scopes ?? []).subtracting(.own)
    }
}
