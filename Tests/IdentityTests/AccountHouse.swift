// A tenant in a database of its own with the parts that accounts are made of, and people with any role. Passwords cost little here: what they
// cost is no matter of these tests.

import Base
import Crypto
import InsulaTesting
import JSON
import Loop
import Mail
import Postgres
import Tenancy

@testable import Identity

/// A tenant and its people, without a server.
struct AccountHouse: Sendable {
    let own: TestDatabase
    let database: Database
    let ground: AccountGround
    let tenant = TenantID.make()
    let slug = "house"
    let signingKeys: SigningKeys

    var users: Users { Users(ground) }
    var invitations: Invitations { Invitations(ground) }
    var accounts: Accounts { Accounts(ground) }

    static func run(
        _ settings: String = #"{"registration":"open"}"#, users: Int = 100,
        _ body: @escaping @Sendable (AccountHouse) async throws -> Void
    ) async throws {
        let own = try await TestDatabase.make()
        try await own.run { database, group in
            let house = AccountHouse(own, database, group)
            try house.sql(
                """
                INSERT INTO tenants (tenant_id, slug, name, signing_key, settings, quotas)
                VALUES ($1, $2, 'House', sha256('h'), $3::jsonb, jsonb_build_object('users', $4::int))
                """, [house.tenant.uuid.description, house.slug, settings, "\(users)"])
            try await body(house)
        }
    }

    private init(_ own: TestDatabase, _ database: Database, _ group: LoopGroup) {
        self.own = own
        self.database = database
        let rootKey = RootKey.generate()
        let keys = SigningKeys(database: database, rootKey: rootKey)
        signingKeys = keys
        let authenticator = Authenticator(
            database: database, loopCount: group.loops.count, tokens: AccessTokens(issuer: "http://localhost", keys: keys))
        ground = AccountGround(
            database: database,
            passwords: Passwords(parameters: Password.Parameters(memoryKibibytes: 64, iterations: 1, lanes: 1), threads: 1),
            sessions: Sessions(database: database, authenticator: authenticator, rootKey: rootKey),
            outbox: MailOutbox(sealing: rootKey.sealingKey("mail outbox")), publicURL: "http://localhost")
    }

    /// Past all policies.
    @discardableResult func sql(_ text: String, _ parameters: [String] = []) throws -> [[String?]] {
        try own.connectAsSuperuser().rows(text, parameters)
    }

    /// Somebody new.
    func person(_ role: Role, state: User.State = .active) throws -> UserID {
        let id = UserID.make()
        let name = "p\(id.description.suffix(20))"
        try sql(
            """
            INSERT INTO users (tenant_id, id, username, email, role, password_hash, state, email_verified_at)
            VALUES ($1, $2, $3, $4, $5, 'x', $6, CASE $6 WHEN 'unverified' THEN NULL ELSE now() END)
            """, [tenant.uuid.description, id.uuid.description, name, "\(name)@example.com", role.rawValue, state.rawValue])
        return id
    }

    /// What somebody with those rights may do.
    func scope(_ user: UserID, _ rights: Rights) -> TenantScope {
        TenantScope(
            tenant: tenant, actor: .user(user, SessionID.make()), rights: rights.union(.own), signingKey: Secret("s"))
    }

    func permit(_ user: UserID, _ role: Role) throws -> Permit<UsersWrite> {
        try scope(user, role.rights).permit(UsersWrite.self)
    }

    func own(_ user: UserID, _ role: Role) throws -> Permit<AccountWrite> {
        try scope(user, role.rights).permit(AccountWrite.self)
    }

    /// How many rows there are.
    func count(_ rows: String) throws -> Int {
        Int(try sql("SELECT count(*) FROM \(rows)")[0][0] ?? "") ?? -1
    }

    /// What comes of many at once, in no order: the codes of the faults, `nil` for what went well.
    func codes(_ acts: [@Sendable () async throws -> Void]) async -> [Fault.Code?] {
        await withTaskGroup(of: Fault.Code?.self) { group in
            for act in acts {
                group.addTask {
                    do {
                        try await act()
                        return nil
                    } catch {
                        return (error as? Fault)?.code ?? .internalError
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// What comes of one act.
    func code(_ act: @escaping @Sendable () async throws -> Void) async -> Fault.Code? { await codes([act])[0] }
}
