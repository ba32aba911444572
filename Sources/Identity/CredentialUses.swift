// When credentials were last used: gathered by each loop, and written by its own task, one statement a tenant, so that a request waits for
// nothing. A moment is told by how long ago it was, since only the database's clock counts; it is within a minute and never goes back.
// Bounds: `notedMost` credentials a loop at once, `tenantsAtOnce` tenants a round; what finds no place is noted at its next use.

import Base
import Loop
import Postgres
import Tenancy

/// Writes down when keys and sessions were last used.
public final class CredentialUses: Sendable {
    static let notedMost = 4_096
    static let tenantsAtOnce = 512
    static let betweenNotesMilliseconds = 50_000
    static let betweenRoundsMilliseconds = 2_000

    private let database: Database
    private let loops: [Notes]

    /// The uses of one tenant's credentials.
    private struct TenantUses {
        var keys: [KeyID: Instant] = [:]
        var sessions: [SessionID: Instant] = [:]
    }

    // Each is used on the loop of its index alone.
    private final class Notes: @unchecked Sendable {
        var byTenant: [TenantID: TenantUses] = [:]
        var count = 0
        var sleeper: Sleeper?
        var life: Task<Void, Never>?
        var isStopped = false
    }

    init(database: Database, loopCount: Int) {
        self.database = database
        loops = (0..<loopCount).map { _ in Notes() }
    }

    /// Notes a use, unless one was noted a short while ago.
    func note(_ credential: VerifiedCredential, _ now: Instant) {
        if let before = credential.notedAt, now.milliseconds(since: before) < CredentialUses.betweenNotesMilliseconds { return }
        guard let loop = EventLoop.current else { return }
        let notes = loops[loop.index]
        guard notes.count < CredentialUses.notedMost else { return }
        credential.notedAt = now
        notes.count += 1
        switch credential.scope.actor {
        case .key(let id): notes.byTenant[credential.scope.tenant, default: TenantUses()].keys[id] = now
        case .user(_, let id): notes.byTenant[credential.scope.tenant, default: TenantUses()].sessions[id] = now
        }
    }

    // MARK: Writing

    /// Begins to write, on every loop.
    public func start(on group: LoopGroup) {
        for (loop, notes) in zip(group.loops, loops) {
            loop.spawn { [self] in
                notes.sleeper = Sleeper(loop: loop)
                notes.life = loop.spawn { await self.live(notes) }
            }
        }
    }

    /// Writes what there is, and ends.
    public func stop(on group: LoopGroup) async {
        for (loop, notes) in zip(group.loops, loops) {
            await loop.call {
                notes.isStopped = true
                notes.sleeper?.wake()
                await notes.life?.value
            }
        }
    }

    private func live(_ notes: Notes) async {
        while !notes.isStopped {
            await notes.sleeper?.wait(until: Instant.now.advanced(milliseconds: CredentialUses.betweenRoundsMilliseconds))
            await write(notes)
        }
    }

    private func write(_ notes: Notes) async {
        let round = Array(notes.byTenant.prefix(CredentialUses.tenantsAtOnce))
        for (tenant, uses) in round {
            notes.byTenant[tenant] = nil
            notes.count = max(0, notes.count - uses.keys.count - uses.sessions.count)
            do throws(Fault) {
                try await write(uses, of: tenant)
            } catch {
                Log.write(.debug, "uses of credentials were not written", ["cause": .text(error.cause ?? error.message)])
            }
        }
        if notes.byTenant.isEmpty { notes.count = 0 }
    }

    private func write(_ uses: TenantUses, of tenant: TenantID) async throws(Fault) {
        let now = Instant.now
        var batch = database.once(.tenant(tenant)).batch()
        if !uses.keys.isEmpty {
            batch.add(CredentialUses.writeKeys, Array(uses.keys.keys), uses.keys.values.map { now.milliseconds(since: $0) })
        }
        if !uses.sessions.isEmpty {
            batch.add(
                CredentialUses.writeSessions, Array(uses.sessions.keys), uses.sessions.values.map { now.milliseconds(since: $0) })
        }
        _ = try await batch.run()
    }

    // A row that somebody else is changing is left to him: its use is noted again within a minute.
    private static func statement<Kind>(_ table: String, _ id: ID<Kind>.Type) -> Statement<Void, [ID<Kind>], [Int]> {
        Statement(
            "write uses of \(table)",
            """
            WITH free AS (
                SELECT c.tenant_id, c.id, now() - make_interval(secs => u.milliseconds / 1000.0) AS at
                FROM unnest($1::uuid[], $2::bigint[]) AS u (id, milliseconds) JOIN \(table) c ON c.id = u.id
                FOR UPDATE OF c SKIP LOCKED
            )
            UPDATE \(table) c SET last_used_at = free.at FROM free
            WHERE (c.tenant_id, c.id) = (free.tenant_id, free.id) AND (c.last_used_at IS NULL OR c.last_used_at < free.at)
            """)
    }

    private static let writeKeys = statement("api_keys", KeyID.self)
    private static let writeSessions = statement("sessions", SessionID.self)
}
